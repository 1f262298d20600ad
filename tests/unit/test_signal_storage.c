/* Storage against the tariff: idle in the peak, valley not charged, charged in the peak. */
#include "signal_run.h"

#include "alert/moved_energy.h"
#include "alert/signal_storage.h"

/* A station of 300 kW at half charge, at rest in a dear period while the site draws 1 MW. */
static struct storage_now in_peak(void) {
    return (struct storage_now){.kw = 0.0,
                                .rated_kw = 300.0,
                                .soc_pct = 50.0,
                                .soc_min = 10.0,
                                .soc_max = 95.0,
                                .capacity_kwh = 600.0,
                                .grid_kw = 1000.0,
                                .tariff_known = true,
                                .peak = true,
                                .valley_left = -1};
}

static struct storage_now in_valley(int left) {
    struct storage_now n = in_peak();
    n.peak = false;
    n.valley_left = left;
    return n;
}

static void idle_in_the_peak_is_judged_only_while_it_could_discharge(void **state) {
    (void)state;
    struct storage_now n = in_peak();
    CLOSE(signal_storage_idle(&n), 0.0);
    n.kw = 30.0;
    CLOSE(signal_storage_idle(&n), 10.0);
    n.kw = -30.0;
    CLOSE(signal_storage_idle(&n), -10.0);
    n = in_peak();
    n.peak = false;
    CLOSE(signal_storage_idle(&n), STORAGE_RESTS);
    n = in_peak();
    n.soc_pct = 20.0; /* min + 10 */
    CLOSE(signal_storage_idle(&n), STORAGE_RESTS);
    n.soc_min = (double)NAN;
    n.soc_pct = 20.5;
    CLOSE(signal_storage_idle(&n), 0.0);
    n = in_peak();
    n.grid_kw = -5.0; /* the site feeds back: no use in more */
    CLOSE(signal_storage_idle(&n), STORAGE_RESTS);
}

static void what_is_not_known_is_not_judged(void **state) {
    (void)state;
    const double none = (double)NAN;
    struct storage_now n = in_peak();
    n.soc_pct = none;
    assert_true(isnan(signal_storage_idle(&n)));
    n = in_peak();
    n.grid_kw = none;
    assert_true(isnan(signal_storage_idle(&n)));
    n.kw = -100.0;
    n.all_charging_kw = 100.0;
    assert_true(isnan(signal_charging_in_peak(&n)));
    n = in_peak();
    n.rated_kw = none;
    assert_true(isnan(signal_storage_idle(&n)));
    n = in_peak();
    n.kw = none;
    assert_true(isnan(signal_storage_idle(&n)));
    assert_true(isnan(signal_charging_in_peak(&n)));
    n = in_valley(30);
    n.soc_pct = none;
    assert_true(isnan(signal_valley_not_charged(&n)));
    n = in_peak();
    n.tariff_known = false;
    assert_true(isnan(signal_storage_idle(&n)));
    assert_true(isnan(signal_valley_not_charged(&n)));
    assert_true(isnan(signal_charging_in_peak(&n)));
}

static void the_valleys_last_hour_wants_a_charge(void **state) {
    (void)state;
    struct storage_now n = in_valley(60);
    CLOSE(signal_valley_not_charged(&n), 0.0);
    n.kw = -150.0;
    CLOSE(signal_valley_not_charged(&n), 50.0);
    n = in_valley(61);
    CLOSE(signal_valley_not_charged(&n), STORAGE_RESTS);
    n = in_valley(-1);
    CLOSE(signal_valley_not_charged(&n), STORAGE_RESTS);
    n = in_valley(10);
    n.soc_pct = 76.0; /* 80 % of 95 */
    CLOSE(signal_valley_not_charged(&n), STORAGE_RESTS);
    n.soc_pct = 75.9;
    CLOSE(signal_valley_not_charged(&n), 0.0);
}

static void only_the_charge_that_the_grid_pays_for_counts(void **state) {
    (void)state;
    struct storage_now n = in_peak();
    CLOSE(signal_charging_in_peak(&n), 0.0);
    n.kw = -150.0;
    n.all_charging_kw = 150.0;
    CLOSE(signal_charging_in_peak(&n), 50.0);
    n.grid_kw = 30.0; /* the other 120 kW are PV surplus */
    CLOSE(signal_charging_in_peak(&n), 10.0);
    n.grid_kw = -20.0;
    CLOSE(signal_charging_in_peak(&n), 0.0);
    n.grid_kw = 30.0;
    n.all_charging_kw = 300.0; /* a second station shares the 30 kW */
    CLOSE(signal_charging_in_peak(&n), 5.0);
    n.peak = false;
    CLOSE(signal_charging_in_peak(&n), 0.0);
}

static void each_is_raised_held_and_cleared(void **state) {
    (void)state;
    struct storage_now idle = in_peak(), busy = in_peak(), low = in_valley(30), full = low;
    struct storage_now charging = in_peak();
    busy.kw = 200.0;
    full.kw = -200.0;
    charging.kw = -200.0;
    charging.all_charging_kw = 200.0;
    run_life(ALERT_STORAGE_IDLE, signal_storage_idle(&idle), signal_storage_idle(&busy));
    run_life(ALERT_VALLEY_NOT_CHARGED, signal_valley_not_charged(&low),
             signal_valley_not_charged(&full));
    run_life(ALERT_CHARGING_IN_PEAK, signal_charging_in_peak(&charging),
             signal_charging_in_peak(&busy));
}

static void an_idle_station_misses_what_it_could_have_given(void **state) {
    (void)state;
    struct storage_now n = in_peak();
    CLOSE(storage_missed_kw(&n), 300.0);
    n.grid_kw = 80.0;
    CLOSE(storage_missed_kw(&n), 80.0);
    n.kw = 10.0;
    n.grid_kw = 1000.0;
    CLOSE(storage_missed_kw(&n), 290.0);
    n.kw = -50.0; /* what it takes in is another rule's */
    CLOSE(storage_missed_kw(&n), 300.0);
}

static void energy_and_money_add_up_while_values_come(void **state) {
    (void)state;
    struct moved_energy m;
    moved_init(&m);
    for (ms_t t = 0; t <= 3600; t++) /* the first half in a peak, then sharp */
        moved_take(&m, 300.0, t < 1800 ? 0.6 : 0.8, SIGNAL_T0 + t * MS_PER_S);
    CLOSE(m.kwh, 300.0);
    CLOSE(m.cny, 150.0 * 0.6 + 150.0 * 0.8);
    moved_take(&m, (double)NAN, 0.8, SIGNAL_T0 + 3601 * MS_PER_S);
    CLOSE(m.kwh, 300.0 + 300.0 / 3600.0);
    moved_take(&m, 300.0, 0.8, SIGNAL_T0 + 3602 * MS_PER_S);
    moved_take(&m, 300.0, 0.8, SIGNAL_T0 + 7200 * MS_PER_S); /* nothing was known between */
    CLOSE(m.kwh, 300.0 + 300.0 / 3600.0);
    moved_end(&m);
    moved_take(&m, 60.0, (double)NAN, SIGNAL_T0 + 7300 * MS_PER_S);
    moved_take(&m, 0.0, 0.6, SIGNAL_T0 + 7301 * MS_PER_S);
    CLOSE(m.kwh, 60.0 / 3600.0);
    assert_true(isnan(m.cny));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(idle_in_the_peak_is_judged_only_while_it_could_discharge),
        cmocka_unit_test(what_is_not_known_is_not_judged),
        cmocka_unit_test(the_valleys_last_hour_wants_a_charge),
        cmocka_unit_test(only_the_charge_that_the_grid_pays_for_counts),
        cmocka_unit_test(each_is_raised_held_and_cleared),
        cmocka_unit_test(an_idle_station_misses_what_it_could_have_given),
        cmocka_unit_test(energy_and_money_add_up_while_values_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
