/* Orders on the store of the small works: an account with a flat tariff and a carbon book, readings
 * of all devices every few seconds, a grid meter that can be exchanged, and the desk as the
 * historian opens it. */
#ifndef BUSBAR_TESTS_ORDER_RIG_H
#define BUSBAR_TESTS_ORDER_RIG_H

#include "store/db.h"
#include "store/order_desk.h"
#include "store_rig.h"

#define HOUR (60 * MINUTE)
/* 2023-11-30 23:00 UTC (python: datetime(2023,11,30,23,tzinfo=utc).timestamp()): an hour before the
 * month ends. */
#define LAST_HOUR ((ms_t)1701385200000)
#define NOVEMBER  (2023 * 12 + 10)
#define NOV_30    19691 /* python: date(2023,11,30).toordinal() - 719163 */

/* The grid meter's exchange: last read 5 s before it went, then a new one that shows 5.0. */
#define GONE        (T0 + 5 * MINUTE + 20000)
#define BACK        (T0 + 7 * MINUTE)
#define NEW_FIRST   5.0
#define OLD_LAST    11031.5 /* grid_register(T0 + 315 s): 1000 + 0.1 x (315 + 100000) */
#define MULTIPLIER  80.0
#define EXCHANGE_AT (T0 + 6 * MINUTE)

struct scene {
    struct rig rig;
    ms_t step, now;
    ms_t gone, back; /* the grid meter is not read between; then a new one is. 0: it stays */
    struct account account;
    struct metering_point point;
    struct tariff_window window;
    struct tariff_version version;
    struct tariff tariff;
    struct grid_factor factor;
    struct carbon_book book;
};

static inline void scene_account(struct scene *s) {
    s->window = (struct tariff_window){.months = 0xfff,
                                       .day_types = DAY_ANY,
                                       .to_min = 1440,
                                       .period = TARIFF_FLAT,
                                       .priority = 1};
    s->version = (struct tariff_version){.id = "flat",
                                         .document = "made up",
                                         .verified = true,
                                         .to_day = INT32_MAX,
                                         .windows = &s->window,
                                         .window_count = 1};
    for (int p = 0; p < TARIFF_PERIODS; p++)
        s->version.ratio[p] = p == TARIFF_FLAT ? 1.0 : (double)NAN;
    s->tariff = (struct tariff){.id = "flat", .versions = &s->version, .version_count = 1};
    s->point = (struct metering_point){
        .id = "p1", .feed = GRID, .check_feed = SITE_NONE, .line_limit_kva = (double)NAN};
    s->account = (struct account){.id = "main",
                                  .billing_day = 1,
                                  .pf_standard = 0.9,
                                  .tariff_id = "flat",
                                  .tariff = &s->tariff,
                                  .capacity_kva = (double)NAN};
    s->factor = (struct grid_factor){.series = FACTOR_PROVINCE,
                                     .area = "here",
                                     .year = 2023,
                                     .to_day = INT32_MAX,
                                     .version = 1,
                                     .kg_per_kwh = 0.5};
    s->book = (struct carbon_book){
        .id = "book", .province = "here", .factors = &s->factor, .factor_count = 1};
    struct site *site = &s->rig.works.site;
    site->accounts = &s->account;
    site->metering_points = &s->point;
    site->account_count = site->metering_point_count = 1;
    site->carbon_book = &s->book;
}

static inline void scene_begin(struct scene *s, ms_t start, ms_t step) {
    memset(s, 0, sizeof *s);
    works_init(&s->rig.works);
    s->now = start;
    s->step = step;
    for (size_t i = 0; i < WORKS_DEVICES; i++)
        s->rig.works.devices[i].poll_ms = (uint32_t)step;
    scene_account(s);
    assert_int_equal(rig_open(&s->rig, start), ERR_OK);
}

static inline void scene_end(struct scene *s) {
    rig_fini(&s->rig);
}

static inline void scene_kill(struct scene *s) {
    rig_kill(&s->rig);
    assert_int_equal(rig_open(&s->rig, s->now), ERR_OK);
}

static inline void scene_poll(struct scene *s) {
    struct works *w = &s->rig.works;
    ms_t t = s->now + 100;
    if (s->gone == 0 || s->now < s->gone)
        core_reading(&s->rig.core, works_grid(w, t, GRID_KW, grid_register(t), 50.0));
    else if (s->now >= s->back)
        core_reading(&s->rig.core,
                     works_grid(w, t, GRID_KW,
                                NEW_FIRST + GRID_STEP * (double)((s->now - s->back) / 1000), 50.0));
    core_reading(&s->rig.core, works_pv(w, t, PV_KW, pv_register(t)));
    core_reading(&s->rig.core, works_bms(w, t, 50.0));
}

static inline void scene_run(struct scene *s, ms_t to) {
    for (; s->now < to; s->now += s->step) {
        scene_poll(s);
        core_second(&s->rig.core, s->now + 500);
        rig_commit(&s->rig, s->now + 500);
    }
}

/* Commits until all that was marked is made again. */
static inline void scene_settle(struct scene *s) {
    for (int i = 0; i < 100 && (i < 2 || s->rig.core.rollup.waiting > 0); i++) {
        s->now += 6000; /* longer than marked slots wait for others */
        rig_commit(&s->rig, s->now);
    }
    assert_int_equal(s->rig.core.rollup.waiting, 0);
}

static inline struct order_desk scene_desk(struct scene *s) {
    struct core *c = &s->rig.core;
    return (struct order_desk){.records = &c->records,
                               .rollup = &c->rollup,
                               .open_quarter = slot_edge(SLOT_15M, c->minute),
                               .now_ms = s->now};
}

/* The reply, parsed; decref it. */
static inline json_t *scene_order(struct scene *s, const struct order *o) {
    char text[ORDER_REPLY_MAX];
    const struct order_desk desk = scene_desk(s);
    core_flush(&s->rig.core);
    rig_commit(&s->rig, s->now);
    size_t n = order_desk_run(&desk, o, "local:wang", text, sizeof text);
    assert_int_equal(n, strlen(text));
    json_t *reply = json_loads(text, 0, NULL);
    assert_non_null(reply);
    return reply;
}

static inline void assert_done(struct scene *s, const struct order *o, const char *count, int n) {
    json_t *reply = scene_order(s, o);
    if (!json_is_true(json_object_get(reply, "ok")))
        fail_msg("refused: %s", text_at(reply, "error"));
    assert_int_equal((int)number_at(reply, count), n);
    json_decref(reply);
}

static inline int64_t scene_count(struct scene *s, const char *sql) {
    int64_t n = -1;
    assert_int_equal(db_get_i64(s->rig.writer.db, sql, -1, &n), ERR_OK);
    return n;
}

/* All that an order may touch, in one number. */
static inline int64_t scene_trace(struct scene *s) {
    return scene_count(s, "SELECT (SELECT count(*) FROM outbox)+1000*(SELECT count(*) FROM dirty)"
                          "+1000000*(SELECT count(*) FROM command)+10000000*(SELECT count(*) FROM"
                          " price)+10000000*(SELECT count(*) FROM curve)+10000000*(SELECT count(*)"
                          " FROM filed)+100000000*(SELECT count(*) FROM ledger WHERE actor IS NOT"
                          " NULL)+1000000000*(SELECT count(*) FROM slot)");
}

/* Refused with these words, and nothing has changed. */
static inline void assert_refused(struct scene *s, const struct order *o, const char *words) {
    core_flush(&s->rig.core);
    rig_commit(&s->rig, s->now);
    int64_t before = scene_trace(s);
    uint64_t seq = s->rig.writer.seq_next;
    json_t *reply = scene_order(s, o);
    assert_true(json_is_false(json_object_get(reply, "ok")));
    const char *why = text_at(reply, "error");
    if (!strstr(why, words))
        fail_msg("refused with \"%s\", not with \"%s\"", why, words);
    json_decref(reply);
    assert_int_equal(scene_trace(s), before);
    assert_int_equal(s->rig.writer.seq_next, seq);
}

/* The newest record of a slot; decref it. Checks that seq is dense over all messages. */
static inline json_t *scene_record(struct scene *s, enum outbox_kind kind, ms_t start) {
    char text[ISO8601_MAX];
    iso8601_format(text, start, 0);
    json_t *all = rig_messages(&s->rig.works, kind), *found = NULL;
    for (size_t i = 0; i < json_array_size(all); i++) {
        json_t *m = json_array_get(all, i);
        if (strcmp(text_at(m, "start"), text) == 0)
            found = m;
    }
    if (!found)
        fail_msg("no record of %s", text);
    json_incref(found);
    json_decref(all);
    return found;
}

static inline double scene_number(struct scene *s, enum outbox_kind kind, ms_t start,
                                  const char *path) {
    json_t *m = scene_record(s, kind, start);
    double v = number_at(m, path);
    json_decref(m);
    return v;
}

/* Messages of a kind so far. */
static inline size_t scene_messages(struct scene *s, enum outbox_kind kind) {
    char sql[80];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM outbox WHERE kind&255=%d", (int)kind);
    return (size_t)scene_count(s, sql);
}

/* The newest event of that name; decref it. */
static inline json_t *scene_event(struct scene *s, const char *name) {
    json_t *all = rig_messages(&s->rig.works, OUTBOX_EVENT), *found = NULL;
    for (size_t i = 0; i < json_array_size(all); i++)
        if (strcmp(text_at(json_array_get(all, i), "event"), name) == 0)
            found = json_array_get(all, i);
    if (!found)
        fail_msg("no event %s", name);
    json_incref(found);
    json_decref(all);
    return found;
}

/* The exchange as the officer tells it; a test changes its own copy. */
static inline struct order exchange_order(void) {
    struct order o = {.kind = ORDER_METER_CHANGE,
                      .meter_change = {.device = "grid",
                                       .direction = ORDER_IMPORT,
                                       .old_end = OLD_LAST + 2.5,
                                       .new_start = 0.0,
                                       .at = EXCHANGE_AT,
                                       .by = "王工",
                                       .note = "seal 77"}};
    return o;
}

#endif
