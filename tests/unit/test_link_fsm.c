/* One link when something is wrong: silent devices, late and bad replies, exceptions, lost
 * connections. One test a rule, in simulated time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "link_world.h"

static struct world world; /* large: 400,000 remembered requests */
#define W (&world)

/* ---- silence of devices ---- */

static void silent_device_is_probed_at_its_back_off_only(void **state) {
    (void)state;
    world_init(W, LINK_TCP, 1, 1, SEC, 300 * MS);
    W->actors[0].how = IS_SILENT;
    world_run(W, W->now + 200 * SEC);
    const us_t pause_s[] = {1, 2, 4, 8, 16, 32, 60};
    for (size_t i = 0; i + 1 < W->send_count && i < 7; i++) {
        us_t gap = W->sends[i + 1].at - W->sends[i].deadline;
        assert_true(gap >= pause_s[i] * 900 * MS);
        assert_true(gap <= pause_s[i] * 1100 * MS + 20 * MS);
    }
    assert_in_range(W->send_count, 7, 10);
}

static void device_goes_down_once_then_reports_each_minute(void **state) {
    (void)state;
    world_init(W, LINK_TCP, 1, 1, SEC, 300 * MS);
    world_run(W, W->now + 10 * SEC);
    assert_int_equal(W->ups[0], 1);
    W->actors[0].how = IS_SILENT;
    world_run(W, W->now + 5 * SEC);
    assert_int_equal(W->polls_failed[0], 1);
    assert_int_equal(W->downs[0], 1);
    assert_int_equal(W->last_reason, ERR_TIMEOUT);
    world_run(W, W->down_at[0] + 181 * SEC);
    assert_int_equal(W->downs[0], 1);
    assert_int_equal(W->still[0], 3);
    W->actors[0].how = ANSWERS;
    world_run(W, W->now + 70 * SEC);
    assert_int_equal(W->ups[0], 2);
    assert_true(world_rate(W, 0, 20 * SEC) >= 0.95);
}

static void ten_of_a_hundred_silent_leave_the_others_their_rate(void **state) {
    (void)state;
    world_init(W, LINK_TCP, 100, 1, SEC, SEC);
    for (size_t i = 9; i < 100; i += 10)
        W->actors[i].how = IS_SILENT;
    for (size_t i = 0; i < 100; i++)
        W->actors[i].latency = 2 * MS;
    world_run(W, W->now + 15 * SEC); /* all have been asked for the first time by now */
    assert_true(world_slowest(W, 45 * SEC) >= 0.95);
    assert_true(world_slowest(W, 120 * SEC) >= 0.99);
    for (size_t i = 9; i < 100; i += 10)
        assert_int_equal(W->downs[i], 1);
}

static void one_of_ten_dead_on_a_serial_line_leaves_the_others_their_rate(void **state) {
    (void)state;
    world_init(W, LINK_RTU, 10, 1, SEC, 300 * MS);
    for (size_t i = 0; i < 10; i++)
        W->actors[i].latency = 78 * MS; /* 60 registers at 19200 */
    W->actors[9].how = IS_SILENT;
    world_run(W, W->now + 10 * SEC);
    assert_true(world_slowest(W, 120 * SEC) >= 0.99);
    assert_int_equal(W->early, 0);
}

static void probe_ends_before_the_healthy_are_due(void **state) {
    (void)state;
    world_init(W, LINK_TCP, 2, 1, SEC, SEC);
    W->actors[1].how = IS_SILENT;
    us_t start = W->now;
    world_run(W, start + 300 * SEC);
    size_t probes = 0;
    for (size_t i = 2; i < W->send_count; i++) {
        const struct send *s = &W->sends[i];
        if (s->device == 0) {
            assert_true((s->at + WORLD_UTC_AHEAD) % SEC < 3 * MS); /* never held up */
            continue;
        }
        probes++;
        us_t tick = ((s->at + WORLD_UTC_AHEAD) / SEC + 1) * SEC - WORLD_UTC_AHEAD;
        assert_true(s->deadline < tick);
    }
    assert_true(probes >= 6);
}

static void starved_probe_gets_a_twentieth_of_a_full_line(void **state) {
    (void)state;
    world_init(W, LINK_RTU, 10, 1, SEC, 300 * MS);
    for (size_t i = 0; i < 10; i++)
        W->actors[i].latency = 150 * MS;
    W->actors[4].how = IS_SILENT;
    world_run(W, W->now + 60 * SEC);
    W->actors[4].how = ANSWERS;
    world_run(W, W->now + 80 * SEC); /* no idle time at all, and yet it is found again */
    assert_int_equal(W->ups[4], 1);
    assert_int_equal(W->devices[4].state, DEVICE_UP);
}

/* ---- late replies ---- */

static void late_reply_within_the_time_out_brings_the_device_back(void **state) {
    (void)state;
    world_init(W, LINK_TCP, 2, 1, SEC, 3 * SEC);
    W->actors[1].how = IS_SILENT;
    world_run(W, W->now + 30 * SEC);
    W->actors[1].how = ANSWERS;
    W->actors[1].latency = 1200 * MS; /* longer than the room between two ticks */
    world_run(W, W->now + 70 * SEC);
    assert_true(W->lates >= 1);
    assert_int_equal(W->devices[1].state, DEVICE_UP);
    assert_int_equal(W->closes, W->opens - 1);
}

static void device_slower_than_its_time_out_stays_in_back_off(void **state) {
    (void)state;
    world_init(W, LINK_TCP, 2, 1, SEC, 400 * MS);
    W->actors[1].latency = 700 * MS;
    world_run(W, W->now + 10 * SEC);
    assert_true(W->lates >= 2);
    size_t closes = W->closes;
    assert_true(world_rate(W, 0, 120 * SEC) >= 0.99);
    assert_int_equal(W->closes, closes); /* a late reply never closes the link */
    assert_int_equal(W->devices[1].state, DEVICE_DOWN);
}

static void given_up_requests_are_remembered_once_and_forgotten_on_reopen(void **state) {
    (void)state;
    world_init(W, LINK_TCP, 2, 1, SEC, 400 * MS);
    W->actors[1].how = IS_SILENT;
    world_run(W, W->now + 700 * MS);
    const struct link_ask *late = link_fsm_given_up_last(&W->fsm);
    assert_non_null(late);
    uint16_t transaction = late->transaction;
    assert_ptr_equal(link_fsm_given_up(&W->fsm, transaction), late);
    assert_null(link_fsm_given_up(&W->fsm, (uint16_t)(transaction + 100)));
    link_fsm_late(&W->fsm, world_moment(W), late);
    assert_null(link_fsm_given_up(&W->fsm, transaction));
    assert_null(link_fsm_given_up_last(&W->fsm));
}

static void serial_line_drains_after_a_time_out_until_silent(void **state) {
    (void)state;
    world_init(W, LINK_RTU, 2, 1, SEC, 300 * MS);
    W->actors[0].latency = 310 * MS; /* its reply falls into the drain */
    us_t start = W->now;
    world_run(W, start + 600 * MS);
    assert_int_equal(W->sends[0].device, 0);
    assert_int_equal(W->sends[1].device, 1);
    us_t late_byte = W->sends[0].at + 310 * MS;
    assert_int_equal(W->lates, 1);
    assert_int_equal(W->sends[1].at, late_byte + 22 * MS);
    assert_int_equal(W->polls_good[1], 1);
}

static void same_unit_is_not_asked_again_before_its_response_time_is_over(void **state) {
    (void)state;
    world_init(W, LINK_RTU, 2, 1, SEC, 5 * SEC);
    W->actors[1].how = IS_SILENT;
    world_run(W, W->now + 100 * SEC);
    us_t last = -100 * SEC;
    for (size_t i = 0; i < W->send_count; i++) {
        if (W->sends[i].device != 1)
            continue;
        assert_true(W->sends[i].at - last >= 5 * SEC);
        last = W->sends[i].at;
    }
    assert_true(last > 0);
}

static void babbling_line_is_reopened(void **state) {
    (void)state;
    world_init(W, LINK_RTU, 1, 1, 10 * SEC, SEC);
    world_run(W, W->now + SEC);
    size_t closes = W->closes;
    for (int k = 0; k < 150; k++) {
        link_fsm_noise(&W->fsm, world_moment(W));
        world_run(W, W->now + 10 * MS);
    }
    assert_true(W->closes > closes);
    world_run(W, W->now + 30 * SEC);
    assert_true(W->polls_good[0] >= 3);
}

/* ---- bad frames ---- */

static void bad_frame_closes_tcp_and_hurts_no_neighbour(void **state) {
    (void)state;
    world_init(W, LINK_TCP, 3, 1, SEC, SEC);
    W->actors[1].how = GARBLES;
    world_run(W, W->now + 10 * SEC);
    assert_true(W->closes >= 2);
    assert_int_equal(W->link_downs, 0);
    assert_int_equal(W->downs[1], 1);
    assert_int_equal(W->last_reason, ERR_UNIT);
    assert_true(world_slowest(W, 60 * SEC) >= 0.95);
}

static void bad_checksum_drains_and_asks_once_more(void **state) {
    (void)state;
    world_init(W, LINK_RTU, 1, 1, 10 * SEC, SEC);
    W->actors[0].how = GARBLES;
    us_t start = W->now;
    world_run(W, start + 20 * MS);
    W->actors[0].how = ANSWERS;
    world_run(W, start + SEC);
    assert_int_equal(W->send_count, 2);
    assert_int_equal(W->sends[1].at - W->sends[0].at, 5 * MS + 22 * MS);
    assert_int_equal(W->polls_good[0], 1);
    assert_int_equal(W->closes, 0);
}

static void two_bad_frames_fail_the_poll(void **state) {
    (void)state;
    world_init(W, LINK_RTU, 1, 1, 10 * SEC, SEC);
    W->actors[0].how = GARBLES;
    world_run(W, W->now + 500 * MS);
    assert_int_equal(W->send_count, 2);
    assert_int_equal(W->polls_failed[0], 1);
    assert_int_equal(W->last_reason, ERR_CRC);
}

/* ---- exceptions ---- */

static void exception_2_splits_and_remembers_the_hole(void **state) {
    (void)state;
    world_init(W, LINK_TCP, 1, 8, SEC, SEC);
    W->actors[0].no_register = 5;
    world_run(W, W->now + 5 * SEC);
    assert_int_equal(W->holes, 1);
    assert_int_equal(W->polls_good[0], 6); /* the very first one included */
    const struct plan *plan = &W->devices[0].plan;
    size_t served = 0;
    for (size_t k = 0; k < plan->request_count; k++) {
        const struct pdu_read *r = &plan->requests[k].read;
        assert_false(r->start <= 5 && 5 < r->start + r->count);
        served += plan->requests[k].count;
    }
    assert_int_equal(served, 7);
    assert_true(plan->parts[5].hole);
}

static void device_that_lacks_everything_is_down_not_holes(void **state) {
    (void)state;
    world_init(W, LINK_TCP, 1, 4, SEC, SEC);
    W->actors[0].how = REFUSES;
    W->actors[0].exception = 2;
    world_run(W, W->now + 500 * MS);
    assert_int_equal(W->devices[0].plan.request_count, 1); /* built anew */
    W->actors[0].how = ANSWERS;
    world_run(W, W->now + 10 * SEC);
    assert_true(W->polls_good[0] >= 7);
}

static void other_exceptions_leave_the_device_up(void **state) {
    (void)state;
    const uint8_t codes[] = {1, 3, 4, 5, 6};
    for (size_t k = 0; k < sizeof codes; k++) {
        world_init(W, LINK_TCP, 1, 2, SEC, SEC);
        W->actors[0].how = REFUSES;
        W->actors[0].exception = codes[k];
        world_run(W, W->now + 5 * SEC);
        assert_int_equal(W->polls_good[0], 6);
        assert_int_equal(W->devices[0].state, DEVICE_UP);
    }
}

static void gateway_exceptions_count_as_silence(void **state) {
    (void)state;
    const uint8_t codes[] = {0x0A, 0x0B};
    for (size_t k = 0; k < sizeof codes; k++) {
        world_init(W, LINK_TCP, 2, 1, SEC, SEC);
        W->actors[1].how = REFUSES;
        W->actors[1].exception = codes[k];
        world_run(W, W->now + 10 * SEC);
        assert_int_equal(W->downs[1], 1);
        assert_int_equal(W->polls_good[1], 0);
        assert_int_equal(W->polls_good[0], 11);
        assert_int_equal(W->closes, 0);
    }
}

static void partly_answered_poll_still_delivers(void **state) {
    (void)state;
    world_init(W, LINK_TCP, 1, 2, SEC, 300 * MS);
    W->points[1].register_no = 100; /* two requests */
    struct poll_device *d = &W->devices[0];
    (void)plan_build(&W->profile, d->cost, &d->plan, W->parts[0], W->requests[0], WORLD_POINTS);
    us_t start = W->now;
    world_run(W, start + 3 * MS);
    W->actors[0].how = IS_SILENT; /* from the second request on */
    world_run(W, start + 600 * MS);
    assert_int_equal(W->polls_cut[0], 1);
    assert_int_equal(W->last_reason, ERR_TIMEOUT);
    assert_int_equal(W->downs[0], 0);
    W->actors[0].how = ANSWERS;
    world_run(W, start + 5 * SEC);
    assert_true(W->polls_good[0] >= 3);
}

/* ---- the link ---- */

static void refused_connect_backs_off_and_takes_the_devices_down(void **state) {
    (void)state;
    world_init(W, LINK_TCP, 4, 1, SEC, SEC);
    W->refuse_connects = true;
    us_t start = W->now;
    world_run(W, start + 200 * SEC);
    assert_in_range(W->opens, 8, 10); /* 0 1 3 7 15 31 63 123 183 s */
    assert_int_equal(W->link_downs, 1);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(W->downs[i], 1);
        assert_true(W->down_at[i] - start < 2 * SEC);
        assert_int_equal(W->still[i], 3);
    }
    W->refuse_connects = false;
    world_run(W, W->now + 70 * SEC);
    assert_int_equal(W->link_ups, 1);
    assert_true(world_slowest(W, 20 * SEC) >= 0.95);
}

static void swallowed_connect_ends_at_its_deadline(void **state) {
    (void)state;
    world_init(W, LINK_TCP, 1, 1, SEC, SEC);
    W->swallow_connects = true;
    us_t start = W->now;
    world_run(W, start + 1500 * MS);
    assert_int_equal(W->opens, 1);
    assert_int_equal(W->closes, 1);
    assert_int_equal(W->last_reason, ERR_TIMEOUT);
}

static void reset_of_a_working_link_is_reopened_at_once(void **state) {
    (void)state;
    world_init(W, LINK_TCP, 2, 1, SEC, SEC);
    world_run(W, W->now + 5300 * MS);
    size_t opens = W->opens;
    link_fsm_lost(&W->fsm, world_moment(W), ERR_CLOSED);
    assert_true(world_slowest(W, 10 * SEC) >= 0.95);
    assert_int_equal(W->opens, opens + 1);
    assert_int_equal(W->link_downs, 0);
}

static void device_that_resets_hurts_no_neighbour(void **state) {
    (void)state;
    world_init(W, LINK_TCP, 3, 1, SEC, SEC);
    W->actors[0].how = RESETS;
    world_run(W, W->now + 10 * SEC);
    assert_int_equal(W->downs[0], 1);
    assert_true(world_slowest(W, 60 * SEC) >= 0.95);
}

static void mute_peer_is_reconnected_after_three_time_outs(void **state) {
    (void)state;
    world_init(W, LINK_TCP, 1, 1, SEC, 300 * MS);
    W->actors[0].how = IS_SILENT;
    world_run(W, W->now + 12 * SEC);
    assert_int_equal(W->timeouts, 4); /* at 0, 1.3, 3.6 and 7.9 s */
    assert_int_equal(W->closes, 1);
    assert_int_equal(W->opens, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silent_device_is_probed_at_its_back_off_only),
        cmocka_unit_test(device_goes_down_once_then_reports_each_minute),
        cmocka_unit_test(ten_of_a_hundred_silent_leave_the_others_their_rate),
        cmocka_unit_test(one_of_ten_dead_on_a_serial_line_leaves_the_others_their_rate),
        cmocka_unit_test(probe_ends_before_the_healthy_are_due),
        cmocka_unit_test(starved_probe_gets_a_twentieth_of_a_full_line),
        cmocka_unit_test(late_reply_within_the_time_out_brings_the_device_back),
        cmocka_unit_test(device_slower_than_its_time_out_stays_in_back_off),
        cmocka_unit_test(given_up_requests_are_remembered_once_and_forgotten_on_reopen),
        cmocka_unit_test(serial_line_drains_after_a_time_out_until_silent),
        cmocka_unit_test(same_unit_is_not_asked_again_before_its_response_time_is_over),
        cmocka_unit_test(babbling_line_is_reopened),
        cmocka_unit_test(bad_frame_closes_tcp_and_hurts_no_neighbour),
        cmocka_unit_test(bad_checksum_drains_and_asks_once_more),
        cmocka_unit_test(two_bad_frames_fail_the_poll),
        cmocka_unit_test(exception_2_splits_and_remembers_the_hole),
        cmocka_unit_test(device_that_lacks_everything_is_down_not_holes),
        cmocka_unit_test(other_exceptions_leave_the_device_up),
        cmocka_unit_test(gateway_exceptions_count_as_silence),
        cmocka_unit_test(partly_answered_poll_still_delivers),
        cmocka_unit_test(refused_connect_backs_off_and_takes_the_devices_down),
        cmocka_unit_test(swallowed_connect_ends_at_its_deadline),
        cmocka_unit_test(reset_of_a_working_link_is_reopened_at_once),
        cmocka_unit_test(device_that_resets_hurts_no_neighbour),
        cmocka_unit_test(mute_peer_is_reconnected_after_three_time_outs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
