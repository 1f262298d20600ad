/* The meter that lies, in sites drawn by chance: noise of class 0.5 and at most one fault each. */
#include "residual_fixture.h"

#define SEED  UINT64_C(88172645463325252)
#define SITES 1000

static void noise_alone_accuses_nobody(void **state) {
    (void)state;
    uint64_t seed = SEED;

    for (int n = 0; n < SITES; n++) {
        struct day d;
        draw_site(&d, &seed);
        draw_noise(&d, &seed);
        struct suspect s = day_suspect(&d, SITE_NONE);
        assert_none(&s);
        assert_true(s.before_kwh > 0.0);
    }
}

static double rms(struct day *d, int32_t feed) {
    double squares = 0.0;
    for (int k = 0; k < DAY; k++)
        squares += *day_at(d, k, feed) * *day_at(d, k, feed);
    return sqrt(squares / DAY);
}

/* |cosine| of two meters' days: 1 when one is a multiple of the other. The best multiple of the
 * second leaves sqrt(1 - cosine^2) of the first: a quarter at 0.968. */
static double alike(struct day *d, int32_t a, int32_t b) {
    double dot = 0.0, size = rms(d, a) * rms(d, b) * DAY;
    for (int k = 0; k < DAY; k++)
        dot += *day_at(d, k, a) * *day_at(d, k, b);
    return size > 0.0 ? fabs(dot) / size : 0.0;
}

static double feeders_of(struct day *d) {
    double sum = 0.0;
    for (int32_t i = 0; i < (int32_t)d->site.feed_count; i++) {
        for (int k = 0; d->feeds[i].role == ROLE_LOAD && k < DAY; k++)
            sum += *day_at(d, k, i);
    }
    return fabs(sum) / DAY;
}

/* Whether a fault that multiplied a feed can be told from others: twice the limit, and no other
 * meter's day looks like it. */
static bool distinguishable(struct day *d, int32_t feed, double by) {
    double residual = rms(d, feed) * fabs(by - 1.0), most_alike = 0.0;
    double feeders = feeders_of(d); /* and what a feeder that reads too much adds to them */
    if (by > 1.0 && d->feeds[feed].role == ROLE_LOAD)
        feeders += residual;

    for (int32_t i = 0; i < (int32_t)d->site.feed_count; i++) {
        if (i != feed)
            most_alike = fmax(most_alike, alike(d, feed, i));
    }
    return most_alike < 0.968 && residual > 0.1 * feeders;
}

struct tally {
    int distinguishable, right, wrong;
};

/* One fault at one feed of each site. by: 0 dead, -1 reversed, else a ratio. */
static struct tally inject(uint64_t seed, const double *by, size_t kinds, enum suspect_kind want) {
    struct tally t = {0};

    for (int n = 0; n < SITES; n++) {
        struct day d;
        draw_site(&d, &seed);
        int32_t feed = (int32_t)between(&seed, 0, (double)d.site.feed_count);
        double fault = by[(size_t)between(&seed, 0, (double)kinds)];
        bool can = distinguishable(&d, feed, fault);
        draw_noise(&d, &seed);
        day_scale(&d, feed, fault);
        struct suspect s = day_suspect(&d, SITE_NONE);
        t.distinguishable += can;
        t.right += can && s.kind == want && s.feed == feed;
        t.wrong += s.kind != SUSPECT_NONE && s.feed != feed;
    }
    return t;
}

/* The right device in at least 95 % of what can be told; a wrong one never, whatever can be. */
static void assert_found(const struct tally *t) {
    if (t->right * 100 < t->distinguishable * 95 || t->wrong > 0)
        print_error("of %d: %d right, %d wrong\n", t->distinguishable, t->right, t->wrong);
    assert_true(t->distinguishable > SITES / 10);
    assert_true(t->right * 100 >= t->distinguishable * 95);
    assert_int_equal(t->wrong, 0);
}

static void a_reversed_meter_is_found_by_chance(void **state) {
    (void)state;
    static const double by[] = {-1};
    struct tally t = inject(SEED + 1, by, 1, SUSPECT_REVERSED);
    assert_found(&t);
}

static void a_wrong_ratio_is_found_by_chance(void **state) {
    (void)state;
    static const double by[] = {0.5, 2, 0.75, 4.0 / 3, 0.8, 1.25, 5, 0.2, 10, 0.1, 80, 1.0 / 80};
    struct tally t = inject(SEED + 2, by, sizeof by / sizeof by[0], SUSPECT_RATIO);
    assert_found(&t);
}

static void a_dead_meter_is_found_by_chance(void **state) {
    (void)state;
    static const double by[] = {0};
    struct tally t = inject(SEED + 3, by, 1, SUSPECT_DEAD);
    assert_found(&t);
}

/* A feeder of 1 % of the load: reversed, halved or dead it is within the limit. */
static void a_fault_of_a_tiny_feed_accuses_nobody(void **state) {
    (void)state;
    static const double by[] = {-1, 0.5, 0};
    uint64_t seed = SEED + 4;

    for (int n = 0; n < 300; n++) {
        struct day d;
        draw_site(&d, &seed);
        int32_t feed = (int32_t)d.site.feed_count - 1; /* a load */
        double loads = feeders_of(&d), scale = 0.01 * loads / rms(&d, feed);
        for (int k = 0; k < DAY; k++) {
            *day_at(&d, k, 0) -= (1 - scale) * *day_at(&d, k, feed);
            *day_at(&d, k, feed) *= scale;
        }
        if (feeders_of(&d) < 0.5 * loads)
            continue; /* it was most of the load: 1 % of what it was is not tiny now */
        draw_noise(&d, &seed);
        day_scale(&d, feed, by[n % 3]);
        struct suspect s = day_suspect(&d, SITE_NONE);
        assert_none(&s);
    }
}

/* A feeder without a meter is nobody's fault. Where its shape is another's times a common step it
 * looks like that one's: in at most 2 of 100 sites. */
static void an_unmetered_feeder_is_rarely_blamed_on_a_meter(void **state) {
    (void)state;
    uint64_t seed = SEED + 5;
    int blamed = 0;

    for (int n = 0; n < SITES; n++) {
        struct day d;
        draw_site(&d, &seed);
        draw_noise(&d, &seed);
        d.feeds[d.site.feed_count - 1].counted = false;
        blamed += day_suspect(&d, SITE_NONE).kind != SUSPECT_NONE;
    }
    assert_in_range(blamed, 0, SITES / 50);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noise_alone_accuses_nobody),
        cmocka_unit_test(a_reversed_meter_is_found_by_chance),
        cmocka_unit_test(a_wrong_ratio_is_found_by_chance),
        cmocka_unit_test(a_dead_meter_is_found_by_chance),
        cmocka_unit_test(a_fault_of_a_tiny_feed_accuses_nobody),
        cmocka_unit_test(an_unmetered_feeder_is_rarely_blamed_on_a_meter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
