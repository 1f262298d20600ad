/* One thread, one epoll loop: every TCP and RTU-over-TCP link of a site.
 *
 * Non-blocking throughout; no memory is allocated after the start. */
#ifndef BUSBAR_ACQUIRE_ENGINE_H
#define BUSBAR_ACQUIRE_ENGINE_H

#include <stddef.h>

#include "acquire/link.h"

struct engine;

/* links[0 .. n) must be of kind TCP or RTU-over-TCP, with their addresses; they and the arena must
 * outlive the engine. */
int engine_start(struct arena *arena, struct link **links, size_t n, struct engine **ret);
void engine_stop(struct engine *e); /* returns when the thread has ended; NULL is fine */

#endif
