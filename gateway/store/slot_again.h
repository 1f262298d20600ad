/* A slot that is lived through again after the clock was stepped back: its row holds both times, so
 * that no energy is replaced. Inside the writer's transaction. Historian thread. */
#ifndef BUSBAR_STORE_SLOT_AGAIN_H
#define BUSBAR_STORE_SLOT_AGAIN_H

#include "store/records.h"

/* Writes a device's row of a slot of 1m or 15m; a row that a record was made of is joined to it. */
int slot_again_write(struct records *r, enum slot_period p, ms_t start, size_t device,
                     const uint8_t *body, size_t n);

#endif
