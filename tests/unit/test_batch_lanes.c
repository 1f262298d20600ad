/* Which rows make a batch, and what an answer does: driven by an outbox in memory that follows the
 * reader's contract, with a cursor that learns of an acknowledgement only at the next commit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "chance.h"
#include "publish/batch_lanes.h"

#define ROWS   4000
#define PAGE   50
#define SECOND ((us_t)US_PER_S)

static struct {
    enum outbox_kind kind[ROWS + 1];
    bool acked[ROWS + 1], stored[ROWS + 1]; /* told to the historian; seen by readers */
    size_t count;
} box;

static struct batch_lanes lanes;

static void reset(uint32_t rows_max, uint32_t backlog_per_s) {
    memset(&box, 0, sizeof box);
    batch_lanes_init(&lanes, rows_max, backlog_per_s);
}

static void add(enum outbox_kind kind, size_t n) {
    while (n-- > 0)
        box.kind[++box.count] = kind;
}

static size_t read_box(uint64_t after, struct outbox_row *rows, size_t cap) {
    size_t n = 0;
    for (size_t seq = (size_t)after + 1; seq <= box.count && n < cap; seq++) {
        if (!box.stored[seq])
            rows[n++] = (struct outbox_row){.seq = seq, .kind = box.kind[seq], .parts = 1};
    }
    return n;
}

static void commit(void) {
    memcpy(box.stored, box.acked, sizeof box.stored);
    for (size_t i = lanes.fixed.count; i-- > 0;) {
        struct batch *b = &lanes.fixed.batch[i];
        if (b->accepted && box.stored[b->from])
            batch_lanes_forget(&lanes, b);
    }
}

/* The next batch, fixed; NULL when none may go. */
static struct batch *next(us_t now) {
    struct outbox_row rows[PAGE];
    enum batch_lane_id lane;
    uint64_t after;
    size_t first, count;
    struct batch *b;
    if ((b = batch_lanes_open(&lanes)) != NULL)
        return b;
    if (batch_lanes_full(&lanes))
        return NULL;
    if (batch_lanes_retry(&lanes, now))
        return batch_lanes_open(&lanes);
    while (batch_lanes_wants(&lanes, now, &lane, &after)) {
        size_t n = read_box(after, rows, PAGE);
        if (batch_lanes_take(&lanes, lane, rows, n, PAGE, &first, &count) == TAKE_BATCH) {
            batch_lanes_fix(&lanes, lane, rows[first].seq, rows[first + count - 1].seq, now);
            return batch_lanes_open(&lanes);
        }
    }
    return NULL;
}

static void expect(us_t now, uint64_t from, uint64_t to) {
    const struct batch *b = next(now);
    assert_non_null(b);
    assert_int_equal(b->from, from);
    assert_int_equal(b->to, to);
}

static void accept(void) {
    struct batch *b = batch_lanes_open(&lanes);
    assert_non_null(b);
    for (uint64_t seq = b->from; seq <= b->to; seq++) {
        assert_false(box.acked[seq]); /* no row is accepted twice */
        box.acked[seq] = true;
    }
    batch_lanes_accepted(&lanes, b);
}

static void events_go_first_then_new_rows_then_backlog(void **state) {
    (void)state;
    reset(10, 0);
    add(OUTBOX_RECORD_1M, 5); /* 1..5 */
    add(OUTBOX_EVENT, 2);     /* 6, 7 */
    add(OUTBOX_RECORD_1M, 13);
    batch_lanes_start(&lanes, box.count);
    add(OUTBOX_RECORD_15M, 3); /* 21..23 are new */
    expect(0, 6, 7);
    accept();
    expect(0, 21, 23);
    accept();
    expect(0, 1, 5);
    accept();
    add(OUTBOX_RECORD_1M, 1); /* 24 */
    add(OUTBOX_EVENT, 1);     /* 25 */
    batch_lanes_wake(&lanes);
    expect(0, 25, 25);
    accept();
    expect(0, 24, 24);
    accept();
    expect(0, 8, 17);
    accept();
    expect(0, 18, 20);
    accept();
    assert_null(next(0));
    commit();
    assert_int_equal(lanes.fixed.count, 0);
    assert_null(next(0));
}

static void a_batch_stays_as_it_is_until_it_is_answered(void **state) {
    (void)state;
    reset(10, 0);
    add(OUTBOX_RECORD_1M, 3);
    batch_lanes_start(&lanes, box.count);
    expect(0, 1, 3);
    add(OUTBOX_RECORD_1M, 3);
    add(OUTBOX_EVENT, 1);
    batch_lanes_wake(&lanes);
    batch_lanes_start(&lanes, box.count);
    expect(0, 1, 3);
}

static void backlog_has_its_rate_and_new_rows_have_none(void **state) {
    (void)state;
    reset(10, 5);
    add(OUTBOX_RECORD_1M, 100);
    batch_lanes_start(&lanes, box.count);
    expect(0, 1, 5);
    accept();
    assert_null(next(SECOND - 1));
    assert_int_equal(batch_lanes_due(&lanes), SECOND);
    add(OUTBOX_RECORD_1M, 10);
    batch_lanes_wake(&lanes);
    expect(SECOND - 1, 101, 110);
    accept();
    expect(SECOND, 6, 10);
}

static void a_full_list_waits_for_the_disk(void **state) {
    (void)state;
    reset(1, 0);
    add(OUTBOX_RECORD_1M, BATCHES_MAX + 5);
    batch_lanes_start(&lanes, box.count);
    for (uint64_t i = 1; i <= BATCHES_MAX; i++) {
        expect(0, i, i);
        accept();
    }
    assert_null(next(0));
    commit();
    expect(0, BATCHES_MAX + 1, BATCHES_MAX + 1);
}

static void old_events_go_ahead_only_so_far(void **state) {
    (void)state;
    reset(10, 0);
    for (int i = 0; i < 100; i++) {
        add(OUTBOX_RECORD_1M, 1);
        add(OUTBOX_EVENT, 1);
    }
    batch_lanes_start(&lanes, box.count);
    for (uint64_t i = 1; i <= BATCH_AHEAD_MAX; i++) {
        expect(0, 2 * i, 2 * i);
        accept();
        commit();
    }
    for (uint64_t i = 1; i <= BATCH_AHEAD_MAX; i++) {
        expect(0, 2 * i - 1, 2 * i - 1);
        accept();
        commit();
    }
    expect(0, 2 * BATCH_AHEAD_MAX + 1, 2 * BATCH_AHEAD_MAX + 10);
}

static void halves_keep_their_order(void **state) {
    (void)state;
    reset(100, 0);
    add(OUTBOX_RECORD_1M, 7);
    batch_lanes_start(&lanes, box.count);
    expect(0, 1, 7);
    assert_true(batch_lanes_split(&lanes, batch_lanes_open(&lanes)));
    expect(0, 1, 4);
    assert_true(batch_lanes_split(&lanes, batch_lanes_open(&lanes)));
    expect(0, 1, 2);
    accept();
    expect(0, 3, 4);
    accept();
    expect(0, 5, 7);
    accept();
    assert_null(next(0));
}

static void a_refused_row_rests_longer_each_time(void **state) {
    (void)state;
    reset(100, 0);
    add(OUTBOX_RECORD_1M, 3);
    batch_lanes_start(&lanes, box.count);
    expect(0, 1, 3);
    assert_true(batch_lanes_rest(&lanes, batch_lanes_open(&lanes), 2, true, 0)); /* in the middle */
    expect(0, 1, 1);
    accept();
    expect(0, 3, 3);
    accept();
    assert_null(next(0));
    us_t now = 0, rest = BATCH_REST_FIRST;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(batch_lanes_due(&lanes), now + rest);
        assert_null(next(now + rest - 1));
        now += rest;
        expect(now, 2, 2);
        assert_true(batch_lanes_rest(&lanes, batch_lanes_open(&lanes), 2, false, now));
        rest = 2 * rest > BATCH_REST_LAST ? BATCH_REST_LAST : 2 * rest;
    }
    assert_int_equal(lanes.resting_count, 1);
    expect(now + rest, 2, 2);
    accept();
    assert_int_equal(lanes.resting_count, 0);
}

static void rows_refused_one_after_the_other_are_not_the_trouble(void **state) {
    (void)state;
    reset(1, 0);
    add(OUTBOX_RECORD_1M, 100);
    batch_lanes_start(&lanes, box.count);
    for (uint64_t i = 1; i <= BATCH_REFUSALS; i++) {
        expect(0, i, i);
        assert_true(batch_lanes_rest(&lanes, batch_lanes_open(&lanes), i, false, 0));
    }
    expect(0, 9, 9);
    assert_false(batch_lanes_rest(&lanes, batch_lanes_open(&lanes), 9, false, 0));
    expect(0, 9, 9); /* it stays, and its acceptance opens the way again */
    accept();
    expect(0, 10, 10);
    assert_true(batch_lanes_rest(&lanes, batch_lanes_open(&lanes), 10, false, 0));
}

static bool refused(uint64_t seq) {
    return seq % 397 == 5;
}

static void answer_by_chance(us_t now) {
    struct batch *b = batch_lanes_open(&lanes);
    bool bad = false;
    for (uint64_t seq = b->from; seq <= b->to; seq++)
        bad = bad || refused(seq);
    if (one_in(6))
        return; /* no answer: the same again */
    if (bad && b->from == b->to)
        assert_true(batch_lanes_rest(&lanes, b, b->from, false, now));
    else if (bad || (b->from < b->to && one_in(9)))
        assert_true(batch_lanes_split(&lanes, b) || batch_lanes_full(&lanes));
    else
        accept();
}

/* Rows come, answers come or not, the disk lags, deliveries begin again: in the end every row was
 * accepted once, but for those that are refused, and they rest. */
static void whatever_happens_every_row_is_accepted_once(void **state) {
    (void)state;
    for (int round = 0; round < 40; round++) {
        chance_state = CHANCE_SEED + (uint64_t)round;
        reset(1 + (uint32_t)random_below(40), one_in(2) ? 0 : 7);
        us_t now = 0;
        for (int turn = 0; turn < 4000; turn++) {
            now += random_long(SECOND / 2);
            if (box.count < ROWS - 40 && turn < 1500 && one_in(3)) {
                add(one_in(4) ? OUTBOX_EVENT : OUTBOX_RECORD_1M, (size_t)random_below(10));
                batch_lanes_wake(&lanes);
            }
            if (one_in(4))
                commit();
            if (one_in(100))
                batch_lanes_start(&lanes, box.count);
            if (next(now))
                answer_by_chance(now);
        }
        commit();
        for (size_t seq = 1; seq <= box.count; seq++)
            assert_int_equal(box.acked[seq], !refused(seq));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_go_first_then_new_rows_then_backlog),
        cmocka_unit_test(a_batch_stays_as_it_is_until_it_is_answered),
        cmocka_unit_test(backlog_has_its_rate_and_new_rows_have_none),
        cmocka_unit_test(a_full_list_waits_for_the_disk),
        cmocka_unit_test(old_events_go_ahead_only_so_far),
        cmocka_unit_test(halves_keep_their_order),
        cmocka_unit_test(a_refused_row_rests_longer_each_time),
        cmocka_unit_test(rows_refused_one_after_the_other_are_not_the_trouble),
        cmocka_unit_test(whatever_happens_every_row_is_accepted_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
