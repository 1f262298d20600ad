/* Device rows of a longer slot from those of its parts: energies, registers that chain, ratios that
 * change, parts that are missing. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "slots/slot_merge.h"
#include "store_fixture.h"

#define QUARTER (15 * MS_PER_MIN)
#define START   ((ms_t)1700000000000 / MS_PER_HOUR * MS_PER_HOUR)
#define UNKNOWN ((double)NAN)
#define UNIT    0.0008 /* kWh of a part: 0.01 kWh x 80 / 1000 */

static struct works works;
static struct slot_merge merge;
static struct arena *arena;
static const int32_t grid_feed[] = {GRID};

/* The incomer's hour. A setup function. */
static int an_hour(void **state) {
    (void)state;
    works_init(&works);
    arena = arena_new();
    return slot_merge_init(&merge, arena, &works.site, GRID, grid_feed, 1, START,
                           START + MS_PER_HOUR);
}

static int gone(void **state) {
    (void)state;
    arena_free(arena);
    works_fini(&works);
    return 0;
}

/* A quarter of 100,000 parts (80 kWh), read on the edges from one register to the other. */
static struct feed_slot quarter(int i, double from, double to) {
    struct feed_slot f;
    feed_slot_clear(&f);
    f.method = METHOD_REGISTER;
    f.quality = QUALITY_GOOD;
    f.coverage = 1.0;
    f.power_kw = (struct power_stat){320.0, 300.0, 340.0};
    f.counter[FEED_FORWARD] = (struct counter_slot){.known = true,
                                                    .parts = 100000,
                                                    .unit = UNIT,
                                                    .register_start = from,
                                                    .register_end = to,
                                                    .start_utc_ms = START + i * QUARTER - 100,
                                                    .end_utc_ms = START + (i + 1) * QUARTER - 100,
                                                    .multiplier = 80.0};
    return f;
}

/* What a gap's energy leaves where nothing was read. */
static struct feed_slot recovered(int64_t parts) {
    struct feed_slot f;
    feed_slot_clear(&f);
    f.method = METHOD_RECOVERED;
    f.quality = QUALITY_RECOVERED;
    f.counter[FEED_FORWARD] = (struct counter_slot){.known = true,
                                                    .parts = parts,
                                                    .unit = UNIT,
                                                    .register_start = UNKNOWN,
                                                    .register_end = UNKNOWN,
                                                    .edge_parts = parts,
                                                    .multiplier = UNKNOWN,
                                                    .recovered = true};
    return f;
}

static int add(int i, const struct feed_slot *f, size_t cut) {
    uint8_t bytes[1000];
    struct pack p;
    pack_init(&p, bytes, sizeof bytes);
    slot_write_head(
        &p, &(struct slot_head){
                .layout = 1, .coverage = f->coverage, .quality = f->quality, .feed_count = 1});
    slot_write_feed(&p, START + i * QUARTER, f);
    slot_write_point_count(&p, 1);
    struct slot_point voltage = {.is_gauge = true,
                                 .has_value = f->coverage > 0.0,
                                 .mean = 230 + i,
                                 .min = 229 + i,
                                 .max = 231 + i,
                                 .first = 230 + i,
                                 .last = 230.5 + i,
                                 .coverage = f->coverage,
                                 .quality = QUALITY_GOOD};
    slot_write_point(&p, &voltage);
    assert_false(p.overflow);
    ms_t start = START + i * QUARTER;
    return slot_merge_row(&merge, start, start + QUARTER, bytes, p.len - cut);
}

static const struct counter_slot *forward(void) {
    return &merge.feed[0].counter[FEED_FORWARD];
}

/* energy = (end - start) x multiplier + edge, without a rest. */
static void assert_adds_up(void) {
    assert_near(counter_slot_rollover(forward()), 0.0, 0.0);
}

static double merged(struct slot_head *ret_head, struct feed_slot *ret) {
    static uint8_t bytes[2000];
    struct pack p;
    struct unpack u;
    pack_init(&p, bytes, sizeof bytes);
    slot_merge_write(&merge, 1, &p);
    unpack_init(&u, bytes, p.len);
    assert_int_equal(slot_read_head(&u, ret_head), ERR_OK);
    slot_read_feed(&u, ret_head, START, ROLE_GRID, ret);
    assert_false(u.bad);
    return counter_slot_amount(&ret->counter[FEED_FORWARD]);
}

/* 4 x 80 kWh; 1000 to 1004 at 80. */
static void four_quarters_are_an_hour(void **state) {
    (void)state;
    struct slot_head h;
    struct feed_slot f;
    for (int i = 0; i < 4; i++) {
        f = quarter(i, 1000 + i, 1001 + i);
        assert_int_equal(add(i, &f, 0), ERR_OK);
    }
    assert_adds_up();
    assert_near(slot_merge_boundary_ms(&merge), 100, 0);
    assert_near(merged(&h, &f), 320, 1e-9);
    assert_near(h.coverage, 1.0, 1e-9);
    assert_int_equal(h.quality, QUALITY_GOOD);
    const struct counter_slot *c = &f.counter[FEED_FORWARD];
    assert_near(c->register_start, 1000, 0);
    assert_near(c->register_end, 1004, 0);
    assert_int_equal(c->start_utc_ms, START - 100);
    assert_int_equal(c->end_utc_ms, START + MS_PER_HOUR - 100);
    assert_near(f.power_kw.avg, 320, 1e-4);
    assert_int_equal(f.method, METHOD_REGISTER);
    /* the points: mean of 230 to 233, first of the first, last of the last */
    assert_near(merge.point[0].mean, 231.5, 1e-9);
    assert_near(merge.point[0].min, 229, 1e-9);
    assert_near(merge.point[0].max, 234, 1e-9);
    assert_near(merge.point[0].first, 230, 1e-9);
    assert_near(merge.point[0].last, 233.5, 1e-9);
}

/* The first two quarters were not seen: the registers of the third begin before the gap, and its
 * own energy is less by what went to them. The multiplier comes with the first reading. */
static void a_gap_at_the_start_leaves_the_registers_whole(void **state) {
    (void)state;
    struct feed_slot f = recovered(100000);
    add(0, &f, 0);
    add(1, &f, 0);
    f = quarter(2, 1000, 1003); /* 300,000 parts by register, 200,000 of them given away */
    f.counter[FEED_FORWARD].edge_parts = -200000;
    add(2, &f, 0);
    f = quarter(3, 1003, 1004);
    add(3, &f, 0);
    assert_near(forward()->multiplier, 80, 0);
    assert_near(forward()->register_start, 1000, 0);
    assert_adds_up();
    struct slot_head h;
    assert_near(merged(&h, &f), 320, 1e-9);
    assert_near(h.coverage, 0.5, 1e-9);
    assert_int_equal(f.method, METHOD_RECOVERED);
    assert_int_equal(f.quality, QUALITY_RECOVERED);
    assert_true(f.counter[FEED_FORWARD].recovered);
    assert_near(f.counter[FEED_FORWARD].multiplier, 80, 0);
}

/* Registers without a known energy (the meter had just begun) still say where the hour began. */
static void registers_chain_over_a_part_of_unknown_energy(void **state) {
    (void)state;
    struct feed_slot f = quarter(0, 1000, 1001);
    f.counter[FEED_FORWARD].known = false;
    f.counter[FEED_FORWARD].suspect = true;
    add(0, &f, 0);
    f = recovered(50000);
    add(1, &f, 0);
    assert_near(forward()->register_start, 1000, 0);
    assert_near(forward()->register_end, 1001, 0);
    assert_true(forward()->known && forward()->suspect && forward()->recovered);
    assert_near(counter_slot_amount(forward()), 40, 1e-9);
}

/* CT 80 becomes 100 after the second quarter: 160 kWh and 2 x 100,000 parts of 0.001. */
static void a_part_of_another_unit_is_added_as_an_amount(void **state) {
    (void)state;
    struct feed_slot f;
    for (int i = 0; i < 4; i++) {
        f = quarter(i, 1000 + i, 1001 + i);
        if (i >= 2) {
            f.counter[FEED_FORWARD].unit = 0.001;
            f.counter[FEED_FORWARD].multiplier = 100;
        }
        add(i, &f, 0);
    }
    assert_near(counter_slot_amount(forward()), 360, 1e-9);
    assert_int_equal(forward()->parts, 200000);
    assert_near(forward()->carry, 160, 1e-9);
    assert_near(forward()->multiplier, 100, 0);
}

/* The third quarter has no row at all: the hour is not good, whatever the others are. */
static void a_part_without_a_row_is_missing(void **state) {
    (void)state;
    struct slot_head h;
    struct feed_slot f;
    for (int i = 0; i < 4; i++) {
        f = quarter(i, 1000 + i, 1001 + i);
        if (i != 2)
            add(i, &f, 0);
    }
    assert_near(merged(&h, &f), 240, 1e-9);
    assert_near(h.coverage, 0.75, 1e-9);
    assert_int_equal(h.quality, QUALITY_MISSING);
    assert_int_equal(f.quality, QUALITY_MISSING);
    assert_int_equal(merge.point[0].quality, QUALITY_MISSING);
}

static void nothing_known_stays_unknown(void **state) {
    (void)state;
    struct slot_head h;
    struct feed_slot f;
    feed_slot_clear(&f);
    add(0, &f, 0);
    assert_true(isnan(merged(&h, &f)));
    assert_true(isnan(slot_merge_boundary_ms(&merge)));
    assert_true(isnan(f.power_kw.avg));
    assert_int_equal(f.method, METHOD_NONE);
}

/* A register that began in the hour: its end is known, its start is not. */
static void an_edge_without_a_reading_has_no_distance(void **state) {
    (void)state;
    merge.feed[0].counter[FEED_FORWARD].register_start = 1000;
    assert_true(isnan(slot_merge_boundary_ms(&merge)));
}

/* 310 kW over a full quarter and 340 over half of one: (310 + 170) / 1.5 = 320. */
static void power_is_weighed_by_what_was_seen(void **state) {
    (void)state;
    struct feed_slot f = quarter(0, 1000, 1001);
    f.power_kw = (struct power_stat){310, 250, 350};
    add(0, &f, 0);
    f.power_kw = (struct power_stat){340, 330, 400};
    f.coverage = 0.5;
    add(1, &f, 0);
    assert_near(merge.feed[0].power_kw.avg, 320, 1e-4);
    assert_near(merge.feed[0].power_kw.min, 250, 0);
    assert_near(merge.feed[0].power_kw.max, 400, 0);
}

/* The feeds of a damaged row are read before the damage is seen: they count. Nothing is read past
 * its end. */
static void a_damaged_row_leaves_out_what_follows(void **state) {
    (void)state;
    struct feed_slot f = quarter(0, 1000, 1001);
    assert_int_equal(add(0, &f, 3), ERR_CORRUPT);
    assert_near(counter_slot_amount(forward()), 80, 1e-9);
    assert_int_equal(slot_merge_row(&merge, START, START + QUARTER, "\x02", 1), ERR_CORRUPT);
    assert_int_equal(slot_merge_row(&merge, START, START + QUARTER, "", 0), ERR_CORRUPT);
}

static void a_row_of_other_feeds_is_refused(void **state) {
    (void)state;
    uint8_t bytes[100];
    struct pack p;
    pack_init(&p, bytes, sizeof bytes);
    slot_write_head(&p, &(struct slot_head){.layout = 1, .feed_count = 2});
    pack_varint(&p, 0);
    pack_varint(&p, 0);
    assert_int_equal(slot_merge_row(&merge, START, START + QUARTER, bytes, p.len), ERR_CORRUPT);
    assert_int_equal(merge.rows, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, an_hour, gone)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(four_quarters_are_an_hour),
        TEST(a_gap_at_the_start_leaves_the_registers_whole),
        TEST(registers_chain_over_a_part_of_unknown_energy),
        TEST(a_part_of_another_unit_is_added_as_an_amount),
        TEST(a_part_without_a_row_is_missing),
        TEST(nothing_known_stays_unknown),
        TEST(an_edge_without_a_reading_has_no_distance),
        TEST(power_is_weighed_by_what_was_seen),
        TEST(a_damaged_row_leaves_out_what_follows),
        TEST(a_row_of_other_feeds_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
