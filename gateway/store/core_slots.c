#include <math.h>

#include <string.h>

#include "base/err.h"
#include "store/core.h"
#include "store/gap.h"
#include "sys/log.h"

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

static void add_record(struct core *c, enum slot_period p, ms_t start) {
    struct record_seed seed = seed_of(c);
    tick_result(&c->tick, p, start, &seed);
    struct pending_block b = {.kind = PENDING_RECORD,
                              .bytes = sizeof seed,
                              .period = (uint8_t)p,
                              .t = start,
                              .key = start + slot_ms(p)};
    pending_add(&c->writer->pending, &b, &seed);
}

/* Slots in which the program did not run: nothing is known of them. */
static void add_gap(struct core *c, enum slot_period p, ms_t from, ms_t to) {
    ms_t most = p == SLOT_1M ? OFF_MINUTES_MS : OFF_QUARTERS_MS;
    if (from < to - most)
        from = to - most;
    if (from >= to)
        return;
    struct record_seed seed = seed_of(c);
    seed.gateway_off = true;
    seed.device_down = false;
    struct pending_block b = {
        .kind = PENDING_RECORD, .bytes = sizeof seed, .period = (uint8_t)p, .t = from, .key = to};
    pending_add(&c->writer->pending, &b, &seed);
}

int core_write_record(void *arg, const struct pending_block *b, const uint8_t *body, ms_t now_ms) {
    struct core *c = arg;
    struct record_seed seed;
    enum slot_period p = (enum slot_period)b->period;
    int err = ERR_OK;
    memcpy(&seed, body, sizeof seed);
    for (ms_t start = b->t; err == ERR_OK && start < b->key; start += slot_ms(p))
        err = records_write_slot(&c->records, p, start, &seed, now_ms);
    return err;
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
    return rollup_run(&c->rollup, now_ms);
}

/* Closes the oldest open minute on every device that has not gone beyond it, and its record. */
static void close_minute(struct core *c) {
    ms_t start = c->minute, end = start + slot_ms(SLOT_1M);
    for (size_t i = 0; i < c->site->device_count; i++)
        while (c->aggregate.devices[i].minute < end)
            aggregate_close_minute(&c->aggregate, i);
    add_record(c, SLOT_1M, start);
    if (end % slot_ms(SLOT_15M) == 0)
        add_record(c, SLOT_15M, end - slot_ms(SLOT_15M));
    c->minute = end;
}

/* Devices may stand beyond the open minute of the records, with readings in their own. */
static bool has_open_readings(const struct core *c) {
    for (size_t i = 0; i < c->site->device_count; i++) {
        const struct device_state *d = &c->aggregate.devices[i];
        if (d->minute > c->minute || d->presence.minute.samples > 0)
            return true;
    }
    return false;
}

/* Closes the open minute, and those in which there is anything already. */
static void close_all_read(struct core *c) {
    do
        close_minute(c);
    while (has_open_readings(c));
}

/* Goes to another minute, forward over a gap or back after a clock step, once all that was read is
 * closed. A quarter left in its middle is closed where it stands. */
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
    if (c->minute - now > CORE_REWIND_MS) {
        log_warn("the clock went back by more than two hours: slots start again from there, "
                 "as revisions where they exist");
        close_all_read(c);
        move_to(c, now);
    }
    while (now_ms >= c->minute + slot_ms(SLOT_1M) + c->grace_ms) {
        close_minute(c);
        if (now - c->minute > BEHIND_MAX_MS && !has_open_readings(c))
            move_to(c, now);
    }
}
