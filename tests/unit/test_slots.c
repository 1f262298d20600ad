/* Slots and records of the small works over minutes of readings: energies conserved, coverage and
 * quality honest, across kills and reloads. The clock is the test's. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "slots_fixture.h"

static void minutes_and_quarters_of_steady_power(void **state) {
    (void)state;
    static struct rig g;
    rig_init(&g, T0);
    rig_run(&g, T0, T0 + 31 * MINUTE);
    json_t *minutes = rig_messages(&g.works, OUTBOX_RECORD_1M);
    json_t *quarters = rig_messages(&g.works, OUTBOX_RECORD_15M);
    assert_each_slot_once(minutes, 30);
    assert_each_slot_once(quarters, 2);
    const json_t *m = json_array_get(minutes, 7), *q = json_array_get(quarters, 1);
    assert_near(number_at(m, "energy_kwh/import"), GRID_MINUTE_KWH, 1e-6);
    assert_near(number_at(m, "energy_kwh/pv"), PV_MINUTE_KWH, 1e-6);
    assert_near(number_at(m, "power_kw/grid/avg"), GRID_KW, 1e-6);
    assert_near(number_at(m, "power_kw/load/max"), GRID_KW + PV_KW, 1e-6);
    assert_near(number_at(m, "coverage"), 1.0, 1e-6);
    assert_string_equal(text_at(m, "quality"), "good");
    assert_true(json_is_null(json_object_get(m, "cause")));
    assert_near(number_at(q, "energy_kwh/import"), 15 * GRID_MINUTE_KWH, 1e-6);
    assert_near(number_at(q, "storage/soc_start_pct"), 50.0, 1e-6);
    /* the record of a device: energy = (end - start) x multiplier */
    double start = number_at(q, "devices/0/register/import/start");
    double end = number_at(q, "devices/0/register/import/end");
    assert_near((end - start) * number_at(q, "devices/0/multiplier"), 15 * GRID_MINUTE_KWH, 1e-3);
    assert_near(number_at(q, "devices/1/energy_export_kwh"), 15 * PV_MINUTE_KWH, 1e-6);
    json_decref(minutes);
    json_decref(quarters);
    rig_fini(&g);
}

static void slots_sum_to_the_register_difference_across_a_kill(void **state) {
    (void)state;
    static struct rig g;
    ms_t killed = T0 + 6 * MINUTE + 37000, back = killed + 12000, end = T0 + 16 * MINUTE;
    rig_init(&g, T0);
    rig_run(&g, T0, killed);
    rig_kill(&g);
    assert_int_equal(rig_open(&g, back), ERR_OK);
    rig_run(&g, back, end);
    json_t *minutes = rig_messages(&g.works, OUTBOX_RECORD_1M);
    json_t *quarters = rig_messages(&g.works, OUTBOX_RECORD_15M);
    assert_each_slot_once(minutes, 15);
    assert_each_slot_once(quarters, 1);
    double counted = counted_to(T0 + QUARTER);
    assert_near(sum_of(minutes, "energy_kwh/import"), counted, 1e-6);
    assert_near(sum_of(quarters, "energy_kwh/import"), counted, 1e-6);
    const json_t *hurt = json_array_get(minutes, 6), *q = json_array_get(quarters, 0);
    assert_near(number_at(hurt, "energy_kwh/import"), GRID_MINUTE_KWH, 1e-6);
    /* what was read before the kill counts, twelve seconds are missing */
    assert_near(number_at(hurt, "coverage"), 48.0 / 60.0, 0.05);
    /* the quarter keeps the minutes from before the kill */
    assert_true(number_at(q, "coverage") > 0.9 && number_at(q, "coverage") < 1.0);
    assert_string_equal(text_at(q, "quality"), "recovered");
    json_decref(minutes);
    json_decref(quarters);
    rig_fini(&g);
}

/* The worst moment: devices have closed their slots at the edge, the records are not made yet. */
static void a_kill_between_a_slot_and_its_record_loses_nothing(void **state) {
    (void)state;
    static const ms_t edges[] = {6 * MINUTE, QUARTER};
    for (size_t e = 0; e < 2; e++)
        for (ms_t late = 0; late <= 5000; late += 1000) {
            static struct rig g;
            ms_t killed = T0 + edges[e] + late, end = T0 + 17 * MINUTE;
            rig_init(&g, T0);
            rig_run(&g, T0, killed);
            rig_kill(&g);
            assert_int_equal(rig_open(&g, killed + 300), ERR_OK);
            rig_run(&g, killed, end);
            json_t *minutes = rig_messages(&g.works, OUTBOX_RECORD_1M);
            json_t *quarters = rig_messages(&g.works, OUTBOX_RECORD_15M);
            assert_each_slot_once(minutes, 16);
            assert_each_slot_once(quarters, 1);
            for (size_t i = 1; i < 16; i++) /* also the one that was open or just closed */
                assert_near(number_at(json_array_get(minutes, i), "energy_kwh/import"),
                            GRID_MINUTE_KWH, 1e-6);
            const json_t *q = json_array_get(quarters, 0);
            assert_near(number_at(q, "energy_kwh/import"), counted_to(T0 + QUARTER), 1e-6);
            assert_near(number_at(q, "devices/0/energy_import_kwh"), counted_to(T0 + QUARTER),
                        1e-6);
            assert_true(number_at(q, "coverage") > 0.98);
            json_decref(minutes);
            json_decref(quarters);
            rig_fini(&g);
        }
}

/* Power is 0 from the edge on, but the last reading before the next poll still showed the old one.
 * What it would have given within that poll is no energy: the register was read, and stood still.
 * Counts of 0.8 kWh; the reading 100 ms after the edge gives 0.8 kWh to the minute, and less than a
 * count may be given in advance. */
static void a_register_that_stands_still_gives_less_than_a_count_in_advance(void **state) {
    (void)state;
    static struct rig g;
    rig_init(&g, T0);
    rig_run(&g, T0, T0 + MINUTE + 1000);
    for (ms_t s = T0 + MINUTE + 1000; s < T0 + 2 * MINUTE + 5000; s += 1000) {
        core_reading(&g.core, works_grid(&g.works, s + 100, 0.0, grid_register(T0 + MINUTE), 50.0));
        rig_idle(&g, s, s + 1000);
    }
    json_t *minutes = rig_messages(&g.works, OUTBOX_RECORD_1M);
    assert_near(number_at(json_array_get(minutes, 0), "energy_kwh/import"), GRID_MINUTE_KWH - 0.8,
                2e-3);
    double after = number_at(json_array_get(minutes, 1), "energy_kwh/import");
    assert_true(after >= 0.8 - 2e-3 && after < 0.8 + 0.8);
    json_decref(minutes);
    rig_fini(&g);
}

static void a_reading_at_the_edge_ends_the_slot_before_it(void **state) {
    (void)state;
    static struct rig g;
    rig_init(&g, T0);
    for (ms_t s = 0; s < 125; s++) { /* exactly on the full second */
        ms_t t = T0 + s * 1000;
        core_reading(&g.core, works_grid(&g.works, t, GRID_KW, grid_register(t), 0.0));
        core_second(&g.core, t + 500);
        rig_commit(&g, t + 500);
    }
    json_t *minutes = rig_messages(&g.works, OUTBOX_RECORD_1M);
    assert_each_slot_once(minutes, 2);
    /* the register at the edge is the energy up to it */
    assert_near(number_at(json_array_get(minutes, 0), "energy_kwh/import"), 60 * 8.0, 1e-6);
    assert_near(number_at(json_array_get(minutes, 1), "energy_kwh/import"), 60 * 8.0, 1e-6);
    json_decref(minutes);
    rig_fini(&g);
}

static void a_reset_counter_is_an_event_and_a_suspect_slot(void **state) {
    (void)state;
    static struct rig g;
    rig_init(&g, T0);
    rig_run(&g, T0, T0 + MINUTE);
    for (ms_t s = T0 + MINUTE; s < T0 + 2 * MINUTE + 5000; s += 1000) {
        double register_now = GRID_STEP * (double)((s - T0 - MINUTE) / 1000);
        core_reading(&g.core, works_grid(&g.works, s + 100, GRID_KW, register_now, 50.0));
        core_reading(&g.core, works_pv(&g.works, s + 100, PV_KW, pv_register(s)));
        rig_idle(&g, s, s + 1000);
    }
    json_t *minutes = rig_messages(&g.works, OUTBOX_RECORD_1M);
    json_t *events = rig_plain_events(&g.works);
    assert_int_equal(json_array_size(events), 1);
    const json_t *e = json_array_get(events, 0);
    assert_string_equal(text_at(e, "event"), "counter_reset");
    assert_string_equal(text_at(e, "object"), "grid.energy_import");
    assert_true(number_at(e, "threshold") > 10000.0 && number_at(e, "value") < 1.0);
    /* 59.9 s after the exchange, less the 0.9 s that the minute before had been given in advance */
    assert_near(number_at(json_array_get(minutes, 1), "energy_kwh/import"), 59.0 * 8.0, 2e-3);
    assert_string_equal(text_at(json_array_get(minutes, 1), "quality"), "suspect");
    json_decref(minutes);
    json_decref(events);
    rig_fini(&g);
}

static void a_changed_ratio_splits_the_energy_exactly(void **state) {
    (void)state;
    static struct rig g;
    rig_init(&g, T0);
    rig_run(&g, T0, T0 + 30000);
    g.works.devices[GRID].ct_ratio = 40.0; /* as a ratio register would */
    for (ms_t s = T0 + 30000; s < T0 + MINUTE + 5000; s += 1000) {
        struct reading *r =
            works_grid(&g.works, s + 100, GRID_KW, grid_register(s) * 2.0, 50.0); /* x 80 / 40 */
        works_set(&g.works, r, G_IMPORT, grid_register(s) * 40.0);
        core_reading(&g.core, r);
        rig_idle(&g, s, s + 1000);
    }
    json_t *minutes = rig_messages(&g.works, OUTBOX_RECORD_1M);
    json_t *events = rig_messages(&g.works, OUTBOX_EVENT);
    assert_string_equal(text_at(json_array_get(events, 0), "event"), "ratio_change");
    assert_near(number_at(json_array_get(minutes, 0), "energy_kwh/import"), 29 * 8.0 + 30.9 * 4.0,
                2e-3);
    json_decref(minutes);
    json_decref(events);
    rig_fini(&g);
}

static void a_reload_goes_on_without_a_seam(void **state) {
    (void)state;
    static struct rig g;
    static struct works next;
    rig_init(&g, T0);
    rig_run(&g, T0, T0 + 90000);
    next = g.works;
    works_points(&next);
    works_devices(&next);
    next.site.devices = next.devices;
    next.site.points = next.points;
    next.site.feeds = next.feeds;
    next.devices[BMS].id = "bms2"; /* another layout */
    next.feeds[BMS].id = "bms2";
    core_flush(&g.core);
    rig_commit(&g, T0 + 90000);
    int64_t before = g.writer.layout;
    assert_int_equal(writer_set_site(&g.writer, &next.site), ERR_OK);
    assert_int_equal(live_resize(g.live, next.site.point_count), ERR_OK);
    assert_int_equal(core_set_site(&g.core, &next.site), ERR_OK);
    assert_int_not_equal(g.writer.layout, before);
    rig_run(&g, T0 + 90000, T0 + 3 * MINUTE + 5000);
    json_t *minutes = rig_messages(&g.works, OUTBOX_RECORD_1M);
    assert_each_slot_once(minutes, 3);
    assert_near(number_at(json_array_get(minutes, 1), "energy_kwh/import"), GRID_MINUTE_KWH, 1e-6);
    assert_near(number_at(json_array_get(minutes, 1), "coverage"), 1.0, 1e-6);
    json_decref(minutes);
    rig_fini(&g);
}

static void a_clock_far_back_gives_revisions_never_the_same_slot(void **state) {
    (void)state;
    static struct rig g;
    ms_t back = T0 - 180 * MINUTE;
    rig_init(&g, back);
    rig_run(&g, back, back + 2 * MINUTE + 5000);
    rig_run(&g, T0, T0 + MINUTE); /* forward by three hours, then back again */
    rig_run(&g, back, back + 2 * MINUTE + 5000);
    json_t *minutes = rig_messages(&g.works, OUTBOX_RECORD_1M);
    size_t again = 0;
    for (size_t i = 0; i < json_array_size(minutes); i++)
        again += number_at(json_array_get(minutes, i), "revision") > 0.5;
    assert_true(again >= 2);
    json_decref(minutes);
    rig_fini(&g);
}

static void a_small_step_back_waits_for_the_open_slot(void **state) {
    (void)state;
    static struct rig g;
    rig_init(&g, T0);
    rig_run(&g, T0, T0 + 3 * MINUTE + 10000);
    rig_run(&g, T0 + MINUTE, T0 + 4 * MINUTE + 5000);
    json_t *minutes = rig_messages(&g.works, OUTBOX_RECORD_1M);
    assert_each_slot_once(minutes, 4);
    assert_true(g.core.aggregate.late_samples > 0);
    json_decref(minutes);
    rig_fini(&g);
}

static void the_live_site_follows_the_tick(void **state) {
    (void)state;
    static struct rig g;
    struct live_site s;
    struct sample soc;
    rig_init(&g, T0);
    rig_run(&g, T0, T0 + 3000);
    live_get_site(g.live, &s);
    assert_int_equal(s.utc_ms, T0 + 2000);
    assert_near(s.power_kw[SITE_GRID], GRID_KW, 1e-9);
    assert_near(s.power_kw[SITE_PV], PV_KW, 1e-9);
    assert_near(s.soc_pct, 50.0, 1e-9);
    assert_int_equal(s.quality, QUALITY_GOOD);
    assert_int_equal(s.devices_online, 3);
    assert_true(live_get(g.live, GRID_POINTS + PV_POINTS, &soc));
    assert_near(soc.value, 50.0, 1e-9);
    rig_idle(&g, T0 + 3000, T0 + 9000); /* nobody answers: nothing is made up */
    live_get_site(g.live, &s);
    assert_true(isnan(s.power_kw[SITE_GRID]) && isnan(s.power_kw[SITE_LOAD]));
    assert_int_equal(s.quality, QUALITY_STALE);
    rig_fini(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(minutes_and_quarters_of_steady_power),
        cmocka_unit_test(slots_sum_to_the_register_difference_across_a_kill),
        cmocka_unit_test(a_kill_between_a_slot_and_its_record_loses_nothing),
        cmocka_unit_test(a_register_that_stands_still_gives_less_than_a_count_in_advance),
        cmocka_unit_test(a_reading_at_the_edge_ends_the_slot_before_it),
        cmocka_unit_test(a_reset_counter_is_an_event_and_a_suspect_slot),
        cmocka_unit_test(a_changed_ratio_splits_the_energy_exactly),
        cmocka_unit_test(a_reload_goes_on_without_a_seam),
        cmocka_unit_test(a_clock_far_back_gives_revisions_never_the_same_slot),
        cmocka_unit_test(a_small_step_back_waits_for_the_open_slot),
        cmocka_unit_test(the_live_site_follows_the_tick)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
