/* A read that is asked once a day between the polls of a link, in simulated time: when it is asked,
 * and that no poll is the worse for it, whatever becomes of it. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "link_world.h"

#define DAY      (86400 * SEC)
#define REGISTER 4000

static struct world world; /* large: 400,000 remembered requests */
#define W (&world)

static void give_clocks(size_t n) {
    for (size_t i = 0; i < n; i++) {
        W->devices[i].rare.read = (struct pdu_read){3, REGISTER, 2};
        W->devices[i].rare.every_us = DAY;
        rare_start(&W->devices[i].rare, W->now);
    }
}

/* Times of the rare reads of a device, from the start; their number. */
static size_t rare_times(size_t device, us_t start, us_t *at, size_t cap) {
    size_t n = 0;
    for (size_t k = 0; k < W->send_count; k++)
        if (W->sends[k].rare && W->sends[k].device == device && n < cap)
            at[n++] = W->sends[k].at - start;
    return n;
}

static void asked_once_the_polls_run_and_then_daily(void **state) {
    (void)state;
    us_t at[8];
    world_init(W, LINK_TCP, 1, 2, SEC, SEC);
    give_clocks(1);
    us_t start = W->now;
    world_run(W, start + 3 * DAY + 60 * SEC);
    assert_int_equal(rare_times(0, start, at, 8), 4);
    assert_in_range(at[0], RARE_SETTLE_US, RARE_SETTLE_US + 2 * SEC);
    for (size_t k = 1; k < 4; k++)
        assert_in_range(at[k] - at[k - 1], DAY, DAY + 2 * SEC);
    assert_in_range(W->polls_good[0], 3 * 86400, 3 * 86400 + 62);
}

/* When each poll's requests went out, to compare. */
struct trace {
    us_t *at;
    size_t n, rare;
};

static struct trace run_traced(enum link_kind kind, size_t devices, size_t with_clock, us_t length,
                               enum behaviour rare) {
    world_init(W, kind, devices, 2, SEC, 300 * MS);
    give_clocks(with_clock);
    for (size_t i = 0; i < devices; i++)
        W->actors[i].rare = rare;
    world_run(W, W->now + length);
    struct trace t = {.at = calloc(W->send_count + 1, sizeof *t.at)};
    assert_non_null(t.at);
    for (size_t k = 0; k < W->send_count; k++) {
        if (W->sends[k].rare)
            t.rare++;
        else
            t.at[t.n++] = W->sends[k].at;
    }
    return t;
}

/* Every request of every poll goes out at the very microsecond at which it would without clocks. */
static void assert_polls_unmoved(enum link_kind kind, size_t devices, enum behaviour rare) {
    us_t length = 1000 * SEC;
    struct trace without = run_traced(kind, devices, 0, length, rare);
    struct trace with = run_traced(kind, devices, devices, length, rare);
    assert_int_equal(with.n, without.n);
    assert_memory_equal(with.at, without.at, with.n * sizeof *with.at);
    assert_true(with.rare >= devices);
    for (size_t i = 0; i < devices; i++) {
        assert_int_equal(W->downs[i], 0);
        assert_int_equal(W->polls_cut[i] + W->polls_failed[i], 0);
    }
    free(with.at);
    free(without.at);
}

static void no_poll_is_moved_by_an_answer(void **state) {
    (void)state;
    assert_polls_unmoved(LINK_TCP, 20, ANSWERS);
    assert_polls_unmoved(LINK_RTU, 5, ANSWERS);
    assert_polls_unmoved(LINK_RTU_OVER_TCP, 5, ANSWERS);
}

static void no_poll_is_moved_by_an_exception(void **state) {
    (void)state;
    us_t at[8];
    assert_polls_unmoved(LINK_RTU, 5, REFUSES);
    world_init(W, LINK_TCP, 1, 1, 10 * SEC, SEC);
    give_clocks(1);
    W->actors[0].rare = REFUSES;
    W->actors[0].exception = 2;
    us_t start = W->now;
    world_run(W, start + DAY + 60 * SEC);
    assert_int_equal(rare_times(0, start, at, 8), 2); /* it has none: asked again the next day */
    assert_int_equal(W->downs[0] + W->holes + W->rare_failed, 0);
}

static void no_other_poll_is_moved_by_silence(void **state) {
    (void)state;
    assert_polls_unmoved(LINK_TCP, 20, IS_SILENT);
    world_init(W, LINK_RTU, 5, 2, SEC, 300 * MS);
    give_clocks(1);
    W->actors[0].rare = IS_SILENT;
    world_run(W, W->now + 100 * SEC);
    assert_int_equal(W->rare_failed, 1);
    assert_int_equal(W->downs[0], 0);
    for (size_t i = 0; i < 5; i++)
        assert_in_range(W->polls_good[i], 99, 102);
}

static void asked_more_and_more_rarely_when_silent(void **state) {
    (void)state;
    static const us_t pause_s[] = {600, 3600, 21600, 86400, 86400};
    us_t at[8];
    world_init(W, LINK_TCP, 1, 1, 2 * SEC, 300 * MS);
    give_clocks(1);
    W->actors[0].rare = IS_SILENT;
    us_t start = W->now;
    world_run(W, start + 3 * DAY);
    assert_int_equal(rare_times(0, start, at, 8), 6);
    for (size_t k = 0; k < 5; k++)
        assert_in_range(at[k + 1] - at[k], pause_s[k] * SEC, (pause_s[k] + 5) * SEC);
    assert_int_equal(W->downs[0] + W->polls_failed[0] + W->closes, 0);
}

static void busy_or_path_lost_is_asked_again_soon(void **state) {
    (void)state;
    static const uint8_t codes[] = {4, 6, 0x0A, 0x0B};
    for (size_t k = 0; k < sizeof codes; k++) {
        us_t at[8];
        world_init(W, LINK_TCP, 1, 1, 2 * SEC, SEC);
        give_clocks(1);
        W->actors[0].rare = REFUSES;
        W->actors[0].exception = codes[k];
        us_t start = W->now;
        world_run(W, start + 700 * SEC);
        assert_int_equal(rare_times(0, start, at, 8), 2);
        assert_int_equal(W->downs[0] + W->polls_failed[0], 0);
    }
}

static void a_connection_lost_over_it_is_no_failure_of_the_device(void **state) {
    (void)state;
    static const enum behaviour ways[] = {RESETS, GARBLES};
    static const enum link_kind kinds[] = {LINK_TCP, LINK_RTU_OVER_TCP};
    for (size_t k = 0; k < 4; k++) {
        world_init(W, kinds[k / 2], 3, 2, SEC, 300 * MS);
        give_clocks(3);
        W->actors[1].rare = ways[k % 2];
        world_run(W, W->now + 100 * SEC);
        assert_int_equal(W->rare_failed, 1);
        for (size_t i = 0; i < 3; i++) {
            assert_int_equal(W->downs[i] + W->polls_failed[i] + W->polls_cut[i], 0);
            assert_in_range(W->polls_good[i], 99, 102);
        }
    }
}

static void a_line_that_is_never_idle_makes_room_in_the_end(void **state) {
    (void)state;
    us_t at[2], start;
    world_init(W, LINK_RTU, 12, 1, 900 * MS, SEC);
    for (size_t i = 0; i < 12; i++)
        W->actors[i].latency = (60 + (us_t)i * 7) * MS; /* 1.2 s a round */
    give_clocks(12);
    start = W->now;
    world_run(W, start + 600 * SEC);
    for (size_t i = 0; i < 12; i++)
        assert_int_equal(rare_times(i, start, at, 2), 0);
    size_t sent = W->send_count;
    world_run(W, start + 700 * SEC);
    for (size_t i = 0; i < 12; i++)
        assert_int_equal(rare_times(i, start, at, 2), 1);
    for (size_t k = sent; k + 1 < W->send_count; k++) /* never two in a row: one request late */
        assert_false(W->sends[k].rare && W->sends[k + 1].rare);
}

static void a_device_that_is_down_is_not_asked_until_it_is_back(void **state) {
    (void)state;
    us_t at[8];
    world_init(W, LINK_TCP, 2, 1, SEC, 300 * MS);
    give_clocks(1);
    us_t start = W->now;
    world_run(W, start + 60 * SEC);
    W->actors[0].how = IS_SILENT;
    world_run(W, start + DAY + 3600 * SEC);
    assert_int_equal(rare_times(0, start, at, 8), 1);
    W->actors[0].how = ANSWERS;
    world_run(W, start + DAY + 3600 * SEC + 120 * SEC);
    assert_int_equal(rare_times(0, start, at, 8), 2); /* as soon as it answers: it was due */
    world_run(W, start + 2 * DAY + 3600 * SEC);
    assert_int_equal(rare_times(0, start, at, 8), 2);
}

static void a_step_of_the_wall_clock_changes_nothing(void **state) {
    (void)state;
    us_t at[8];
    world_init(W, LINK_TCP, 1, 1, SEC, SEC);
    give_clocks(1);
    us_t start = W->now;
    world_run(W, start + 3600 * SEC);
    W->utc_ahead += 3 * DAY;
    world_run(W, start + 7200 * SEC);
    W->utc_ahead -= 6 * DAY;
    world_run(W, start + DAY - 60 * SEC);
    assert_int_equal(rare_times(0, start, at, 8), 1);
    world_run(W, start + DAY + 60 * SEC);
    assert_int_equal(rare_times(0, start, at, 8), 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asked_once_the_polls_run_and_then_daily),
        cmocka_unit_test(no_poll_is_moved_by_an_answer),
        cmocka_unit_test(no_poll_is_moved_by_an_exception),
        cmocka_unit_test(no_other_poll_is_moved_by_silence),
        cmocka_unit_test(asked_more_and_more_rarely_when_silent),
        cmocka_unit_test(busy_or_path_lost_is_asked_again_soon),
        cmocka_unit_test(a_connection_lost_over_it_is_no_failure_of_the_device),
        cmocka_unit_test(a_line_that_is_never_idle_makes_room_in_the_end),
        cmocka_unit_test(a_device_that_is_down_is_not_asked_until_it_is_back),
        cmocka_unit_test(a_step_of_the_wall_clock_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
