/* The wall clock was stepped: what is open is cut short or goes on, and keeps its energy. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "store/core.h"
#include "sys/log.h"

/* Since when a register was last read nobody knows: so long that no rating calls its step wrong. */
#define UNKNOWN_MS (7 * MS_PER_DAY)

/* Closes the minutes that are over on the old clock, whether their grace is over or not. */
static void close_what_is_over(struct core *c, ms_t at) {
    core_advance(c, at);
    while (c->minute + slot_ms(SLOT_1M) <= at)
        core_close_minute(c);
}

/* The open minute is left at `at`, for one that lies elsewhere; so is the quarter, unless the other
 * minute is in it too. */
static void leave(struct core *c, ms_t at, ms_t minute) {
    ms_t quarter = slot_edge(SLOT_15M, c->minute);
    ms_t lived = at - aggregate_from(&c->aggregate, SLOT_1M, c->minute);
    ms_t lived_quarter = at - aggregate_from(&c->aggregate, SLOT_15M, quarter);
    bool with_quarter = quarter != slot_edge(SLOT_15M, minute);
    for (size_t i = 0; i < c->site->device_count; i++)
        aggregate_leave(&c->aggregate, i, at, lived > 0, with_quarter && lived_quarter > 0, minute);
    if (lived > 0)
        core_add_record(c, SLOT_1M, c->minute, lived);
    if (with_quarter && lived_quarter > 0)
        core_add_record(c, SLOT_15M, quarter, lived_quarter);
    core_add_clock_gap(c, SLOT_1M, c->minute + (lived > 0 ? slot_ms(SLOT_1M) : 0), minute);
    core_add_clock_gap(c, SLOT_15M, quarter + (lived_quarter > 0 ? slot_ms(SLOT_15M) : 0),
                       slot_edge(SLOT_15M, minute));
    c->minute = minute;
}

void core_tell_step(struct core *c, ms_t from, ms_t to, const char *what) {
    char note[240], was[ISO8601_MAX], is[ISO8601_MAX];
    iso8601_format(was, from, clock_utc_offset_s(from));
    iso8601_format(is, to, clock_utc_offset_s(to));
    snprintf(note, sizeof note, "the gateway's clock was stepped from %s to %s; %s", was, is, what);
    const struct event_body e = {.event = "clock_step",
                                 .severity = "warning",
                                 .at = to,
                                 .value = (double)(to - from) / 1000.0,
                                 .threshold = (double)NAN,
                                 .unit = "s",
                                 .note = note};
    core_event(c, &e);
    log_warn("%s", note);
}

static void step(struct core *c, ms_t from, ms_t to, ms_t unknown_ms) {
    struct clock_bend *bend = &c->aggregate.bend;
    ms_t minute = slot_edge(SLOT_1M, to), by = to - from;
    core_flush(c);
    c->raw_key = true;
    close_what_is_over(c, from);
    bool stays = minute <= c->minute && c->minute - minute <= CORE_REWIND_MS;
    ms_t quarter = slot_edge(SLOT_15M, c->minute);
    ms_t quarter_from = aggregate_from(&c->aggregate, SLOT_15M, quarter) + by;
    ms_t minute_from = aggregate_from(&c->aggregate, SLOT_1M, c->minute) + by;
    if (!stays) {
        leave(c, from, minute);
        if (quarter != slot_edge(SLOT_15M, minute))
            quarter_from = to;
        quarter = slot_edge(SLOT_15M, minute);
        minute_from = to;
    }
    *bend = (struct clock_bend){.label = {[SLOT_1M] = c->minute, [SLOT_15M] = quarter},
                                .from = {[SLOT_1M] = minute_from, [SLOT_15M] = quarter_from},
                                .gap_floor = to > c->minute ? to : c->minute};
    aggregate_shift(&c->aggregate, by - unknown_ms);
    c->silence.now.begin += by;
    live_demand_init(&c->demand);
    for (size_t i = 0; i < c->site->device_count; i++)
        aggregate_checkpoint(&c->aggregate, i);
    core_tell_step(c, from, to, "the slots it fell into say so and are in no maximum of demand");
}

void core_step(struct core *c, ms_t from_ms, ms_t to_ms) {
    step(c, from_ms, to_ms, 0);
}

void core_step_unseen(struct core *c, ms_t to_ms) {
    bool near = c->minute - slot_edge(SLOT_1M, to_ms) <= CORE_REWIND_MS;
    ms_t over = c->minute + (near ? 0 : slot_ms(SLOT_1M)); /* something may be in it */
    for (size_t i = 0; i < c->site->device_count && !near; i++) {
        const struct device_state *s = &c->aggregate.devices[i];
        ms_t end = s->minute + (s->taken ? slot_ms(SLOT_1M) : 0);
        over = end > over ? end : over;
    }
    step(c, over, to_ms, UNKNOWN_MS);
}
