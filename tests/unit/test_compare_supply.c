/* Two stretches of days against each other: maxima, minutes of heavy load, voltage, sags. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "calc/compare_supply.h"

#define NONE    ((double)NAN)
#define QUARTER (15 * MS_PER_MIN)

static struct account accounts[2] = {{.id = "a"}, {.id = "b"}};
static struct metering_point points[3] = {
    {.id = "p1", .account = 0, .line_limit_kva = 1000.0},
    {.id = "p2", .account = 0, .line_limit_kva = (double)NAN},
    {.id = "p3", .account = 1, .line_limit_kva = (double)NAN}};
static struct transformer transformers[2] = {{.id = "t1", .kva = 500.0, .account = 0},
                                             {.id = "t2", .kva = 1000.0, .account = 0}};
static const struct site site = {.accounts = accounts,
                                 .account_count = 2,
                                 .metering_points = points,
                                 .metering_point_count = 3,
                                 .transformers = transformers,
                                 .transformer_count = 2};
static struct slot_facts f;

static void quarter(ms_t t) {
    facts_init(&f, &site, SLOT_15M, t, t + QUARTER);
}

static int shanghai(ms_t t) {
    (void)t;
    return 8 * 3600;
}

static void scopes(void **state) {
    static const struct {
        const char *object;
        struct supply_scope scope;
    } cases[] = {{"a", {0, SITE_NONE, SITE_NONE}},
                 {"p3", {1, 2, SITE_NONE}},
                 {"t2", {0, SITE_NONE, 1}},
                 {"feeder7", {SITE_NONE, SITE_NONE, SITE_NONE}}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct supply_scope s = supply_scope_of(&site, cases[i].object);
        assert_memory_equal(&s, &cases[i].scope, sizeof s);
    }
}

/* The day of the measure is in neither; days are local. */
static void thirty_days_on_both_sides(void **state) {
    struct supply_period p[2];
    const ms_t midnight = 20000 * MS_PER_DAY - 8 * 60 * MS_PER_MIN; /* 00:00 +08:00 */
    (void)state;
    supply_periods_of(midnight + 1, shanghai, p);
    assert_int_equal(p[0].from, midnight - 30 * MS_PER_DAY);
    assert_int_equal(p[0].to, midnight);
    assert_int_equal(p[1].from, midnight + MS_PER_DAY);
    assert_int_equal(p[1].to, midnight + 31 * MS_PER_DAY);
}

static void load_of_the_most_loaded(void **state) {
    /* mean kVA of t1 (500), t2 (1000), p1 (line of 1000); minutes that count */
    static const struct {
        double t1, t2, line;
        uint64_t heavy, full, known;
    } cases[] = {
        {399, 100, NONE, 0, 0, 15}, {400, 100, NONE, 15, 0, 15}, {100, 1000, NONE, 15, 15, 15},
        {100, 100, 801, 15, 0, 15}, {NONE, NONE, NONE, 0, 0, 0}, {NONE, 850, NONE, 15, 0, 15},
    };
    const struct supply_scope all = supply_scope_of(&site, "site");
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct supply_period p;
        supply_period_init(&p, 0, MS_PER_DAY);
        quarter(0);
        f.transformers[0].s_avg_kva = cases[i].t1;
        f.transformers[1].s_avg_kva = cases[i].t2;
        f.points[0].s_kva.avg = cases[i].line;
        supply_period_quarter(&p, &site, &all, &f);
        assert_int_equal(p.heavy_ms, cases[i].heavy * MS_PER_MIN);
        assert_int_equal(p.full_ms, cases[i].full * MS_PER_MIN);
        assert_int_equal(p.known_ms, cases[i].known * MS_PER_MIN);
    }
}

static void maxima_and_voltage(void **state) {
    struct supply_period p;
    const struct supply_scope scope = supply_scope_of(&site, "t1");
    (void)state;
    supply_period_init(&p, 0, 2 * QUARTER);
    assert_true(isnan(supply_period_ok_pct(&p)));
    for (int i = 0; i < 2; i++) {
        quarter(i * QUARTER);
        f.transformers[0] = (struct transformer_facts){100.0, 300.0 + i, NONE};
        f.transformers[1] = (struct transformer_facts){900.0, 990.0, NONE}; /* another one */
        f.accounts[0].block_kw = 250.0 - i;
        f.accounts[0].block_at = i * QUARTER;
        f.accounts[1].block_kw = 9999.0;
        for (int k = 0; k < 3; k++) {
            f.points[k].monitored_ms = 900000;
            f.points[k].qualified_ms = k == 2 ? 0 : 900000 - (uint64_t)i * 450000;
        }
        supply_period_quarter(&p, &site, &scope, &f);
    }
    assert_true(fabs(p.max_kva - 301.0) < 1e-9);
    assert_int_equal(p.max_kva_at, QUARTER);
    assert_true(fabs(p.max_kw - 250.0) < 1e-9);
    assert_int_equal(p.max_kw_at, 0);
    assert_int_equal(p.heavy_ms, 0);
    assert_true(fabs(supply_period_ok_pct(&p) - 75.0) < 1e-9);
    assert_true(fabs(supply_period_known(&p) - 1.0) < 1e-9);
}

static void sags_and_interruptions(void **state) {
    const struct supply_scope scope = supply_scope_of(&site, "p1");
    struct supply_period p;
    (void)state;
    supply_period_init(&p, 1000, 2000);
    const struct {
        const char *object;
        bool certain;
        struct dip_change d;
    } cases[] = {
        {"p1", true, {DIP_SAG, true, 1000, 1100, 80.0, 1, false}},
        {"p2", true, {DIP_SAG, true, 1000, 1100, 10.0, 1, false}},        /* another point */
        {"p1", true, {DIP_INTERRUPTION, true, 900, 1050, 3.0, 1, false}}, /* had begun before */
        {"p1", true, {DIP_INTERRUPTION, false, 1900, 0, 2.0, 1, false}},  /* lasts */
        {"p1", true, {DIP_SAG, true, 2000, 2100, 1.0, 1, false}},         /* after */
        {"p1", true, {DIP_SAG, true, 800, 999, 1.0, 1, false}},           /* before */
        {"site", false, {DIP_INTERRUPTION, true, 1500, 1600, NONE, 1, false}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        supply_period_dip(&p, &site, &scope, cases[i].object, cases[i].certain, &cases[i].d);
    assert_int_equal(p.sags, 1);
    assert_int_equal(p.interruptions, 1);
    assert_int_equal(p.may_be, 1);
    assert_int_equal(p.interrupted_ms, 50 + 100);
    assert_true(fabs(p.lowest_pct - 2.0) < 1e-9);
}

static void the_words_fit_a_note(void **state) {
    struct supply_period p[2];
    char text[400];
    struct buf b;
    (void)state;
    for (int i = 0; i < 2; i++) {
        supply_period_init(&p[i], 0, 30 * MS_PER_DAY);
        p[i].max_kva = p[i].max_kw = 123456.7;
        p[i].max_load_pct = 1234.5;
        p[i].heavy_ms = p[i].full_ms = 30 * MS_PER_DAY;
        p[i].monitored_ms = 3;
        p[i].qualified_ms = 2;
        p[i].interruptions = p[i].sags = 99999;
    }
    p[1].max_kva = NONE;
    for (int zh = 0; zh < 2; zh++) {
        buf_init(&b, text, sizeof text);
        compare_supply_words(p, zh != 0, &b);
        assert_true(buf_ok(&b));
        assert_non_null(strstr(text, "123456.7 -> - kVA"));
        assert_non_null(strstr(text, "66.67 -> 66.67 %"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scopes),
        cmocka_unit_test(thirty_days_on_both_sides),
        cmocka_unit_test(load_of_the_most_loaded),
        cmocka_unit_test(maxima_and_voltage),
        cmocka_unit_test(sags_and_interruptions),
        cmocka_unit_test(the_words_fit_a_note),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
