#include <math.h>

#include "store/core.h"
#include "sys/log.h"

#define BEHIND_MAX_MS (5 * MS_PER_MIN) /* further behind, slots are not written one by one */
/* How far back missed slots get a record saying that nothing is known. */
#define GAP_MINUTES_MS  ((ms_t)24 * 60 * MS_PER_MIN)
#define GAP_QUARTERS_MS (31 * GAP_MINUTES_MS)

static bool any_counted(const struct site *site) {
    for (size_t i = 0; i < site->feed_count; i++)
        if (site->feeds[i].counted)
            return true;
    return false;
}

/* Coverage and quality of the slot: those of the feeds that are in a sum (all, if none is). */
static void sum_up_feeds(const struct core *c, enum slot_period p, struct record_site *r) {
    bool counted_only = any_counted(c->site);
    double coverage = 0.0;
    size_t n = 0;
    r->quality = QUALITY_GOOD;
    for (size_t i = 0; i < c->site->feed_count; i++) {
        const struct feed_slot *f = &c->aggregate.feeds[i].closed[p];
        c->kwh[FEED_FORWARD][i] = f->kwh[FEED_FORWARD];
        c->kwh[FEED_REVERSE][i] = f->kwh[FEED_REVERSE];
        if (counted_only && !c->site->feeds[i].counted)
            continue;
        coverage += f->coverage;
        r->quality = quality_worst(r->quality, f->quality);
        n++;
    }
    r->coverage = n > 0 ? coverage / (double)n : 0.0;
    if (n == 0)
        r->quality = QUALITY_MISSING;
}

static struct record_site empty_record(const struct core *c) {
    struct record_site r = {.quality = QUALITY_MISSING,
                            .cause = "gateway_off",
                            .clock_state = clock_sync_str(c->clock),
                            .clock_offset_ms = c->clock_offset_ms,
                            .soc_start_pct = (double)NAN,
                            .soc_end_pct = (double)NAN};
    for (size_t i = 0; i < SITE_POWER_COUNT; i++) {
        r.absent[i] = c->absent[i];
        r.power[i] = (struct power_stat){(double)NAN, (double)NAN, (double)NAN};
    }
    for (size_t i = 0; i < SITE_ENERGY_COUNT; i++)
        r.energy_kwh[i] = (double)NAN;
    for (size_t i = 0; i < c->site->device_count; i++)
        r.expected += c->site->devices[i].enabled;
    return r;
}

static const char *cause_of(const struct core *c, const struct record_site *r) {
    for (size_t i = 0; i < c->site->device_count; i++)
        if (c->site->devices[i].enabled && c->aggregate.devices[i].down)
            return "device_down";
    if (r->stored == 0)
        return "gateway_off";
    return r->quality == QUALITY_GOOD && r->coverage > 0.99 ? NULL : "incomplete";
}

static void add_record(struct core *c, enum slot_period p, ms_t start) {
    struct record_site r = empty_record(c);
    r.period = slot_name(p);
    r.start = start;
    r.end = start + slot_ms(p);
    sum_up_feeds(c, p, &r);
    tick_result(&c->tick, p, start, &r);
    balance_energy(c->site, c->kwh[FEED_FORWARD], c->kwh[FEED_REVERSE], r.energy_kwh);
    for (size_t i = 0; i < c->site->device_count; i++)
        r.stored += c->site->devices[i].enabled && c->aggregate.devices[i].covered[p];
    r.cause = cause_of(c, &r);
    bool with_devices = p == SLOT_15M || c->site->mqtt.minute_devices;
    size_t parts = (c->site->feed_count + RECORD_PART_DEVICES - 1) / RECORD_PART_DEVICES;
    struct pending_block b = {.kind = PENDING_RECORD,
                              .bytes = sizeof r,
                              .period = (uint8_t)p,
                              .number = with_devices ? (uint32_t)parts : 0,
                              .t = start};
    pending_add(&c->writer->pending, &b, &r);
}

static void add_gap(struct core *c, enum slot_period p, ms_t from, ms_t to) {
    ms_t most = p == SLOT_1M ? GAP_MINUTES_MS : GAP_QUARTERS_MS;
    if (from < to - most)
        from = to - most;
    if (from >= to)
        return;
    struct record_site r = empty_record(c);
    struct pending_block b = {
        .kind = PENDING_GAP, .bytes = sizeof r, .period = (uint8_t)p, .t = from, .key = to};
    pending_add(&c->writer->pending, &b, &r);
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

/* Goes to another minute, forward over a gap or back after a clock step, once the open one is
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
        close_minute(c);
        move_to(c, now);
    }
    while (now_ms >= c->minute + slot_ms(SLOT_1M) + c->grace_ms) {
        close_minute(c);
        if (now - c->minute > BEHIND_MAX_MS)
            move_to(c, now);
    }
}
