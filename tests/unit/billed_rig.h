/* The store's core on the small works with an account, a tariff and a carbon book, polled once a
 * minute on the minute: at constant power each minute has its energy exactly. Import 720 kW, 12 kWh
 * and 3 kvarh a minute; PV 60 kW, 1 kWh a minute. The zone is the test's. */
#ifndef BUSBAR_TESTS_BILLED_RIG_H
#define BUSBAR_TESTS_BILLED_RIG_H

#include "store/db.h"
#include "store/facts_codec.h"
#include "store_rig.h"

#define HOUR       (60 * MINUTE)
#define DAY        (24 * HOUR)
#define CNY        ((int64_t)PRICE_UNIT)
#define FEN        (CNY / 100)
#define G_REACTIVE G_CURRENT /* the place that this works uses for it */

/* Energies of the day at constant power, kWh. */
#define QUARTER_KWH 180.0
#define HOUR_KWH    720.0

/* valley (0.5) 00-08, flat 08-18, peak (1.5) 18-24 */
static const struct tariff_window billed_windows[] = {
    {0xfff, DAY_ANY, 0, 480, TARIFF_VALLEY, 1, 1},
    {0xfff, DAY_ANY, 1080, 1440, TARIFF_PEAK, 1, 2},
    {0xfff, DAY_ANY, 0, 1440, TARIFF_FLAT, 9, 3},
};
static const struct pf_step billed_steps[] = {{95, -75}, {90, 0}, {89, 50}};
static const struct pf_table billed_tables[] = {{90, billed_steps, 3, 50}};
static const struct tariff_version billed_version = {
    .id = "t",
    .verified = true,
    .to_day = INT32_MAX,
    .windows = billed_windows,
    .window_count = 3,
    .ratio = {(double)NAN, 1.5, 1.0, 0.5, (double)NAN},
    .billing = {.free_share = 1.05,
                .excess_factor = 2,
                .min_contract_share = (double)NAN,
                .high_use_kwh_kva = (double)NAN,
                .high_use_discount = (double)NAN,
                .pf_tables = billed_tables,
                .pf_table_count = 1,
                .pf_includes_basic = true,
                .verified = true}};
static const struct tariff billed_tariff = {
    .id = "t", .versions = &billed_version, .version_count = 1};
static const struct grid_factor billed_factor = {
    FACTOR_PROVINCE, "A", 2020, INT32_MIN, INT32_MAX, 1, 0.60, true, "", 1};
static const struct carbon_book billed_book = {
    .id = "b", .province = "A", .country = "C", .factors = &billed_factor, .factor_count = 1};
static const struct contract_step billed_contract = {INT32_MIN, 600};

/* "main" has the incomer and begins its month on the 26th, "other" has no meter and begins on the
 * 1st. */
static const struct account billed_accounts[] = {
    {.id = "main",
     .billing = BILLING_CONTRACT_DEMAND,
     .billing_given = true,
     .contracts = &billed_contract,
     .contract_count = 1,
     .combination = DEMAND_SUM_OF_MAXIMA,
     .billing_day = 26,
     .pf_standard = 0.90,
     .pf_quadrants = 1 | 8,
     .tariff_id = "t",
     .tariff = &billed_tariff,
     .capacity_kva = 1600.0},
    {.id = "other", .billing_day = 1, .capacity_kva = (double)NAN},
};

struct billed {
    struct rig rig;
    struct account accounts[2];
    struct metering_point points[1];
    struct transformer transformers[1];
    ms_t silent_from, silent_to; /* the incomer's meter does not answer */
    ms_t began;                  /* when the registers stood at 0 */
    double surplus_kw;           /* drawn besides, from the last poll to the next */
    double surplus_kwh;          /* so far */
};
static struct billed b;

static inline void billed_site(void) {
    struct works *w = &b.rig.works;
    works_init(w);
    memcpy(b.accounts, billed_accounts, sizeof b.accounts);
    b.points[0] = (struct metering_point){
        .id = "p1", .feed = GRID, .check_feed = SITE_NONE, .line_limit_kva = (double)NAN};
    b.transformers[0] = (struct transformer){
        .id = "t1", .kva = 1600.0, .p0_w = 2000, .pk_w = 16000, .feed = SITE_NONE};
    w->grid_points[G_REACTIVE] = works_point(
        "reactive_energy_import", QUANTITY_REACTIVE_ENERGY_IMPORT, POINT_U32, 2, 1.0, "kvarh");
    works_profile(&w->profiles[GRID], "meter", w->grid_points, GRID_POINTS);
    w->feeds[GRID].reactive_import = G_REACTIVE;
    for (int d = 0; d < WORKS_DEVICES; d++)
        w->devices[d].poll_ms = 60000;
    w->site.accounts = b.accounts;
    w->site.account_count = 2;
    w->site.metering_points = b.points;
    w->site.metering_point_count = 1;
    w->site.transformers = b.transformers;
    w->site.transformer_count = 1;
    w->site.transformer_kva = 1600.0;
    w->site.carbon_book = &billed_book;
}

/* Durability is another test's matter. */
static inline void billed_open(ms_t now) {
    assert_int_equal(rig_open(&b.rig, now), ERR_OK);
    assert_int_equal(db_exec(b.rig.writer.db, "PRAGMA synchronous=OFF"), ERR_OK);
}

static inline void billed_init(ms_t now) {
    memset(&b, 0, sizeof b);
    billed_site();
    b.began = now;
    billed_open(now);
}

static inline void billed_fini(void) {
    rig_fini(&b.rig);
}

static inline void billed_poll(ms_t t) {
    struct works *w = &b.rig.works;
    double minutes = (double)(t - b.began) / (double)MINUTE;
    b.surplus_kwh += b.surplus_kw / 60.0;
    if (t < b.silent_from || t >= b.silent_to) {
        struct reading *r = works_reading(w, GRID, t);
        works_set(w, r, G_VOLTAGE, 231.5);
        works_set(w, r, G_POWER, 720.0 + b.surplus_kw);
        works_set(w, r, G_IMPORT, 12.0 * minutes + b.surplus_kwh);
        works_set(w, r, G_EXPORT, 0.0);
        works_set(w, r, G_REACTIVE, 3.0 * minutes);
        core_reading(&b.rig.core, r);
    }
    core_reading(&b.rig.core, works_pv(w, t, 60.0, minutes));
    core_reading(&b.rig.core, works_bms(w, t, 50.0));
}

static inline void billed_commit(ms_t now) {
    rig_commit(&b.rig, now);
}

/* Minutes [from, to): a poll, and 15 s later what is due. A commit every quarter of an hour, at the
 * end, and while the rollup has work. */
static inline void billed_run(ms_t from, ms_t to) {
    for (ms_t t = from; t < to; t += MINUTE) {
        billed_poll(t);
        core_second(&b.rig.core, t + 15000);
        if (t % QUARTER == 0 || t + MINUTE >= to || b.rig.writer.more)
            billed_commit(t + 15000);
    }
}

/* Commits, a second apart, until nothing is left to do. */
static inline void billed_settle(ms_t now) {
    int rounds = 0;
    do {
        billed_commit(now += 1000);
        assert_true(++rounds < 200);
    } while (b.rig.writer.more);
}

/* ---- what is stored ----------------------------------------------------------------------- */

static inline int64_t billed_count(const char *sql) {
    int64_t n = 0;
    assert_int_equal(db_get_i64(b.rig.writer.db, sql, 0, &n), ERR_OK);
    return n;
}

/* Records of a code whose slots start in [from, to): all revisions. */
static inline int64_t billed_records(int64_t code, ms_t from, ms_t to) {
    char sql[160];
    snprintf(sql, sizeof sql,
             "SELECT count(*) FROM record WHERE period=%" PRId64 " AND start>=%" PRId64
             " AND start<%" PRId64,
             code, from, to);
    return billed_count(sql);
}

static inline int64_t billed_revision(int64_t code, ms_t start) {
    char sql[160];
    int64_t n = -1;
    snprintf(sql, sizeof sql,
             "SELECT max(revision) FROM record WHERE period=%" PRId64 " AND start=%" PRId64, code,
             start);
    assert_int_equal(db_get_i64(b.rig.writer.db, sql, -1, &n), ERR_OK);
    return n;
}

static inline int64_t billed_code(const char *account) {
    char sql[120];
    snprintf(sql, sizeof sql, "SELECT id FROM device WHERE name='@%s'", account);
    return slot_code_bill(billed_count(sql));
}

/* The newest revision, or a given one, as JSON; decref it. */
static inline json_t *billed_record(int64_t code, ms_t start, int64_t revision) {
    sqlite3_stmt *s = NULL;
    static char text[RECORD_SITE_MAX + 2];
    json_error_t error;
    assert_int_equal(db_prepare(b.rig.writer.db,
                                "SELECT body FROM record WHERE period=? AND start=? AND revision=?",
                                &s),
                     ERR_OK);
    sqlite3_bind_int64(s, 1, code);
    sqlite3_bind_int64(s, 2, start);
    sqlite3_bind_int64(s, 3, revision < 0 ? billed_revision(code, start) : revision);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    snprintf(text, sizeof text, "{%s}", (const char *)sqlite3_column_text(s, 0));
    sqlite3_finalize(s);
    json_t *m = json_loads(text, 0, &error);
    assert_non_null(m);
    return m;
}

static inline double billed_number(int64_t code, ms_t start, const char *path) {
    json_t *m = billed_record(code, start, -1);
    double v = number_at(m, path);
    json_decref(m);
    return v;
}

/* The text at a path, NULL for null; static. */
static inline const char *billed_text(int64_t code, ms_t start, const char *path) {
    static char text[64];
    json_t *m = billed_record(code, start, -1);
    const json_t *at = m;
    char copy[96], *rest = copy, *part;
    snprintf(copy, sizeof copy, "%s", path);
    while ((part = strsep(&rest, "/")) != NULL)
        at = json_is_array(at) ? json_array_get(at, (size_t)strtol(part, NULL, 10))
                               : json_object_get(at, part);
    assert_non_null(at);
    bool known = json_is_string(at);
    snprintf(text, sizeof text, "%s", known ? json_string_value(at) : "");
    json_decref(m);
    return known ? text : NULL;
}

/* The facts of the newest revision; static. */
static inline const struct slot_facts *billed_facts(int64_t code, ms_t start) {
    static struct slot_facts f;
    sqlite3_stmt *s = NULL;
    assert_int_equal(db_prepare(b.rig.writer.db,
                                "SELECT facts FROM record WHERE period=? AND start=? ORDER BY"
                                " revision DESC LIMIT 1",
                                &s),
                     ERR_OK);
    sqlite3_bind_int64(s, 1, code);
    sqlite3_bind_int64(s, 2, start);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    assert_int_equal(facts_read(sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0),
                                b.rig.core.site, &f),
                     ERR_OK);
    sqlite3_finalize(s);
    return &f;
}

/* The first feed of a device's newest row; *ret_head may be NULL. */
static inline struct feed_slot billed_row(int64_t code, ms_t start, enum works_device d,
                                          struct slot_head *ret_head) {
    sqlite3_stmt *s = NULL;
    struct unpack u;
    struct slot_head h;
    struct feed_slot f;
    assert_int_equal(db_prepare(b.rig.writer.db,
                                "SELECT body FROM slot WHERE period=? AND start=? AND device=?"
                                " ORDER BY revision DESC LIMIT 1",
                                &s),
                     ERR_OK);
    sqlite3_bind_int64(s, 1, code);
    sqlite3_bind_int64(s, 2, start);
    sqlite3_bind_int64(s, 3, b.rig.writer.device_no[d]);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    unpack_init(&u, sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0));
    assert_int_equal(slot_read_head(&u, &h), ERR_OK);
    slot_read_feed(&u, &h, start, ROLE_GRID, &f);
    assert_false(u.bad);
    sqlite3_finalize(s);
    if (ret_head)
        *ret_head = h;
    return f;
}

static inline void billed_put_price(int month, enum price_component c, int64_t fen) {
    const struct price_row row = {2026 * 12 + month - 1, c, fen * FEN, 1, true};
    assert_int_equal(books_put_price(b.rig.writer.db, &row, 0), ERR_OK);
}

/* Of one month: valley 0.45, flat 0.65, peak 0.85 CNY/kWh; 40 CNY/kW. */
static inline void billed_put_prices(int month, ms_t now) {
    billed_put_price(month, PRICE_ENERGY, 40);
    billed_put_price(month, PRICE_LOSSES, 2);
    billed_put_price(month, PRICE_TRANSMISSION, 15);
    billed_put_price(month, PRICE_SYSTEM_OPERATION, 3);
    billed_put_price(month, PRICE_FUNDS, 5);
    billed_put_price(month, PRICE_DEMAND, 4000);
    assert_int_equal(books_load(&b.rig.core.records.books, b.rig.writer.db, now), ERR_OK);
}

static inline ms_t utc(int year, int month, int day, int hour) {
    return (ms_t)civil_day(year, month, day) * MS_PER_DAY + hour * HOUR;
}

#endif
