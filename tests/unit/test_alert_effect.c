/* The effect of the platform's alerts from stored records: reported when the alert ends and when
 * its rebound is on record, against the minutes before or the same hours of workdays, over kill -9.
 */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "platform_rig.h"
#include "store/facts_codec.h"
#include "store/slot_code.h"

/* It comes at 22:33:20; its whole minutes begin at 22:34. */
#define COMES  (T0 + 18 * MINUTE + 20000)
#define FROM   (T0 + 19 * MINUTE)
#define UNTIL  (T0 + 49 * MINUTE + 30000) /* 23:04:30 */
#define TO     (T0 + 49 * MINUTE)
#define OVER   (TO + 120 * MINUTE)
#define SETTLE (OVER + 2 * MINUTE)

static void put_prices(void) {
    static const struct price_row rows[] = {
        {.month = NOVEMBER, .component = PRICE_ENERGY, .price_e8 = 50000000, .version = 1},
        {.month = NOVEMBER, .component = PRICE_LOSSES, .version = 1},
        {.month = NOVEMBER, .component = PRICE_TRANSMISSION, .version = 1},
        {.month = NOVEMBER, .component = PRICE_SYSTEM_OPERATION, .version = 1},
        {.month = NOVEMBER, .component = PRICE_FUNDS, .version = 1},
    };
    struct books_store *books = &scene.rig.core.records.books;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(books_put_price(scene.rig.writer.db, &rows[i], scene.now), ERR_OK);
    assert_int_equal(books_load(books, scene.rig.writer.db, scene.now), ERR_OK);
}

/* 7200 kW before, 3600 kW while it stands, 9000 kW after. */
static void live_through(ms_t to) {
    const struct order o = alert_order("a-1", "PEAK-SHAVE", UNTIL);
    run_at(7200.0, COMES);
    assert_true(give(&o, NULL) > 0);
    run_at(3600.0, UNTIL < to ? UNTIL : to);
    run_at(9000.0, to);
}

static const json_t *effect_of(json_t *all, size_t i) {
    const json_t *e = json_array_get(all, i);
    assert_non_null(e);
    assert_string_equal(text_at(e, "message_id"), "a-1");
    assert_string_equal(text_at(e, "rule"), "PEAK-SHAVE");
    assert_string_equal(text_at(e, "severity"), "info");
    return json_object_get(e, "effect");
}

static void near(double got, double want, double within) {
    if (!(fabs(got - want) <= within))
        fail_msg("%.6f is not %.6f", got, want);
}

static void it_is_reported_at_its_end_and_after_the_rebound(void **state) {
    (void)state;
    put_prices();
    live_through(UNTIL + 10000);
    json_t *all = events_of("alert_effect", "");
    assert_int_equal(json_array_size(all), 1);
    const json_t *f = effect_of(all, 0);
    assert_true(json_is_false(json_object_get(f, "complete")));
    assert_string_equal(text_at(f, "baseline"), "before");
    assert_string_equal(text_at(f, "from"), "2023-11-14T22:34:00+00:00");
    assert_string_equal(text_at(f, "to"), "2023-11-14T23:04:00+00:00");
    near(number_at(f, "kw"), 3600.0, 0.01); /* of what is on record already */
    assert_true(number_at(f, "coverage") > 0.9);
    assert_true(isnan(number_at(f, "rebound_kwh")) && isnan(number_at(f, "rebound_to")));
    json_decref(all);

    run_at(9000.0, SETTLE);
    all = events_of("alert_effect", "");
    assert_int_equal(json_array_size(all), 2);
    f = effect_of(all, 1);
    assert_true(json_is_true(json_object_get(f, "complete")));
    near(number_at(f, "coverage"), 1.0, 0.0);
    near(number_at(f, "base_kw"), 7200.0, 0.01);
    near(number_at(f, "kw"), 3600.0, 0.01);
    near(number_at(f, "best_kw"), 3600.0, 0.01);
    near(number_at(f, "kwh"), 1800.0, 0.01); /* half an hour */
    assert_string_equal(text_at(f, "cny"), "900.00");
    near(number_at(f, "kg"), 900.0, 0.01);
    /* the last half minute of the alert is in its two hours: 9000 kW but for that */
    near(number_at(f, "rebound_kwh"), 1800.0 * 2 - 5400.0 * 30 / 3600, 0.5);
    near(number_at(f, "rebound_kw"), 1800.0 - 22.5, 0.5);
    near(number_at(f, "rebound_coverage"), 1.0, 0.0);
    assert_string_equal(text_at(f, "rebound_to"), "2023-11-15T01:04:00+00:00");
    near(number_at(f, "site/base_kw"), 9000.0, 0.01); /* with the PV */
    near(number_at(f, "site/kw"), 3600.0, 0.01);
    json_decref(all);
}

static void the_row_keeps_it_and_nothing_is_due_any_more(void **state) {
    (void)state;
    live_through(SETTLE);
    assert_int_equal(scene_count(&scene, "SELECT effect_state FROM alert"), 0);
    assert_int_equal(scene_count(&scene, "SELECT json_extract(effect,'$.complete') FROM alert"), 1);
    assert_int_equal(scene_count(&scene, "SELECT count(*) FROM alert_step WHERE step=9"), 2);
    assert_int_equal(scene_count(&scene, "SELECT effect_end FROM alert"), UNTIL);
    json_t *e = scene_event(&scene, "alert_effect");
    assert_non_null(strstr(text_at(e, "note"), "3600.0 kW less from the grid than the 15 minutes "
                                               "before, 1800.0 kWh; 3555.0 kWh came back"));
    assert_non_null(strstr(text_at(e, "note_zh"), "较此前15分钟少用3600.0 kW"));
    near(number_at(e, "value"), 3600.0, 0.01);
    near(number_at(e, "threshold"), 3000.0, 0.0);
    assert_true(json_is_null(json_object_get(json_object_get(e, "effect"), "cny"))); /* no prices */
    json_decref(e);
    scene_kill(&scene);
    run_at(9000.0, SETTLE + MINUTE);
    assert_int_equal(count_events("alert_effect", ""), 2);
}

static void a_kill_at_any_time_loses_and_doubles_nothing(void **state) {
    (void)state;
    const struct order o = alert_order("a-1", "PEAK-SHAVE", UNTIL);
    run_at(7200.0, COMES);
    give(&o, NULL);
    for (ms_t t = COMES; t < UNTIL; t += 7 * MINUTE) {
        run_at(3600.0, t);
        scene_kill(&scene);
    }
    run_at(3600.0, UNTIL);
    scene_kill(&scene);
    for (ms_t t = UNTIL; t < SETTLE; t += 25 * MINUTE) {
        run_at(9000.0, t);
        scene_kill(&scene);
    }
    run_at(9000.0, SETTLE);
    assert_int_equal(count_events("alert", "raised"), 1);
    assert_int_equal(count_events("alert", "cleared"), 1);
    json_t *all = events_of("alert_effect", "");
    assert_int_equal(json_array_size(all), 2);
    near(number_at(effect_of(all, 1), "kwh"), 1800.0, 5.0);
    json_decref(all);
}

/* As the ledger has it when an officer closes or refuses one. */
static void end_by(int step, int handling, ms_t at) {
    char sql[300];
    snprintf(sql, sizeof sql,
             "INSERT INTO alert_step(alert,n,t,step,severity) VALUES(1,2,%lld,%d,2);"
             "UPDATE alert SET handling=%d",
             (long long)at, step, handling);
    assert_int_equal(db_exec(scene.rig.writer.db, sql), ERR_OK);
}

static void one_that_was_refused_is_measured_until_then(void **state) {
    (void)state;
    live_through(FROM + 10 * MINUTE + 20000);
    end_by(ALERT_REFUSED, 2, scene.now);
    run_at(7200.0, scene.now + 20000); /* at once */
    json_t *all = events_of("alert_effect", "");
    assert_int_equal(json_array_size(all), 1);
    assert_string_equal(text_at(effect_of(all, 0), "to"), "2023-11-14T22:44:00+00:00");
    json_decref(all);
    assert_int_equal(count_events("alert", "cleared"), 0); /* its own time is not over */
    run_at(7200.0, UNTIL + MINUTE);
    assert_int_equal(count_events("alert", "cleared"), 1);
    assert_int_equal(count_events("alert_effect", ""), 1);
}

static void one_of_less_than_a_minute_has_no_effect_to_tell(void **state) {
    (void)state;
    const struct order o = alert_order("a-1", "X", T0 + MINUTE + 50000);
    run_at(7200.0, T0 + MINUTE + 10000);
    give(&o, NULL);
    run_at(7200.0, T0 + 2 * MINUTE + 20000);
    json_t *e = scene_event(&scene, "alert_effect");
    const json_t *f = json_object_get(e, "effect");
    near(number_at(f, "coverage"), 0.0, 0.0);
    assert_true(isnan(number_at(f, "kw")) && isnan(number_at(f, "site/kwh")));
    assert_true(json_is_null(json_object_get(f, "cny")));
    assert_non_null(strstr(text_at(e, "note"), "the effect is not known"));
    json_decref(e);
}

/* ---- workdays ------------------------------------------------------------------------------ */

static void put_facts(enum slot_period p, ms_t start, double grid_kw) {
    static uint8_t memory[FACTS_BYTES_MAX];
    static struct slot_facts f;
    struct pack pack;
    sqlite3_stmt *s = NULL;
    facts_init(&f, &scene.rig.works.site, p, start, start + slot_ms(p));
    f.coverage = 1.0;
    f.power[SITE_GRID] = (struct power_stat){grid_kw, grid_kw, grid_kw};
    f.power[SITE_LOAD] = (struct power_stat){grid_kw + 1800, grid_kw + 1800, grid_kw + 1800};
    pack_init(&pack, memory, sizeof memory);
    facts_write(&pack, &scene.rig.works.site, &f);
    assert_int_equal(
        db_prepare(scene.rig.writer.db,
                   "INSERT INTO record(period,start,revision,t,layout,offset_s,devices,"
                   "body,facts) VALUES(?,?,0,0,1,0,0,'',?)",
                   &s),
        ERR_OK);
    sqlite3_bind_int64(s, 1, slot_code(p));
    sqlite3_bind_int64(s, 2, start);
    sqlite3_bind_blob(s, 3, memory, (int)pack.len, SQLITE_STATIC);
    assert_int_equal(db_run(s), ERR_OK);
    sqlite3_finalize(s);
}

/* The hours of the alert, and of nothing else, of the day so many days before. */
static void put_day(int back, double grid_kw) {
    ms_t from = T0 - (ms_t)back * MS_PER_DAY;
    for (ms_t t = from; t < from + 60 * MINUTE; t += MINUTE)
        put_facts(SLOT_1M, t, grid_kw);
    for (ms_t t = from; t < from + 60 * MINUTE; t += QUARTER)
        put_facts(SLOT_15M, t, grid_kw);
}

/* Tuesday 14 has the workdays Monday 13 (1 back), Friday 10 (4), 9, 8, 7. */
static void the_same_hours_of_workdays_are_the_baseline(void **state) {
    (void)state;
    put_day(1, 10000.0);
    put_day(2, 1.0); /* a Sunday */
    put_day(4, 10400.0);
    put_day(6, 9600.0);
    put_day(8, 1.0); /* Monday 6: the sixth workday */
    live_through(UNTIL + 3 * MINUTE);
    json_t *e = scene_event(&scene, "alert_effect");
    const json_t *f = json_object_get(e, "effect");
    assert_string_equal(text_at(f, "baseline"), "workdays");
    near(number_at(f, "baseline_days"), 3.0, 0.0);
    near(number_at(f, "base_kw"), 10000.0, 0.01);
    near(number_at(f, "kw"), 6400.0, 0.01);
    near(number_at(f, "site/base_kw"), 11800.0, 0.01);
    assert_non_null(strstr(text_at(e, "note"), "than the last 3 workdays"));
    json_decref(e);
}

static void two_workdays_are_too_few(void **state) {
    (void)state;
    put_day(1, 10000.0);
    put_day(4, 10400.0);
    live_through(UNTIL + 3 * MINUTE);
    json_t *e = scene_event(&scene, "alert_effect");
    assert_string_equal(text_at(json_object_get(e, "effect"), "baseline"), "before");
    near(number_at(e, "effect/base_kw"), 7200.0, 0.01);
    json_decref(e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_is_reported_at_its_end_and_after_the_rebound,
                                        begin_platform, end_platform),
        cmocka_unit_test_setup_teardown(the_row_keeps_it_and_nothing_is_due_any_more,
                                        begin_platform, end_platform),
        cmocka_unit_test_setup_teardown(a_kill_at_any_time_loses_and_doubles_nothing,
                                        begin_platform, end_platform),
        cmocka_unit_test_setup_teardown(one_that_was_refused_is_measured_until_then, begin_platform,
                                        end_platform),
        cmocka_unit_test_setup_teardown(one_of_less_than_a_minute_has_no_effect_to_tell,
                                        begin_platform, end_platform),
        cmocka_unit_test_setup_teardown(the_same_hours_of_workdays_are_the_baseline, begin_platform,
                                        end_platform),
        cmocka_unit_test_setup_teardown(two_workdays_are_too_few, begin_platform, end_platform),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
