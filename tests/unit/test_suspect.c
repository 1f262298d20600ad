/* The meter that lies, found from the residual: cases worked out by hand. Sites drawn by
 * chance are in test_suspect_sites.c. */
#include "residual_fixture.h"

#define assert_near(got, want) assert_near_at(got, want, __FILE__, __LINE__)
static void assert_near_at(double got, double want, const char *file, int line) {
    if (!(fabs(got - want) < 1e-6)) {
        print_error("got %.9g, want %.9g\n", got, want);
        _fail(file, line);
    }
}

/* An incomer and two feeders of different shape: A 10, 20, 10, 20 ..; B 30 until noon, then 10. */
enum hand { GRID, A, B, C };

static double a_kwh(int k) {
    return k % 2 ? 20 : 10;
}

static double b_kwh(int k) {
    return k < 48 ? 30 : 10;
}

static void hand_init(struct day *d) {
    day_init(d);
    day_add(d, ROLE_GRID, SITE_NONE);
    day_add(d, ROLE_LOAD, SITE_NONE);
    day_add(d, ROLE_LOAD, SITE_NONE);
}

/* A fourth feed that reads 0; the values are written after it is there. */
static void hand_fill(struct day *d) {
    for (int k = 0; k < DAY; k++) {
        *day_at(d, k, A) = a_kwh(k);
        *day_at(d, k, B) = b_kwh(k);
        *day_at(d, k, GRID) = a_kwh(k) + b_kwh(k);
    }
}

static struct suspect hand_scaled(int32_t feed, double by) {
    struct day d;
    hand_init(&d);
    hand_fill(&d);
    day_scale(&d, feed, by);
    return day_suspect(&d, SITE_NONE);
}

/* A reads -A: residual A + B - (-A + B) = 2A, RMS 2 x sqrt((100 + 400) / 2) = sqrt(1000). */
static void a_reversed_feeder_is_named(void **state) {
    (void)state;
    struct suspect s = hand_scaled(A, -1);

    assert_int_equal(s.kind, SUSPECT_REVERSED);
    assert_int_equal(s.feed, A);
    assert_near(s.before_kwh, sqrt(1000));
    assert_near(s.after_kwh, 0);
    assert_true(isnan(s.ratio));
}

/* B reads B / 2: residual B / 2, RMS sqrt((225 + 25) / 2) = sqrt(125); times 2 is right. */
static void a_wrong_ratio_is_named_with_its_step(void **state) {
    (void)state;
    static const struct {
        int32_t feed;
        double by, want;
    } rows[] = {
        {B, 0.5, 2},         {B, 2, 0.5},         {A, 0.75, 4.0 / 3}, {A, 0.76, 4.0 / 3},
        {A, 1.0 / 80, 80},   {B, 80, 1.0 / 80},   {GRID, 0.2, 5},     {GRID, 10, 0.1},
        {A, 0.7, 1.0 / 0.7}, {B, 400, 1.0 / 400}, /* no steps: as found */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct suspect s = hand_scaled(rows[i].feed, rows[i].by);
        assert_int_equal(s.kind, SUSPECT_RATIO);
        assert_int_equal(s.feed, rows[i].feed);
        assert_near(s.ratio, rows[i].want);
    }
    struct suspect s = hand_scaled(B, 0.5);
    assert_near(s.before_kwh, sqrt(125));
    assert_near(s.after_kwh, 0);
}

/* A reads 0.76 A, and 4 / 3 of that is 1.0133 A: left 0.01333 x sqrt(250). */
static void what_is_left_is_that_of_the_ratio_named(void **state) {
    (void)state;
    struct suspect s = hand_scaled(A, 0.76);

    assert_near(s.ratio, 4.0 / 3);
    assert_near(s.after_kwh, (0.76 * 4 / 3 - 1) * sqrt(250));
}

/* A reading of 1/97 is no CT (97 is 3.1 % from 100): a small meter times a large number would look
 * like anything. Off by 8 % is drift, though 0.08 x 50 = 4 kWh is over 5 % of the feeders' 35. A
 * thousandth does not belong in the sum. */
static void ratios_that_are_no_fault_of_a_ct_are_not_named(void **state) {
    (void)state;
    static const struct {
        int32_t feed;
        double by;
    } rows[] = {{A, 1.0 / 97}, {GRID, 1.08}, {B, 1000}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct suspect s = hand_scaled(rows[i].feed, rows[i].by);
        assert_none(&s);
        assert_true(s.before_kwh > 0.05 * 35);
    }
}

/* Feeders 15 + 20 = 35 a slot, limit 1.75. A x 0.9: residual 0.1 x sqrt(250) = 1.58: under it. */
static void a_residual_under_the_limit_accuses_nobody(void **state) {
    (void)state;
    struct suspect s = hand_scaled(A, 0.9);

    assert_none(&s);
    assert_near(s.before_kwh, 0.1 * sqrt(250));
    assert_near(s.after_kwh, s.before_kwh);
}

/* A reversed: 31.6 kWh. 10 % of 25 MVA for 15 min is 625 kWh, 5 % of it 31.25; of 26 MVA 32.5. */
static void the_limit_is_not_below_that_of_a_tenth_of_the_capacity(void **state) {
    (void)state;
    struct day d;

    hand_init(&d);
    hand_fill(&d);
    day_scale(&d, A, -1);
    d.site.transformer_kva = 25000;
    assert_int_equal(day_suspect(&d, SITE_NONE).kind, SUSPECT_REVERSED);
    d.site.transformer_kva = 26000;
    assert_int_equal(day_suspect(&d, SITE_NONE).kind, SUSPECT_NONE);
}

/* grid = A, A reads -A: a reversed incomer would explain 2A as well, but nothing below it feeds
 * the grid; at half the reading nothing tells the two apart. */
static void one_incomer_and_one_feeder_are_told_apart_by_direction_only(void **state) {
    (void)state;
    struct day d;

    day_init(&d);
    day_add(&d, ROLE_GRID, SITE_NONE);
    day_add(&d, ROLE_LOAD, SITE_NONE);
    for (int k = 0; k < DAY; k++) {
        *day_at(&d, k, GRID) = a_kwh(k);
        *day_at(&d, k, A) = -a_kwh(k);
    }
    struct suspect s = day_suspect(&d, SITE_NONE);
    assert_int_equal(s.kind, SUSPECT_REVERSED);
    assert_int_equal(s.feed, A);
    day_scale(&d, A, -0.5);
    s = day_suspect(&d, SITE_NONE);
    assert_none(&s);
}

/* Both feeders have one shape: which of them reads half cannot be told. */
static void two_feeders_of_one_shape_are_not_told_apart(void **state) {
    (void)state;
    struct day d;

    hand_init(&d);
    for (int k = 0; k < DAY; k++) {
        *day_at(&d, k, A) = a_kwh(k);
        *day_at(&d, k, B) = 0.5 * a_kwh(k); /* A again, halved */
        *day_at(&d, k, GRID) = 2 * a_kwh(k);
    }
    struct suspect s = day_suspect(&d, SITE_NONE);
    assert_none(&s);
}

/* Two channels of one device explain alike: no other device does, so it is that device. */
static void channels_of_one_device_are_no_rivals(void **state) {
    (void)state;
    struct day d;

    hand_init(&d);
    day_add(&d, ROLE_LOAD, SITE_NONE);
    for (int k = 0; k < DAY; k++) {
        *day_at(&d, k, A) = a_kwh(k);
        *day_at(&d, k, B) = 0.5 * a_kwh(k);
        *day_at(&d, k, C) = b_kwh(k);
        *day_at(&d, k, GRID) = 2 * a_kwh(k) + b_kwh(k);
    }
    struct suspect s = day_suspect(&d, SITE_NONE);
    assert_none(&s);
    d.feeds[B].device = d.feeds[A].device;
    s = day_suspect(&d, SITE_NONE);
    assert_int_equal(s.kind, SUSPECT_RATIO);
    assert_int_equal(d.feeds[s.feed].device, d.feeds[A].device);
    /* A's shape is a little different now: B explains better, and A is still no rival */
    for (int k = 0; k < DAY; k += 5) {
        *day_at(&d, k, A) += 1;
        *day_at(&d, k, GRID) += 1;
    }
    s = day_suspect(&d, SITE_NONE);
    assert_int_equal(s.kind, SUSPECT_RATIO);
    assert_int_equal(s.feed, B);
    assert_near(s.ratio, 2);
}

/* Slots with an unknown are left out; 8 known ones (two hours) are enough, 7 are not. */
static void a_day_is_judged_by_the_slots_that_are_known(void **state) {
    (void)state;
    struct day d;
    struct suspect s;

    hand_init(&d);
    hand_fill(&d);
    day_scale(&d, A, -1);
    for (int k = 0; k < DAY; k++) {
        if (k < 44 || k >= 52) /* both halves of B's day are in the 8 that remain */
            *day_at(&d, k, k % 3) = UNKNOWN;
    }
    s = day_suspect(&d, SITE_NONE);
    assert_int_equal(s.kind, SUSPECT_REVERSED);
    assert_near(s.before_kwh, sqrt(1000));
    *day_at(&d, 51, B) = UNKNOWN;
    s = day_suspect(&d, SITE_NONE);
    assert_none(&s);
    for (int k = 0; k < DAY; k++)
        *day_at(&d, k, GRID) = UNKNOWN;
    s = day_suspect(&d, SITE_NONE);
    assert_none(&s);
    assert_true(isnan(s.before_kwh) && isnan(s.after_kwh));
}

/* What lies beyond a day is not read: 4 slots of nonsense after slot 100. */
static void no_more_slots_than_a_day_are_read(void **state) {
    (void)state;
    enum { SLOTS = SUSPECT_SLOTS_MAX + 4, FEEDS = 3 };
    static double kwh[SLOTS * FEEDS];
    struct day d;
    struct suspect s;

    hand_init(&d);
    assert_true(residual_signs(&d.site, SITE_NONE, d.sign));
    for (int k = 0; k < SLOTS; k++) {
        bool beyond = k >= SUSPECT_SLOTS_MAX;
        kwh[k * FEEDS + GRID] = beyond ? 1e6 : a_kwh(k) + b_kwh(k);
        kwh[k * FEEDS + A] = -a_kwh(k);
        kwh[k * FEEDS + B] = b_kwh(k);
    }
    suspect_find(&d.site, d.sign, kwh, SLOTS, &s);
    assert_int_equal(s.kind, SUSPECT_REVERSED);
    assert_near(s.before_kwh, sqrt(1000));
}

/* Feed C reads 0 all day, and its energy is missing from the balance. One slot is unknown. */
static struct suspect beside_a_still(struct day *d, enum role role, double (*missing)(int)) {
    hand_init(d);
    day_add(d, role, SITE_NONE);
    hand_fill(d);
    double sign = role_is_source(role) || role == ROLE_GRID ? -1 : 1;
    for (int k = 0; k < DAY; k++)
        *day_at(d, k, GRID) += sign * missing(k);
    *day_at(d, 5, A) = UNKNOWN;
    return day_suspect(d, SITE_NONE);
}

static double steps(int k) { /* 4, 12, 20, 4, ... */
    return 4 + 8 * (k % 3);
}

static double sun(int k) {
    return k > 30 && k < 66 ? 18 : 0;
}

static double in_and_out(int k) { /* four slots out, four in: nothing in sum */
    return k % 8 < 4 ? 9 : -9;
}

static double to_and_fro(int k) { /* 7, -14: more in than out */
    return k % 2 ? 7 : -14;
}

static double negative(int k) {
    return -steps(k);
}

/* Residuals of 9 to 20 kWh, more than 5 % of the feeders' 35. */
static void a_meter_that_stands_still_is_dead_when_its_energy_is_missing(void **state) {
    (void)state;
    static const struct {
        enum role role;
        double (*missing)(int);
        bool dead;
    } rows[] = {
        {ROLE_LOAD, steps, true},
        {ROLE_LOAD, negative, false}, /* a load does not generate */
        {ROLE_PV, sun, true},
        {ROLE_PV, steps, false}, /* PV has a night */
        {ROLE_WIND, steps, true},
        {ROLE_STORAGE, in_and_out, true},
        {ROLE_STORAGE, steps, false},   /* it cannot give all day */
        {ROLE_GENERATOR, steps, false}, /* it stands still on most days */
        {ROLE_GRID, steps, true},
        {ROLE_GRID, to_and_fro, false}, /* an incomer that stands by explains no export */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct day d;
        struct suspect s = beside_a_still(&d, rows[i].role, rows[i].missing);
        if (rows[i].dead) {
            assert_int_equal(s.kind, SUSPECT_DEAD);
            assert_int_equal(s.feed, C);
            assert_near(s.after_kwh, 0);
        } else {
            assert_none(&s);
        }
        assert_true(s.before_kwh > 5);
    }
}

/* The only incomer is dead: -A - B + PV, and PV makes it export at noon. */
static void a_dead_incomer_of_a_site_with_pv_may_export(void **state) {
    (void)state;
    struct day d;

    hand_init(&d);
    day_add(&d, ROLE_PV, SITE_NONE);
    hand_fill(&d);
    for (int k = 0; k < DAY; k++) {
        *day_at(&d, k, C) = 4 * sun(k);
        *day_at(&d, k, GRID) = 0;
    }
    struct suspect s = day_suspect(&d, SITE_NONE);
    assert_int_equal(s.kind, SUSPECT_DEAD);
    assert_int_equal(s.feed, GRID);
}

static void two_meters_that_stand_still_cannot_be_told_apart(void **state) {
    (void)state;
    struct day d;

    hand_init(&d);
    day_add(&d, ROLE_LOAD, SITE_NONE);
    day_add(&d, ROLE_LOAD, SITE_NONE);
    hand_fill(&d);
    for (int k = 0; k < DAY; k++)
        *day_at(&d, k, GRID) += steps(k);
    struct suspect s = day_suspect(&d, SITE_NONE);
    assert_none(&s);
}

/* Feeder C is idle, B reads half: the ratio explains all of it. At 1 / 1.43 it is no common step
 * and C could as well be dead with B's shape: nobody is named. */
static void an_idle_feeder_does_not_hide_a_wrong_ratio(void **state) {
    (void)state;
    struct day d;

    hand_init(&d);
    day_add(&d, ROLE_LOAD, SITE_NONE);
    hand_fill(&d);
    day_scale(&d, B, 0.5);
    struct suspect s = day_suspect(&d, SITE_NONE);
    assert_int_equal(s.kind, SUSPECT_RATIO);
    assert_int_equal(s.feed, B);
    day_scale(&d, B, 2 / 1.43);
    s = day_suspect(&d, SITE_NONE);
    assert_none(&s);
}

/* The incomer of a site with PV, the storage, and a feeder with PV below it may all flow the other
 * way than they do on most days: their reversal is tried though they read forward. */
static void what_flows_both_ways_may_be_reversed_and_read_forward(void **state) {
    (void)state;
    for (int fault = 0; fault < 3; fault++) {
        struct day d;
        day_init(&d);
        day_add(&d, ROLE_GRID, SITE_NONE);
        day_add(&d, ROLE_LOAD, SITE_NONE);
        day_add(&d, ROLE_STORAGE, SITE_NONE);
        day_add(&d, ROLE_LOAD, SITE_NONE);
        day_add(&d, ROLE_PV, 3); /* below feeder 3 */
        for (int k = 0; k < DAY; k++) {
            *day_at(&d, k, 1) = b_kwh(k);
            *day_at(&d, k, 2) = in_and_out(k) + 1;
            *day_at(&d, k, 4) = 3 * sun(k);
            *day_at(&d, k, 3) = 5 - *day_at(&d, k, 4); /* flows back at noon: sum < 0 */
            *day_at(&d, k, 0) = b_kwh(k) - *day_at(&d, k, 2) + *day_at(&d, k, 3);
        }
        int32_t feed = fault == 0 ? 0 : fault + 1;
        day_scale(&d, feed, -1);
        struct suspect s = day_suspect(&d, SITE_NONE);
        assert_int_equal(s.kind, SUSPECT_REVERSED);
        assert_int_equal(s.feed, feed);
    }
}

/* Inside feeder B: two sub-feeders of A's and B's shapes; the second reads half. */
static void a_node_inside_the_tree_is_searched_too(void **state) {
    (void)state;
    struct day d;

    hand_init(&d);
    day_add(&d, ROLE_LOAD, B);
    day_add(&d, ROLE_LOAD, B);
    for (int k = 0; k < DAY; k++) {
        *day_at(&d, k, B) = a_kwh(k) + b_kwh(k);
        *day_at(&d, k, 3) = a_kwh(k);
        *day_at(&d, k, 4) = 0.5 * b_kwh(k);
    }
    struct suspect s = day_suspect(&d, B);
    assert_int_equal(s.kind, SUSPECT_RATIO);
    assert_int_equal(s.feed, 4);
    assert_near(s.ratio, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reversed_feeder_is_named),
        cmocka_unit_test(a_wrong_ratio_is_named_with_its_step),
        cmocka_unit_test(what_is_left_is_that_of_the_ratio_named),
        cmocka_unit_test(ratios_that_are_no_fault_of_a_ct_are_not_named),
        cmocka_unit_test(a_residual_under_the_limit_accuses_nobody),
        cmocka_unit_test(the_limit_is_not_below_that_of_a_tenth_of_the_capacity),
        cmocka_unit_test(one_incomer_and_one_feeder_are_told_apart_by_direction_only),
        cmocka_unit_test(two_feeders_of_one_shape_are_not_told_apart),
        cmocka_unit_test(channels_of_one_device_are_no_rivals),
        cmocka_unit_test(a_day_is_judged_by_the_slots_that_are_known),
        cmocka_unit_test(no_more_slots_than_a_day_are_read),
        cmocka_unit_test(a_meter_that_stands_still_is_dead_when_its_energy_is_missing),
        cmocka_unit_test(a_dead_incomer_of_a_site_with_pv_may_export),
        cmocka_unit_test(two_meters_that_stand_still_cannot_be_told_apart),
        cmocka_unit_test(an_idle_feeder_does_not_hide_a_wrong_ratio),
        cmocka_unit_test(what_flows_both_ways_may_be_reversed_and_read_forward),
        cmocka_unit_test(a_node_inside_the_tree_is_searched_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
