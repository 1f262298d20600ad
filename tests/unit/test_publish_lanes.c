/* Which row goes next, and what an answer means for it: driven by a small outbox in memory that
 * follows the reader's contract (unacknowledged rows after a seq, rising). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "publish/lanes.h"

#define ROWS   5000
#define SECOND ((us_t)US_PER_S)

static struct {
    struct outbox_row row[ROWS];
    bool acked[ROWS];
    size_t count;
} box;

static struct lanes lanes;

static void add_row(enum outbox_kind kind) {
    box.row[box.count] = (struct outbox_row){.seq = box.count + 1, .kind = kind, .parts = 1};
    box.acked[box.count++] = false;
}

static void add_rows(enum outbox_kind kind, size_t n) {
    for (size_t i = 0; i < n; i++)
        add_row(kind);
}

static size_t read_box(uint64_t after, struct outbox_row *rows, size_t cap) {
    size_t n = 0;
    for (size_t i = (size_t)after; i < box.count && n < cap; i++) {
        if (!box.acked[i])
            rows[n++] = box.row[i];
    }
    return n;
}

static void feed(void) {
    struct outbox_row rows[LANES_PAGE];
    enum lane_id lane;
    uint64_t after;
    while (lanes_wants(&lanes, &lane, &after))
        lanes_fill(&lanes, lane, rows, read_box(after, rows, LANES_PAGE), LANES_PAGE);
}

/* The seq that goes next, sent with itself as token; 0 = none may go. */
static uint64_t send_next(us_t now) {
    struct outbox_row row;
    feed();
    if (!lanes_next(&lanes, now, &row))
        return 0;
    lanes_sent(&lanes, row.seq, (int)row.seq, now);
    return row.seq;
}

static enum row_verdict answer(uint64_t seq, int reason, us_t now) {
    uint64_t got = 0;
    enum row_verdict v = lanes_answer(&lanes, (int)seq, reason, now, 0, &got);
    if (v != ROW_UNKNOWN)
        assert_int_equal(got, seq);
    if (v == ROW_DONE)
        box.acked[seq - 1] = true;
    return v;
}

static void start(enum ack_mode mode, uint32_t backlog_per_s) {
    lanes_init(&lanes, mode, backlog_per_s);
    lanes_connected(&lanes, box.count, LANES_WINDOW);
}

static int setup(void **state) {
    (void)state;
    memset(&box, 0, sizeof box);
    return 0;
}

static void test_events_then_new_then_backlog_oldest_first(void **state) {
    (void)state;
    add_rows(OUTBOX_RECORD_1M, 3); /* 1 2 3 backlog */
    add_row(OUTBOX_EVENT);         /* 4 */
    start(ACK_PUBACK, 0);
    add_row(OUTBOX_RECORD_15M); /* 5 new */
    add_row(OUTBOX_EVENT);      /* 6 */
    lanes_wake(&lanes);
    static const uint64_t expected[] = {4, 6, 5, 1, 2, 3, 0};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        assert_int_equal(send_next(0), expected[i]);
}

static void test_a_late_event_overtakes_the_backlog(void **state) {
    (void)state;
    add_rows(OUTBOX_RECORD_1M, 100);
    start(ACK_PUBACK, 0);
    assert_int_equal(send_next(0), 1);
    assert_int_equal(send_next(0), 2);
    add_row(OUTBOX_EVENT);
    lanes_wake(&lanes);
    assert_int_equal(send_next(0), 101);
    assert_int_equal(send_next(0), 3);
}

static void test_an_old_event_is_found_behind_thousands_of_records(void **state) {
    (void)state;
    add_rows(OUTBOX_RECORD_1M, 4000);
    add_row(OUTBOX_EVENT);
    add_rows(OUTBOX_RECORD_1M, 500);
    start(ACK_PUBACK, 0);
    assert_int_equal(send_next(0), 4001);
    assert_int_equal(send_next(0), 1);
}

static void test_the_window_is_never_exceeded_and_every_row_goes_once(void **state) {
    (void)state;
    for (size_t i = 0; i < 1000; i++)
        add_row(i % 7 == 0 ? OUTBOX_EVENT : OUTBOX_RECORD_1M);
    start(ACK_PUBACK, 0);
    static uint8_t sent[1001];
    memset(sent, 0, sizeof sent);
    uint64_t flight[LANES_WINDOW];
    size_t in_flight = 0, total = 0;
    for (;;) {
        uint64_t seq;
        while ((seq = send_next(0)) != 0) {
            assert_true(in_flight < LANES_WINDOW);
            sent[seq]++;
            flight[in_flight++] = seq;
            total++;
        }
        if (in_flight == 0)
            break;
        assert_int_equal(answer(flight[0], PUBACK_OK, 0), ROW_DONE);
        memmove(flight, flight + 1, --in_flight * sizeof flight[0]);
    }
    assert_int_equal(total, 1000);
    for (size_t i = 1; i <= 1000; i++)
        assert_int_equal(sent[i], 1);
}

static void test_a_small_receive_maximum_is_respected(void **state) {
    (void)state;
    add_rows(OUTBOX_RECORD_1M, 5);
    lanes_init(&lanes, ACK_PUBACK, 0);
    lanes_connected(&lanes, 5, 2);
    assert_int_equal(send_next(0), 1);
    assert_int_equal(send_next(0), 2);
    assert_int_equal(send_next(0), 0);
    answer(2, PUBACK_OK, 0);
    assert_int_equal(send_next(0), 3);
}

static void test_the_backlog_keeps_its_rate_and_new_rows_do_not_wait(void **state) {
    (void)state;
    add_rows(OUTBOX_RECORD_1M, 10);
    start(ACK_PUBACK, 4); /* one every 250 ms */
    assert_int_equal(send_next(SECOND), 1);
    assert_int_equal(send_next(SECOND), 0);
    assert_int_equal(lanes_due(&lanes), SECOND + SECOND / 4);
    add_row(OUTBOX_RECORD_1M);
    lanes_wake(&lanes);
    assert_int_equal(send_next(SECOND), 11);
    assert_int_equal(send_next(SECOND + SECOND / 4), 2);
    assert_int_equal(send_next(SECOND + SECOND / 4), 0);
}

static void test_a_lost_connection_sends_again_what_was_in_flight(void **state) {
    (void)state;
    add_rows(OUTBOX_RECORD_1M, 4);
    start(ACK_PUBACK, 0);
    for (uint64_t i = 1; i <= 4; i++)
        assert_int_equal(send_next(0), i);
    answer(2, PUBACK_OK, 0);
    lanes_connected(&lanes, box.count, LANES_WINDOW);
    assert_int_equal(lanes_oldest_in_flight(&lanes), INT64_MAX);
    assert_int_equal(send_next(0), 1);
    assert_int_equal(send_next(0), 3);
    assert_int_equal(send_next(0), 4);
    assert_int_equal(send_next(0), 0);
}

static void test_an_answer_to_nothing_is_ignored(void **state) {
    (void)state;
    add_row(OUTBOX_EVENT);
    start(ACK_PUBACK, 0);
    assert_int_equal(answer(77, PUBACK_OK, 0), ROW_UNKNOWN);
    assert_int_equal(send_next(0), 1);
    assert_int_equal(answer(1, PUBACK_OK, 0), ROW_DONE);
    assert_int_equal(answer(1, PUBACK_OK, 0), ROW_UNKNOWN);
    assert_int_equal(lanes.in_flight, 0);
}

/* mode, reason -> what becomes of the row */
static void test_each_mode_judges_each_reason(void **state) {
    (void)state;
    static const struct {
        enum ack_mode mode;
        int reason;
        enum row_verdict expected;
    } cases[] = {
        {ACK_PUBACK, PUBACK_OK, ROW_DONE},
        {ACK_PUBACK, PUBACK_NO_SUBSCRIBER, ROW_DONE},
        {ACK_PUBACK, 0x87, ROW_LEFT},
        {ACK_PUBACK, PUBACK_TOO_LARGE, ROW_LEFT},
        {ACK_SUBSCRIBER, PUBACK_OK, ROW_DONE},
        {ACK_SUBSCRIBER, PUBACK_NO_SUBSCRIBER, ROW_LEFT},
        {ACK_SUBSCRIBER, 0x97, ROW_LEFT},
        {ACK_PLATFORM, PUBACK_OK, ROW_AWAITING},
        {ACK_PLATFORM, PUBACK_NO_SUBSCRIBER, ROW_AWAITING},
        {ACK_PLATFORM, PUBACK_PAYLOAD_INVALID, ROW_LEFT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        setup(NULL);
        add_row(OUTBOX_EVENT);
        start(cases[i].mode, 0);
        assert_int_equal(send_next(0), 1);
        assert_int_equal(answer(1, cases[i].reason, 0), cases[i].expected);
        assert_int_equal(lanes.in_flight, 0);
    }
}

static void test_no_subscriber_pauses_all_and_tries_again_with_back_off(void **state) {
    (void)state;
    add_rows(OUTBOX_RECORD_1M, 30);
    start(ACK_SUBSCRIBER, 0);
    us_t now = SECOND, waited = 0;
    for (int round = 0; round < 4; round++) {
        for (uint64_t i = 1; i <= LANES_WINDOW; i++)
            assert_int_equal(send_next(now), i);
        for (uint64_t i = 1; i <= LANES_WINDOW; i++)
            assert_int_equal(answer(i, PUBACK_NO_SUBSCRIBER, now), ROW_LEFT);
        assert_int_equal(send_next(now), 0);
        us_t due = lanes_due(&lanes);
        assert_true(due - now > waited); /* one step a round, each longer */
        assert_false(lanes_rewind_due(&lanes, due - 1));
        assert_true(lanes_rewind_due(&lanes, due));
        waited = due - now;
        now = due;
        lanes_rewind(&lanes, box.count, now);
    }
    for (uint64_t i = 1; i <= 30; i++) { /* somebody subscribed */
        assert_int_equal(send_next(now), i);
        assert_int_equal(answer(i, PUBACK_OK, now), ROW_DONE);
    }
    assert_int_equal(lanes_due(&lanes), INT64_MAX);
}

static void test_one_bad_row_does_not_hold_up_the_others(void **state) {
    (void)state;
    add_rows(OUTBOX_RECORD_1M, 50);
    start(ACK_PUBACK, 0);
    assert_int_equal(send_next(0), 1);
    assert_int_equal(answer(1, PUBACK_TOO_LARGE, 0), ROW_LEFT);
    for (uint64_t i = 2; i <= 50; i++) {
        assert_int_equal(send_next(0), i);
        assert_int_equal(answer(i, PUBACK_OK, 0), ROW_DONE);
    }
    assert_int_equal(send_next(0), 0);
    assert_int_equal(lanes_due(&lanes), 60 * SECOND);
    lanes_rewind(&lanes, box.count, 60 * SECOND);
    assert_int_equal(send_next(60 * SECOND), 1);
    assert_int_equal(answer(1, PUBACK_OK, 60 * SECOND), ROW_DONE);
}

static void test_a_row_that_cannot_be_read_rests(void **state) {
    (void)state;
    add_rows(OUTBOX_RECORD_1M, 2);
    start(ACK_PUBACK, 0);
    feed();
    struct outbox_row row;
    assert_true(lanes_next(&lanes, 0, &row));
    lanes_skip(&lanes, row.seq, 0);
    assert_int_equal(send_next(0), 2);
    assert_int_equal(send_next(0), 0);
    lanes_rewind(&lanes, 2, 30 * SECOND); /* for another reason: the row still rests */
    assert_int_equal(send_next(30 * SECOND), 0);
    assert_true(lanes_rewind_due(&lanes, 60 * SECOND));
}

static void test_the_platform_moves_the_cursor_and_silence_resends(void **state) {
    (void)state;
    add_rows(OUTBOX_RECORD_1M, 3);
    start(ACK_PLATFORM, 0);
    for (uint64_t i = 1; i <= 3; i++) {
        assert_int_equal(send_next(0), i);
        assert_int_equal(answer(i, PUBACK_OK, 0), ROW_AWAITING);
    }
    lanes_platform_ack(&lanes, 1, 2);
    box.acked[0] = box.acked[1] = true;
    assert_int_equal(send_next(SECOND), 0);
    assert_int_equal(lanes_due(&lanes), LANES_RESEND_US);
    assert_true(lanes_rewind_due(&lanes, LANES_RESEND_US));
    lanes_rewind(&lanes, box.count, LANES_RESEND_US);
    assert_int_equal(send_next(LANES_RESEND_US), 3);
    assert_int_equal(send_next(LANES_RESEND_US), 0);
}

static void test_a_silent_platform_stops_the_flow_at_the_table_size(void **state) {
    (void)state;
    add_rows(OUTBOX_RECORD_1M, LANES_TRACKED + 100);
    start(ACK_PLATFORM, 0);
    size_t n = 0;
    uint64_t seq;
    while ((seq = send_next(0)) != 0) {
        assert_int_equal(answer(seq, PUBACK_OK, 0), ROW_AWAITING);
        n++;
    }
    assert_int_equal(n, LANES_TRACKED);
    assert_int_equal(lanes_due(&lanes), LANES_RESEND_US); /* not at once: no busy loop */
    lanes_platform_ack(&lanes, 1, 10);
    assert_int_equal(send_next(0), LANES_TRACKED + 1);
}

static void test_the_oldest_in_flight_is_known(void **state) {
    (void)state;
    add_rows(OUTBOX_RECORD_1M, 2);
    start(ACK_PUBACK, 0);
    assert_int_equal(lanes_oldest_in_flight(&lanes), INT64_MAX);
    send_next(5);
    send_next(9);
    assert_int_equal(lanes_oldest_in_flight(&lanes), 5);
    answer(1, PUBACK_OK, 10);
    assert_int_equal(lanes_oldest_in_flight(&lanes), 9);
}

#define TEST(f) cmocka_unit_test_setup(f, setup)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_events_then_new_then_backlog_oldest_first),
        TEST(test_a_late_event_overtakes_the_backlog),
        TEST(test_an_old_event_is_found_behind_thousands_of_records),
        TEST(test_the_window_is_never_exceeded_and_every_row_goes_once),
        TEST(test_a_small_receive_maximum_is_respected),
        TEST(test_the_backlog_keeps_its_rate_and_new_rows_do_not_wait),
        TEST(test_a_lost_connection_sends_again_what_was_in_flight),
        TEST(test_an_answer_to_nothing_is_ignored),
        TEST(test_each_mode_judges_each_reason),
        TEST(test_no_subscriber_pauses_all_and_tries_again_with_back_off),
        TEST(test_one_bad_row_does_not_hold_up_the_others),
        TEST(test_a_row_that_cannot_be_read_rests),
        TEST(test_the_platform_moves_the_cursor_and_silence_resends),
        TEST(test_a_silent_platform_stops_the_flow_at_the_table_size),
        TEST(test_the_oldest_in_flight_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
