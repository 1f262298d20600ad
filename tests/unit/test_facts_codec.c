/* Facts as they are stored: every number comes back exactly, under another configuration in its own
 * place; bytes that are not facts are refused. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "store/facts_codec.h"
#include "sys/clock.h"

#define UNKNOWN ((double)NAN)

static struct feed feeds[3];
static struct metering_point points[METERING_POINTS_MAX];
static struct account accounts[ACCOUNTS_MAX];
static struct transformer transformers[TRANSFORMERS_MAX];
static struct virtual_def virtuals[VIRTUALS_MAX];
static struct site site;
static char names[5][32][SITE_ID_MAX];
static uint8_t bytes[FACTS_BYTES_MAX];
static size_t length;

static const char *name(int kind, size_t i) {
    snprintf(names[kind][i], sizeof names[kind][i], "%c%zu", "fpatv"[kind], i);
    return names[kind][i];
}

/* As many points, accounts and transformers as a site can have. A setup function. */
static int a_full_site(void **state) {
    (void)state;
    for (size_t i = 0; i < 3; i++)
        feeds[i] = (struct feed){.id = name(0, i), .role = ROLE_LOAD, .counted = true};
    for (size_t i = 0; i < METERING_POINTS_MAX; i++)
        points[i] = (struct metering_point){.id = name(1, i)};
    for (size_t i = 0; i < ACCOUNTS_MAX; i++)
        accounts[i] = (struct account){.id = name(2, i)};
    for (size_t i = 0; i < TRANSFORMERS_MAX; i++)
        transformers[i] = (struct transformer){.id = name(3, i)};
    for (size_t i = 0; i < VIRTUALS_MAX; i++)
        virtuals[i] = (struct virtual_def){.id = name(4, i)};
    site = (struct site){.virtuals = virtuals,
                         .virtual_count = VIRTUALS_MAX,
                         .feeds = feeds,
                         .feed_count = 3,
                         .metering_points = points,
                         .metering_point_count = METERING_POINTS_MAX,
                         .accounts = accounts,
                         .account_count = ACCOUNTS_MAX,
                         .transformers = transformers,
                         .transformer_count = TRANSFORMERS_MAX};
    return 0;
}

/* ---- numbers of which no two are alike ---------------------------------------------------- */

static double next_value;

/* Thirds, so that no number is short; one in seven is unknown. */
static double value(void) {
    next_value += 1.0;
    return fmod(next_value, 7.0) < 0.5 ? UNKNOWN : next_value / 3.0;
}

static ms_t instant(void) {
    return 1700000000000 + (ms_t)(next_value += 1.0);
}

static bool flag(void) {
    return fmod(next_value += 1.0, 3.0) < 1.5;
}

static struct range_stat range(void) {
    return (struct range_stat){value(), value(), value(), (uint32_t)instant()};
}

static struct demand_peak peak(void) {
    return (struct demand_peak){value(), instant()};
}

static void fill(double *v, size_t n) {
    for (size_t i = 0; i < n; i++)
        v[i] = value();
}

static void fill_point(struct point_facts *p) {
    p->import_kwh = value();
    p->export_kwh = value();
    fill(p->kvarh, 4);
    p->kvarh_integrated = flag();
    p->s_kva = range();
    p->s_max_at = instant();
    p->p_max_kw = value();
    p->block_kw = value();
    p->block_at = instant();
    p->sliding = peak();
    p->month_max = peak();
    p->voltage_deviation_pct = range();
    p->voltage_unbalance_pct = range();
    p->current_unbalance_pct = range();
    p->frequency_hz = range();
    p->monitored_ms = (uint64_t)instant();
    p->qualified_ms = p->monitored_ms - 1000;
}

static void fill_account(struct account_facts *a) {
    a->block_kw = value();
    a->block_at = instant();
    a->sliding = peak();
    a->coincident = peak();
    a->month_max = peak();
    a->contract_kw = value();
    fill(a->import_kwh, TARIFF_PERIODS);
    fill(a->export_kwh, TARIFF_PERIODS);
    a->split_known = flag();
    a->cost_e8 = -instant();
    a->cost_known = flag();
    a->cost_verified = flag();
    a->arbitrage_e8 = instant();
    a->arbitrage_known = flag();
    a->price_version = (int32_t)next_value;
    a->priced_by_curve = flag();
}

static void fill_factor(struct factor_used *f, const char *id) {
    snprintf(f->id, sizeof f->id, "%s", id);
    snprintf(f->area, sizeof f->area, "河南");
    f->series = FACTOR_NATIONAL_FOSSIL;
    f->year = 2023;
    f->provisional = flag();
    f->kg_per_kwh = value();
}

static void fill_carbon(struct carbon_facts *c) {
    c->location_kg = value();
    c->national_kg = value();
    c->market_base_kwh = value();
    c->avoided_pv_kg = value();
    c->avoided_storage_kg = value();
    fill(c->fuel_amount, FUEL_KINDS);
    c->scope1_kg = value();
    c->fuel_kgce = value();
    c->charge_kg = value();
    c->discharge_kg = value();
    c->busbar_kg = value();
    c->busbar_kwh = value();
    c->ess = (struct ess_carbon){value(), value(), flag()};
    c->factor_varies = flag();
    fill_factor(&c->factor, "province/河南/2022");
    fill_factor(&c->national, "");
}

static void fill_rest(struct slot_facts *f) {
    f->covered = 123456789012;
    f->coverage = 1.0 / 3.0;
    f->quality = QUALITY_RECOVERED;
    f->cause = CAUSE_CLOCK;
    f->late = true;
    f->clock_state = CLOCK_STEPPED;
    f->clock_offset_ms = value();
    for (size_t i = 0; i < SITE_POWER_COUNT; i++) {
        f->power[i] = (struct power_stat){value(), value(), value()};
        f->power_ms[i] = (uint64_t)instant();
        f->absent[i] = flag();
    }
    fill(f->energy_kwh, SITE_ENERGY_COUNT);
    f->soc_start_pct = value();
    f->soc_end_pct = value();
    f->balance = (struct balance_facts){.residual_kwh = value(),
                                        .feeders_kwh = value(),
                                        .bad_slots = 17,
                                        .suspect = {SUSPECT_RATIO, 2, value(), value(), value()},
                                        .nodes = {{1, value(), value()}, {2, value(), 8.0}},
                                        .node_count = 2};
    for (size_t i = 0; i < VIRTUALS_MAX; i++)
        f->virtuals[i] = (struct virtual_facts){value(), value(), (uint64_t)instant()};
    f->claimed_kwh = value();
    f->unclaimed_kwh = value();
    f->irradiation_kwh_m2 = value();
    f->output = value();
    f->expected = 4000000000;
    f->stored = 7;
}

static struct slot_facts full(void) {
    struct slot_facts f;
    next_value = 0.0;
    facts_init(&f, &site, SLOT_1H, 1700000000000, 1700003600000);
    for (size_t i = 0; i < f.point_count; i++)
        fill_point(&f.points[i]);
    for (size_t i = 0; i < f.account_count; i++)
        fill_account(&f.accounts[i]);
    for (size_t i = 0; i < f.transformer_count; i++) {
        f.transformers[i] = (struct transformer_facts){value(), value(), value()};
        f.transformer_ms[i] = (uint64_t)instant();
    }
    fill_carbon(&f.carbon);
    fill_rest(&f);
    return f;
}

static void write(const struct slot_facts *f) {
    struct pack p;
    pack_init(&p, bytes, sizeof bytes);
    facts_write(&p, &site, f);
    assert_false(p.overflow);
    length = p.len;
}

/* Two structures that say the same are written the same. */
static void assert_same_facts(const struct slot_facts *a, const struct slot_facts *b) {
    static uint8_t first[FACTS_BYTES_MAX];
    write(a);
    size_t n = length;
    memcpy(first, bytes, n);
    write(b);
    assert_int_equal(length, n);
    assert_memory_equal(bytes, first, n);
}

static void assert_same(double got, double want) {
    assert_true(isnan(want) ? isnan(got) : got >= want && got <= want);
}

/* ---- tests -------------------------------------------------------------------------------- */

/* Some of everything is looked at by name, so that the codec is not compared with itself alone. */
static void all_of_it_comes_back(void **state) {
    (void)state;
    struct slot_facts in = full(), out;
    write(&in);
    assert_int_equal(facts_read(bytes, length, &site, &out), ERR_OK);
    assert_same_facts(&in, &out);
    assert_int_equal(out.period, SLOT_1H);
    assert_int_equal(out.end - out.start, MS_PER_HOUR);
    assert_same(out.coverage, 1.0 / 3.0);
    assert_int_equal(out.covered, 123456789012);
    assert_int_equal(out.cause, CAUSE_CLOCK);
    assert_int_equal(out.expected, 4000000000);
    for (size_t i = 0; i < SITE_ENERGY_COUNT; i++)
        assert_same(out.energy_kwh[i], in.energy_kwh[i]);
    const struct point_facts *p = &out.points[15], *q = &in.points[15];
    assert_same(p->kvarh[3], q->kvarh[3]);
    assert_same(p->frequency_hz.max, q->frequency_hz.max);
    assert_int_equal(p->frequency_hz.covered_ms, q->frequency_hz.covered_ms);
    assert_int_equal(p->monitored_ms, q->monitored_ms);
    assert_int_equal(p->qualified_ms, q->qualified_ms);
    assert_int_equal(p->month_max.at, q->month_max.at);
    const struct account_facts *a = &out.accounts[7], *b = &in.accounts[7];
    assert_int_equal(a->cost_e8, b->cost_e8);
    assert_int_equal(a->price_version, b->price_version);
    assert_same(a->export_kwh[TARIFF_DEEP], b->export_kwh[TARIFF_DEEP]);
    assert_same(out.transformers[15].loss_kwh, in.transformers[15].loss_kwh);
    assert_string_equal(out.carbon.factor.id, "province/河南/2022");
    assert_string_equal(out.carbon.national.id, "");
    assert_int_equal(out.carbon.factor.year, 2023);
    assert_int_equal(out.balance.suspect.kind, SUSPECT_RATIO);
    assert_int_equal(out.balance.suspect.feed, 2);
    assert_int_equal(out.balance.nodes[1].feed, 2);
    assert_same(out.balance.nodes[1].flow_kwh, 8.0);
    assert_same(out.virtuals[15].kwh, in.virtuals[15].kwh);
    assert_same(out.claimed_kwh, in.claimed_kwh);
}

static void of_a_slot_that_knows_nothing_nothing_comes_back(void **state) {
    (void)state;
    struct slot_facts in, out;
    facts_init(&in, &site, SLOT_1M, 60000, 120000);
    write(&in);
    assert_int_equal(facts_read(bytes, length, &site, &out), ERR_OK);
    assert_same_facts(&in, &out);
    assert_true(isnan(out.energy_kwh[SITE_E_IMPORT]) && isnan(out.points[0].import_kwh));
    assert_int_equal(out.balance.suspect.feed, SITE_NONE);
}

/* Accounts in another order, one gone, one new: each has its own figures, the new one none. */
static void another_configuration_finds_its_own(void **state) {
    (void)state;
    struct slot_facts in = full(), out;
    write(&in);
    accounts[0].id = "new";
    accounts[1].id = name(2, 3);
    site.account_count = 2;
    points[0].id = name(1, 15);
    site.metering_point_count = 1;
    site.transformer_count = 0;
    feeds[0].id = name(0, 2);
    feeds[1].id = feeds[2].id = "another";
    virtuals[0].id = name(4, 9);
    site.virtual_count = 1;
    assert_int_equal(facts_read(bytes, length, &site, &out), ERR_OK);
    assert_int_equal(out.account_count, 2);
    assert_int_equal(out.point_count, 1);
    assert_int_equal(out.transformer_count, 0);
    assert_true(isnan(out.accounts[0].block_kw) && !out.accounts[0].cost_known);
    assert_same(out.accounts[1].import_kwh[1], in.accounts[3].import_kwh[1]);
    assert_int_equal(out.accounts[1].cost_e8, in.accounts[3].cost_e8);
    assert_same(out.points[0].import_kwh, in.points[15].import_kwh);
    assert_int_equal(out.balance.suspect.feed, 0);
    assert_int_equal(out.balance.node_count, 1);
    assert_int_equal(out.balance.nodes[0].feed, 0);
    assert_same(out.balance.nodes[0].flow_kwh, 8.0);
    assert_same(out.virtuals[0].kwh, in.virtuals[9].kwh);
    assert_int_equal(out.virtual_count, 1);
    assert_same(out.energy_kwh[SITE_E_IMPORT], in.energy_kwh[SITE_E_IMPORT]);
}

/* The suspect is gone: nobody else is suspected instead. */
static void a_suspect_that_is_gone_is_forgotten(void **state) {
    (void)state;
    struct slot_facts in = full(), out;
    write(&in);
    site.feed_count = 2;
    assert_int_equal(facts_read(bytes, length, &site, &out), ERR_OK);
    assert_int_equal(out.balance.suspect.kind, SUSPECT_NONE);
    assert_int_equal(out.balance.suspect.feed, SITE_NONE);
}

static void every_truncation_is_refused(void **state) {
    (void)state;
    struct slot_facts in = full(), out;
    write(&in);
    for (size_t n = 0; n < length; n++) {
        /* at the end of a block of its own: a sanitizer sees a read past it */
        uint8_t *cut = test_malloc(n + 1);
        memcpy(cut + 1, bytes, n);
        assert_int_equal(facts_read(cut + 1, n, &site, &out), ERR_CORRUPT);
        test_free(cut);
    }
}

static void bytes_beyond_the_end_are_refused(void **state) {
    (void)state;
    struct slot_facts in = full(), out;
    write(&in);
    bytes[length] = 0;
    assert_int_equal(facts_read(bytes, length + 1, &site, &out), ERR_CORRUPT);
}

static void how_long_a_stepped_slot_was_comes_back(void **state) {
    (void)state;
    struct slot_facts in = full(), out;
    in.lived_ms = 1500000;
    write(&in);
    assert_int_equal(facts_read(bytes, length, &site, &out), ERR_OK);
    assert_int_equal(out.lived_ms, 1500000);
    bytes[length] = 0;
    assert_int_equal(facts_read(bytes, length + 1, &site, &out), ERR_CORRUPT);
}

static void another_version_is_refused(void **state) {
    (void)state;
    struct slot_facts in = full(), out;
    write(&in);
    for (unsigned version = 0; version < 256; version++) {
        bool own = bytes[0] == version;
        uint8_t was = bytes[0];
        bytes[0] = (uint8_t)version;
        assert_int_equal(facts_read(bytes, length, &site, &out), own ? ERR_OK : ERR_CORRUPT);
        bytes[0] = was;
    }
}

/* As version 3, without two numbers at the end of each metering point. */
static void facts_of_version_2_are_read(void **state) {
    (void)state;
    struct slot_facts in, out;
    site.metering_point_count = 1;
    site.account_count = site.transformer_count = 0;
    facts_init(&in, &site, SLOT_15M, 0, 900000);
    in.points[0].frequency_hz.max = 50.25;
    write(&in);
    enum { AFTER = 2, GONE = 2 }; /* the counts of accounts and transformers; the numbers, zero */
    memmove(bytes + length - AFTER - GONE, bytes + length - AFTER, AFTER);
    bytes[0] = 2;
    assert_int_equal(facts_read(bytes, length - GONE, &site, &out), ERR_OK);
    assert_float_equal(out.points[0].frequency_hz.max, 50.25, 0);
    assert_int_equal(out.points[0].monitored_ms, 0);
    bytes[0] = 1;
    assert_int_equal(facts_read(bytes, length - GONE, &site, &out), ERR_CORRUPT);
}

/* Sums of such facts would overflow. */
static void money_and_times_that_no_slot_has_are_refused(void **state) {
    (void)state;
    struct slot_facts in = full(), out;
    in.accounts[7].cost_e8 = INT64_C(100000000000000000);
    write(&in);
    assert_int_equal(facts_read(bytes, length, &site, &out), ERR_OK);
    in.accounts[7].cost_e8++;
    write(&in);
    assert_int_equal(facts_read(bytes, length, &site, &out), ERR_CORRUPT);
    in = full();
    in.points[0].month_max.at = INT64_MIN;
    write(&in);
    assert_int_equal(facts_read(bytes, length, &site, &out), ERR_CORRUPT);
    in = full();
    in.end = in.start - 1;
    write(&in);
    assert_int_equal(facts_read(bytes, length, &site, &out), ERR_CORRUPT);
}

static void assert_in_bounds(const struct slot_facts *f) {
    assert_true((unsigned)f->period < SLOT_PERIOD_COUNT && (unsigned)f->quality < QUALITY_COUNT);
    assert_true((unsigned)f->cause <= CAUSE_CLOCK && f->clock_state <= CLOCK_STEPPED);
    assert_true(f->point_count == METERING_POINTS_MAX && f->account_count == ACCOUNTS_MAX);
    assert_true((unsigned)f->balance.suspect.kind <= SUSPECT_DEAD);
    assert_in_range(f->balance.suspect.feed + 1, 0, 3);
    assert_true((unsigned)f->carbon.factor.series < FACTOR_SERIES_COUNT);
    assert_true(strnlen(f->carbon.factor.id, sizeof f->carbon.factor.id) < 64);
}

/* A byte changed anywhere: refused, or another structure that can be merged. */
static void a_wrong_byte_does_no_harm(void **state) {
    (void)state;
    struct slot_facts in = full(), out, sum;
    write(&in);
    static const uint8_t wrong[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    size_t refused = 0, taken = 0;
    facts_init(&sum, &site, SLOT_1D, 0, MS_PER_DAY);
    for (size_t at = 1; at < length; at++)
        for (size_t i = 0; i < sizeof wrong; i++) {
            uint8_t was = bytes[at];
            bytes[at] = wrong[i];
            int err = facts_read(bytes, length, &site, &out);
            bytes[at] = was;
            assert_true(err == ERR_OK || err == ERR_CORRUPT);
            refused += err < 0;
            taken += err == ERR_OK;
            if (err == ERR_OK)
                assert_in_bounds(&out);
        }
    assert_true(refused > 0 && taken > 0);
}

/* A fixed generator (Numerical Recipes' constants), so that a failure comes again. */
static void random_bytes_do_no_harm(void **state) {
    (void)state;
    struct slot_facts out;
    uint32_t random = 1;
    for (int round = 0; round < 3000; round++) {
        size_t n = 0;
        for (; n < 600; n++) {
            random = random * 1664525u + 1013904223u;
            bytes[n] = (uint8_t)(random >> 24);
        }
        bytes[0] = 3; /* the version: the rest is looked at */
        int err = facts_read(bytes, n, &site, &out);
        assert_true(err == ERR_OK || err == ERR_CORRUPT);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(all_of_it_comes_back, a_full_site),
        cmocka_unit_test_setup(of_a_slot_that_knows_nothing_nothing_comes_back, a_full_site),
        cmocka_unit_test_setup(another_configuration_finds_its_own, a_full_site),
        cmocka_unit_test_setup(a_suspect_that_is_gone_is_forgotten, a_full_site),
        cmocka_unit_test_setup(every_truncation_is_refused, a_full_site),
        cmocka_unit_test_setup(bytes_beyond_the_end_are_refused, a_full_site),
        cmocka_unit_test_setup(how_long_a_stepped_slot_was_comes_back, a_full_site),
        cmocka_unit_test_setup(another_version_is_refused, a_full_site),
        cmocka_unit_test_setup(facts_of_version_2_are_read, a_full_site),
        cmocka_unit_test_setup(money_and_times_that_no_slot_has_are_refused, a_full_site),
        cmocka_unit_test_setup(a_wrong_byte_does_no_harm, a_full_site),
        cmocka_unit_test_setup(random_bytes_do_no_harm, a_full_site),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
