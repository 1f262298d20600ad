/* A range that is sent again: where it comes in, how far it has come, and what an answer means for
 * it. A small outbox in memory, all of it acknowledged before unless a test says otherwise. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "publish/lanes.h"

#define ROWS   2000
#define SECOND ((us_t)US_PER_S)

static struct {
    struct outbox_row row[ROWS];
    bool acked[ROWS];
    size_t count;
    unsigned sent[ROWS + 1]; /* times, by seq */
} box;
static uint64_t range_to;
static struct lanes lanes;

static void add_rows(enum outbox_kind kind, size_t n, bool acked) {
    for (size_t i = 0; i < n; i++) {
        box.row[box.count] = (struct outbox_row){.seq = box.count + 1, .kind = kind, .parts = 1};
        box.acked[box.count++] = acked;
    }
}

static size_t read_box(bool again, uint64_t after, struct outbox_row *rows, size_t cap) {
    size_t n = 0;
    for (size_t i = (size_t)after; i < box.count && n < cap; i++)
        if (again ? i < range_to : !box.acked[i])
            rows[n++] = box.row[i];
    return n;
}

static uint64_t send_next(us_t now) {
    struct outbox_row rows[LANES_PAGE], row;
    enum lane_id lane;
    uint64_t after;
    while (lanes_wants(&lanes, &lane, &after))
        lanes_fill(&lanes, lane, rows, read_box(lane == LANE_REPLAY, after, rows, LANES_PAGE),
                   LANES_PAGE);
    if (!lanes_next(&lanes, now, &row))
        return 0;
    lanes_sent(&lanes, row.seq, (int)row.seq, now);
    box.sent[row.seq]++;
    return row.seq;
}

static enum row_verdict answer(uint64_t seq, int reason, us_t now) {
    uint64_t got = 0;
    enum row_verdict v = lanes_answer(&lanes, (int)seq, reason, now, 0, &got);
    assert_int_equal(got, seq);
    if (v == ROW_DONE)
        box.acked[seq - 1] = true;
    return v;
}

static void start(enum ack_mode mode, uint32_t per_s) {
    lanes_init(&lanes, mode, per_s);
    lanes_connected(&lanes, box.count, LANES_WINDOW);
}

static void ask(uint64_t from, uint64_t to) {
    range_to = to;
    lanes_replay(&lanes, from - 1, to);
}

static int setup(void **state) {
    (void)state;
    memset(&box, 0, sizeof box);
    return 0;
}

static void everything_else_goes_before_it(void **state) {
    (void)state;
    add_rows(OUTBOX_RECORD_1M, 5, true);
    add_rows(OUTBOX_RECORD_1M, 2, false); /* 6 7 backlog */
    start(ACK_PUBACK, 0);
    add_rows(OUTBOX_RECORD_15M, 1, false); /* 8 new */
    add_rows(OUTBOX_EVENT, 1, false);      /* 9 */
    lanes_wake(&lanes);
    ask(2, 4);
    static const uint64_t expected[] = {9, 8, 6, 7, 2, 3, 4, 0};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        assert_int_equal(send_next(0), expected[i]);
}

static void it_is_through_when_every_row_is_acknowledged(void **state) {
    (void)state;
    add_rows(OUTBOX_EVENT, 3, true);
    add_rows(OUTBOX_RECORD_1M, 3, true);
    start(ACK_PUBACK, 0);
    ask(2, 5);
    assert_int_equal(lanes_replay_done(&lanes), 1);
    for (uint64_t seq = 2; seq <= 5; seq++)
        assert_int_equal(send_next(0), seq);
    assert_int_equal(answer(3, 0, 0), ROW_DONE);
    assert_int_equal(lanes_replay_done(&lanes), 1); /* 2 is not */
    assert_int_equal(answer(2, 0, 0), ROW_DONE);
    assert_int_equal(lanes_replay_done(&lanes), 3);
    assert_int_equal(answer(5, 0, 0), ROW_DONE);
    assert_int_equal(answer(4, 0, 0), ROW_DONE);
    assert_int_equal(send_next(0), 0);
    assert_int_equal(lanes_replay_done(&lanes), 5);
}

static void rows_that_are_gone_are_passed_over(void **state) {
    (void)state;
    add_rows(OUTBOX_RECORD_1M, 3, true);
    start(ACK_PUBACK, 0);
    ask(2, 900); /* of which 4..900 are not in the outbox */
    assert_int_equal(send_next(0), 2);
    assert_int_equal(send_next(0), 3);
    answer(2, 0, 0);
    answer(3, 0, 0);
    assert_int_equal(lanes_replay_done(&lanes), 900);
}

static void it_keeps_the_rate_while_new_rows_do_not_wait(void **state) {
    (void)state;
    add_rows(OUTBOX_RECORD_1M, 100, true);
    start(ACK_PUBACK, 10);
    ask(1, 100);
    unsigned again = 0;
    for (us_t now = 0; now < 2 * SECOND; now += SECOND / 100) {
        if (now == SECOND) {
            add_rows(OUTBOX_RECORD_1M, 1, false);
            lanes_wake(&lanes);
            assert_int_equal(send_next(now), 101);
            answer(101, 0, now);
        }
        uint64_t seq = send_next(now);
        again += seq > 0;
        if (seq > 0)
            answer(seq, 0, now);
    }
    assert_in_range(again, 19, 21);
    assert_true(lanes_due(&lanes) <= 2 * SECOND);
}

static void a_waiting_backlog_does_not_stop_it(void **state) {
    (void)state;
    add_rows(OUTBOX_RECORD_1M, 10, true);
    add_rows(OUTBOX_RECORD_1M, 10, false);
    start(ACK_PUBACK, 1);
    ask(1, 10);
    assert_int_equal(send_next(0), 11);
    assert_int_equal(send_next(0), 1);
    assert_int_equal(send_next(SECOND / 2), 0);
}

static void the_window_is_the_same_for_all(void **state) {
    (void)state;
    add_rows(OUTBOX_RECORD_1M, 100, true);
    start(ACK_PUBACK, 0);
    ask(1, 100);
    for (int i = 0; i < LANES_WINDOW; i++)
        assert_int_not_equal(send_next(0), 0);
    assert_int_equal(send_next(0), 0);
}

static void a_refusal_sends_the_row_again_after_the_pause(void **state) {
    (void)state;
    add_rows(OUTBOX_RECORD_1M, 4, true);
    start(ACK_PUBACK, 0);
    ask(1, 4);
    for (uint64_t seq = 1; seq <= 4; seq++)
        assert_int_equal(send_next(0), seq);
    answer(1, 0, 0);
    assert_int_equal(answer(2, 0x97, 0), ROW_LEFT); /* quota */
    answer(3, 0, 0);
    answer(4, 0, 0);
    assert_int_equal(lanes_replay_done(&lanes), 1);
    assert_int_equal(send_next(SECOND / 2), 0);
    us_t now = lanes_due(&lanes);
    assert_true(lanes_rewind_due(&lanes, now));
    lanes_rewind(&lanes, box.count, now);
    for (uint64_t seq = 2; seq <= 4; seq++) {
        assert_int_equal(send_next(now), seq);
        answer(seq, 0, now);
    }
    assert_int_equal(lanes_replay_done(&lanes), 4);
}

static void a_row_that_the_broker_never_takes_is_left_out(void **state) {
    (void)state;
    add_rows(OUTBOX_RECORD_1M, 3, true);
    start(ACK_PUBACK, 0);
    ask(1, 3);
    for (uint64_t seq = 1; seq <= 3; seq++)
        assert_int_equal(send_next(0), seq);
    answer(1, 0, 0);
    assert_int_equal(answer(2, PUBACK_TOO_LARGE, 0), ROW_PASSED);
    answer(3, 0, 0);
    assert_int_equal(lanes_replay_done(&lanes), 3);
    assert_int_equal(lanes_due(&lanes), INT64_MAX);
}

static void a_row_that_cannot_be_read_holds_the_range_for_a_minute(void **state) {
    (void)state;
    add_rows(OUTBOX_RECORD_1M, 3, true);
    start(ACK_PUBACK, 0);
    ask(1, 3);
    struct outbox_row row;
    assert_int_equal(send_next(0), 1);
    answer(1, 0, 0);
    assert_true(lanes_next(&lanes, 0, &row));
    lanes_skip(&lanes, row.seq, 0);
    assert_int_equal(lanes_replay_done(&lanes), 1);
    assert_int_equal(send_next(59 * SECOND), 0);
    assert_int_equal(send_next(60 * SECOND), 2);
    assert_int_equal(send_next(60 * SECOND), 3);
}

static void with_platform_only_its_word_counts(void **state) {
    (void)state;
    add_rows(OUTBOX_RECORD_1M, 3, true);
    start(ACK_PLATFORM, 0);
    ask(1, 3);
    for (uint64_t seq = 1; seq <= 3; seq++)
        assert_int_equal(send_next(0), seq);
    lanes_platform_ack(&lanes, 3, 3); /* before the broker answers */
    for (uint64_t seq = 1; seq <= 3; seq++)
        assert_int_equal(answer(seq, 0, 0), ROW_AWAITING);
    assert_int_equal(lanes_replay_done(&lanes), 0);
    lanes_platform_ack(&lanes, 1, 1);
    assert_int_equal(lanes_replay_done(&lanes), 1);
    us_t now = LANES_RESEND_US;
    assert_true(lanes_rewind_due(&lanes, now));
    lanes_rewind(&lanes, box.count, now);
    assert_int_equal(send_next(now), 2);
    assert_int_equal(send_next(now), 3); /* a duplicate does no harm */
    lanes_platform_ack(&lanes, 1, 3);
    answer(2, 0, now);
    answer(3, 0, now);
    assert_int_equal(lanes_replay_done(&lanes), 3);
}

static void a_platform_that_does_not_answer_it_still_gets_new_rows(void **state) {
    (void)state;
    add_rows(OUTBOX_RECORD_1M, 1500, true);
    start(ACK_PLATFORM, 0);
    ask(1, 1500);
    unsigned again = 0;
    for (uint64_t seq; (seq = send_next(0)) != 0; again++)
        answer(seq, 0, 0);
    assert_int_equal(again, LANES_AGAIN);
    add_rows(OUTBOX_RECORD_1M, 1, false);
    lanes_wake(&lanes);
    assert_int_equal(send_next(0), 1501);
}

static void a_range_may_become_wider(void **state) {
    (void)state;
    add_rows(OUTBOX_RECORD_1M, 9, true);
    start(ACK_PUBACK, 0);
    ask(1, 2);
    assert_int_equal(send_next(0), 1);
    assert_int_equal(send_next(0), 2);
    assert_int_equal(send_next(0), 0);
    range_to = 4;
    lanes_replay_widen(&lanes, 4);
    assert_int_equal(lanes_replay_done(&lanes), 0);
    assert_int_equal(send_next(0), 3);
    assert_int_equal(send_next(0), 4);
    assert_int_equal(send_next(0), 0);
    for (uint64_t seq = 1; seq <= 4; seq++)
        answer(seq, 0, 0);
    assert_int_equal(lanes_replay_done(&lanes), 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(everything_else_goes_before_it, setup),
        cmocka_unit_test_setup(it_is_through_when_every_row_is_acknowledged, setup),
        cmocka_unit_test_setup(rows_that_are_gone_are_passed_over, setup),
        cmocka_unit_test_setup(it_keeps_the_rate_while_new_rows_do_not_wait, setup),
        cmocka_unit_test_setup(a_waiting_backlog_does_not_stop_it, setup),
        cmocka_unit_test_setup(the_window_is_the_same_for_all, setup),
        cmocka_unit_test_setup(a_refusal_sends_the_row_again_after_the_pause, setup),
        cmocka_unit_test_setup(a_row_that_the_broker_never_takes_is_left_out, setup),
        cmocka_unit_test_setup(a_row_that_cannot_be_read_holds_the_range_for_a_minute, setup),
        cmocka_unit_test_setup(with_platform_only_its_word_counts, setup),
        cmocka_unit_test_setup(a_platform_that_does_not_answer_it_still_gets_new_rows, setup),
        cmocka_unit_test_setup(a_range_may_become_wider, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
