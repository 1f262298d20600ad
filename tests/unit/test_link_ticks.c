/* One link when all is well: polls at once on start, then on common ticks, in fair order; one test
 * a rule, in simulated time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "link_world.h"

static struct world world; /* large: 400,000 remembered requests */
#define W (&world)

static void first_poll_is_at_once_then_on_utc_ticks(void **state) {
    (void)state;
    world_init(W, LINK_TCP, 3, 1, SEC, SEC);
    us_t start = W->now;
    world_run(W, start + 10 * SEC);
    assert_true(W->first_good[2] - start < 50 * MS);
    for (size_t i = 3; i < W->send_count; i += 3) {
        us_t utc = W->sends[i].at + WORLD_UTC_AHEAD;
        assert_int_equal(W->sends[i].device, 0);
        assert_true(utc % SEC < MS);
        assert_int_equal(W->sends[i + 1].at - W->sends[i].at, 5 * MS); /* back to back */
    }
    assert_int_equal(W->send_count, 3 * 11);
}

static void different_periods_meet_on_common_ticks(void **state) {
    (void)state;
    world_init(W, LINK_TCP, 2, 1, SEC, SEC);
    W->devices[1].poll_us = 5 * SEC;
    world_run(W, W->now + 61 * SEC);
    for (size_t i = 2; i < W->send_count; i++) {
        us_t utc = W->sends[i].at + WORLD_UTC_AHEAD;
        if (W->sends[i].device == 1)
            assert_true(utc % (5 * SEC) < 10 * MS);
    }
    assert_in_range(W->polls_good[1], 12, 14);
}

static void slewed_or_stepped_clock_gives_no_double_poll(void **state) {
    (void)state;
    world_init(W, LINK_TCP, 1, 1, SEC, SEC);
    for (int k = 0; k < 600; k++) {
        world_run(W, W->now + 500 * MS);
        W->utc_ahead += k % 2 ? -250 : 200;
    }
    assert_in_range(W->polls_good[0], 299, 302);
    W->utc_ahead += 3600 * SEC + 300 * MS;
    size_t before = W->polls_good[0];
    world_run(W, W->now + 10 * SEC);
    assert_in_range(W->polls_good[0] - before, 9, 11);
}

static void missed_ticks_are_skipped_not_piled_up(void **state) {
    (void)state;
    world_init(W, LINK_TCP, 1, 1, SEC, 5 * SEC);
    W->actors[0].latency = 3500 * MS; /* slower than three ticks, within its time-out */
    world_run(W, W->now + 70 * SEC);
    W->actors[0].latency = 5 * MS;
    world_run(W, W->now + 4 * SEC);
    size_t sent = W->send_count;
    world_run(W, W->now + 10 * SEC);
    assert_in_range(W->send_count - sent, 9, 11);
}

static void oversubscribed_line_never_idles_and_is_fair(void **state) {
    (void)state;
    world_init(W, LINK_RTU, 12, 1, 900 * MS, SEC);
    for (size_t i = 0; i < 12; i++)
        W->actors[i].latency = (60 + (us_t)i * 7) * MS; /* 1.2 s a round */
    world_run(W, W->now + 20 * SEC);
    size_t from = W->send_count;
    size_t polls[12];
    memcpy(polls, W->polls_good, sizeof polls);
    world_run(W, W->now + 100 * SEC);
    size_t low = SIZE_MAX, high = 0;
    for (size_t i = 0; i < 12; i++) {
        size_t n = W->polls_good[i] - polls[i];
        low = n < low ? n : low;
        high = n > high ? n : high;
    }
    assert_true(high - low <= 1);
    for (size_t i = from + 1; i < W->send_count; i++) {
        us_t busy = W->actors[W->sends[i - 1].device].latency;
        assert_int_equal(W->sends[i].at - W->sends[i - 1].at, busy + 2006);
    }
    assert_int_equal(W->early, 0);
}

static void pauses_are_kept(void **state) {
    (void)state;
    world_init(W, LINK_TCP, 2, 2, SEC, SEC);
    W->fsm.set.connect_gap_us = 1500 * MS;
    W->points[1].register_no = 100;
    for (size_t i = 0; i < 2; i++) {
        struct poll_device *d = &W->devices[i];
        d->gap_us = 30 * MS;
        (void)plan_build(&W->profile, d->cost, &d->plan, W->parts[i], W->requests[i], WORLD_POINTS);
    }
    us_t start = W->now;
    world_run(W, start + 10 * SEC);
    assert_true(W->sends[0].at - start >= 1501 * MS);
    for (size_t i = 1; i < W->send_count; i++)
        assert_true(W->sends[i].at - W->sends[i - 1].at >= 5 * MS + 30 * MS);
    assert_true(W->polls_good[1] >= 8);
}

static void link_that_may_not_open_waits_in_the_queue(void **state) {
    (void)state;
    world_init(W, LINK_TCP, 1, 1, SEC, SEC);
    us_t until;
    assert_int_equal(link_fsm_next(&W->fsm, world_moment(W), false, &until), LINK_QUEUE);
    assert_int_equal(link_fsm_next(&W->fsm, world_moment(W), true, &until), LINK_OPEN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_poll_is_at_once_then_on_utc_ticks),
        cmocka_unit_test(different_periods_meet_on_common_ticks),
        cmocka_unit_test(slewed_or_stepped_clock_gives_no_double_poll),
        cmocka_unit_test(missed_ticks_are_skipped_not_piled_up),
        cmocka_unit_test(oversubscribed_line_never_idles_and_is_fair),
        cmocka_unit_test(pauses_are_kept),
        cmocka_unit_test(link_that_may_not_open_waits_in_the_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
