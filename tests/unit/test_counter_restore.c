/* Counters that go on: from a damaged checkpoint, with more feeds than before, and past counts that
 * no meter has. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "counter_steps.h"

static struct rig rig;
static struct pending pending;

static const struct plant unrated = {.unrated = true, .rate = 10, .poll_ms = 1000};

static void read_counts(ms_t utc_ms, int64_t count) {
    rig.now = utc_ms;
    rig_read(&rig, utc_ms, count, NO_POWER, true);
}

/* Ten counts over two minutes. */
static void begin(void) {
    rig_init(&rig, &unrated, &pending);
    read_counts(RIG_T0, 1000000);
    read_counts(RIG_T0 + MINUTE, 1000004);
    read_counts(RIG_T0 + 2 * MINUTE, 1000010);
    assert_int_equal(rig_counter(&rig)->total, 10);
}

/* The same minute in another run of the program. */
static int restore(const uint8_t *checkpoint, size_t n) {
    rig_demolish(&rig);
    rig_build(&rig, RIG_T0 + 2 * MINUTE);
    return aggregate_restore(&rig.core.aggregate, 0, checkpoint, n);
}

static void a_checkpoint_that_ends_too_early_starts_no_counter(void **state) {
    (void)state;
    uint8_t checkpoint[700];
    begin();
    size_t n = aggregate_save(&rig.core.aggregate, 0, checkpoint, sizeof checkpoint);
    assert_true(n > 50);
    for (size_t cut = 0; cut < n; cut++) {
        assert_true(restore(checkpoint, cut) < 0);
        assert_false(rig_counter(&rig)->energy.started);
        /* its first reading is a base, not energy */
        read_counts(RIG_T0 + 2 * MINUTE + 1000, 1000011);
        assert_int_equal(rig_counter(&rig)->total, 0);
    }
    assert_int_equal(restore(checkpoint, n), ERR_OK);
    read_counts(RIG_T0 + 2 * MINUTE + 1000, 1000011);
    assert_int_equal(rig_counter(&rig)->total, 11);
    rig_fini(&rig);
}

static void a_device_that_gains_a_feed_keeps_its_counter(void **state) {
    (void)state;
    uint8_t checkpoint[700];
    begin();
    size_t n = aggregate_save(&rig.core.aggregate, 0, checkpoint, sizeof checkpoint);
    struct feed feeds[2] = {rig.feed, rig.feed};
    feeds[0].id = "m.pv"; /* in front of the one that was there, with the same register */
    rig.site.feeds = feeds;
    rig.site.feed_count = 2;
    assert_int_equal(restore(checkpoint, n), ERR_OK);
    assert_false(rig.core.aggregate.feeds[0].counter[FEED_FORWARD].energy.started);
    assert_int_equal(rig.core.aggregate.feeds[1].counter[FEED_FORWARD].total, 10);
    rig_fini(&rig);
}

/* Its checkpoint is older than the slots of the others: a device that was not in the configuration.
 */
static void a_device_that_was_away_tells_of_a_gap(void **state) {
    (void)state;
    uint8_t checkpoint[700];
    begin();
    read_counts(RIG_T0 + 2 * MINUTE + 30000, 1000012);
    size_t n = aggregate_save(&rig.core.aggregate, 0, checkpoint, sizeof checkpoint);
    int64_t minutes = rig.parts[SLOT_1M];
    rig_demolish(&rig);
    rig_build(&rig, RIG_T0 + 40 * MINUTE);
    rig.taken_minute = INT64_MIN;
    assert_int_equal(aggregate_restore(&rig.core.aggregate, 0, checkpoint, n), ERR_OK);
    rig.now = RIG_T0 + 40 * MINUTE;
    rig_pass(&rig, RIG_T0 + 41 * MINUTE + 5000, true); /* nothing is read: nothing is known */
    assert_int_equal(rig.parts[SLOT_1M], minutes);
    assert_null(rig.wrong);
    read_counts(RIG_T0 + 42 * MINUTE + 30000, 1000092); /* 80 counts in 40 minutes, two in each */
    for (int p = 0; p < SLOT_OPEN_COUNT; p++)
        assert_int_equal(rig.parts[p], rig_counter(&rig)->open[p].parts_start);
    int64_t third =
        0; /* from the reading on: half a minute of its two counts, and the two before */
    for (size_t i = 0; i < rig.work.entries; i++)
        third += rig.journal[i].period == SLOT_1M && rig.journal[i].start == RIG_T0 + 2 * MINUTE
                     ? rig.journal[i].parts
                     : 0;
    assert_int_equal(third, 3000);
    rig_fini(&rig);
}

/* 2e15 counts are the most that are taken: a thousand parts of each fit 64 bits. */
static void a_count_that_no_meter_has_is_not_taken(void **state) {
    (void)state;
    static const int64_t counts[] = {INT64_MAX, INT64_MIN, 2000000000000001, -2000000000000001};
    begin();
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        struct counter *c = rig_counter(&rig);
        struct counter_change change =
            counter_add(c, &rig.points[1], counts[i], 1000.0, RIG_T0 + 130000 + (ms_t)i * 1000,
                        2500, RIG_T0 + 2 * MINUTE, (double)NAN);
        assert_int_equal(change.event, ENERGY_HELD);
        assert_int_equal(c->energy.pending_n, 0);
    }
    read_counts(RIG_T0 + 140000, 1000012);
    assert_int_equal(rig_counter(&rig)->total, 12);
    rig_fini(&rig);
}

/* Without a rating each step up is energy: what has been counted has its end, too. */
static void all_that_is_counted_fits_its_integer(void **state) {
    (void)state;
    begin();
    ms_t t = RIG_T0 + 2 * MINUTE;
    for (int turn = 0; turn < 4; turn++) {
        read_counts(t += 1000, 1900000000000000);
        for (int i = 0; i < ENERGY_CONSISTENT + 1; i++) /* a reset */
            read_counts(t += 1000, 1000);
        const struct counter *c = rig_counter(&rig);
        assert_true(c->total <= 2000000000000000);
        assert_true(c->parts >= 0 && c->open[SLOT_15M].parts_start >= 0);
    }
    assert_int_equal(rig_counter(&rig)->total, 1900000000000000 - 1000000);
    rig_fini(&rig);
}

static int set_up(void **state) {
    (void)state;
    return pending_init(&pending, (size_t)1 << 20);
}

static int tear_down(void **state) {
    (void)state;
    pending_fini(&pending);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_checkpoint_that_ends_too_early_starts_no_counter),
        cmocka_unit_test(a_device_that_gains_a_feed_keeps_its_counter),
        cmocka_unit_test(a_device_that_was_away_tells_of_a_gap),
        cmocka_unit_test(a_count_that_no_meter_has_is_not_taken),
        cmocka_unit_test(all_that_is_counted_fits_its_integer)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
