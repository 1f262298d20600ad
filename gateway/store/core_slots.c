#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "store/alert_effect.h"
#include "store/core.h"
#include "store/db.h"
#include "store/gap.h"
#include "store/held.h"
#include "store/slot_again.h"

#define BEHIND_MAX_MS (5 * MS_PER_MIN) /* further behind, slots are not written one by one */
/* How far back missed slots get a record saying that nothing is known. */
#define OFF_MINUTES_MS  MS_PER_DAY
#define OFF_QUARTERS_MS (400 * MS_PER_DAY)

static struct record_seed seed_of(const struct core *c) {
    struct record_seed seed = {.soc_start_pct = (double)NAN,
                               .soc_end_pct = (double)NAN,
                               .clock_state = (uint8_t)c->clock,
                               .clock_offset_ms = c->clock_offset_ms};
    for (size_t i = 0; i < SITE_POWER_COUNT; i++)
        seed.power[i] = (struct power_stat){(double)NAN, (double)NAN, (double)NAN};
    for (size_t i = 0; i < c->site->device_count; i++)
        seed.device_down =
            seed.device_down || (c->site->devices[i].enabled && c->aggregate.devices[i].down);
    return seed;
}

void core_add_record(struct core *c, enum slot_period p, ms_t start, ms_t lived_ms) {
    struct record_seed seed = seed_of(c);
    tick_result(&c->tick, p, start, &seed);
    if (lived_ms != slot_ms(p)) {
        seed.clock_state = CLOCK_STEPPED;
        seed.lived_ms = (uint64_t)lived_ms;
    }
    struct pending_block b = {.kind = PENDING_RECORD,
                              .bytes = sizeof seed,
                              .period = (uint8_t)p,
                              .t = start,
                              .key = start + slot_ms(p)};
    pending_add(&c->writer->pending, &b, &seed);
}

/* The slot that ends with its label, or began elsewhere on the clock. */
static void add_record(struct core *c, enum slot_period p, ms_t start) {
    core_add_record(c, p, start, start + slot_ms(p) - aggregate_from(&c->aggregate, p, start));
}

/* Slots of which nothing is known. clock: the clock was stepped over them, else the program did not
 * run. */
static void add_empty(struct core *c, enum slot_period p, ms_t from, ms_t to, bool clock) {
    ms_t most = p == SLOT_1M ? OFF_MINUTES_MS : OFF_QUARTERS_MS;
    if (from < to - most)
        from = to - most;
    if (from >= to)
        return;
    struct record_seed seed = seed_of(c);
    seed.gateway_off = !clock;
    seed.clock_gap = clock;
    seed.device_down = false;
    if (clock)
        seed.clock_state = CLOCK_STEPPED;
    struct pending_block b = {
        .kind = PENDING_RECORD, .bytes = sizeof seed, .period = (uint8_t)p, .t = from, .key = to};
    pending_add(&c->writer->pending, &b, &seed);
}

static void add_gap(struct core *c, enum slot_period p, ms_t from, ms_t to) {
    add_empty(c, p, from, to, false);
}

void core_add_clock_gap(struct core *c, enum slot_period p, ms_t from, ms_t to) {
    add_empty(c, p, from, to, true);
}

/* Where a restart takes up: the newest record may lie far ahead after a step back. */
static int remember_minute(struct core *c, ms_t minute) {
    char sql[80];
    snprintf(sql, sizeof sql, "INSERT OR REPLACE INTO meta VALUES('minute',%" PRId64 ")", minute);
    return db_exec(c->writer->db, sql);
}

int core_write_held(void *arg, const struct pending_block *b, const uint8_t *body, ms_t now_ms) {
    struct core *c = arg;
    (void)now_ms;
    return held_write(c->writer, c->boot, b, body);
}

int core_write_slot(void *arg, const struct pending_block *b, const uint8_t *body, ms_t now_ms) {
    struct core *c = arg;
    (void)now_ms;
    return slot_again_write(&c->records, (enum slot_period)b->period, b->t, b->number, body,
                            b->bytes);
}

int core_write_record(void *arg, const struct pending_block *b, const uint8_t *body, ms_t now_ms) {
    struct core *c = arg;
    struct record_seed seed;
    enum slot_period p = (enum slot_period)b->period;
    int err = ERR_OK;
    memcpy(&seed, body, sizeof seed);
    for (ms_t start = b->t; err == ERR_OK && start < b->key; start += slot_ms(p))
        err = records_write_slot(&c->records, p, start, &seed, now_ms);
    return err == ERR_OK && p == SLOT_1M ? remember_minute(c, b->key) : err;
}

int core_write_gap(void *arg, const struct pending_block *b, const uint8_t *body, ms_t now_ms) {
    struct core *c = arg;
    struct gap_entry g;
    (void)b;
    (void)now_ms;
    memcpy(&g, body, sizeof g);
    return gap_write(c->writer, &g);
}

int core_after(void *arg, ms_t now_ms) {
    struct core *c = arg;
    bool more = false;
    int err = rollup_run(&c->rollup, now_ms);
    if (err == ERR_OK)
        err = supply_effect_run(&c->effect, now_ms, &more);
    if (err == ERR_OK)
        err = alert_effect_run(&c->records, now_ms);
    c->writer->more = c->writer->more || more;
    return err;
}

void core_close_minute(struct core *c) {
    ms_t start = c->minute, end = start + slot_ms(SLOT_1M);
    for (size_t i = 0; i < c->site->device_count; i++)
        while (c->aggregate.devices[i].minute < end)
            aggregate_close_minute(&c->aggregate, i);
    add_record(c, SLOT_1M, start);
    if (end % slot_ms(SLOT_15M) == 0)
        add_record(c, SLOT_15M, end - slot_ms(SLOT_15M));
    c->minute = end;
}

bool core_any_open(const struct core *c) {
    for (size_t i = 0; i < c->site->device_count; i++)
        if (c->aggregate.devices[i].minute > c->minute || c->aggregate.devices[i].taken)
            return true;
    return false;
}

/* Goes to another minute, forward over a gap, once nothing is open on any device. A quarter left in
 * its middle is closed where it stands. */
static void move_to(struct core *c, ms_t minute) {
    ms_t left = slot_edge(SLOT_15M, c->minute - 1);
    bool cut = left + slot_ms(SLOT_15M) != c->minute && left != slot_edge(SLOT_15M, minute);
    for (size_t i = 0; i < c->site->device_count; i++) {
        if (cut)
            aggregate_close_quarter(&c->aggregate, i);
        aggregate_skip_to(&c->aggregate, i, minute);
    }
    if (cut)
        add_record(c, SLOT_15M, left);
    add_gap(c, SLOT_1M, c->minute, minute);
    add_gap(c, SLOT_15M, left + slot_ms(SLOT_15M), slot_edge(SLOT_15M, minute));
    c->minute = minute;
}

void core_advance(struct core *c, ms_t now_ms) {
    ms_t now = slot_edge(SLOT_1M, now_ms);
    if (c->minute - now > CORE_REWIND_MS)
        core_step_unseen(c, now_ms);
    while (now_ms >= c->minute + slot_ms(SLOT_1M) + c->grace_ms) {
        core_close_minute(c);
        if (now - c->minute > BEHIND_MAX_MS && !core_any_open(c))
            move_to(c, now);
    }
}
