#include "store/core.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "store/alert_devices.h"
#include "store/db.h"
#include "store/held.h"
#include "sys/log.h"

#define CHAIN_MS       60000
#define EVENT_TEXT_MAX 4096
#define AHEAD_MS       (6 * MS_PER_MIN) /* a reading this far ahead: the clock was stepped */
#define GRACE_MIN_MS   2000
#define GRACE_MAX_MS   10000
#define STEP_BACK_MS   10000 /* of a reading behind its chain: the clock was stepped */

static int on_slot(void *arg, enum slot_period p, ms_t start, size_t device, const uint8_t *body,
                   size_t n) {
    struct core *c = arg;
    struct pending_block b = {.kind = PENDING_SLOT,
                              .bytes = (uint32_t)n,
                              .period = (uint8_t)p,
                              .number = (uint32_t)device,
                              .t = start};
    return pending_add(&c->writer->pending, &b, body);
}

static void on_checkpoint(void *arg, size_t device, const uint8_t *body, size_t n) {
    struct core *c = arg;
    struct pending_block b = {
        .kind = PENDING_CHECKPOINT, .bytes = (uint32_t)n, .number = (uint32_t)device};
    pending_add(&c->writer->pending, &b, body);
}

void core_event(struct core *c, const struct event_body *e) {
    struct buf b;
    buf_init(&b, c->event_text, EVENT_TEXT_MAX);
    event_members_write(&b, e, clock_utc_offset_s(e->at));
    if (!buf_ok(&b)) {
        log_warn("event %s: its text is too long, not recorded", e->event);
        return;
    }
    struct pending_block block = {.kind = PENDING_EVENT, .bytes = (uint32_t)b.len, .t = e->at};
    pending_add(&c->writer->pending, &block, b.data);
    c->urgent = true;
}

int core_alert(struct core *c, const struct alert_change *change) {
    struct pending_block block = {.kind = PENDING_ALERT, .bytes = sizeof *change, .t = change->at};
    c->urgent = true;
    return pending_add(&c->writer->pending, &block, change);
}

static int on_gap(void *arg, const struct gap_entry *g) {
    struct core *c = arg;
    struct pending_block b = {.kind = PENDING_GAP, .bytes = sizeof *g, .number = g->device};
    return pending_add(&c->writer->pending, &b, g);
}

static void on_ledger(void *arg, size_t device, ms_t at, const struct ledger_entry *e) {
    struct core *c = arg;
    struct pending_block b = {
        .kind = PENDING_LEDGER, .bytes = sizeof *e, .number = (uint32_t)device, .t = at};
    if (!c->aggregate.replaying) /* else it is on record already */
        pending_add(&c->writer->pending, &b, e);
}

static void on_event(void *arg, const struct event_body *e) {
    struct core *c = arg;
    if (c->aggregate.replaying)
        return; /* it is on record already */
    core_event(c, e);
    alert_devices_event(c->signals, e);
}

static ms_t grace_of(const struct site *site) {
    ms_t grace = GRACE_MIN_MS;
    for (size_t i = 0; i < site->device_count; i++)
        if (site->devices[i].enabled && site->devices[i].poll_ms > grace)
            grace = site->devices[i].poll_ms;
    return grace < GRACE_MAX_MS ? grace : GRACE_MAX_MS;
}

/* Everything that depends on the site. c->minute says where devices stand. */
static int build(struct core *c, const struct site *site) {
    struct aggregate_sink sink = {.arg = c,
                                  .slot = on_slot,
                                  .checkpoint = on_checkpoint,
                                  .gap = on_gap,
                                  .ledger = on_ledger,
                                  .event = on_event,
                                  .dip = core_supply_dip};
    c->site = site;
    c->grace_ms = grace_of(site);
    c->raw_key = true;
    c->kg_day = INT32_MIN;
    live_demand_init(&c->demand);
    alert_supply_init(&c->alert_supply);
    const struct alerts *alerts = c->alerts;
    const struct alert_books *books = c->alert_books;
    c->alert_books = NULL;
    const struct alert_devices *signals = c->signals;
    c->raw = raw_encoder_new(site);
    c->alerts = alerts_new(c, alerts);
    c->signals = alert_devices_new(c, signals);
    if (!c->raw || !c->alerts || !c->signals)
        return ERR_NOMEM;
    int err = core_clocks_init(c);
    if (err < 0)
        return err;
    err = records_init(&c->records, c->writer, site);
    if (err == ERR_OK)
        err = alert_books_new(&c->records, c->alerts, books, &c->alert_books);
    if (err < 0)
        return err;
    c->rollup = (struct rollup){.records = &c->records};
    c->effect = (struct supply_effect){.records = &c->records};
    c->writer->more = true; /* what an order or an earlier run has left */
    c->writer->hooks = (struct writer_hooks){.arg = c,
                                             .slot = core_write_slot,
                                             .held = core_write_held,
                                             .record = core_write_record,
                                             .gap = core_write_gap,
                                             .after = core_after};
    err = aggregate_init(&c->aggregate, site, c->writer->layout, c->live, &sink, c->minute);
    return err < 0 ? err : tick_init(&c->tick, site);
}

static void demolish(struct core *c) {
    aggregate_fini(&c->aggregate);
    tick_fini(&c->tick);
    raw_encoder_free(c->raw);
    free(c->clocks);
    alert_books_free(c->alert_books);
    alerts_free(c->alerts);
    alert_devices_free(c->signals);
    records_fini(&c->records);
}

/* After the last record; before any, where the store began: what was written since then waits for
 * its record. A clock that has gone back is core_advance()'s to see. */
static ms_t first_minute(struct core *c) {
    ms_t last;
    int64_t minute;
    if (db_get_i64(c->writer->db, "SELECT value FROM meta WHERE key='minute'", 0, &minute) ==
            ERR_OK &&
        minute > 0)
        return minute;
    if (!writer_last_start(c->writer, slot_code(SLOT_1M), &last))
        return slot_edge(SLOT_1M, c->writer->epoch);
    return last + slot_ms(SLOT_1M);
}

int core_open(struct core *c, const struct site *site, struct live *live, struct writer *writer) {
    *c = (struct core){.site = site,
                       .live = live,
                       .writer = writer,
                       .clock = CLOCK_UNSYNCED,
                       .clock_offset_ms = (double)NAN};
    c->minute = first_minute(c);
    c->event_text = malloc(EVENT_TEXT_MAX);
    int err = c->event_text ? build(c, site) : ERR_NOMEM;
    if (err == ERR_OK)
        err = core_restore(c);
    if (err == ERR_OK)
        err = alerts_restore(c->alerts, c->minute);
    if (err < 0)
        core_fini(c);
    return err;
}

void core_begin(struct core *c, ms_t now_ms) {
    c->begun = true;
    if (now_ms < aggregate_from(&c->aggregate, SLOT_1M, c->minute))
        core_step_unseen(c, now_ms);
    core_advance(c, now_ms);
}

int core_init(struct core *c, const struct site *site, struct live *live, struct writer *writer,
              ms_t now_ms) {
    int err = core_open(c, site, live, writer);
    if (err == ERR_OK)
        core_begin(c, now_ms);
    return err;
}

int core_set_site(struct core *c, const struct site *site) {
    struct core old = *c;
    int err = build(c, site);
    if (err < 0) {
        demolish(c);
        *c = old;
        return err;
    }
    aggregate_take_over(&c->aggregate, &old.aggregate);
    c->rollup.records = &c->records;
    memcpy(c->tick.windows, old.tick.windows, sizeof c->tick.windows);
    demolish(&old);
    return ERR_OK;
}

void core_fini(struct core *c) {
    if (c->writer)
        c->writer->hooks = (struct writer_hooks){0};
    demolish(c);
    free(c->event_text);
    memset(c, 0, sizeof *c);
}

void core_set_clock(struct core *c, enum clock_sync state, double offset_ms) {
    c->clock = state;
    c->clock_offset_ms = offset_ms;
}

static void begin_row(struct core *c, ms_t utc_ms) {
    bool key = c->raw_key || utc_ms >= c->chain + CHAIN_MS || utc_ms < c->chain - STEP_BACK_MS;
    /* rows of a chain keep their order in the table */
    c->raw_t = !key && utc_ms <= c->raw_t ? c->raw_t + 1 : utc_ms;
    if (key)
        c->chain = c->raw_t;
    c->raw_key = false;
    raw_encoder_begin(c->raw, c->raw_t, key);
    c->raw_open = true;
}

void core_flush(struct core *c) {
    if (!c->raw_open)
        return;
    c->raw_open = false;
    const uint8_t *body;
    size_t n;
    raw_encoder_finish(c->raw, &body, &n);
    struct pending_block b = {
        .kind = PENDING_RAW, .bytes = (uint32_t)n, .t = c->raw_t, .key = c->chain};
    if (pending_add(&c->writer->pending, &b, body) < 0)
        c->raw_key = true; /* what follows cannot be read without it */
    c->raw_rows++;
}

static void keep_raw(struct core *c, struct reading *r) {
    if (!c->raw_open)
        begin_row(c, r->utc_ms);
    if (raw_encoder_add(c->raw, r) == ERR_FULL) {
        core_flush(c);
        begin_row(c, r->utc_ms);
        raw_encoder_add(c->raw, r);
    }
}

void core_reading(struct core *c, struct reading *r) {
    const struct device_profile *p =
        r->device < c->site->device_count ? c->site->devices[r->device].profile : NULL;
    assert(p && r->point_count == p->point_count && r->register_count == p->image_registers);
    c->readings++;
    if (c->waits) {
        bool kept = held_add(c->writer, r) == ERR_OK;
        if (!kept && !c->held_full)
            log_warn("store %s: no room for readings whose time is not known yet; some are left "
                     "out, their energy is in the registers",
                     c->writer->path);
        c->held_full = !kept;
        return;
    }
    if (c->track.started && r->mono_us != 0)
        r->utc_ms = clock_track_ms(&c->track, r->mono_us);
    core_take(c, r);
}

void core_take(struct core *c, struct reading *r) {
    keep_raw(c, r);
    if (r->utc_ms >= c->minute + AHEAD_MS)
        core_advance(c, r->utc_ms);
    aggregate_reading(&c->aggregate, r);
    alert_devices_reading(c->signals, r, c->aggregate.scratch);
}

/* The factor of the day; a pushed curve shows in the records only. */
static double import_factor(struct core *c, ms_t now_ms) {
    struct local_time t = local_time(now_ms, clock_utc_offset_s);
    if (t.day != c->kg_day) {
        c->kg_day = t.day;
        c->kg_per_kwh = (double)NAN;
        const struct grid_factor *f =
            c->site->carbon_book
                ? carbon_factor(c->site->carbon_book, FACTOR_PROVINCE, t.year, t.day).factor
                : NULL;
        if (f)
            c->kg_per_kwh = f->kg_per_kwh;
    }
    return c->kg_per_kwh;
}

/* Signals for the alert rules, of the tick that was just taken. */
static void watch(struct core *c, ms_t tick, const struct live_site *s) {
    live_demand_accounts(&c->demand, &c->aggregate, tick, c->tick.feed_kw);
    const struct alert_scene scene = {.site = c->site,
                                      .aggregate = &c->aggregate,
                                      .live = c->live,
                                      .feed_kw = c->tick.feed_kw,
                                      .demand = c->demand.account,
                                      .at = tick};
    alerts_second(c->alerts, tick);
    alert_supply_second(&c->alert_supply, c->alerts, &scene);
    alert_devices_second(c->signals, tick, s);
    alert_books_second(c->alert_books, tick);
}

void core_second(struct core *c, ms_t now_ms) {
    struct live_site s;
    if (c->waits)
        core_give_held(c, now_ms);
    if (c->waits)
        return;
    core_tell_clocks(c);
    ms_t tick = floor_div(now_ms, MS_PER_S) * MS_PER_S;
    tick_take(&c->tick, &c->aggregate, tick, &s);
    live_demand_take(&c->demand, &c->aggregate, tick, import_factor(c, now_ms), &s);
    if (c->live)
        live_put_site(c->live, &s);
    watch(c, tick, &s);
    core_supply_second(c, now_ms);
    core_advance(c, now_ms);
    core_flush(c);
}
