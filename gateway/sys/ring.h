/* Bounded queue of variable-length blocks between threads: many writers, one reader.
 *
 * Memory is fixed at creation. A writer never waits: when full, the block is refused and counted.
 */
#ifndef BUSBAR_SYS_RING_H
#define BUSBAR_SYS_RING_H

#include <stddef.h>
#include <stdint.h>

#include "base/units.h"

struct ring;

struct ring *ring_new(size_t bytes); /* NULL without memory */
void ring_free(struct ring *r);
/* Copies a block in. ERR_FULL when there is no room (counted), ERR_LIMIT when it can never fit,
 * ERR_RANGE for an empty block. */
int ring_push(struct ring *r, const void *block, size_t n);
/* Copies the oldest block out: its length, 0 when empty, ERR_LIMIT when cap is too small. */
int ring_pop(struct ring *r, void *out, size_t cap);
/* Waits until a block is there, ring_wake was called, or the monotonic instant has come. */
void ring_wait(struct ring *r, us_t until_mono_us);
void ring_wake(struct ring *r);
uint64_t ring_refused(const struct ring *r);

#endif
