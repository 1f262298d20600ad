/* Keeps the store within its budget and its promises of replay. First form: oldest raw rows go when
 * the budget is reached, outbox rows go when they are acknowledged and old. Records, events and
 * 15-minute slots are never thinned. Historian thread. */
#ifndef BUSBAR_STORE_RETENTION_H
#define BUSBAR_STORE_RETENTION_H

#include <stdint.h>

#include "store/writer.h"

#define RETENTION_1M_MS   (30 * 86400000LL)  /* replay of 1m records */
#define RETENTION_LONG_MS (400 * 86400000LL) /* replay of everything else */

/* A small step, to be called every few seconds: bounded work in a transaction of its own.
 * budget_bytes 0 = no limit. acknowledged: rows up to it have reached every destination. */
int retention_step(struct writer *w, uint64_t budget_bytes, uint64_t acknowledged, ms_t now_ms);
/* Bytes in use: pages of the file that are not free. */
int retention_used(struct writer *w, uint64_t *ret_bytes);

#endif
