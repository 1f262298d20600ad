/* Which alerts go into the next message of a webhook, when, and what is acknowledged then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "alert/alert.h"
#include "publish/webhook_queue.h"
#include "publish/webhook_rate.h"
#include "store/cursor.h"

#define HOUR ((ms_t)3600 * 1000)
#define NOON ((ms_t)1700000000000 / (24 * HOUR) * (24 * HOUR) + 12 * HOUR) /* UTC */

static const struct quiet_span night = {
    .from_min = 22 * 60, .to_min = 7 * 60, .days = 0x7f, .below = ALERT_CRITICAL};

static struct webhook_queue q;
static struct webhook_plan plan;
static char acks[4000];
static struct cursor cursor;

static void on_ack(void *arg, uint64_t from, uint64_t to) {
    (void)arg;
    size_t n = strlen(acks);
    snprintf(acks + n, sizeof acks - n, "%d-%d ", (int)from, (int)to);
    (void)cursor_ack(&cursor, from, to);
}

static void begin(void) {
    webhook_queue_init(&q);
    acks[0] = '\0';
    cursor = (struct cursor){0};
}

/* Row seq is an alert; those between are none. */
static void put(uint64_t seq, ms_t at, uint8_t severity) {
    const struct outbox_row row = {.seq = seq, .kind = OUTBOX_EVENT};
    while (q.scanned + 1 < seq)
        webhook_queue_see(&q, q.scanned + 1);
    webhook_queue_see(&q, seq);
    webhook_queue_put(&q, &row, at, severity);
}

static bool choose(ms_t now, size_t room) {
    const struct webhook_terms t = {
        .quiet = &night, .quiet_count = 1, .now = now, .room = room, .rows_max = 100};
    return webhook_queue_plan(&q, &t, &plan);
}

static void done(const char *expected) {
    acks[0] = '\0';
    webhook_queue_done(&q, on_ack, NULL);
    assert_string_equal(acks, expected);
}

static void each_alert_has_a_message_while_there_is_room(void **state) {
    (void)state;
    begin();
    assert_false(choose(NOON, 20));
    put(3, NOON, ALERT_WARNING);
    put(5, NOON, ALERT_CRITICAL);
    webhook_queue_see(&q, 6);
    assert_int_equal(webhook_queue_floor(&q), 2);
    assert_true(choose(NOON, 2));
    assert_int_equal(plan.told, 1);
    assert_false(plan.joined);
    assert_true(q.item[0].chosen);
    assert_false(q.item[1].chosen);
    done("1-4 ");
    assert_true(choose(NOON, 1));
    assert_false(plan.joined);
    done("1-6 ");
    assert_false(choose(NOON, 20));
    assert_int_equal(webhook_queue_floor(&q), 6);
    assert_int_equal(cursor.floor, 6);
}

static void without_room_they_are_joined(void **state) {
    (void)state;
    begin();
    for (uint64_t seq = 1; seq <= 3; seq++)
        put(seq, NOON, ALERT_WARNING);
    assert_true(choose(NOON, 2));
    assert_int_equal(plan.told, 3);
    assert_true(plan.joined);
    done("1-3 ");
}

/* What did not go stays, and nothing of it is acknowledged. */
static void a_message_takes_the_most_severe_first(void **state) {
    (void)state;
    begin();
    for (uint64_t seq = 1; seq <= 150; seq++)
        put(seq, NOON, seq % 3 == 0 ? ALERT_CRITICAL : ALERT_WARNING);
    assert_true(choose(NOON, 1));
    assert_int_equal(plan.told, 100);
    webhook_queue_done(&q, on_ack, NULL);
    assert_int_equal(q.count, 50);
    for (size_t i = 0; i < q.count; i++) {
        assert_int_equal(q.item[i].severity, ALERT_WARNING);
        assert_false(cursor_has(&cursor, q.item[i].row.seq));
    }
    assert_int_equal(cursor.floor + cursor_above_floor(&cursor), 100);
}

static void what_was_not_taken_is_chosen_anew(void **state) {
    (void)state;
    begin();
    put(1, NOON, ALERT_WARNING);
    put(2, NOON, ALERT_WARNING);
    assert_true(choose(NOON, 1));
    assert_int_equal(plan.told, 2);
    put(3, NOON, ALERT_WARNING); /* came meanwhile, and the message was not taken */
    assert_true(choose(NOON, 1));
    assert_int_equal(plan.told, 3);
    done("1-3 ");
}

static void quiet_hours_hold_back_what_is_below(void **state) {
    (void)state;
    begin();
    const ms_t late_evening = NOON + 11 * HOUR, morning = NOON + 19 * HOUR;
    put(2, late_evening, ALERT_MAJOR);
    put(4, late_evening, ALERT_CRITICAL);
    put(6, late_evening, ALERT_WARNING);
    webhook_queue_see(&q, 9);
    assert_true(choose(late_evening, 20));
    assert_true(q.item[1].chosen);
    assert_int_equal(plan.told, 1);
    done("3-5 ");
    assert_false(choose(late_evening, 20));
    assert_false(choose(morning - 1, 20));
    put(10, morning - 1, ALERT_MAJOR);
    assert_true(choose(morning, 20)); /* then one summary */
    assert_int_equal(plan.told, 3);
    assert_true(plan.joined);
    done("1-10 ");
    assert_int_equal(cursor.floor, 10);
}

static void what_is_new_goes_before_the_summary(void **state) {
    (void)state;
    begin();
    const ms_t morning = NOON + 19 * HOUR;
    put(1, morning - HOUR, ALERT_WARNING);
    put(2, morning - HOUR, ALERT_WARNING);
    put(3, morning, ALERT_WARNING);
    assert_true(choose(morning, 20));
    assert_true(q.item[2].chosen);
    assert_int_equal(plan.told, 1);
    done("3-3 ");
    assert_true(choose(morning, 20));
    assert_int_equal(plan.told, 2);
    done("1-3 ");
}

static void what_is_a_day_old_is_only_counted(void **state) {
    (void)state;
    begin();
    put(1, NOON - 24 * HOUR - 1, ALERT_CRITICAL);
    put(2, NOON - 24 * HOUR, ALERT_WARNING);
    put(3, NOON - 48 * HOUR, ALERT_WARNING);
    assert_true(choose(NOON, 20));
    assert_true(q.item[1].chosen); /* exactly a day: told */
    done("2-2 ");
    assert_true(choose(NOON, 20));
    assert_int_equal(plan.told, 0);
    assert_int_equal(plan.late, 2);
    assert_true(plan.joined);
    done("1-3 ");
}

/* The cursor keeps 64 ranges: what is held back must not need more. */
static void held_ones_go_before_the_cursor_is_full(void **state) {
    (void)state;
    begin();
    const ms_t night_time = NOON + 11 * HOUR;
    uint64_t seq = 0;
    size_t passed = 0;
    for (bool summary = false; !summary; passed++) {
        put(++seq, night_time, ALERT_WARNING);
        put(++seq, night_time, ALERT_CRITICAL);
        while (!summary && choose(night_time, 20)) {
            summary = plan.joined;
            webhook_queue_done(&q, on_ack, NULL);
            assert_true(cursor.count < CURSOR_RANGES_MAX - 8);
        }
    }
    assert_int_equal(passed, QUEUE_GAPS);
    assert_int_equal(q.count, 0);
    assert_int_equal(cursor.floor, seq);
    /* after a restart only what is not acknowledged is seen again */
    begin();
    for (uint64_t s = 1; s < 200; s += 2) {
        webhook_queue_see(&q, s);
        const struct outbox_row row = {.seq = s, .kind = OUTBOX_EVENT};
        webhook_queue_put(&q, &row, night_time, ALERT_WARNING);
    }
    assert_true(choose(night_time, 20));
    assert_true(plan.joined);
}

static void a_full_queue_is_not_held_back(void **state) {
    (void)state;
    begin();
    const ms_t night_time = NOON + 11 * HOUR;
    uint64_t seq = 0;
    while (!webhook_queue_full(&q))
        put(++seq, night_time, ALERT_WARNING);
    assert_true(choose(night_time, 20));
    assert_int_equal(plan.told, 100);
}

/* ---- rate ----------------------------------------------------------------------------------- */

static void a_minute_holds_so_many_requests(void **state) {
    (void)state;
    struct webhook_rate r = {0};
    const us_t s = US_PER_S;
    us_t now = 1000 * s;
    assert_int_equal(webhook_rate_room(&r, 3, now), 3);
    assert_int_equal(webhook_rate_due(&r, 3, now), now);
    for (int i = 0; i < 3; i++)
        webhook_rate_note(&r, now + i * s);
    assert_int_equal(webhook_rate_room(&r, 3, now + 2 * s), 0);
    assert_int_equal(webhook_rate_due(&r, 3, now + 2 * s), now + 60 * s);
    assert_int_equal(webhook_rate_room(&r, 3, now + 60 * s), 1);
    assert_int_equal(webhook_rate_room(&r, 3, now + 61 * s), 2);
    assert_int_equal(webhook_rate_room(&r, 3, now + 62 * s), 3);
}

static void requests_are_apart(void **state) {
    (void)state;
    struct webhook_rate r = {0};
    webhook_rate_note(&r, 5000000);
    assert_int_equal(webhook_rate_due(&r, 100, 5100000), 5000000 + RATE_GAP_US);
    assert_int_equal(webhook_rate_due(&r, 100, 9000000), 9000000);
}

static void the_most_a_configuration_allows_fits(void **state) {
    (void)state;
    struct webhook_rate r = {0};
    us_t now = 0;
    for (int i = 0; i < 3 * WEBHOOK_PER_MINUTE_MAX; i++) {
        now = webhook_rate_due(&r, WEBHOOK_PER_MINUTE_MAX, now);
        assert_true(webhook_rate_room(&r, WEBHOOK_PER_MINUTE_MAX, now) > 0);
        webhook_rate_note(&r, now);
    }
    assert_true(now >= 2 * RATE_WINDOW_US && now < 3 * RATE_WINDOW_US);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_alert_has_a_message_while_there_is_room),
        cmocka_unit_test(without_room_they_are_joined),
        cmocka_unit_test(a_message_takes_the_most_severe_first),
        cmocka_unit_test(what_was_not_taken_is_chosen_anew),
        cmocka_unit_test(quiet_hours_hold_back_what_is_below),
        cmocka_unit_test(what_is_new_goes_before_the_summary),
        cmocka_unit_test(what_is_a_day_old_is_only_counted),
        cmocka_unit_test(held_ones_go_before_the_cursor_is_full),
        cmocka_unit_test(a_full_queue_is_not_held_back),
        cmocka_unit_test(a_minute_holds_so_many_requests),
        cmocka_unit_test(requests_are_apart),
        cmocka_unit_test(the_most_a_configuration_allows_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
