/* A meter that stands still: all its readings, or its energy alone. */
#include "signal_run.h"

#include "alert/signal_stuck.h"

/* A meter of 1000 kW rating, read each second. */
static struct stuck_poll poll_at(int s, uint64_t seen, double kw, double energy) {
    return (struct stuck_poll){.at = SIGNAL_T0 + s * MS_PER_S,
                               .poll_ms = 1000,
                               .seen = seen,
                               .whole = true,
                               .current = 100.0,
                               .kw = kw,
                               .rated_kw = 1000.0,
                               .energy = energy,
                               .energy_step = 0.01};
}

static double take(struct stuck *s, const struct stuck_poll *p) {
    enum stuck_sign sign;
    stuck_take(s, p);
    return signal_stuck(s, &sign);
}

static void readings_that_are_the_same_for_60_polls_are_stuck(void **state) {
    (void)state;
    struct stuck s;
    struct signal_run r;
    stuck_init(&s);
    run_start(&r, ALERT_METER_STUCK);
    for (int i = 0; i < 100; i++) { /* alive */
        struct stuck_poll p = poll_at(i, (uint64_t)i, 300.0, i / 12.0);
        run_value(&r, take(&s, &p));
    }
    for (int i = 100; i < 159; i++) {
        struct stuck_poll p = poll_at(i, 7, 300.0, 8.0);
        run_value(&r, take(&s, &p));
    }
    run_expect(&r, NOTHING);
    struct stuck_poll p = poll_at(159, 7, 300.0, 8.0);
    run_value(&r, take(&s, &p)); /* the 60th */
    run_expect(&r, ALERT_RAISED);
    enum stuck_sign sign;
    signal_stuck(&s, &sign);
    assert_int_equal(sign, STUCK_READINGS);
    p = poll_at(160, 8, 300.0, 8.0); /* the first change */
    run_value(&r, take(&s, &p));
    run_expect(&r, ALERT_CLEARED);
}

static void without_a_current_or_with_a_part_unread_nothing_is_stuck(void **state) {
    (void)state;
    struct stuck s;
    stuck_init(&s);
    for (int i = 0; i < 200; i++) {
        struct stuck_poll p = poll_at(i, 7, 0.0, 8.0);
        p.current = 0.0;
        CLOSE(take(&s, &p), 0.0);
        p.at += 1;
        p.current = 5.0;
        p.whole = false;
        CLOSE(take(&s, &p), 0.0);
    }
}

static double energy_alone(struct stuck *s, int seconds, double kw, double step) {
    double value = 0.0;
    stuck_init(s);
    for (int i = 0; i <= seconds; i++) {
        struct stuck_poll p = poll_at(i, (uint64_t)i, kw, 500.0);
        p.energy_step = step;
        value = take(s, &p);
    }
    return value;
}

static void energy_that_stands_for_half_an_hour_under_power_is_stuck(void **state) {
    (void)state;
    struct stuck s;
    enum stuck_sign sign;
    assert_true(energy_alone(&s, 1799, 300.0, 0.01) < 100.0);
    CLOSE(energy_alone(&s, 1800, 300.0, 0.01), 100.0);
    signal_stuck(&s, &sign);
    assert_int_equal(sign, STUCK_ENERGY);
    CLOSE(energy_alone(&s, 1800, -300.0, 0.01), 100.0);     /* the other way as well */
    assert_true(energy_alone(&s, 7200, 20.0, 0.01) < 50.0); /* 2 % of the rating: may be nothing */
    struct stuck_poll p = poll_at(7201, 1, 300.0, 501.0);
    CLOSE(take(&s, &p), 100.0 / STUCK_POLLS); /* the first change */
}

static void a_register_too_coarse_to_move_is_not_stuck(void **state) {
    (void)state;
    struct stuck s;
    /* 30 kW make 15 kWh in half an hour: less than two steps of 80 kWh */
    assert_true(energy_alone(&s, 3600, 30.0, 80.0) < 50.0);
    assert_true(energy_alone(&s, 6 * 3600, 30.0, 80.0) >= 100.0);
}

static void a_silence_starts_the_time_again(void **state) {
    (void)state;
    struct stuck s;
    energy_alone(&s, 1500, 300.0, 0.01);
    struct stuck_poll p = poll_at(1500 + 400, 1, 300.0, 500.0);
    assert_true(take(&s, &p) < 50.0);
    p = poll_at(1901, 2, (double)NAN, 500.0); /* power unknown: the same */
    assert_true(take(&s, &p) < 50.0);
    p = poll_at(1902, 3, 300.0, (double)NAN);
    assert_true(take(&s, &p) < 50.0);
}

static void it_is_raised_and_cleared_at_once_and_held_while_silent(void **state) {
    (void)state;
    run_life(ALERT_METER_STUCK, 100.0, 1.7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readings_that_are_the_same_for_60_polls_are_stuck),
        cmocka_unit_test(without_a_current_or_with_a_part_unread_nothing_is_stuck),
        cmocka_unit_test(energy_that_stands_for_half_an_hour_under_power_is_stuck),
        cmocka_unit_test(a_register_too_coarse_to_move_is_not_stuck),
        cmocka_unit_test(a_silence_starts_the_time_again),
        cmocka_unit_test(it_is_raised_and_cleared_at_once_and_held_while_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
