#include "calc/clock_track.h"

static us_t magnitude(us_t us) {
    return us < 0 ? -us : us;
}

bool clock_track_see(struct clock_track *t, const struct clock_seen *seen,
                     struct clock_step *ret_step) {
    us_t offset = seen->utc_us - seen->mono_us;
    if (!t->started) {
        *t = (struct clock_track){true, seen->mono_us, seen->asleep_us, offset, 0};
        return false;
    }
    us_t ran = seen->mono_us - t->mono_us;
    if (ran < 0)
        return false; /* an older look than the last one: it says nothing new */
    us_t expected = t->offset_us + (seen->asleep_us - t->asleep_us);
    us_t off = offset - expected;
    bool stepped = magnitude(off) >= CLOCK_STEP_MIN_US + ran / CLOCK_SLEW_PART;
    if (stepped)
        *ret_step = (struct clock_step){seen->mono_us + expected + t->lag_us, seen->utc_us};
    *t =
        (struct clock_track){true, seen->mono_us, seen->asleep_us, offset, stepped ? 0 : t->lag_us};
    return stepped;
}

ms_t clock_track_ms(const struct clock_track *t, us_t mono_us) {
    return floor_div(mono_us + t->offset_us + t->lag_us, US_PER_MS);
}

bool clock_is_early(ms_t utc_ms, ms_t newest_ms) {
    return utc_ms < CLOCK_EARLIEST_MS || utc_ms < newest_ms;
}
