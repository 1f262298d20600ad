/* What the records tell of PV, self-use and billing: of records put into the store as they are, and
 * of a PV that is polled. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "alert/settings.h"
#include "books_rig.h"

#define NOON utc(2026, 11, 11, 12)

/* ---- records put as they are --------------------------------------------------------------- */

typedef void fill_fn(struct slot_facts *f, double a, double c);

static void put(struct rig *g, enum slot_period p, int account, ms_t start, fill_fn *fill, double a,
                double c) {
    struct records *r = &g->core.records;
    int day = account >= 0 ? r->site->accounts[account].billing_day : 1;
    assert_int_equal(writer_begin(r->writer), ERR_OK);
    facts_init(&r->facts, r->site, p, start, slot_end(p, start, clock_utc_offset_s, day));
    r->facts.covered = (uint64_t)(r->facts.end - start);
    r->facts.coverage = 1.0;
    fill(&r->facts, a, c);
    assert_int_equal(writer_end(r->writer, records_put(r, account, NULL, false, start)), ERR_OK);
}

/* Some seconds, and what came of them on disk. */
static void seconds(struct rig *g, ms_t from, int n) {
    for (int i = 0; i < n; i++)
        core_second(&g->core, from + i * 1000);
    rig_commit(g, from + n * 1000);
}

static void assert_rows(const char *rule, int64_t count, int64_t active) {
    struct books_alert a = books_alert(rule);
    if (a.count != count || a.active != active)
        fail_msg("%s: %d rows, %d active, instead of %d, %d", rule, (int)a.count, (int)a.active,
                 (int)count, (int)active);
}

static void a_price(int month, enum price_component c, int64_t fen) {
    const struct price_row row = {2026 * 12 + month - 1, c, fen * FEN, 1, true};
    assert_int_equal(books_put_price(d.rig.writer.db, &row, 0), ERR_OK);
}

static void energies(struct slot_facts *f, double pv, double export) {
    f->energy_kwh[SITE_E_PV] = pv;
    f->energy_kwh[SITE_E_EXPORT] = export;
    f->energy_kwh[SITE_E_IMPORT] = 400.0;
    f->energy_kwh[SITE_E_LOAD] = 400.0 + pv - export;
}

/* Feeder 1 is a PV. */
static void site_with_pv(void) {
    memset(&d, 0, sizeof d);
    assert_int_equal(clock_set_zone("UTC"), ERR_OK);
    books_site();
    d.devices[FEEDER1].role = d.feeds[FEEDER1].role = ROLE_PV;
}

static void five_days_of_export(void **state) {
    (void)state;
    site_with_pv();
    d.rig.works.site.self_use = (struct self_use_policy){true, 60, 30, 20};
    books_open(NOON);
    for (int day = 1; day <= 4; day++)
        put(&d.rig, SLOT_1D, -1, utc(2026, 11, day, 0), energies, 1000, 450);
    seconds(&d.rig, NOON, 10);
    assert_rows("A14", 0, 0); /* four days are too few */
    put(&d.rig, SLOT_1D, -1, utc(2026, 11, 5, 0), energies, 1000, 450);
    seconds(&d.rig, NOON + 10000, 10);
    assert_rows("A14", 1, 1);
    struct books_alert a = books_alert("A14");
    assert_near(a.value, 45.0, 1e-9); /* the export is farthest from its limit */
    assert_near(a.threshold, 20.0, 1e-9);
    assert_non_null(strstr(a.note_en, "exported of the generation 45.0 %, limit 20 %"));
    /* what comes late makes three of the days better: 21 % */
    for (int day = 1; day <= 3; day++)
        put(&d.rig, SLOT_1D, -1, utc(2026, 11, day, 0), energies, 1000, 50);
    seconds(&d.rig, NOON + 20000, 10);
    assert_rows("A14", 1, 1);
    put(&d.rig, SLOT_1D, -1, utc(2026, 11, 4, 0), energies, 1000, 50);
    seconds(&d.rig, NOON + 30000, 10);
    assert_rows("A14", 1, 0);
    rig_fini(&d.rig);
}

/* Carbon in t, PV in kWh. */
static void carbon(struct slot_facts *f, double t, double pv) {
    energies(f, pv, 0.0);
    f->energy_kwh[SITE_E_IMPORT] = t * 1000.0 / 0.6;
    f->carbon.location_kg = t * 1000.0;
    f->carbon.scope1_kg = 100.0;
    f->accounts[0].split_known = true;
    f->accounts[0].import_kwh[TARIFF_SHARP] = 100.0;
    f->accounts[0].import_kwh[TARIFF_FLAT] = 300.0;
}

/* 10.5 t in five days, of 60 t a month: 105 %. The sixth has 5.1 t: 130 %. */
static void a_month_and_the_one_before(void **state) {
    (void)state;
    site_with_pv();
    d.rig.works.site.carbon_budget = (struct carbon_budget){.year_t = 730.0};
    books_open(NOON);
    for (int day = 1; day <= 6; day++)
        put(&d.rig, SLOT_1D, -1, utc(2026, 10, day, 0), carbon, 1.6, 1000.0);
    for (int day = 1; day <= 5; day++)
        put(&d.rig, SLOT_1D, -1, utc(2026, 11, day, 0), carbon, 2.0, 500.0);
    seconds(&d.rig, NOON, 10);
    assert_rows("A27", 0, 0);
    put(&d.rig, SLOT_1D, -1, utc(2026, 11, 6, 0), carbon, 5.0, 500.0);
    seconds(&d.rig, NOON + 10000, 10);
    assert_rows("A27", 1, 1);
    struct books_alert a = books_alert("A27");
    assert_near(a.value, 130.0, 1e-9);
    assert_near(a.threshold, 110.0, 1e-9);
    assert_non_null(strstr(a.note_en, "15.6 t so far, 12.0 t allowed (60.0 t in the month); grid "
                                      "import 25000 kWh, own fuel 0.6 t; against the same days of "
                                      "last month; import +56 %; PV and wind -50 %; share of peak "
                                      "hours +0 %"));
    assert_non_null(strstr(a.note_zh, "购电 +56 %；新能源 -50 %"));
    /* a day whose carbon is not known counts on neither side */
    put(&d.rig, SLOT_1D, -1, utc(2026, 11, 7, 0), energies, 500, 0);
    seconds(&d.rig, NOON + 20000, 10);
    assert_rows("A27", 1, 1);
    for (int day = 7; day <= 10; day++)
        put(&d.rig, SLOT_1D, -1, utc(2026, 11, day, 0), carbon, 0.9, 2000.0);
    seconds(&d.rig, NOON + 30000, 10);
    assert_rows("A27", 1, 0); /* 19.6 of 20 t */
    rig_fini(&d.rig);
}

static void reactive(struct slot_facts *f, double kwh, double kvarh) {
    f->points[0].import_kwh = kwh;
    f->points[0].kvarh[0] = kvarh;
    f->points[0].month_max = f->accounts[0].month_max = (struct demand_peak){500.0, f->start};
    f->accounts[0].contract_kw = 600.0;
    f->accounts[0].cost_known = f->accounts[0].cost_verified = true;
    f->accounts[0].cost_e8 = money_of(kwh, CNY * 6 / 10);
}

/* 0.88: a step below 0.89, +1.00 % of 24000 CNY of demand and 3000 CNY of energy. */
static void what_a_power_factor_costs(void **state) {
    (void)state;
    memset(&d, 0, sizeof d);
    assert_int_equal(clock_set_zone("UTC"), ERR_OK);
    books_site();
    books_open(NOON);
    a_price(11, PRICE_DEMAND, 4000);
    assert_int_equal(books_load(&d.rig.core.records.books, d.rig.writer.db, NOON), ERR_OK);
    for (int day = 1; day <= 5; day++)
        put(&d.rig, SLOT_1D, -1, utc(2026, 11, day, 0), reactive, 1000.0, 540.0);
    seconds(&d.rig, NOON, 10);
    assert_rows("A06", 1, 1);
    struct books_alert a = books_alert("A06");
    assert_near(a.value, 0.88, 1e-9);
    assert_non_null(strstr(a.note_en, "month to date 0.88, standard 0.90; adjustment +1.00 %, "
                                      "270.00 CNY so far; "));
    rig_fini(&d.rig);
}

/* What is switched off is not even looked for; reading it does no harm. */
static void rules_that_are_switched_off(void **state) {
    (void)state;
    static struct alert_settings settings;
    for (size_t i = 0; i < ALERT_RULES; i++)
        settings.limits[i].enabled = false;
    site_with_pv();
    d.devices[FEEDER1].rated_kwp = 200.0;
    d.rig.works.site.alerts = &settings;
    d.load = (struct books_load){.kw = {100.0, 60.0}, .shown = 0.5};
    books_open(NOON);
    books_run(NOON, NOON + 20 * HOUR);
    for (int day = 1; day <= 6; day++)
        put(&d.rig, SLOT_1D, -1, utc(2026, 11, day, 0), reactive, 1000.0, 540.0);
    seconds(&d.rig, NOON + 20 * HOUR, 100);
    int64_t n = -1;
    assert_int_equal(db_get_i64(d.rig.writer.db, "SELECT count(*) FROM alert", -1, &n), ERR_OK);
    assert_int_equal(n, 0);
    rig_fini(&d.rig);
}

static void maximum(struct slot_facts *f, double max_kw, double coverage) {
    f->accounts[0].month_max = (struct demand_peak){max_kw, f->start};
    f->points[0].import_kwh = 100000.0;
    f->coverage = coverage;
}

/* 24 CNY/kVA against 38.4 CNY/kW are even at Dm / S_N = 0.625: at 1600 kVA 1000 kW. */
static void three_months_of_bills(void **state) {
    (void)state;
    memset(&d, 0, sizeof d);
    assert_int_equal(clock_set_zone("UTC"), ERR_OK);
    books_site();
    d.accounts[0].billing = BILLING_CAPACITY;
    books_open(NOON);
    for (int month = 7; month <= 10; month++) {
        a_price(month, PRICE_DEMAND, 3840);
        a_price(month, PRICE_CAPACITY, 2400);
    }
    assert_int_equal(books_load(&d.rig.core.records.books, d.rig.writer.db, NOON), ERR_OK);
    put(&d.rig, SLOT_BILL, 0, utc(2026, 7, 1, 0), maximum, 800, 1.0);
    put(&d.rig, SLOT_BILL, 0, utc(2026, 8, 1, 0), maximum, 500, 1.0);
    seconds(&d.rig, NOON, 10);
    assert_rows("A29", 0, 0);
    put(&d.rig, SLOT_BILL, 0, utc(2026, 9, 1, 0), maximum, 600, 0.5); /* half of it is known */
    seconds(&d.rig, NOON + 10000, 10);
    assert_rows("A29", 0, 0);
    put(&d.rig, SLOT_BILL, 0, utc(2026, 9, 1, 0), maximum, 600, 1.0); /* it came late */
    seconds(&d.rig, NOON + 20000, 10);
    assert_rows("A29", 1, 1);
    struct books_alert a = books_alert("A29");
    assert_near(a.value, 20.0, 1e-9); /* July: 800 of 1000 kW */
    assert_non_null(strstr(a.note_en, "Dm/S_N 0.396, even at 0.625; three months cost by capacity "
                                      "115200.00 CNY, by actual demand 72960.00"));
    put(&d.rig, SLOT_BILL, 0, utc(2026, 10, 1, 0), maximum, 1100, 1.0);
    seconds(&d.rig, NOON + 30000, 10);
    assert_rows("A29", 1, 0);
    rig_fini(&d.rig);
}

/* Six of 160 kW are missing: 3.75 %, too little for a quarter of an hour, too much for a day. */
static void a_day_out_of_balance(void **state) {
    (void)state;
    const ms_t first = utc(2026, 11, 10, 0), next = first + DAY;
    memset(&d, 0, sizeof d);
    assert_int_equal(clock_set_zone("UTC"), ERR_OK);
    books_site();
    d.load = (struct books_load){.kw = {100.0, 60.0}, .shown = 0.94};
    books_open(first);
    books_run(first, next + 20 * MINUTE);
    assert_rows("A24", 0, 0);
    rig_kill(&d.rig);
    books_open(next + 20 * MINUTE);
    books_run(next + 20 * MINUTE, next + 35 * MINUTE);
    assert_rows("A24", 1, 1);
    struct books_alert a = books_alert("A24");
    assert_int_equal(a.raised, next + 30 * MINUTE);
    assert_near(a.value, 3.75, 0.01);
    assert_near(a.threshold, 3.0, 1e-9);
    assert_non_null(strstr(a.note_en, "144.0 kWh are unexplained in the day"));
    books_run(next + 35 * MINUTE, next + 2 * HOUR);
    assert_rows("A24", 1, 1);
    d.load.shown = 1.0;
    books_run(next + 2 * HOUR, next + 2 * HOUR + 35 * MINUTE);
    assert_rows("A24", 1, 0);
    rig_fini(&d.rig);
}

/* ---- PV ----------------------------------------------------------------------------------- */

/* Three PV plants of the same yield; feeder 1 then counts the half. */
static void a_day_below_the_neighbours(void **state) {
    (void)state;
    const ms_t first = utc(2026, 11, 10, 0);
    memset(&d, 0, sizeof d);
    assert_int_equal(clock_set_zone("UTC"), ERR_OK);
    books_site();
    d.load = (struct books_load){.kw = {100.0, 60.0}, .shown = 1.0};
    for (size_t i = 0; i < BOOKS_DEVICES; i++) {
        d.devices[i].role = d.feeds[i].role = ROLE_PV;
        d.devices[i].rated_kwp = i == MAIN ? 320.0 : 2.0 * d.load.kw[i - 1];
    }
    d.rig.works.site.account_count = d.rig.works.site.metering_point_count = 0;
    d.rig.works.site.transformer_count = 0;
    books_open(first);
    books_run(first, first + 12 * HOUR);
    d.load.shown = 0.6; /* 80 % of the day's yield */
    books_run(first + 12 * HOUR, first + DAY + 30 * MINUTE);
    assert_rows("A15", 1, 1);
    struct books_alert a = books_alert("A15");
    assert_int_equal(a.raised, first + DAY);
    assert_near(a.value, 80.0, 0.5);
    assert_near(a.threshold, 85.0, 1e-9);
    assert_non_null(strstr(a.note_en, "9.60 kWh/kWp in the day, the other PV feeds 12.00"));
    rig_kill(&d.rig);
    books_open(first + DAY + 30 * MINUTE);
    d.load.shown = 1.0;
    books_run(first + DAY + 30 * MINUTE, first + 2 * DAY + 30 * MINUTE);
    assert_rows("A15", 1, 0);
    rig_fini(&d.rig);
}

/* The sun shines a day and a half with 500 W/m2; feeder 1, a PV of 200 kWp, gives 80 kW of it. */
static void hours_below_the_past(void **state) {
    (void)state;
    const ms_t first = utc(2026, 11, 10, 0);
    site_with_pv();
    d.devices[FEEDER1].rated_kwp = 200.0;
    d.points[FEEDER2][G_KVAR] =
        works_point("irradiance", QUANTITY_IRRADIANCE, POINT_I32, 2, 0.001, "W/m2");
    works_profile(&d.profiles[FEEDER2], "sensor", d.points[FEEDER2], GRID_POINTS);
    d.devices[FEEDER2].role = d.feeds[FEEDER2].role = ROLE_ENVIRONMENT;
    d.feeds[FEEDER2].counted = false;
    d.load = (struct books_load){.kw = {80.0, 0.0}, .shown = 1.0, .sun = 500.0};
    books_open(first);
    books_run(first, first + DAY);
    d.load.sun = 200.0; /* dusk: too little to tell */
    d.load.kw[0] = 1.0;
    books_run(first + DAY, first + 28 * HOUR);
    assert_rows("A15", 0, 0);
    d.load.sun = 500.0;
    d.load.kw[0] = 40.0; /* half of what it was */
    books_run(first + 28 * HOUR, first + 30 * HOUR + 5 * MINUTE);
    rig_kill(&d.rig);
    books_open(first + 30 * HOUR + 5 * MINUTE);
    books_run(first + 30 * HOUR + 5 * MINUTE, first + 30 * HOUR + 55 * MINUTE);
    assert_rows("A15", 0, 0);
    books_run(first + 30 * HOUR + 55 * MINUTE, first + 31 * HOUR + 30 * MINUTE);
    assert_rows("A15", 1, 1);
    struct books_alert a = books_alert("A15");
    assert_int_equal(a.raised, first + 31 * HOUR); /* the third hour: two have passed */
    assert_near(a.value, 50.0, 0.5);
    assert_near(a.threshold, 80.0, 1e-9);
    assert_non_null(strstr(a.note_en, "performance ratio 0.40, its median of 30 days 0.80"));
    d.load.kw[0] = 80.0;
    books_run(first + 31 * HOUR + 30 * MINUTE, first + 35 * HOUR + 30 * MINUTE);
    assert_rows("A15", 1, 0);
    rig_fini(&d.rig);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_days_of_export),       cmocka_unit_test(a_month_and_the_one_before),
        cmocka_unit_test(what_a_power_factor_costs), cmocka_unit_test(rules_that_are_switched_off),
        cmocka_unit_test(three_months_of_bills),     cmocka_unit_test(a_day_below_the_neighbours),
        cmocka_unit_test(a_day_out_of_balance),      cmocka_unit_test(hours_below_the_past),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
