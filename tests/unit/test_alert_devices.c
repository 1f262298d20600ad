/* Readings in, alerts of devices out: what the historian makes of them, second by second. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "alert/settings.h"
#include "slots/slot_codec.h"
#include "store/alert_devices.h"
#include "store/db.h"
#include "store_rig.h"

/* What one second of the works looks like; NAN: the device does not answer. */
struct second {
    double grid_kw, grid_register, pv_kw, pv_register, soc_pct;
    bool frozen; /* the incomer */
};

static struct second usual(ms_t t) {
    return (struct second){.grid_kw = GRID_KW,
                           .grid_register = grid_register(t),
                           .pv_kw = PV_KW,
                           .pv_register = pv_register(t),
                           .soc_pct = 50.0};
}

static void run_second(struct rig *g, ms_t s, const struct second *v) {
    struct works *w = &g->works;
    struct reading *r = works_grid(w, s + 100, v->grid_kw, v->grid_register, 50.0);
    if (v->frozen)
        works_set(w, r, G_CURRENT, 12.0);
    core_reading(&g->core, r);
    if (!isnan(v->pv_kw))
        core_reading(&g->core, works_pv(w, s + 100, v->pv_kw, v->pv_register));
    if (!isnan(v->soc_pct))
        core_reading(&g->core, works_bms(w, s + 100, v->soc_pct));
    core_second(&g->core, s + 500);
    rig_commit(g, s + 500);
}

static json_t *alerts_of(const struct rig *g, const char *rule, const char *object) {
    json_t *events = rig_messages(&g->works, OUTBOX_EVENT), *mine = json_array();
    for (size_t i = 0; i < json_array_size(events); i++) {
        json_t *e = json_array_get(events, i);
        if (strcmp(text_at(e, "event"), "alert") == 0 && strcmp(text_at(e, "rule"), rule) == 0 &&
            (!object || strcmp(text_at(e, "object"), object) == 0))
            json_array_append(mine, e);
    }
    json_decref(events);
    return mine;
}

/* The states of that rule's alerts, all of one object, joined by blanks. */
static void expect(const struct rig *g, const char *rule, const char *object, const char *states) {
    char got[200] = "";
    json_t *mine = alerts_of(g, rule, object), *all = alerts_of(g, rule, NULL);
    for (size_t i = 0; i < json_array_size(mine); i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s", i > 0 ? " " : "",
                 text_at(json_array_get(mine, i), "state"));
    assert_string_equal(got, states);
    assert_int_equal(json_array_size(all), json_array_size(mine));
    json_decref(mine);
    json_decref(all);
}

static void expect_words(const struct rig *g, const char *rule, const char *words) {
    json_t *all = alerts_of(g, rule, NULL);
    assert_true(json_array_size(all) > 0);
    const char *note = text_at(json_array_get(all, 0), "note");
    if (!strstr(note, words))
        fail_msg("'%s' is not in: %s", words, note);
    json_decref(all);
}

static void a_silent_device_is_told_after_a_minute_and_heard_after_three_polls(void **state) {
    struct rig g;
    (void)state;
    rig_init(&g, T0);
    for (int i = 0; i < 100; i++) {
        struct second v = usual(T0 + i * 1000);
        if (i >= 10 && i < 75)
            v.soc_pct = (double)NAN;
        run_second(&g, T0 + i * 1000, &v);
        if (i == 68)
            expect(&g, "A23", "bms", "");
        if (i == 70)
            expect(&g, "A23", "bms", "raised");
        if (i == 76)
            expect(&g, "A23", "bms", "raised");
    }
    expect(&g, "A23", "bms", "raised cleared");
    rig_fini(&g);
}

static void a_clock_that_leaps_makes_no_silence(void **state) {
    struct rig g;
    (void)state;
    rig_init(&g, T0);
    rig_run(&g, T0, T0 + 20000);
    for (int i = 0; i < 20; i++)
        core_second(&g.core, T0 + 3600000 + i * 1000 + 500); /* nobody has answered yet */
    rig_commit(&g, T0 + 3620000);
    expect(&g, "A23", "bms", "");
    rig_fini(&g);
}

static void a_meter_that_repeats_itself_is_stuck_until_it_changes(void **state) {
    struct rig g;
    (void)state;
    rig_init(&g, T0);
    for (int i = 0; i < 100; i++) {
        struct second v = usual(T0 + i * 1000);
        v.frozen = i >= 20 && i < 90;
        if (v.frozen)
            v.grid_register = grid_register(T0 + 20000);
        run_second(&g, T0 + i * 1000, &v);
        if (i == 75)
            expect(&g, "A22", "grid", "");
    }
    expect(&g, "A22", "grid", "raised cleared");
    expect_words(&g, "A22", "polls in a row");
    rig_fini(&g);
}

static void energy_that_stands_while_power_flows_is_stuck(void **state) {
    struct rig g;
    (void)state;
    rig_init(&g, T0);
    rig_kill(&g);
    g.works.devices[PV].rated_kw = 2000.0;
    assert_int_equal(rig_open(&g, T0), ERR_OK);
    for (int i = 0; i < 1810; i++) {
        struct second v = usual(T0 + i * 1000);
        v.pv_register = pv_register(T0);
        run_second(&g, T0 + i * 1000, &v);
        if (i == 1790)
            expect(&g, "A22", "pv1", "");
    }
    expect(&g, "A22", "pv1", "raised");
    expect_words(&g, "A22", "its energy stands");
    struct second v = usual(T0 + 1811 * 1000);
    run_second(&g, T0 + 1811 * 1000, &v);
    expect(&g, "A22", "pv1", "raised cleared");
    rig_fini(&g);
}

static void a_counter_that_was_reset_is_an_alert_of_a_minute(void **state) {
    struct rig g;
    (void)state;
    rig_init(&g, T0);
    for (int i = 0; i < 150; i++) {
        struct second v = usual(T0 + i * 1000);
        if (i >= 20)
            v.grid_register -= grid_register(T0 + 20000); /* from 0 on */
        run_second(&g, T0 + i * 1000, &v);
    }
    expect(&g, "A25", "grid", "raised cleared");
    expect_words(&g, "A25", "counter_reset of grid.energy_import");
    rig_fini(&g);
}

static void an_empty_battery_is_told_in_its_own_terms(void **state) {
    struct rig g;
    (void)state;
    rig_init(&g, T0);
    for (int i = 0; i < 140; i++) {
        struct second v = usual(T0 + i * 1000);
        v.soc_pct = i < 5 ? 50.0 : i < 70 ? 4.0 : 15.5;
        run_second(&g, T0 + i * 1000, &v);
    }
    expect(&g, "A20", "bms", "raised cleared");
    json_t *all = alerts_of(&g, "A20", "bms"), *raised = json_array_get(all, 0);
    assert_near(number_at(raised, "value"), 4.0, 1e-9);
    assert_near(number_at(raised, "threshold"), 10.0, 1e-9);
    assert_string_equal(text_at(raised, "unit"), "%");
    json_decref(all);
    rig_fini(&g);
}

static void a_platform_that_acknowledges_nothing_for_five_minutes_is_told(void **state) {
    struct rig g;
    (void)state;
    rig_init(&g, T0);
    rig_kill(&g);
    g.works.site.mqtt = (struct mqtt_settings){.configured = true, .host = "broker", .port = 1883};
    assert_int_equal(rig_open(&g, T0), ERR_OK);
    ms_t t = T0;
    for (; t < T0 + 400000; t += 1000) {
        struct second v = usual(t);
        run_second(&g, t, &v);
    }
    expect(&g, "A23", "site", "raised");
    expect_words(&g, "A23", "broker:1883");
    writer_ack(&g.writer, "mqtt", g.writer.epoch, 1, g.writer.seq_next - 1);
    for (; t < T0 + 410000; t += 1000) {
        struct second v = usual(t);
        run_second(&g, t, &v);
    }
    expect(&g, "A23", "site", "raised cleared");
    rig_fini(&g);
}

static void a_wrong_clock_of_the_gateway_is_told(void **state) {
    struct rig g;
    (void)state;
    rig_init(&g, T0);
    for (int i = 0; i < 30; i++) {
        struct second v = usual(T0 + i * 1000);
        core_set_clock(&g.core, CLOCK_SYNCED, i >= 10 && i < 20 ? -1500.0 : 3.0);
        run_second(&g, T0 + i * 1000, &v);
    }
    expect(&g, "A26", "site", "raised cleared");
    rig_fini(&g);
}

/* ---- the tariff ------------------------------------------------------------------------- */

static const struct tariff_window sharp_all_day = {
    .months = 0xFFF, .day_types = DAY_ANY, .to_min = 1440, .period = TARIFF_SHARP};
static const struct tariff_version version = {.id = "t",
                                              .to_day = INT32_MAX,
                                              .windows = &sharp_all_day,
                                              .window_count = 1,
                                              .ratio = {2.0, 1.6, 1.0, 0.4, (double)NAN}};
static const struct tariff tariff = {.id = "t", .versions = &version, .version_count = 1};

/* The works with the inverter's meter on something else, a tariff that is always sharp, and holds
 * of ten seconds. */
struct sharp {
    struct rig rig;
    struct account account;
    struct metering_point point;
    struct alert_settings settings;
};

static void sharp_init(struct sharp *s, enum role role, bool flexible) {
    memset(s, 0, sizeof *s);
    rig_init(&s->rig, T0);
    rig_kill(&s->rig);
    for (size_t i = 0; i < ALERT_RULES; i++) {
        s->settings.limits[i] = alert_rule((enum alert_rule_id)i)->limits;
        for (size_t k = 0; k < s->settings.limits[i].level_count; k++)
            s->settings.limits[i].levels[k].hold_s = s->settings.limits[i].levels[k].clear_s = 10;
    }
    s->account = (struct account){.id = "main", .tariff = &tariff, .billing_day = 1};
    s->point = (struct metering_point){.id = "p1", .feed = GRID, .check_feed = SITE_NONE};
    struct site *site = &s->rig.works.site;
    site->accounts = &s->account;
    site->account_count = 1;
    site->metering_points = &s->point;
    site->metering_point_count = 1;
    site->alerts = &s->settings;
    site->export_allowed = true;
    s->rig.works.devices[PV].role = s->rig.works.feeds[PV].role = role;
    s->rig.works.devices[PV].flexible = flexible;
    s->rig.works.devices[PV].rated_kw = 2000.0;
    s->rig.works.devices[PV].capacity_kwh = 4000.0;
    s->rig.works.devices[BMS].parent = PV;
    assert_int_equal(rig_open(&s->rig, T0), ERR_OK);
}

static void sharp_run(struct sharp *s, int from, int to, double kw) {
    for (int i = from; i < to; i++) {
        struct second v = usual(T0 + i * 1000);
        v.pv_kw = kw;
        v.pv_register = 1000.0;
        run_second(&s->rig, T0 + i * 1000, &v);
    }
}

static void storage_that_rests_in_a_sharp_period_is_told_with_what_it_missed(void **state) {
    struct sharp s;
    (void)state;
    sharp_init(&s, ROLE_STORAGE, false);
    sharp_run(&s, 0, 5, 1500.0);
    sharp_run(&s, 5, 30, 0.0);
    expect(&s.rig, "A17", "pv1", "raised");
    sharp_run(&s, 30, 50, 1500.0);
    expect(&s.rig, "A17", "pv1", "raised cleared");
    /* 2000 kW for the 10 s of the hold */
    expect_words(&s.rig, "A17", "5.6 kWh; prices are missing");
    expect(&s.rig, "A19", "pv1", "");
    sharp_run(&s, 50, 65, -1500.0);
    expect(&s.rig, "A19", "pv1", "raised");
    rig_fini(&s.rig);
}

static void a_flexible_feeder_in_a_sharp_period_is_told(void **state) {
    struct sharp s;
    (void)state;
    sharp_init(&s, ROLE_LOAD, true);
    sharp_run(&s, 0, 5, 100.0);
    sharp_run(&s, 5, 30, 1000.0);
    expect(&s.rig, "A28", "pv1", "raised");
    sharp_run(&s, 30, 50, 50.0);
    expect(&s.rig, "A28", "pv1", "raised cleared");
    rig_fini(&s.rig);
}

/* ---- the days before -------------------------------------------------------------------- */

static void put_day(struct rig *g, size_t device, ms_t start, double coverage, double out,
                    double in) {
    uint8_t bytes[2000];
    struct pack p;
    struct feed_slot f;
    const struct slot_head h = {.layout = g->writer.layout, .coverage = coverage, .feed_count = 1};
    pack_init(&p, bytes, sizeof bytes);
    slot_write_head(&p, &h);
    feed_slot_clear(&f);
    f.counter[FEED_FORWARD] =
        (struct counter_slot){.known = true, .parts = (int64_t)out, .unit = 1.0, .multiplier = 1.0};
    f.counter[FEED_REVERSE] =
        (struct counter_slot){.known = true, .parts = (int64_t)in, .unit = 1.0, .multiplier = 1.0};
    slot_write_feed(&p, start, &f);
    slot_write_point_count(&p, 0);
    assert_false(p.overflow);
    assert_int_equal(writer_begin(&g->writer), ERR_OK);
    assert_int_equal(writer_put_slot(&g->writer, slot_code(SLOT_1D), start,
                                     g->writer.device_no[device], p.data, p.len),
                     ERR_OK);
    assert_int_equal(writer_end(&g->writer, ERR_OK), ERR_OK);
}

static void a_day_that_is_not_complete_is_told_the_next_day(void **state) {
    struct rig g;
    (void)state;
    rig_init(&g, T0);
    ms_t today = floor_div(T0, MS_PER_DAY) * MS_PER_DAY;
    for (size_t d = 0; d < WORKS_DEVICES; d++) {
        put_day(&g, d, today - MS_PER_DAY, d == BMS ? 0.85 : d == PV ? 0.5 : 0.95, 0, 0);
        if (d != PV) /* its first day was yesterday */
            put_day(&g, d, today - 2 * MS_PER_DAY, 1.0, 0, 0);
    }
    rig_kill(&g);
    assert_int_equal(rig_open(&g, T0), ERR_OK);
    for (int i = 0; i < 5; i++) {
        struct second v = usual(T0 + i * 1000);
        run_second(&g, T0 + i * 1000, &v);
    }
    expect(&g, "A23", "bms", "raised");
    expect_words(&g, "A23", "only 85.0 % of yesterday");
    rig_fini(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_silent_device_is_told_after_a_minute_and_heard_after_three_polls),
        cmocka_unit_test(a_clock_that_leaps_makes_no_silence),
        cmocka_unit_test(a_meter_that_repeats_itself_is_stuck_until_it_changes),
        cmocka_unit_test(energy_that_stands_while_power_flows_is_stuck),
        cmocka_unit_test(a_counter_that_was_reset_is_an_alert_of_a_minute),
        cmocka_unit_test(an_empty_battery_is_told_in_its_own_terms),
        cmocka_unit_test(a_platform_that_acknowledges_nothing_for_five_minutes_is_told),
        cmocka_unit_test(a_wrong_clock_of_the_gateway_is_told),
        cmocka_unit_test(storage_that_rests_in_a_sharp_period_is_told_with_what_it_missed),
        cmocka_unit_test(a_flexible_feeder_in_a_sharp_period_is_told),
        cmocka_unit_test(a_day_that_is_not_complete_is_told_the_next_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
