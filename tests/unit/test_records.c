/* Records of minutes and quarters from stored rows: metering point, demand, tariff, carbon; maxima
 * of the billing month; what a revision keeps; another configuration; the meter that does not fit.
 */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "billed_rig.h"

#define START   utc(2026, 11, 25, 22) /* two hours before main's month begins */
#define NEW     (START + 2 * HOUR)
#define MINUTES slot_code(SLOT_1M)
#define Q       slot_code(SLOT_15M)
#define HOURS   slot_code(SLOT_1H)

static int a_works(void **state) {
    (void)state;
    if (clock_set_zone("UTC") < 0)
        return 1;
    billed_init(START);
    return 0;
}

static int gone(void **state) {
    (void)state;
    billed_fini();
    return 0;
}

/* ---- a quarter ---------------------------------------------------------------------------- */

/* From 22:15: 180 kWh in the peak at 0.85: 153.00 CNY, at 0.60 kg: 108 kg. 45 kvarh. */
static void a_quarter_says_what_is_metered_and_billed(void **state) {
    (void)state;
    const ms_t t = START + QUARTER;
    billed_put_prices(11, START);
    billed_run(START, START + 32 * MINUTE);
    assert_near(billed_number(Q, t, "points/0/import_kwh"), 180, 1e-9);
    assert_near(billed_number(Q, t, "points/0/export_kwh"), 0, 1e-9);
    assert_near(billed_number(Q, t, "points/0/kvarh/q1"), 45, 1e-9);
    assert_true(isnan(billed_number(Q, t, "points/0/kvarh/q4")));
    assert_string_equal(billed_text(Q, t, "points/0/reactive_method"), "register");
    assert_near(billed_number(Q, t, "points/0/block_kw"), 720, 1e-9);
    assert_near(billed_number(Q, t, "points/0/sliding_max_kw"), 720, 1e-9);
    assert_near(billed_number(Q, t, "demand/0/block_kw"), 720, 1e-9);
    assert_near(billed_number(Q, t, "demand/0/contract_kw"), 600, 1e-9);
    assert_string_equal(billed_text(Q, t, "demand/0/account"), "main");
    assert_string_equal(billed_text(Q, t, "demand/0/block_at"), "2026-11-25T22:15:00+00:00");
    assert_near(billed_number(Q, t, "tariff/0/import_kwh/peak"), 180, 1e-9);
    assert_near(billed_number(Q, t, "tariff/0/import_kwh/flat"), 0, 1e-9);
    assert_string_equal(billed_text(Q, t, "tariff/0/cost_cny"), "153.00");
    assert_near(billed_number(Q, t, "tariff/0/price_version"), 1, 0);
    assert_near(billed_number(Q, t, "carbon/location_kg"), 108, 1e-9);
    assert_string_equal(billed_text(Q, t, "carbon/factor/id"), "province/A/2020");
    assert_near(billed_number(Q, t, "completeness/stored"), 3, 0);
    assert_string_equal(billed_text(Q, t, "transformers/0/id"), "t1");
    assert_null(billed_text(Q, t, "cause"));
}

/* A minute is for curves. */
static void a_minute_has_the_first_figure_of_carbon_alone(void **state) {
    (void)state;
    billed_run(START, START + 7 * MINUTE);
    json_t *m = billed_record(MINUTES, START + 5 * MINUTE, -1);
    assert_near(number_at(m, "carbon/location_kg"), 12 * 0.60, 1e-9);
    assert_null(json_object_get(m, "demand"));
    assert_null(json_object_get(m, "tariff"));
    json_decref(m);
}

static void without_prices_a_cost_is_unknown(void **state) {
    (void)state;
    billed_run(START, START + 17 * MINUTE);
    assert_null(billed_text(Q, START, "tariff/0/cost_cny"));
    assert_near(billed_number(Q, START, "tariff/0/import_kwh/peak"), 180, 1e-9);
}

/* ---- demand ------------------------------------------------------------------------------- */

/* The first reading is of 22:07: what the meter counted before is not known, so the quarter's
 * energy is that of eight minutes, and no demand. The next quarter's is whole. */
static void no_demand_is_made_of_a_part_of_a_quarter(void **state) {
    (void)state;
    billed_run(START + 7 * MINUTE, START + 32 * MINUTE);
    assert_near(billed_number(Q, START, "points/0/import_kwh"), 8 * 12, 1e-6);
    assert_true(isnan(billed_number(Q, START, "points/0/block_kw")));
    assert_true(isnan(billed_number(Q, START, "points/0/sliding_max_kw")));
    assert_true(isnan(billed_number(Q, START, "demand/0/block_kw")));
    assert_true(isnan(billed_number(Q, START, "demand/0/month_max_kw")));
    assert_near(billed_number(Q, START + QUARTER, "points/0/block_kw"), 720, 1e-6);
    assert_near(billed_number(Q, START + QUARTER, "demand/0/month_max_kw"), 720, 1e-6);
}

/* 22:15 to 22:30 at 1440 kW, else 720. In the quarter after it the largest window begins at 22:16:
 * 14 minutes of 24 kWh and one of 12, 348 kWh: 1392 kW. */
static void sliding_demand_is_of_any_fifteen_minutes(void **state) {
    (void)state;
    billed_run(START, START + QUARTER + MINUTE);
    b.surplus_kw = 720;
    billed_run(START + QUARTER + MINUTE, START + 2 * QUARTER + MINUTE);
    b.surplus_kw = 0;
    billed_run(START + 2 * QUARTER + MINUTE, START + 50 * MINUTE);
    const ms_t high = START + QUARTER, after = high + QUARTER;
    assert_near(billed_number(Q, high, "demand/0/block_kw"), 1440, 1e-6);
    assert_near(billed_number(Q, high, "demand/0/sliding_max_kw"), 1440, 1e-6);
    assert_string_equal(billed_text(Q, high, "demand/0/sliding_max_at"),
                        "2026-11-25T22:15:00+00:00");
    assert_near(billed_number(Q, after, "demand/0/block_kw"), 720, 1e-6);
    assert_near(billed_number(Q, after, "demand/0/sliding_max_kw"), 1392, 1e-6);
    assert_string_equal(billed_text(Q, after, "demand/0/sliding_max_at"),
                        "2026-11-25T22:16:00+00:00");
}

/* Rising all the time: the window that ends with the block is the largest, and is the block. */
static void at_the_blocks_end_sliding_is_the_block(void **state) {
    (void)state;
    billed_run(START, START + MINUTE);
    for (int i = 1; i <= 46; i++) {
        b.surplus_kw = 12.0 * i;
        billed_run(START + i * MINUTE, START + (i + 1) * MINUTE);
    }
    for (ms_t t = START; t < START + 3 * QUARTER; t += QUARTER) {
        const struct slot_facts *f = billed_facts(Q, t);
        assert_near(f->points[0].sliding.kw, f->points[0].block_kw, 1e-6);
        assert_int_equal(f->points[0].sliding.at, t);
    }
}

/* 1440 kW at 22:15; it stays the month's maximum until main's month ends at midnight. Then 720. */
static void the_maximum_goes_on_until_the_billing_day(void **state) {
    (void)state;
    billed_run(START, START + QUARTER + MINUTE);
    b.surplus_kw = 720;
    billed_run(START + QUARTER + MINUTE, START + 2 * QUARTER + MINUTE);
    b.surplus_kw = 0;
    billed_run(START + 2 * QUARTER + MINUTE, NEW + 32 * MINUTE);
    assert_near(billed_number(Q, START, "demand/0/month_max_kw"), 720, 1e-6);
    for (ms_t t = START + QUARTER; t < NEW; t += QUARTER) {
        assert_near(billed_number(Q, t, "demand/0/month_max_kw"), 1440, 1e-6);
        assert_near(billed_number(Q, t, "points/0/month_max_kw"), 1440, 1e-6);
        assert_string_equal(billed_text(Q, t, "demand/0/month_max_at"),
                            "2026-11-25T22:15:00+00:00");
    }
    assert_near(billed_number(Q, NEW, "demand/0/month_max_kw"), 720, 1e-6);
    assert_near(billed_number(Q, NEW, "points/0/month_max_kw"), 720, 1e-6);
    assert_near(billed_number(Q, NEW + QUARTER, "demand/0/month_max_kw"), 720, 1e-6);
}

/* The incomer's meter is silent: its demand is not known, the month's maximum still is; a restart
 * does not lose it either. */
static void a_silent_meter_and_a_restart_keep_the_maximum(void **state) {
    (void)state;
    billed_run(START, START + QUARTER);
    b.silent_from = START + QUARTER - MINUTE;
    b.silent_to = INT64_MAX;
    billed_run(START + QUARTER, START + 47 * MINUTE);
    assert_true(isnan(billed_number(Q, START + 2 * QUARTER, "demand/0/block_kw")));
    assert_near(billed_number(Q, START + 2 * QUARTER, "demand/0/month_max_kw"),
                billed_number(Q, START, "demand/0/month_max_kw"), 1e-9);
    rig_kill(&b.rig);
    billed_open(START + 47 * MINUTE + 1000);
    billed_run(START + 48 * MINUTE, START + 62 * MINUTE);
    assert_near(billed_number(Q, START + 3 * QUARTER, "demand/0/month_max_kw"),
                billed_number(Q, START, "demand/0/month_max_kw"), 1e-9);
}

/* ---- revisions ---------------------------------------------------------------------------- */

/* The gateway was off from 22:20 to 23:05. The quarters between are unknown at first; with the
 * first register after it their energy is exact, and why nothing was seen stays on record. */
static void a_gap_of_the_gateway_is_recovered_and_keeps_its_cause(void **state) {
    (void)state;
    const ms_t hole = START + 2 * QUARTER, back = START + 65 * MINUTE;
    billed_put_prices(11, START);
    billed_run(START, START + 20 * MINUTE);
    rig_kill(&b.rig);
    billed_open(back - 10000);
    billed_commit(back - 9000);
    assert_string_equal(billed_text(Q, hole, "cause"), "gateway_off");
    assert_near(billed_number(Q, hole, "completeness/stored"), 0, 0);
    assert_true(isnan(billed_number(Q, hole, "energy_kwh/import")));
    billed_run(back, back + 2 * MINUTE);
    billed_settle(back + 2 * MINUTE);
    assert_int_equal(billed_revision(Q, hole), 1);
    assert_near(billed_number(Q, hole, "energy_kwh/import"), 180, 1e-6);
    assert_near(billed_number(Q, hole, "coverage"), 0, 1e-9);
    assert_string_equal(billed_text(Q, hole, "cause"), "gateway_off");
    assert_string_equal(billed_text(Q, hole, "tariff/0/cost_cny"), "153.00");
    assert_near(billed_number(Q, hole, "completeness/stored"), 2, 0); /* the BMS counts nothing */
    json_t *m = billed_record(Q, hole, -1);
    assert_true(json_is_true(json_object_get(m, "late")));
    json_decref(m);
    /* the hour's registers enclose the gap: nothing is left over */
    billed_run(back + 2 * MINUTE, back + 60 * MINUTE);
    struct feed_slot f = billed_row(HOURS, START, GRID, NULL);
    assert_near(counter_slot_amount(&f.counter[FEED_FORWARD]), 720, 1e-6);
    assert_near(counter_slot_rollover(&f.counter[FEED_FORWARD]), 0, 1e-6);
    f = billed_row(HOURS, START + HOUR, GRID, NULL);
    assert_near(counter_slot_amount(&f.counter[FEED_FORWARD]), 720, 1e-6);
    assert_near(counter_slot_rollover(&f.counter[FEED_FORWARD]), 0, 1e-6);
}

/* Powers and the state of charge are what the running gateway saw: a revision has them too. */
static void a_revision_keeps_what_only_the_running_gateway_saw(void **state) {
    (void)state;
    billed_run(START, START + 17 * MINUTE);
    assert_int_equal(db_exec(b.rig.writer.db, "INSERT INTO dirty SELECT period,start FROM record"
                                              " WHERE period<=900"),
                     ERR_OK);
    b.rig.writer.more = true;
    billed_settle(START + 18 * MINUTE);
    assert_int_equal(billed_revision(Q, START), 1);
    assert_int_equal(billed_revision(MINUTES, START + MINUTE), 1);
    static const char *const paths[] = {"power_kw/grid/avg", "power_kw/load/max",
                                        "storage/soc_start_pct", "energy_kwh/import",
                                        "demand/0/month_max_kw"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        json_t *before = billed_record(Q, START, 0), *after = billed_record(Q, START, 1);
        assert_near(number_at(after, paths[i]), number_at(before, paths[i]), 1e-9);
        json_decref(before);
        json_decref(after);
    }
}

/* ---- the sun ------------------------------------------------------------------------------ */

/* 400 W/m2 over a quarter of an hour: 0.1 kWh/m2; 50 W/m2 is not worth the name. */
static void the_sun_counts_from_100_watts(void **state) {
    (void)state;
    billed_fini();
    memset(&b, 0, sizeof b);
    billed_site();
    struct works *w = &b.rig.works;
    w->bms_points[B_SOC] =
        works_point("irradiance", QUANTITY_IRRADIANCE, POINT_U16, 1, 1.0, "W/m2");
    w->feeds[BMS].soc = SITE_NONE;
    b.began = START;
    billed_open(START);
    for (ms_t t = START; t < START + 47 * MINUTE; t += MINUTE) {
        billed_run(t, t + MINUTE); /* it reads 50 */
        if (t >= START + QUARTER && t < START + 2 * QUARTER)
            core_reading(&b.rig.core, works_bms(w, t + 100, 400.0));
    }
    assert_near(billed_facts(Q, START)->irradiation_kwh_m2, 0.0, 1e-9);
    assert_near(billed_facts(Q, START + QUARTER)->irradiation_kwh_m2, 0.1, 0.001);
    assert_near(billed_facts(Q, START + 2 * QUARTER)->irradiation_kwh_m2, 0.0, 1e-9);
}

/* ---- another configuration ---------------------------------------------------------------- */

static struct account swapped[2];
static struct device polled[WORKS_DEVICES];
static struct metering_point moved[1];

/* As the historian goes over to it. */
static void reload(const struct site *site, ms_t now) {
    billed_commit(now);
    assert_int_equal(writer_set_site(&b.rig.writer, site), ERR_OK);
    assert_int_equal(core_set_site(&b.rig.core, site), ERR_OK);
}

/* At 22:30 the accounts change places, and the meters are polled more often: another layout. The
 * hour is one, for the account and for the devices. */
static void an_hour_goes_on_under_another_configuration(void **state) {
    (void)state;
    static struct site site; /* lives as long as what reads it */
    site = b.rig.works.site;
    billed_put_prices(11, START);
    billed_run(START, START + 30 * MINUTE);
    swapped[0] = b.accounts[1];
    swapped[1] = b.accounts[0];
    moved[0] = b.points[0];
    moved[0].account = 1;
    memcpy(polled, b.rig.works.devices, sizeof polled);
    for (int d = 0; d < WORKS_DEVICES; d++)
        polled[d].poll_ms = 50000;
    site.accounts = swapped;
    site.metering_points = moved;
    site.devices = polled;
    reload(&site, START + 30 * MINUTE - 20000);
    billed_run(START + 30 * MINUTE, START + 62 * MINUTE);
    assert_int_equal(billed_count("SELECT count(*) FROM layout"), 2);
    assert_string_equal(billed_text(HOURS, START, "demand/1/account"), "main");
    assert_near(billed_number(HOURS, START, "tariff/0/import_kwh/peak"), 720, 1e-6);
    assert_string_equal(billed_text(HOURS, START, "tariff/0/cost_cny"), "612.00");
    assert_near(billed_number(HOURS, START, "demand/1/month_max_kw"), 720, 1e-6);
    assert_true(isnan(billed_number(HOURS, START, "demand/0/month_max_kw")));
    struct slot_head h;
    struct feed_slot f = billed_row(HOURS, START, GRID, &h);
    assert_near(counter_slot_amount(&f.counter[FEED_FORWARD]), 720, 1e-6);
    assert_near(h.coverage, 1.0, 1e-3);
    assert_int_equal(f.quality, QUALITY_GOOD);
}

/* The inverter's map changes at 22:29, in the second quarter, which is closed under the new one.
 * What the first quarter knew of the old points is in the site's energy, not in the new rows, which
 * say that something is missing: 45 of 60 kWh, 3 quarters of 4. */
static void rows_of_another_meter_map_are_left_out(void **state) {
    (void)state;
    static struct point_def points[PV_POINTS];
    static struct device_profile profile;
    struct works *w = &b.rig.works;
    static struct site site; /* lives as long as what reads it */
    site = w->site;
    billed_run(START, START + 30 * MINUTE);
    memcpy(points, w->pv_points, sizeof points);
    points[P_POWER].name = "another_power";
    works_profile(&profile, "inverter2", points, PV_POINTS);
    memcpy(polled, w->devices, sizeof polled);
    polled[PV].profile = &profile;
    site.devices = polled;
    reload(&site, START + 30 * MINUTE - 20000);
    billed_run(START + 30 * MINUTE, START + 62 * MINUTE);
    assert_near(billed_number(HOURS, START, "energy_kwh/pv"), 60, 1e-6);
    struct slot_head h;
    struct feed_slot f = billed_row(HOURS, START, PV, &h);
    assert_near(counter_slot_amount(&f.counter[FEED_FORWARD]), 45, 1e-6);
    assert_near(h.coverage, 0.75, 0.02);
    assert_int_equal(h.quality, QUALITY_MISSING);
    f = billed_row(HOURS, START, GRID, &h);
    assert_near(counter_slot_amount(&f.counter[FEED_FORWARD]), 720, 1e-6);
}

/* ---- the meter that does not fit ---------------------------------------------------------- */

static struct point_def second_points[PV_POINTS];
static struct site_point wide_points[GRID_POINTS + 2 * PV_POINTS];

/* An incomer and two feeders: 8 and 4 kWh a minute. */
static void two_feeders(void) {
    struct works *w = &b.rig.works;
    memset(&b, 0, sizeof b);
    billed_site();
    memcpy(second_points, w->pv_points, sizeof second_points);
    works_profile(&w->profiles[BMS], "inverter", second_points, PV_POINTS);
    memcpy(wide_points, w->points, sizeof wide_points);
    for (int i = 0; i < PV_POINTS; i++)
        wide_points[GRID_POINTS + PV_POINTS + i] = (struct site_point){
            .id = i == 0 ? "bms.power" : "bms.energy", .device = BMS, .def = &second_points[i]};
    for (int d = PV; d <= BMS; d++) {
        w->devices[d].role = w->feeds[d].role = ROLE_LOAD;
        w->feeds[d].counted = true;
    }
    w->feeds[BMS].soc = SITE_NONE;
    w->feeds[BMS].power = GRID_POINTS + PV_POINTS + P_POWER;
    w->feeds[BMS].forward = GRID_POINTS + PV_POINTS + P_EXPORT;
    w->site.points = wide_points;
    w->site.point_count = GRID_POINTS + 2 * PV_POINTS;
    b.began = START;
    billed_open(START);
}

static void feeder(enum works_device d, ms_t t, double kwh_a_minute) {
    struct reading *r = works_reading(&b.rig.works, d, t);
    works_set(&b.rig.works, r, P_POWER, kwh_a_minute * 60.0 * 1000.0);
    works_set(&b.rig.works, r, P_EXPORT, kwh_a_minute * (double)(t - b.began) / (double)MINUTE);
    core_reading(&b.rig.core, r);
}

/* From `reversed` on the incomer counts into the wrong register. */
static void run_feeders(ms_t from, ms_t to, ms_t reversed) {
    struct works *w = &b.rig.works;
    for (ms_t t = from; t < to; t += MINUTE) {
        double right = (double)((t < reversed ? t : reversed) - b.began) / (double)MINUTE;
        double wrong = t < reversed ? 0.0 : (double)(t - reversed) / (double)MINUTE;
        struct reading *r = works_reading(w, GRID, t);
        works_set(w, r, G_POWER, t < reversed ? 720.0 : -720.0);
        works_set(w, r, G_IMPORT, 12.0 * right);
        works_set(w, r, G_EXPORT, 12.0 * wrong);
        works_set(w, r, G_REACTIVE, 0.0);
        core_reading(&b.rig.core, r);
        feeder(PV, t, 8.0);
        feeder(BMS, t, 4.0);
        core_second(&b.rig.core, t + 15000);
        billed_commit(t + 15000);
    }
}

static void meters_that_agree_leave_nobody_suspect(void **state) {
    (void)state;
    billed_fini();
    two_feeders();
    run_feeders(START, START + 32 * MINUTE, INT64_MAX);
    assert_near(billed_number(Q, START + QUARTER, "balance/residual_kwh"), 0, 1e-6);
    assert_near(billed_number(Q, START + QUARTER, "balance/bad_slots"), 0, 0);
    assert_null(billed_text(Q, START + QUARTER, "balance/suspect"));
}

/* -180 kWh at the incomer, 180 at the feeders: -360. Turned round it fits. The search asks for
 * eight quarters: the eighth, from 23:45, names it, and so does the ninth. */
static void a_reversed_meter_is_named(void **state) {
    (void)state;
    const ms_t eighth = START + 7 * QUARTER;
    billed_fini();
    two_feeders();
    run_feeders(START, eighth + 2 * QUARTER + 2 * MINUTE, START);
    assert_near(billed_number(Q, START, "balance/residual_kwh"), -360, 1e-6);
    assert_near(billed_number(Q, START, "balance/bad_slots"), 1, 0);
    assert_null(billed_text(Q, eighth - QUARTER, "balance/suspect"));
    assert_string_equal(billed_text(Q, eighth, "balance/suspect"), "grid");
    assert_string_equal(billed_text(Q, eighth, "balance/suspect_kind"), "reversed");
    assert_string_equal(billed_text(Q, eighth + QUARTER, "balance/suspect"), "grid");
    /* a revision of an earlier quarter names whom it named */
    char sql[100];
    snprintf(sql, sizeof sql, "INSERT INTO dirty VALUES(900,%" PRId64 ")", eighth);
    assert_int_equal(db_exec(b.rig.writer.db, sql), ERR_OK);
    b.rig.core.records.suspect = (struct suspect){.kind = SUSPECT_DEAD, .feed = PV};
    b.rig.writer.more = true;
    billed_settle(eighth + 3 * QUARTER);
    assert_int_equal(billed_revision(Q, eighth), 1);
    assert_string_equal(billed_text(Q, eighth, "balance/suspect"), "grid");
}

/* A slot of two days ago is made again: the quarters of the last day are not forgotten for it. */
static void a_revision_of_an_older_day_does_not_disturb_the_search(void **state) {
    (void)state;
    billed_fini();
    two_feeders();
    run_feeders(START, START + 17 * MINUTE, START);
    struct records *r = &b.rig.core.records;
    size_t at = (size_t)(floor_div(START, QUARTER) % NET_QUARTERS);
    assert_int_equal(r->net_start[at], START);
    r->net_start[at] = START + MS_PER_DAY; /* a day later, at the same time */
    r->net[at * r->site->feed_count] = 77.0;
    char sql[100];
    snprintf(sql, sizeof sql, "INSERT INTO dirty VALUES(900,%" PRId64 ")", START);
    assert_int_equal(db_exec(b.rig.writer.db, sql), ERR_OK);
    b.rig.writer.more = true;
    billed_settle(START + 18 * MINUTE);
    assert_int_equal(billed_revision(Q, START), 1);
    assert_int_equal(r->net_start[at], START + MS_PER_DAY);
    assert_near(r->net[at * r->site->feed_count], 77.0, 0.0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, a_works, gone)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_quarter_says_what_is_metered_and_billed),
        TEST(a_minute_has_the_first_figure_of_carbon_alone),
        TEST(without_prices_a_cost_is_unknown),
        TEST(no_demand_is_made_of_a_part_of_a_quarter),
        TEST(sliding_demand_is_of_any_fifteen_minutes),
        TEST(at_the_blocks_end_sliding_is_the_block),
        TEST(the_maximum_goes_on_until_the_billing_day),
        TEST(a_silent_meter_and_a_restart_keep_the_maximum),
        TEST(a_gap_of_the_gateway_is_recovered_and_keeps_its_cause),
        TEST(a_revision_keeps_what_only_the_running_gateway_saw),
        TEST(the_sun_counts_from_100_watts),
        TEST(an_hour_goes_on_under_another_configuration),
        TEST(rows_of_another_meter_map_are_left_out),
        TEST(meters_that_agree_leave_nobody_suspect),
        TEST(a_reversed_meter_is_named),
        TEST(a_revision_of_an_older_day_does_not_disturb_the_search),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
