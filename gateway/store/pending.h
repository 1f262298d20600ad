/* What waits for the next commit: a bounded buffer of blocks in order. It survives a failed commit
 * and is written with the next one. When it fills up, raw rows are refused first, then slots, then
 * gaps of counters; a checkpoint has room behind the slot or gap that it belongs to, and the last
 * sixteenth is for records and events.
 *
 * Historian thread. Memory is fixed at creation, touched only as needed. */
#ifndef BUSBAR_STORE_PENDING_H
#define BUSBAR_STORE_PENDING_H

#include <stddef.h>
#include <stdint.h>

#include "base/units.h"

enum pending_kind {
    PENDING_RAW,        /* t; key: chain; body: the row */
    PENDING_SLOT,       /* t: start; number: device; period; body: encoded slot */
    PENDING_CHECKPOINT, /* number: device; body: checkpoint */
    PENDING_RECORD, /* t: start; key: end of the last one, more than a slot when nothing was seen in
                     * all of them; number: clock; period; body: struct record_seed */
    PENDING_GAP,    /* number: device; body: struct gap_entry */
    PENDING_EVENT,  /* t: when; body: members */
    PENDING_LEDGER, /* t: when; number: device; body: struct ledger_entry */
    PENDING_ALERT,  /* t: when; body: struct alert_change */
    PENDING_SUPPLY, /* t: when; body: struct supply_entry */
    PENDING_HELD    /* body: a reading whose time is not known; without one: key: those up to it are
                       done */
};

/* A counter that reset, jumped, rolled or changed its ratio. */
struct ledger_entry {
    int feed, counter;                                 /* among the device's; enum feed_counter */
    int event;                                         /* enum energy_event */
    double old_register, first_register, new_register; /* before; first and last of the new track */
    double multiplier;                                 /* amount of one unit of the register */
};

struct pending_block {
    uint32_t bytes; /* of the body */
    uint8_t kind, period;
    uint16_t spare;
    uint32_t number, spare2;
    ms_t t;
    int64_t key;
};

struct pending {
    uint8_t *memory;
    size_t len, cap;
    size_t counts[PENDING_HELD + 1]; /* blocks of each kind */
    uint64_t refused;                /* blocks that found no room */
};

int pending_init(struct pending *p, size_t cap); /* ERR_NOMEM */
void pending_fini(struct pending *p);
void pending_clear(struct pending *p);
/* Copies head and body in; ERR_FULL when this kind has no room left. */
int pending_add(struct pending *p, const struct pending_block *head, const void *body);
/* Walks the blocks: *at from 0. NULL at the end. */
const struct pending_block *pending_next(const struct pending *p, size_t *at,
                                         const uint8_t **ret_body);

#endif
