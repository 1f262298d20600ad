/* One thread for one serial line: a bus is serial by nature, so blocking is right there. Keeps the
 * silence before each request, measured from the last byte, and drains after errors. */
#ifndef BUSBAR_ACQUIRE_LINE_H
#define BUSBAR_ACQUIRE_LINE_H

#include "acquire/link.h"

struct line;

/* number names the thread (line-N). The link and the arena must outlive the line. */
int line_start(struct arena *arena, struct link *link, size_t number, struct line **ret);
void line_stop(struct line *n); /* returns when the thread has ended; NULL is fine */

#endif
