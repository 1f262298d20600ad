#include "calc/energy.h"

/* Without a rating, a wrap is believed only when it skipped less than this part of a full turn. */
#define UNRATED_WRAP_PART 1000

static int64_t subtract_saturated(int64_t a, int64_t b) {
    if (b > 0 && a < INT64_MIN + b)
        return INT64_MIN;
    if (b < 0 && a > INT64_MAX + b)
        return INT64_MAX;
    return a - b;
}

static ms_t elapsed_ms(ms_t from, ms_t to) {
    return to >= from ? to - from : ENERGY_STEP_BACK_MS;
}

static bool is_rated(const struct energy_limits *limits) {
    return limits->max_counts_per_ms > 0.0;
}

static bool within(const struct energy_limits *limits, int64_t d, ms_t dt) {
    if (d < 0)
        return false;
    return !is_rated(limits) || (double)d <= limits->max_counts_per_ms * (double)dt + 1.0;
}

/* The time in which the energy of the next step may have flowed: since the register was last read
 * at another count, because it may have been refreshed right after that. */
static ms_t step_time(const struct energy_counter *c, ms_t utc_ms) {
    ms_t still = c->base_utc_ms - c->moved_utc_ms;
    if (still > ENERGY_REFRESH_MS)
        still = ENERGY_REFRESH_MS;
    return elapsed_ms(c->base_utc_ms, utc_ms) + still;
}

/* A track starts here. When its register last moved is not known: as long ago as may be. */
static void start_track(struct energy_counter *c, int64_t first, int64_t count, ms_t utc_ms) {
    c->segment_first = first;
    c->base = count;
    c->base_utc_ms = utc_ms;
    c->moved_utc_ms = utc_ms - ENERGY_REFRESH_MS;
    c->pending_n = 0;
}

static void accept(struct energy_counter *c, int64_t count, ms_t utc_ms) {
    if (count != c->base)
        c->moved_utc_ms = c->base_utc_ms;
    if (c->moved_utc_ms > utc_ms)
        c->moved_utc_ms = utc_ms;
    if (c->base < c->old_base && count >= c->old_base)
        c->has_old = false; /* grew past it: nothing left to return to */
    c->base = count;
    c->base_utc_ms = utc_ms;
    c->pending_n = 0;
}

/* Without a rating no step is too large, except one: back onto the track that a reset had left, in
 * one leap larger than all that was counted since. */
static bool leaps_back(const struct energy_counter *c, int64_t count, int64_t d) {
    return c->has_old && c->base < c->old_base && count >= c->old_base &&
           d > subtract_saturated(c->base, c->segment_first);
}

/* A register that starts again from 0 at its modulus could have got from base to count that way. */
static bool wraps(const struct energy_limits *limits, int64_t base, int64_t count) {
    return count >= 0 && count < base && base < limits->modulus;
}

/* What the register has counted since it left its old track, if it is back on it; else negative. */
static int64_t growth_of_old_track(const struct energy_counter *c,
                                   const struct energy_limits *limits, int64_t count) {
    int64_t growth = subtract_saturated(count, c->old_base);

    return is_rated(limits) && wraps(limits, c->old_base, count) ? limits->modulus + growth
                                                                 : growth;
}

static bool fits_old_track(const struct energy_counter *c, const struct energy_limits *limits,
                           int64_t count, ms_t utc_ms) {
    ms_t away = elapsed_ms(c->old_utc_ms, utc_ms);
    int64_t growth = growth_of_old_track(c, limits, count);

    if (!c->has_old || (is_rated(limits) && away > ENERGY_UNDO_MS))
        return false;
    return growth >= subtract_saturated(c->base, c->segment_first) &&
           within(limits, growth, away + ENERGY_REFRESH_MS);
}

/* The reset or jump had not happened: count as if its samples had been dropped. */
static int64_t return_to_old_track(struct energy_counter *c, const struct energy_limits *limits,
                                   int64_t count, ms_t utc_ms) {
    int64_t counted = subtract_saturated(c->base, c->segment_first);
    int64_t delta = subtract_saturated(growth_of_old_track(c, limits, count), counted);

    start_track(c, count, count, utc_ms);
    c->has_old = false;
    return delta;
}

/* Whether count goes on with the run of held counts. */
static bool is_consistent(const struct energy_counter *c, const struct energy_limits *limits,
                          int64_t count, ms_t utc_ms) {
    bool same_side = (count < c->base) == (c->pending < c->base);

    return c->pending_n > 0 && same_side &&
           within(limits, subtract_saturated(count, c->pending),
                  elapsed_ms(c->pending_utc_ms, utc_ms));
}

static void leave_track(struct energy_counter *c, int64_t count, ms_t utc_ms) {
    c->old_base = c->base;
    c->old_utc_ms = c->base_utc_ms;
    c->has_old = true;
    start_track(c, c->pending_first, count, utc_ms);
}

static enum energy_event hold(struct energy_counter *c, const struct energy_limits *limits,
                              int64_t count, ms_t utc_ms, int64_t *ret_delta) {
    if (!is_consistent(c, limits, count, utc_ms)) {
        c->pending_n = 0;
        c->pending_first = count;
    }
    c->pending = count;
    c->pending_utc_ms = utc_ms;
    c->pending_n++;
    if (c->pending_n < ENERGY_CONSISTENT)
        return ENERGY_HELD;

    if (!is_rated(limits) && wraps(limits, c->base, c->pending_first) &&
        limits->modulus - (c->base - c->pending_first) <= limits->modulus / UNRATED_WRAP_PART) {
        *ret_delta = limits->modulus - (c->base - count);
        c->has_old = false;
        accept(c, count, utc_ms);
        return ENERGY_ROLLOVER;
    }
    enum energy_event event = count < c->base ? ENERGY_RESET : ENERGY_JUMP;
    *ret_delta = count - c->pending_first;
    leave_track(c, count, utc_ms);
    return event;
}

enum energy_event energy_add(struct energy_counter *c, const struct energy_limits *limits,
                             int64_t count, ms_t utc_ms, int64_t *ret_delta) {
    *ret_delta = 0;
    if (!c->started) {
        start_track(c, count, count, utc_ms);
        c->started = true;
        c->has_old = false;
        return ENERGY_FIRST;
    }

    int64_t d = subtract_saturated(count, c->base);
    ms_t dt = step_time(c, utc_ms);
    enum energy_event good = c->pending_n > 0 ? ENERGY_GLITCH : ENERGY_NONE;

    if (within(limits, d, dt) && (is_rated(limits) || !leaps_back(c, count, d))) {
        accept(c, count, utc_ms);
        *ret_delta = d;
        return good;
    }
    if (d == -1) {
        accept(c, c->base, utc_ms);
        return good;
    }
    if (is_rated(limits) && wraps(limits, c->base, count) &&
        within(limits, limits->modulus + d, dt)) {
        accept(c, count, utc_ms);
        c->has_old = false;
        *ret_delta = limits->modulus + d;
        return ENERGY_ROLLOVER;
    }
    if (fits_old_track(c, limits, count, utc_ms)) {
        *ret_delta = return_to_old_track(c, limits, count, utc_ms);
        return ENERGY_GLITCH;
    }
    return hold(c, limits, count, utc_ms, ret_delta);
}
