/* Silence: of a device, and of the link to the platform. */
#include "signal_run.h"

#include "alert/signal_gap.h"

static void the_longer_of_three_polls_and_a_minute_is_allowed(void **state) {
    (void)state;
    assert_int_equal(gap_allowed(1000), 60000);
    assert_int_equal(gap_allowed(20000), 60000);
    assert_int_equal(gap_allowed(60000), 180000);
}

struct device {
    struct gap_state gap;
    struct signal_run run;
};

static void second(struct device *d, bool good) {
    if (good)
        gap_good(&d->gap, d->run.t - 400);
    run_value(&d->run, signal_gap(&d->gap, d->run.t, gap_allowed(1000), &d->run.rule->limits));
}

static void seconds(struct device *d, bool good, int n) {
    for (int i = 0; i < n; i++)
        second(d, good);
}

static void start(struct device *d) {
    gap_init(&d->gap);
    run_start(&d->run, ALERT_DATA_GAP);
}

static void a_minute_of_silence_is_a_gap_and_three_good_polls_end_it(void **state) {
    (void)state;
    struct device d;
    start(&d);
    seconds(&d, true, 100);
    seconds(&d, false, 59);
    run_expect(&d.run, NOTHING);
    seconds(&d, false, 2);
    run_expect(&d.run, ALERT_RAISED);
    seconds(&d, false, 3600);
    seconds(&d, true, 2);
    run_expect(&d.run, NOTHING);
    second(&d, true);
    run_expect(&d.run, ALERT_CLEARED);
}

static void good_polls_between_two_silences_are_counted_anew(void **state) {
    (void)state;
    struct device d;
    start(&d);
    seconds(&d, true, 5);
    seconds(&d, false, 70);
    run_expect(&d.run, ALERT_RAISED);
    seconds(&d, true, 2);
    seconds(&d, false, 61);
    seconds(&d, true, 2);
    run_expect(&d.run, NOTHING);
    second(&d, true);
    run_expect(&d.run, ALERT_CLEARED);
}

static void a_device_that_never_answered_is_silent_since_the_start(void **state) {
    (void)state;
    struct device d;
    start(&d);
    seconds(&d, false, 60);
    run_expect(&d.run, NOTHING);
    second(&d, false);
    run_expect(&d.run, ALERT_RAISED);
}

static void a_clock_that_goes_back_proves_no_silence(void **state) {
    (void)state;
    struct device d;
    start(&d);
    seconds(&d, true, 10);
    d.run.t -= 3600 * MS_PER_S;
    seconds(&d, false, 30);
    run_expect(&d.run, NOTHING);
    run_life(ALERT_DATA_GAP, 100.0, 0.0);
}

static void rows_that_wait_five_minutes_without_an_answer_are_a_dead_link(void **state) {
    (void)state;
    struct link_state link;
    struct signal_run r;
    uint64_t head = 10, floor = 10;
    link_init(&link);
    run_start(&r, ALERT_DATA_GAP);
    for (int s = 0; s < 3600; s++) { /* nothing to send */
        run_value(&r, signal_link(&link, floor, head, r.t));
    }
    for (int s = 1; s < 300; s++) { /* the last second without rows counts as the start */
        head = 11 + (uint64_t)s / 60;
        run_value(&r, signal_link(&link, floor, head, r.t));
    }
    run_expect(&r, NOTHING);
    run_value(&r, signal_link(&link, floor, head, r.t));
    run_expect(&r, ALERT_RAISED);
    run_value(&r, signal_link(&link, floor + 1, head, r.t)); /* back, though far behind */
    run_expect(&r, ALERT_CLEARED);
    for (int s = 0; s < 1200; s++)
        run_value(&r, signal_link(&link, floor + 2 + (uint64_t)s / 200, head + 100, r.t));
    run_expect(&r, NOTHING);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longer_of_three_polls_and_a_minute_is_allowed),
        cmocka_unit_test(a_minute_of_silence_is_a_gap_and_three_good_polls_end_it),
        cmocka_unit_test(good_polls_between_two_silences_are_counted_anew),
        cmocka_unit_test(a_device_that_never_answered_is_silent_since_the_start),
        cmocka_unit_test(a_clock_that_goes_back_proves_no_silence),
        cmocka_unit_test(rows_that_wait_five_minutes_without_an_answer_are_a_dead_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
