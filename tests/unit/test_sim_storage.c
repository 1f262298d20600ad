/* The simulator's storage station: schedule, limits, efficiency. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/model_noise.h"
#include "sim/model_storage.h"

#define HOUR_MS 3600000

static struct storage half_full(void) {
    return (struct storage){.rated_kw = 100.0,
                            .capacity_kwh = 200.0,
                            .soc_min = 10.0,
                            .soc_max = 95.0,
                            .efficiency = 0.96,
                            .stored_kwh = 100.0};
}

static void it_charges_in_the_valley_and_at_noon_and_discharges_in_the_peak(void **state) {
    (void)state;
    struct storage s = half_full();

    assert_true(storage_schedule_kw(&s, &(struct local_time){.hour = 3.0}) < 0.0);
    assert_true(storage_schedule_kw(&s, &(struct local_time){.hour = 12.5}) < 0.0);
    assert_true(storage_schedule_kw(&s, &(struct local_time){.hour = 19.0}) > 0.0);
    assert_true(fabs(storage_schedule_kw(&s, &(struct local_time){.hour = 9.0})) <= 0.0);
}

static void whatever_is_asked_it_keeps_its_limits(void **state) {
    (void)state;
    static const ms_t steps[] = {1000, 60000, HOUR_MS};

    for (size_t k = 0; k < 3; k++) {
        struct storage s = half_full();

        for (uint64_t i = 0; i < 20000; i++) {
            double wanted = 400.0 * (noise_unit(5, k, i / 50) - 0.5);
            double kw = storage_limit_kw(&s, wanted, steps[k]);

            assert_true(fabs(kw) <= s.rated_kw);
            assert_true(kw * wanted >= 0.0);
            storage_advance(&s, kw, steps[k]);
            assert_true(storage_soc_pct(&s) >= s.soc_min - 1e-9);
            assert_true(storage_soc_pct(&s) <= s.soc_max + 1e-9);
        }
    }
}

static void a_round_trip_costs_the_efficiency_twice(void **state) {
    (void)state;
    struct storage s = half_full();

    storage_advance(&s, -50.0, HOUR_MS);
    assert_true(fabs(s.stored_kwh - 148.0) < 1e-9);
    storage_advance(&s, 50.0 * 0.96 * 0.96, HOUR_MS);
    assert_true(fabs(s.stored_kwh - 100.0) < 1e-9);
    assert_true(fabs(storage_dc_kw(&s, -50.0) + 48.0) < 1e-9);
    assert_true(fabs(storage_dc_kw(&s, 48.0) - 50.0) < 1e-9);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_charges_in_the_valley_and_at_noon_and_discharges_in_the_peak),
        cmocka_unit_test(whatever_is_asked_it_keeps_its_limits),
        cmocka_unit_test(a_round_trip_costs_the_efficiency_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
