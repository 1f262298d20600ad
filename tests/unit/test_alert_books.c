/* Two weeks of a works, driven minute by minute, with what the records of quarters, nights, days
 * and months have to tell: each alert once, though the program is killed again and again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "books_rig.h"

#define NOVEMBER              utc(2026, 11, 1, 0) /* a Sunday */
#define AT(day, hour, minute) (utc(2026, 11, day, hour) + (minute)*MINUTE)

static ms_t now; /* the minute that comes next */

static void run_to(ms_t to) {
    books_run(now, to);
    now = to;
}

/* Ends as kill -9 would, and comes back at once. */
static void kill_and_start(void) {
    rig_kill(&d.rig);
    books_open(now);
}

/* A configuration is loaded again, the same. */
static void reload(void) {
    rig_commit(&d.rig, now);
    assert_int_equal(writer_set_site(&d.rig.writer, &d.rig.works.site), ERR_OK);
    assert_int_equal(core_set_site(&d.rig.core, &d.rig.works.site), ERR_OK);
}

static void assert_stands(const char *rule, bool stands, int64_t count) {
    struct books_alert a = books_alert(rule);
    if (a.count != count || (a.active != 0) != stands)
        fail_msg("%s: %d rows, %d active, instead of %d, %d", rule, (int)a.count, (int)a.active,
                 (int)count, stands);
}

static void assert_within(ms_t t, ms_t from, ms_t to) {
    if (t < from || t > to)
        fail_msg("%lld s after the start of %lld s to %lld s", (long long)(t - NOVEMBER) / 1000,
                 (long long)(from - NOVEMBER) / 1000, (long long)(to - NOVEMBER) / 1000);
}

static int begin(void **state) {
    (void)state;
    assert_int_equal(clock_set_zone("UTC"), ERR_OK);
    memset(&d, 0, sizeof d);
    books_site();
    d.rig.works.site.carbon_budget.by_month = true;
    d.rig.works.site.carbon_budget.month_t[10] = 50.0;
    d.load = (struct books_load){.kw = {100.0, 60.0}, .kvar = 90.0, .shown = 1.0};
    now = NOVEMBER;
    books_open(now);
    return 0;
}

static int end(void **state) {
    (void)state;
    rig_fini(&d.rig);
    return 0;
}

/* 160 kW and 90 kvar are a power factor of 0.87; 2.304 t a day are 69 t in the month. */
static void days_of_a_month(void) {
    run_to(AT(6, 0, 0));
    assert_stands("A06", false, 0); /* five days have to be over */
    assert_stands("A27", false, 0);
    run_to(AT(6, 1, 0));
    assert_stands("A06", true, 1);
    assert_stands("A27", true, 1);
    struct books_alert pf = books_alert("A06"), carbon = books_alert("A27");
    assert_within(pf.raised, AT(6, 0, 0), AT(6, 0, 20));
    assert_near(pf.value, 0.87, 1e-9);
    assert_near(pf.threshold, 0.90, 1e-9);
    assert_non_null(strstr(pf.note_en, "month to date 0.87, standard 0.90; adjustment +1.50 %"));
    assert_near(carbon.value, 100.0 * 2.304 * 30 / 50, 0.1);
    assert_non_null(strstr(carbon.note_en, "11.5 t so far, 8.3 t allowed (50.0 t in the month)"));
    kill_and_start();
    run_to(AT(6, 3, 0));
    assert_stands("A06", true, 1);
    assert_stands("A27", true, 1);
}

/* 184 kVA of 1600. */
static void a_week_of_little_load(void) {
    run_to(AT(7, 23, 0));
    assert_stands("A04", false, 0);
    run_to(AT(8, 1, 0));
    assert_stands("A04", true, 1);
    struct books_alert a = books_alert("A04");
    assert_near(a.value, 11.47, 0.1);
    assert_near(a.threshold, 20.0, 1e-9);
    assert_non_null(strstr(a.note_en, "184 of 1600 kVA"));
    assert_non_null(strstr(a.note_zh, "近七日平均 184 kVA"));
}

/* From 10:00 to 12:00 feeder 1 counts the half. */
static void a_meter_that_counts_the_half(void) {
    run_to(AT(9, 10, 0));
    d.load.shown = 0.5;
    run_to(AT(9, 10, 20));
    kill_and_start(); /* one slot of the two is stored */
    run_to(AT(9, 10, 30));
    assert_stands("A24", false, 0);
    run_to(AT(9, 10, 35));
    assert_stands("A24", true, 1);
    struct books_alert a = books_alert("A24");
    assert_int_equal(a.raised, AT(9, 10, 30));
    assert_near(a.value, 100.0 * 12.5 / 40.0, 0.5); /* of a tenth of 1600 kVA */
    assert_non_null(strstr(a.note_en, "no single meter is named (that takes hours of it"));
    assert_near(a.threshold, 5.0, 1e-9);
    kill_and_start();
    run_to(AT(9, 11, 0));
    d.load.silent = true; /* what is not known clears nothing */
    run_to(AT(9, 11, 40));
    d.load.silent = false;
    assert_stands("A24", true, 1);
    reload();
    run_to(AT(9, 12, 0));
    d.load.shown = 1.0;
    run_to(AT(9, 12, 20)); /* one good slot, told twice, is not two */
    reload();
    run_to(AT(9, 12, 25));
    assert_stands("A24", true, 1);
    run_to(AT(9, 12, 35));
    assert_stands("A24", false, 1);
    assert_int_equal(books_alert("A24").cleared, AT(9, 12, 30));
    kill_and_start();
    run_to(AT(10, 2, 0)); /* the day is over: 2.6 % of it */
    assert_stands("A24", false, 1);
}

/* Feeder 2 stays on in the night before a Wednesday: 240 kW where 160 kW are usual. */
static void a_night_of_much_load(void) {
    run_to(AT(11, 0, 0));
    d.load.kw[1] = 140.0;
    run_to(AT(11, 5, 0));
    d.load.kw[1] = 60.0;
    assert_stands("A21", false, 0);
    run_to(AT(11, 6, 0));
    assert_stands("A21", true, 1);
    reload();
    struct books_alert a = books_alert("A21");
    assert_within(a.raised, AT(11, 5, 0), AT(11, 5, 59));
    assert_near(a.value, 240.0, 1.0);
    assert_near(a.threshold, 208.0, 0.5);
    assert_non_null(strstr(a.note_en, "00-05 h mean 240 kW, usual 160 kW; grew: f2 140 (+80)"));
    assert_non_null(strstr(a.note_zh, "增长的馈线： f2 140（+80）"));
    kill_and_start();
    run_to(AT(12, 4, 0));
    assert_stands("A21", true, 1);
    run_to(AT(12, 6, 0));
    assert_stands("A21", false, 1);
    kill_and_start();
    run_to(AT(12, 7, 0));
    assert_stands("A21", false, 1);
}

static void two_weeks(void **state) {
    (void)state;
    days_of_a_month();
    a_week_of_little_load();
    d.load.kvar = 0.0; /* capacitors are switched in */
    a_meter_that_counts_the_half();
    a_night_of_much_load();
    /* 15210 kvarh on 30720 kWh are 0.90 after eight days */
    assert_stands("A06", false, 1);
    assert_within(books_alert("A06").cleared, AT(9, 0, 0), AT(9, 0, 20));
    assert_stands("A27", true, 1);
    assert_stands("A04", true, 1);
    assert_stands("A24", false, 1);
    assert_stands("A14", false, 0); /* no PV */
    assert_stands("A15", false, 0);
    assert_stands("A29", false, 0); /* no three months */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(two_weeks, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
