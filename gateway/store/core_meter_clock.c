/* The devices' own clocks against the gateway's: an event for each reading of one. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "calc/meter_clock.h"
#include "store/core.h"

struct device_clock {
    bool fresh, valid; /* not told yet; its registers held a time */
    int64_t shown_s;
    us_t mono_us;
    ms_t utc_ms;
};

int core_clocks_init(struct core *c) {
    c->clocks = calloc(c->site->device_count + 1, sizeof *c->clocks);
    return c->clocks ? ERR_OK : ERR_NOMEM;
}

void core_meter_clock(struct core *c, const struct reading *r) {
    const struct meter_clock *def = c->site->devices[r->device].profile->clock;
    if (!def || r->register_count != def->p.registers)
        return;
    struct device_clock *d = &c->clocks[r->device];
    *d = (struct device_clock){.fresh = true, .mono_us = r->mono_us, .utc_ms = r->utc_ms};
    d->valid = meter_clock_read(def, reading_registers((struct reading *)r), &d->shown_s);
}

/* Our own clock is known well enough to judge another by. */
static bool is_sure(const struct core *c) {
    return c->clock == CLOCK_SYNCED || c->clock == CLOCK_HOLDOVER;
}

/* What of it is worth saying: the worst first. */
static const char *say(char *out, size_t cap, const struct core *c, double offset_s) {
    if (isnan(offset_s))
        snprintf(out, cap, "the device's clock shows no time; set it at the device");
    else if (!is_sure(c))
        snprintf(out, cap,
                 "the gateway's own clock is not synchronised: the offset proves nothing about the "
                 "device; check NTP");
    else if (fabs(offset_s) > METER_CLOCK_LIMIT_S)
        snprintf(out, cap,
                 "the device's clock is %.0f s %s (resolution 1 s): what it keeps by time, tariffs "
                 "and maximum demand, falls into other slots; set it at the device",
                 fabs(offset_s), offset_s > 0 ? "fast" : "slow");
    else
        snprintf(out, cap, "the device's clock agrees with the gateway's (resolution 1 s)");
    return out;
}

static void tell(struct core *c, size_t device, const struct device_clock *d) {
    const struct device *def = &c->site->devices[device];
    char note[240];
    double offset_s = (double)NAN;
    ms_t at = c->track.started ? clock_track_ms(&c->track, d->mono_us) : d->utc_ms;
    if (d->valid)
        offset_s =
            meter_clock_offset_s(def->profile->clock, d->shown_s, at, clock_utc_offset_s(at));
    bool off = !isnan(offset_s) && fabs(offset_s) > METER_CLOCK_LIMIT_S;
    bool warns = is_sure(c) && (off || !d->valid);
    const struct event_body e = {.event = "meter_clock",
                                 .object = def->id,
                                 .severity = warns ? "warning" : "info",
                                 .at = at,
                                 .value = offset_s,
                                 .threshold = METER_CLOCK_LIMIT_S,
                                 .unit = "s",
                                 .note = say(note, sizeof note, c, offset_s)};
    core_event(c, &e);
    if (c->live)
        live_put_clock(c->live, device, &(struct live_clock){.at = at, .offset_s = offset_s});
}

void core_tell_clocks(struct core *c) {
    for (size_t i = 0; i < c->site->device_count; i++)
        if (c->clocks[i].fresh) {
            c->clocks[i].fresh = false;
            tell(c, i, &c->clocks[i]);
        }
}
