/* What the historian does, without thread and clock: readings in, pending blocks out; slots closed
 * when their time is up. Tests drive it with times of their own. Historian thread. */
#ifndef BUSBAR_STORE_CORE_H
#define BUSBAR_STORE_CORE_H

#include <stdbool.h>
#include <stdint.h>

#include "alert/alert.h"
#include "calc/clock_track.h"
#include "slots/silence.h"
#include "store/aggregate.h"
#include "store/alert_books.h"
#include "store/alert_supply.h"
#include "store/live_demand.h"
#include "store/raw_codec.h"
#include "store/records.h"
#include "store/rollup.h"
#include "store/supply_effect.h"
#include "store/tick.h"
#include "store/writer.h"
#include "sys/clock.h"

#define CORE_REWIND_MS (2 * 60 * MS_PER_MIN) /* a clock this far back is believed */

struct alert_devices;

struct core {
    const struct site *site;
    struct live *live;
    struct writer *writer; /* owns what is pending; commits are the caller's */
    struct aggregate aggregate;
    struct tick tick;
    struct raw_encoder *raw;
    bool raw_open, raw_key; /* a row is begun; the next row starts a chain */
    ms_t raw_t;             /* of the open row, or the last one */
    ms_t chain;             /* id of the chain: time of its first row */
    ms_t minute;            /* start of the oldest minute without a record */
    ms_t grace_ms;          /* a slot closes this long after its end */
    enum clock_sync clock;
    double clock_offset_ms;
    struct records records;
    struct rollup rollup;
    struct live_demand demand;
    struct alerts *alerts;
    struct alert_supply alert_supply;
    struct silence silence;
    struct supply_effect effect;
    struct alert_books *alert_books;
    struct alert_devices *signals; /* store/alert_devices.h */
    double kg_per_kwh;             /* of the import, for the live values */
    int32_t kg_day;                /* local day it was chosen for */
    char *event_text;
    bool urgent; /* an event waits: commit soon */
    uint64_t readings, raw_rows;
    struct clock_track track; /* not started: readings keep the time they bring */
    bool waits, dated;        /* readings are held; the time is known, they are being given back */
    bool begun;
    bool held_full; /* said once */
    uint64_t boot;
    us_t wait_from_us;
    ms_t given_ms;               /* of the last held reading that was given back */
    struct device_clock *clocks; /* by device: its own clock as last read */
};

/* Takes up where the store's last run ended. live may be NULL. The writer has the site already. */
int core_init(struct core *c, const struct site *site, struct live *live, struct writer *writer,
              ms_t now_ms);
/* The same in two steps, where the clock may not be known yet. core_open() leaves time alone;
 * core_start() begins, or holds readings until the clock can be believed. boot: any number that
 * differs from boot to boot. */
int core_open(struct core *c, const struct site *site, struct live *live, struct writer *writer);
int core_start(struct core *c, const struct clock_seen *seen, enum clock_sync state, uint64_t boot);
/* What the clocks show now, once before each turn's readings: finds steps. Gives the time that the
 * books keep. */
ms_t core_see(struct core *c, const struct clock_seen *seen, enum clock_sync state,
              double offset_ms);
/* Goes over to another configuration without a seam: what is open goes on. The caller has committed
 * everything and given the writer the new site. */
int core_set_site(struct core *c, const struct site *site);
void core_fini(struct core *c);

/* The wall clock was stepped: the same instant before and after. Reported as an event
 * (core_step.c). */
void core_step(struct core *c, ms_t from_ms, ms_t to_ms);
/* It stands before the open minute, and how long ago that was open is not known. */
void core_step_unseen(struct core *c, ms_t to_ms);
void core_set_clock(struct core *c, enum clock_sync state, double offset_ms);
void core_reading(struct core *c, struct reading *r);
/* A device's own clock was read (READING_CLOCK); what it is ahead of ours is told at the next
 * second at which ours is known (core_meter_clock.c). */
void core_meter_clock(struct core *c, const struct reading *r);
/* Once a second, half a second after the tick: the site's tick, slots whose time is up, the row. */
void core_second(struct core *c, ms_t now_ms);
/* Puts the open raw row among the pending blocks; core_second does it too. */
void core_flush(struct core *c);
void core_event(struct core *c, const struct event_body *e);
/* A step of an alert: into the ledger and out as an event, in one transaction. ERR_FULL without
 * room. */
int core_alert(struct core *c, const struct alert_change *change);
/* Counters and open quarters from the store (core_restore.c). */
int core_restore(struct core *c);
/* Sags and interruptions: what lasts from an earlier run, the silence of all devices, and the way
 * of both to the log (core_supply.c). */
int core_supply_restore(struct core *c);
void core_supply_second(struct core *c, ms_t now_ms);
void core_supply_dip(void *arg, const char *point, const struct dip_change *d);
/* Closes the slots whose time is up (core_slots.c). */
void core_advance(struct core *c, ms_t now_ms);
/* The writer's hooks (core_slots.c); arg is the core. */
int core_write_held(void *arg, const struct pending_block *b, const uint8_t *body, ms_t now_ms);
int core_write_record(void *arg, const struct pending_block *b, const uint8_t *body, ms_t now_ms);
int core_write_slot(void *arg, const struct pending_block *b, const uint8_t *body, ms_t now_ms);
int core_write_gap(void *arg, const struct pending_block *b, const uint8_t *body, ms_t now_ms);
int core_after(void *arg, ms_t now_ms);

/* ---- between the core's own files --------------------------------------------------------- */

/* Of the devices of the core's site; ERR_NOMEM. */
int core_clocks_init(struct core *c);
/* Tells what has been read since: events, the live table. */
void core_tell_clocks(struct core *c);
/* Closes what was open when the program ended. */
void core_begin(struct core *c, ms_t now_ms);
void core_take(struct core *c, struct reading *r); /* a reading with its time */
/* Readings that were held, once the time is known. */
void core_give_held(struct core *c, ms_t now_ms);
void core_tell_step(struct core *c, ms_t from, ms_t to, const char *what);
/* Closes the oldest open minute on every device that has not gone beyond it, and its record. */
void core_close_minute(struct core *c);
/* A reading closes the minutes before it on its own device; the others and the records follow. */
bool core_any_open(const struct core *c);
/* lived_ms: how long it was; not its period's length where the clock was stepped in it. */
void core_add_record(struct core *c, enum slot_period p, ms_t start, ms_t lived_ms);
/* Records of slots that the clock was stepped over. */
void core_add_clock_gap(struct core *c, enum slot_period p, ms_t from, ms_t to);

#endif
