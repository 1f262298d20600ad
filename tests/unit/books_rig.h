/* A works with an incomer and two feeders, polled on the minute, whose load, power factor and
 * meters a test may change; with an account, a transformer of 1600 kVA and a carbon budget. The
 * zone is UTC. What is drawn is exact, so days add up. */
#ifndef BUSBAR_TESTS_BOOKS_RIG_H
#define BUSBAR_TESTS_BOOKS_RIG_H

#include "billed_rig.h"

#define G_KVAR G_SERIAL /* the place that this works uses for it */

enum books_device { MAIN, FEEDER1, FEEDER2, BOOKS_DEVICES };

/* What runs now. */
struct books_load {
    double kw[2]; /* of the feeders */
    double kvar;  /* at the incomer */
    double sun;   /* W/m2, at a sensor */
    double shown; /* part of feeder 1 that its meter counts */
    bool silent;  /* nobody answers */
};

struct books_rig {
    struct rig rig;
    struct point_def points[BOOKS_DEVICES][GRID_POINTS];
    struct device_profile profiles[BOOKS_DEVICES];
    struct device devices[BOOKS_DEVICES];
    struct site_point site_points[BOOKS_DEVICES * GRID_POINTS];
    char ids[BOOKS_DEVICES * GRID_POINTS][64];
    struct feed feeds[BOOKS_DEVICES];
    struct account accounts[1];
    struct metering_point metering[1];
    struct transformer transformers[1];
    double kwh[BOOKS_DEVICES], kvarh; /* the registers */
    struct books_load load;
    uint64_t memory[64];
};
static struct books_rig d;

static inline void books_device(size_t i) {
    static const char *const names[] = {"grid", "f1", "f2"};
    struct works *w = &d.rig.works;
    memcpy(d.points[i], w->grid_points, sizeof d.points[i]);
    for (size_t k = 0; k < GRID_POINTS; k++)
        d.points[i][k].ratio = RATIO_NONE;
    works_profile(&d.profiles[i], "meter", d.points[i], GRID_POINTS);
    d.devices[i] = w->devices[GRID];
    d.devices[i].id = d.devices[i].name = names[i];
    d.devices[i].profile = &d.profiles[i];
    d.devices[i].role = i == MAIN ? ROLE_GRID : ROLE_LOAD;
    d.devices[i].ct_ratio = (double)NAN;
    d.devices[i].poll_ms = 60000;
    d.devices[i].point_base = (uint32_t)(i * GRID_POINTS);
    int32_t base = (int32_t)(i * GRID_POINTS);
    for (int32_t k = 0; k < GRID_POINTS; k++) {
        snprintf(d.ids[base + k], sizeof d.ids[0], "%s.%s", names[i], d.points[i][k].name);
        d.site_points[base + k] = (struct site_point){
            .id = d.ids[base + k], .device = (int32_t)i, .def = &d.points[i][k]};
    }
    d.feeds[i] = w->feeds[GRID];
    d.feeds[i].id = names[i];
    d.feeds[i].role = d.devices[i].role;
    d.feeds[i].device = (int32_t)i;
    d.feeds[i].power = base + G_POWER;
    d.feeds[i].forward = base + G_IMPORT;
    d.feeds[i].reverse = i == MAIN ? base + G_EXPORT : SITE_NONE;
    if (i != MAIN)
        return;
    d.feeds[i].reactive_import = base + G_REACTIVE;
    d.feeds[i].reactive_power = base + G_KVAR;
}

static inline void books_site(void) {
    struct works *w = &d.rig.works;
    works_init(w);
    w->grid_points[G_REACTIVE] = works_point(
        "reactive_energy_import", QUANTITY_REACTIVE_ENERGY_IMPORT, POINT_U32, 2, 0.01, "kvarh");
    w->grid_points[G_KVAR] =
        works_point("reactive_power.total", QUANTITY_REACTIVE_POWER, POINT_I32, 2, 0.001, "kvar");
    for (size_t i = 0; i < BOOKS_DEVICES; i++)
        books_device(i);
    d.accounts[0] = billed_accounts[0];
    d.accounts[0].billing_day = 1;
    d.metering[0] = (struct metering_point){
        .id = "p1", .feed = MAIN, .check_feed = SITE_NONE, .line_limit_kva = (double)NAN};
    d.transformers[0] = (struct transformer){
        .id = "t1", .kva = 1600.0, .p0_w = 2000, .pk_w = 16000, .feed = SITE_NONE};
    w->site.devices = d.devices;
    w->site.device_count = BOOKS_DEVICES;
    w->site.points = d.site_points;
    w->site.point_count = BOOKS_DEVICES * GRID_POINTS;
    w->site.feeds = d.feeds;
    w->site.feed_count = BOOKS_DEVICES;
    w->site.accounts = d.accounts;
    w->site.account_count = 1;
    w->site.metering_points = d.metering;
    w->site.metering_point_count = 1;
    w->site.transformers = d.transformers;
    w->site.transformer_count = 1;
    w->site.transformer_kva = 1600.0;
    w->site.carbon_book = &billed_book;
    w->site.carbon_budget.year_t = (double)NAN;
}

static inline void books_open(ms_t now) {
    assert_int_equal(rig_open(&d.rig, now), ERR_OK);
    assert_int_equal(db_exec(d.rig.writer.db, "PRAGMA synchronous=OFF"), ERR_OK);
}

static inline void books_put(enum books_device i, ms_t t, double kw) {
    struct reading *r = (struct reading *)(void *)d.memory;
    const struct device_profile *p = &d.profiles[i];
    const double values[] = {[G_VOLTAGE] = 231.5,
                             [G_POWER] = kw,
                             [G_IMPORT] = d.kwh[i],
                             [G_EXPORT] = 0.0,
                             [G_REACTIVE] = i == MAIN ? d.kvarh : 0.0,
                             [G_KVAR] = i == MAIN ? d.load.kvar : d.load.sun};
    assert_true(reading_size(p->point_count, p->image_registers) <= sizeof d.memory);
    reading_init(r, (uint32_t)i, p->point_count, p->image_registers);
    r->utc_ms = t;
    r->kind = READING_POLL;
    r->site_version = 1;
    for (size_t k = 0; k < sizeof values / sizeof values[0]; k++) {
        assert_int_equal(encode_value(&p->points[k], values[k], 1.0,
                                      reading_registers(r) + p->points[k].image_offset),
                         ERR_OK);
        reading_quality(r)[k] = QUALITY_GOOD;
    }
    core_reading(&d.rig.core, r);
}

/* A poll, then the minute's energy. */
static inline void books_minute(ms_t t) {
    const struct books_load *l = &d.load;
    const double kw[] = {l->kw[0] + l->kw[1], l->kw[0] * l->shown, l->kw[1]};
    for (size_t i = 0; i < BOOKS_DEVICES && !l->silent; i++)
        books_put((enum books_device)i, t, kw[i]);
    for (size_t i = 0; i < BOOKS_DEVICES; i++)
        d.kwh[i] += kw[i] / 60.0;
    d.kvarh += l->kvar / 60.0;
}

/* Minutes [from, to): a poll, and 15 s later what is due. Commits in the first minutes of each
 * quarter: what was closed is written in the first and read in the second. */
static inline void books_run(ms_t from, ms_t to) {
    for (ms_t t = from; t < to; t += MINUTE) {
        books_minute(t);
        core_second(&d.rig.core, t + 15000);
        if (t % QUARTER < 2 * MINUTE || t + MINUTE >= to || d.rig.writer.more)
            rig_commit(&d.rig, t + 15000);
    }
}

/* ---- the alert table ----------------------------------------------------------------------- */

struct books_alert {
    int64_t count, active; /* rows of the rule */
    ms_t raised, cleared;  /* of the last one */
    double value, threshold;
    char note_en[ALERT_NOTE_MAX], note_zh[ALERT_NOTE_MAX]; /* of its raise */
};

static inline struct books_alert books_alert(const char *rule) {
    struct books_alert a = {0};
    sqlite3_stmt *s = NULL;
    assert_int_equal(
        db_prepare(d.rig.writer.db,
                   "SELECT count(*) OVER (),sum(active) OVER (),raised,cleared,a.value,threshold,"
                   "note_en,note_zh FROM alert a JOIN alert_step ON alert=id AND n=1 WHERE rule=?"
                   " ORDER BY id DESC LIMIT 1",
                   &s),
        ERR_OK);
    sqlite3_bind_text(s, 1, rule, -1, SQLITE_STATIC);
    if (sqlite3_step(s) == SQLITE_ROW) {
        a = (struct books_alert){.count = sqlite3_column_int64(s, 0),
                                 .active = sqlite3_column_int64(s, 1),
                                 .raised = sqlite3_column_int64(s, 2),
                                 .cleared = sqlite3_column_int64(s, 3),
                                 .value = sqlite3_column_double(s, 4),
                                 .threshold = sqlite3_column_double(s, 5)};
        snprintf(a.note_en, sizeof a.note_en, "%s", (const char *)sqlite3_column_text(s, 6));
        snprintf(a.note_zh, sizeof a.note_zh, "%s", (const char *)sqlite3_column_text(s, 7));
    }
    sqlite3_finalize(s);
    return a;
}

#endif
