/* Ratios that were wrong, as an officer enters them: slots since then are multiplied, by what their
 * own rows say, so that an entry that is given twice does nothing. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "order_rig.h"

static struct scene scene;

/* Three quarters have closed, and the hour of the first three with them: T0 is a quarter past. */
static int begin(void **state) {
    (void)state;
    assert_int_equal(clock_set_zone("UTC"), ERR_OK);
    scene_begin(&scene, T0, 5000);
    scene_run(&scene, T0 + 46 * MINUTE);
    return 0;
}

static int end(void **state) {
    (void)state;
    scene_end(&scene);
    return 0;
}

static struct order ratio_order(double ct_ratio) {
    struct order o = {.kind = ORDER_RATIO_CHANGE,
                      .ratio_change = {.device = "grid",
                                       .ct_ratio = ct_ratio,
                                       .pt_ratio = (double)NAN,
                                       .at = T0 + MINUTE,
                                       .by = "王工"}};
    return o;
}

static double import_of(enum outbox_kind kind, ms_t start) {
    return scene_number(&scene, kind, start, "energy_kwh/import");
}

static int revision_of(enum outbox_kind kind, ms_t start) {
    return (int)scene_number(&scene, kind, start, "revision");
}

/* 8 kWh a second; the first quarter lacks 0.1 s. */
#define QUARTER_KWH 7200.0

static void slots_from_the_first_full_quarter_on_are_multiplied(void **state) {
    (void)state;
    struct order o = ratio_order(100.0); /* 80 was wrong: x 1.25 */
    double hour = import_of(OUTBOX_RECORD_1H, T0 - QUARTER);
    assert_near(import_of(OUTBOX_RECORD_15M, T0 + QUARTER), QUARTER_KWH, 1e-6);
    assert_done(&scene, &o, "slots", 32); /* 30 minutes, two quarters */
    scene_settle(&scene);
    for (int i = 1; i < 3; i++) {
        json_t *m = scene_record(&scene, OUTBOX_RECORD_15M, T0 + i * QUARTER);
        const json_t *grid = json_array_get(json_object_get(m, "devices"), 0);
        assert_int_equal((int)number_at(m, "revision"), 1);
        assert_near(number_at(m, "energy_kwh/import"), QUARTER_KWH * 1.25, 1e-6);
        assert_near(number_at(grid, "energy_import_kwh"), QUARTER_KWH * 1.25, 1e-6);
        assert_near(number_at(grid, "multiplier"), 100.0, 1e-9);
        assert_near(number_at(grid, "power_kw/avg"), GRID_KW * 1.25, 0.01);
        assert_near(number_at(grid, "power_kw/max"), GRID_KW * 1.25, 0.01);
        assert_string_equal(text_at(grid, "energy_method"), "manual");
        assert_near(number_at(m, "devices/1/energy_export_kwh"), 450.0, 1e-6); /* the other one */
        json_decref(m);
    }
    assert_near(import_of(OUTBOX_RECORD_1M, T0 + 17 * MINUTE), 480.0 * 1.25, 1e-6);
    assert_near(import_of(OUTBOX_RECORD_1H, T0 - QUARTER), hour + 2 * QUARTER_KWH * 0.25, 1e-6);
}

/* The quarter in which the ratio changed is of both: neither it nor its minutes are touched, so
 * that minutes still sum to their quarter. */
static void slots_before_it_stay(void **state) {
    (void)state;
    struct order o = ratio_order(100.0);
    double before = import_of(OUTBOX_RECORD_15M, T0);
    assert_done(&scene, &o, "slots", 32);
    scene_settle(&scene);
    assert_near(import_of(OUTBOX_RECORD_15M, T0), before, 0);
    assert_int_equal(revision_of(OUTBOX_RECORD_15M, T0), 0);
    for (int i = 2; i < 15; i++)
        assert_int_equal(revision_of(OUTBOX_RECORD_1M, T0 + i * MINUTE), 0);
    assert_int_equal(revision_of(OUTBOX_RECORD_1M, T0 + 15 * MINUTE), 1);
}

static void an_edge_is_the_start_of_its_own_quarter(void **state) {
    (void)state;
    struct order o = ratio_order(100.0);
    o.ratio_change.at = T0 + 2 * QUARTER;
    assert_done(&scene, &o, "slots", 16);
    scene_settle(&scene);
    assert_int_equal(revision_of(OUTBOX_RECORD_15M, T0 + QUARTER), 0);
    assert_near(import_of(OUTBOX_RECORD_15M, T0 + 2 * QUARTER), QUARTER_KWH * 1.25, 1e-6);
}

static void the_entry_is_an_event(void **state) {
    (void)state;
    struct order o = ratio_order(100.0);
    assert_done(&scene, &o, "slots", 32);
    json_t *e = scene_event(&scene, "ratio_entry");
    assert_string_equal(text_at(e, "object"), "grid");
    assert_string_equal(text_at(e, "actor"), "王工 (local:wang)");
    assert_near(number_at(e, "value"), 100.0, 1e-9);
    assert_near(number_at(e, "threshold"), 80.0, 1e-9);
    json_decref(e);
}

/* ---- again -------------------------------------------------------------------------------- */

static void given_twice_it_multiplies_once(void **state) {
    (void)state;
    struct order o = ratio_order(100.0);
    assert_done(&scene, &o, "slots", 32);
    assert_refused(&scene, &o, "made with these ratios; nothing changes");
    scene_settle(&scene);
    assert_refused(&scene, &o, "nothing changes");
    assert_near(import_of(OUTBOX_RECORD_15M, T0 + QUARTER), QUARTER_KWH * 1.25, 1e-6);
}

static void another_ratio_corrects_the_entry(void **state) {
    (void)state;
    struct order o = ratio_order(100.0);
    assert_done(&scene, &o, "slots", 32);
    scene_settle(&scene);
    o.ratio_change.ct_ratio = 40.0; /* half of 80 */
    o.ratio_change.at = T0 + 2 * QUARTER;
    assert_done(&scene, &o, "slots", 16);
    scene_settle(&scene);
    assert_near(import_of(OUTBOX_RECORD_15M, T0 + QUARTER), QUARTER_KWH * 1.25, 1e-6);
    assert_near(import_of(OUTBOX_RECORD_15M, T0 + 2 * QUARTER), QUARTER_KWH * 0.5, 1e-6);
    o.ratio_change.ct_ratio = 80.0; /* it was right */
    o.ratio_change.at = T0;
    assert_done(&scene, &o, "slots", 32);
    scene_settle(&scene);
    assert_near(import_of(OUTBOX_RECORD_15M, T0 + 2 * QUARTER), QUARTER_KWH, 1e-6);
}

static void the_site_file_may_be_corrected_before_the_entry(void **state) {
    (void)state;
    struct order o = ratio_order(100.0);
    scene.rig.works.devices[GRID].ct_ratio = 100.0;
    assert_done(&scene, &o, "slots", 32);
    scene_settle(&scene);
    assert_near(import_of(OUTBOX_RECORD_15M, T0 + QUARTER), QUARTER_KWH * 1.25, 1e-6);
}

/* ---- which ratio -------------------------------------------------------------------------- */

/* Rows were made with 80, which the meter told. */
static void a_meter_that_tells_its_ratio_is_taken_by_its_rows(void **state) {
    (void)state;
    struct order o = ratio_order(100.0);
    scene.rig.works.devices[GRID].ct_ratio = (double)NAN;
    scene.rig.works.profiles[GRID].ct_ratio_point = G_SERIAL;
    assert_done(&scene, &o, "slots", 32);
    scene_settle(&scene);
    assert_near(import_of(OUTBOX_RECORD_15M, T0 + QUARTER), QUARTER_KWH * 1.25, 1e-6);
}

static void set_ratio_kind(enum ratio_kind kind) {
    for (size_t i = 0; i < GRID_POINTS; i++)
        if (i == G_POWER || i == G_IMPORT || i == G_EXPORT)
            scene.rig.works.grid_points[i].ratio = kind;
}

/* Made with 80, now CT x PT = 10 x 9 in force: one ratio given, the other as configured, by date.
 */
static void of_two_ratios_the_one_that_is_not_given_stays(void **state) {
    (void)state;
    static const struct ratio_step dated[] = {
        {.from_day = 0, .ct_ratio = (double)NAN, .pt_ratio = 9.0},
        {.from_day = 30000, .ct_ratio = 7.0, .pt_ratio = 7.0}}; /* later */
    struct device *grid = &scene.rig.works.devices[GRID];
    struct order o = ratio_order(10.0);
    set_ratio_kind(RATIO_CT_PT);
    grid->pt_ratio = 5.0;
    grid->ratios = dated;
    grid->ratio_count = 2;
    assert_done(&scene, &o, "slots", 32);
    scene_settle(&scene);
    assert_near(import_of(OUTBOX_RECORD_15M, T0 + QUARTER), QUARTER_KWH * 90.0 / 80.0, 1e-6);
    o.ratio_change.pt_ratio = 4.0; /* both: 10 x 4 */
    assert_done(&scene, &o, "slots", 32);
    scene_settle(&scene);
    assert_near(import_of(OUTBOX_RECORD_15M, T0 + QUARTER), QUARTER_KWH * 40.0 / 80.0, 1e-6);
    set_ratio_kind(RATIO_PT);
    o.ratio_change.ct_ratio = 1000.0; /* does not matter to it */
    o.ratio_change.pt_ratio = 120.0;
    assert_done(&scene, &o, "slots", 32);
    scene_settle(&scene);
    assert_near(import_of(OUTBOX_RECORD_15M, T0 + QUARTER), QUARTER_KWH * 120.0 / 80.0, 1e-6);
}

/* Without a counter the row does not tell what it was made with: multiplied once, by what is
 * configured. */
static void powers_alone_are_multiplied_once(void **state) {
    (void)state;
    struct order o = ratio_order(100.0);
    scene_end(&scene);
    scene_begin(&scene, T0, 5000);
    scene.rig.works.feeds[GRID].forward = scene.rig.works.feeds[GRID].reverse = SITE_NONE;
    rig_kill(&scene.rig);
    assert_int_equal(rig_open(&scene.rig, T0), ERR_OK);
    scene_run(&scene, T0 + 31 * MINUTE);
    double before = import_of(OUTBOX_RECORD_15M, T0 + QUARTER);
    assert_near(before, QUARTER_KWH, 1.0); /* integrated */
    assert_done(&scene, &o, "slots", 16);
    scene_settle(&scene);
    assert_near(import_of(OUTBOX_RECORD_15M, T0 + QUARTER), before * 1.25, 1e-3);
    assert_refused(&scene, &o, "nothing changes");
}

/* ---- with an exchange ---------------------------------------------------------------------- */

/* The exchange lies after the ratio's time: what was entered for it is multiplied with its slot,
 * and a later correction of it counts at the right ratio. */
static void an_exchange_in_between_is_multiplied_too(void **state) {
    (void)state;
    struct order ratio = ratio_order(100.0), exchange = exchange_order();
    scene_end(&scene);
    scene_begin(&scene, T0, 5000);
    scene.gone = GONE;
    scene.back = BACK;
    scene_run(&scene, T0 + 31 * MINUTE);
    double before = import_of(OUTBOX_RECORD_15M, T0);
    assert_done(&scene, &exchange, "slots", 2); /* 600 kWh */
    scene_settle(&scene);
    ratio.ratio_change.at = T0;
    json_t *reply = scene_order(&scene, &ratio);
    assert_true(json_is_true(json_object_get(reply, "ok")));
    json_decref(reply);
    scene_settle(&scene);
    assert_near(import_of(OUTBOX_RECORD_15M, T0), (before + 600.0) * 1.25, 1e-3);
    exchange.meter_change.old_end = OLD_LAST; /* 5.0 x 100 = 500 */
    assert_done(&scene, &exchange, "slots", 2);
    scene_settle(&scene);
    assert_near(import_of(OUTBOX_RECORD_15M, T0), before * 1.25 + 500.0, 1e-3);
    assert_near(import_of(OUTBOX_RECORD_1M, EXCHANGE_AT), 500.0, 1e-3);
}

/* ---- refusals ------------------------------------------------------------------------------ */

static void what_cannot_be_is_refused_in_words(void **state) {
    (void)state;
    static const char alike[] = "are not all multiplied by ct_ratio and pt_ratio alike";
    struct order o = ratio_order(80.0);
    assert_refused(&scene, &o, "the slots since then were made with these ratios; nothing changes");
    o = ratio_order(100.0);
    snprintf(o.ratio_change.device, sizeof o.ratio_change.device, "grid2");
    assert_refused(&scene, &o, "the site has no device grid2; busbar check lists them");
    snprintf(o.ratio_change.device, sizeof o.ratio_change.device, "pv1");
    assert_refused(&scene, &o, alike);
    snprintf(o.ratio_change.device, sizeof o.ratio_change.device, "bms"); /* measures no power */
    assert_refused(&scene, &o, alike);
    o = ratio_order(100.0);
    o.ratio_change.at = T0 + 3 * QUARTER;
    assert_refused(&scene, &o, "of that moment has not closed; enter it when");
    o.ratio_change.at = T0 + 2 * QUARTER + 1;
    assert_refused(&scene, &o, "no whole quarter of an hour has closed since that moment");
    o.ratio_change.at = T0 + 3 * QUARTER - 401 * MS_PER_DAY;
    assert_refused(&scene, &o, "slots are changed 400 days back, not more");
}

/* A meter with primary energies and secondary powers, as the chint-dtsu666: one factor would make
 * right energies wrong. */
static void a_meter_of_mixed_registers_is_refused(void **state) {
    (void)state;
    static const char alike[] = "are not all multiplied by ct_ratio and pt_ratio alike";
    struct order o = ratio_order(100.0);
    struct point_def *points = scene.rig.works.grid_points;
    points[G_IMPORT].ratio = RATIO_NONE;
    assert_refused(&scene, &o, alike);
    points[G_IMPORT].ratio = RATIO_CT;
    points[G_EXPORT].exponent_point = G_CURRENT;
    assert_refused(&scene, &o, alike);
    points[G_EXPORT].exponent_point = POINT_NONE;
    set_ratio_kind(RATIO_POINT);
    assert_refused(&scene, &o, alike);
    set_ratio_kind(RATIO_CT_PT);
    scene.rig.works.profiles[GRID].pt_ratio_point = G_SERIAL;
    assert_refused(&scene, &o, "grid tells one of its ratios itself; give both");
    set_ratio_kind(RATIO_CT);
    assert_done(&scene, &o, "slots", 32);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void) {
    const struct CMUnitTest tests[] = {TEST(slots_from_the_first_full_quarter_on_are_multiplied),
                                       TEST(slots_before_it_stay),
                                       TEST(an_edge_is_the_start_of_its_own_quarter),
                                       TEST(the_entry_is_an_event),
                                       TEST(given_twice_it_multiplies_once),
                                       TEST(another_ratio_corrects_the_entry),
                                       TEST(the_site_file_may_be_corrected_before_the_entry),
                                       TEST(a_meter_that_tells_its_ratio_is_taken_by_its_rows),
                                       TEST(of_two_ratios_the_one_that_is_not_given_stays),
                                       TEST(powers_alone_are_multiplied_once),
                                       TEST(an_exchange_in_between_is_multiplied_too),
                                       TEST(what_cannot_be_is_refused_in_words),
                                       TEST(a_meter_of_mixed_registers_is_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
