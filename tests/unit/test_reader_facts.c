/* Facts of stored slots: the newest of each, by time, in the order of the site as it is now. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/books.h"
#include "store/db.h"
#include "store/records.h"
#include "store_rig.h"
#include "sys/clock.h"

#define UNKNOWN ((double)NAN)

/* Two accounts with a metering point and a transformer each. */
struct scene {
    struct works works;
    struct account accounts[2];
    struct metering_point points[2];
    struct transformer transformers[2];
    struct writer writer;
    struct records records;
};

static void scene_open(struct scene *s) {
    memset(s, 0, sizeof *s);
    assert_int_equal(clock_set_zone("UTC"), ERR_OK);
    works_init(&s->works);
    s->accounts[0] = (struct account){.id = "main", .billing_day = 1};
    s->accounts[1] = (struct account){.id = "dorm", .billing_day = 1};
    s->points[0] = (struct metering_point){.id = "p1", .account = 0};
    s->points[1] = (struct metering_point){.id = "p2", .account = 1};
    s->transformers[0] = (struct transformer){.id = "t1", .kva = 1000.0, .account = 0};
    s->transformers[1] = (struct transformer){.id = "t2", .kva = 500.0, .account = 1};
    struct site *site = &s->works.site;
    site->accounts = s->accounts;
    site->metering_points = s->points;
    site->transformers = s->transformers;
    site->account_count = site->metering_point_count = site->transformer_count = 2;
    assert_int_equal(writer_open(&s->writer, s->works.path, T0), ERR_OK);
    assert_int_equal(writer_set_site(&s->writer, site), ERR_OK);
    assert_int_equal(records_init(&s->records, &s->writer, site), ERR_OK);
}

static void scene_close(struct scene *s) {
    records_fini(&s->records);
    writer_close(&s->writer);
    works_fini(&s->works);
}

/* A record whose numbers tell its place: base for main, p1, t1; base + 1 for dorm, p2, t2. */
static void put(struct scene *s, enum slot_period p, int account, ms_t start, ms_t end,
                double base) {
    struct slot_facts *f = &s->records.facts;
    facts_init(f, &s->works.site, p, start, end);
    for (int i = 0; i < 2; i++) {
        f->points[i].import_kwh = base + i;
        f->accounts[i].month_max.kw = base + i;
        f->transformers[i] = (struct transformer_facts){base + i, base + i, base + i};
        f->transformer_ms[i] = (uint64_t)base + (uint64_t)i;
    }
    f->energy_kwh[SITE_E_IMPORT] = 2 * base;
    assert_int_equal(writer_begin(&s->writer), ERR_OK);
    assert_int_equal(writer_end(&s->writer, records_put(&s->records, account, NULL, false, T0)),
                     ERR_OK);
}

struct got {
    size_t n;
    int stop_after; /* 0: never */
    struct slot_facts facts[8];
};

static int on_facts(void *arg, const struct slot_facts *f) {
    struct got *g = arg;
    assert_true(g->n < 8);
    g->facts[g->n++] = *f;
    return g->stop_after > 0 && (size_t)g->stop_after == g->n ? ERR_LIMIT : ERR_OK;
}

static struct scene scene;
static struct got got;

static int read_facts(const struct site *site, enum slot_period p, int account, ms_t from, ms_t to,
                      uint64_t *bad) {
    struct reader *r;
    got.n = 0;
    assert_int_equal(reader_open(scene.works.path, &r), ERR_OK);
    int err = reader_facts(r, site, p, account, from, to, on_facts, &got, bad);
    reader_close(r);
    return err;
}

static void the_newest_revision_of_each_slot_comes_in_order_of_time(void **state) {
    (void)state;
    uint64_t bad = 9;
    scene_open(&scene);
    put(&scene, SLOT_15M, -1, T0 + 2 * QUARTER, T0 + 3 * QUARTER, 30.0);
    put(&scene, SLOT_15M, -1, T0, T0 + QUARTER, 10.0);
    put(&scene, SLOT_15M, -1, T0 + QUARTER, T0 + 2 * QUARTER, 20.0);
    put(&scene, SLOT_15M, -1, T0, T0 + QUARTER, 11.0);    /* revised */
    put(&scene, SLOT_1H, -1, T0, T0 + 4 * QUARTER, 99.0); /* another period */
    put(&scene, SLOT_15M, -1, T0 + 3 * QUARTER, T0 + 4 * QUARTER, 40.0);
    assert_int_equal(read_facts(&scene.works.site, SLOT_15M, -1, T0, T0 + 3 * QUARTER, &bad),
                     ERR_OK);
    assert_int_equal(bad, 0);
    assert_int_equal(got.n, 3); /* the end of the range is not in it */
    static const double want[] = {11.0, 20.0, 30.0};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(got.facts[i].start, T0 + i * QUARTER);
        assert_near(got.facts[i].points[0].import_kwh, want[i], 0);
        assert_near(got.facts[i].accounts[1].month_max.kw, want[i] + 1, 0);
        assert_near(got.facts[i].transformers[1].s_max_kva, want[i] + 1, 0);
        assert_near(got.facts[i].energy_kwh[SITE_E_IMPORT], 2 * want[i], 0);
    }
    scene_close(&scene);
}

/* The site after a reload: dorm first, a new account between, main's transformer gone. */
static struct site another_order(void) {
    static struct account accounts[3];
    static struct metering_point points[3];
    static struct transformer transformers[2];
    struct site site = scene.works.site;
    accounts[0] = scene.accounts[1];
    accounts[1] = (struct account){.id = "new", .billing_day = 1};
    accounts[2] = scene.accounts[0];
    points[0] = scene.points[1];
    points[1] = (struct metering_point){.id = "p", .account = 1};
    points[2] = scene.points[0];
    transformers[0] = (struct transformer){.id = "t11", .kva = 1.0};
    transformers[1] = scene.transformers[1];
    site.accounts = accounts;
    site.metering_points = points;
    site.transformers = transformers;
    site.account_count = site.metering_point_count = 3;
    return site;
}

static void assert_in_the_other_order(const struct slot_facts *f, double base) {
    assert_int_equal(f->point_count, 3);
    assert_int_equal(f->account_count, 3);
    assert_near(f->points[0].import_kwh, base + 1, 0);
    assert_true(isnan(f->points[1].import_kwh));
    assert_near(f->points[2].import_kwh, base, 0);
    assert_near(f->accounts[0].month_max.kw, base + 1, 0);
    assert_true(isnan(f->accounts[1].month_max.kw));
    assert_near(f->accounts[2].month_max.kw, base, 0);
    assert_true(isnan(f->transformers[0].s_max_kva)); /* t11 is not t1 */
    assert_int_equal(f->transformer_ms[0], 0);
    assert_near(f->transformers[1].s_max_kva, base + 1, 0);
    assert_int_equal(f->transformer_ms[1], (uint64_t)base + 1);
}

static void what_a_slot_says_is_found_by_its_name_after_a_reload(void **state) {
    (void)state;
    uint64_t bad = 9;
    scene_open(&scene);
    put(&scene, SLOT_15M, -1, T0, T0 + QUARTER, 10.0);
    struct site site = another_order();
    assert_int_equal(read_facts(&site, SLOT_15M, -1, T0, T0 + QUARTER, &bad), ERR_OK);
    assert_int_equal(got.n, 1);
    assert_in_the_other_order(&got.facts[0], 10.0);
    scene_close(&scene);
}

#define MONTH_START ((ms_t)1696118400000) /* 2023-10-01 UTC: T0 is in November */
#define MONTH_END   ((ms_t)1698796800000) /* 2023-11-01 */

static void a_bill_is_that_of_its_account_by_name(void **state) {
    (void)state;
    uint64_t bad = 9;
    scene_open(&scene);
    put(&scene, SLOT_BILL, 0, MONTH_START, MONTH_END, 70.0);
    put(&scene, SLOT_BILL, 1, MONTH_START, MONTH_END, 80.0);
    put(&scene, SLOT_1D, -1, MONTH_END - MS_PER_DAY, MONTH_END, 5.0);
    assert_int_equal(read_facts(&scene.works.site, SLOT_BILL, 1, MONTH_START, T0, &bad), ERR_OK);
    assert_int_equal(got.n, 1);
    assert_near(got.facts[0].accounts[1].month_max.kw, 81.0, 0);
    struct site site = another_order();
    assert_int_equal(read_facts(&site, SLOT_BILL, 2, MONTH_START, T0, &bad), ERR_OK);
    assert_int_equal(got.n, 1);
    assert_in_the_other_order(&got.facts[0], 70.0);
    scene_close(&scene);
}

static void a_bill_needs_no_day_to_be_read(void **state) {
    (void)state;
    uint64_t bad = 9;
    scene_open(&scene);
    put(&scene, SLOT_BILL, 0, MONTH_START, MONTH_END, 70.0);
    assert_int_equal(read_facts(&scene.works.site, SLOT_BILL, 0, MONTH_START, T0, &bad), ERR_OK);
    assert_near(got.facts[0].accounts[0].month_max.kw, 70.0, 0);
    assert_near(got.facts[0].points[1].import_kwh, 71.0, 0);
    scene_close(&scene);
}

static void an_account_that_the_store_never_knew_is_not_found(void **state) {
    (void)state;
    uint64_t bad = 9;
    scene_open(&scene);
    struct site site = another_order();
    assert_int_equal(read_facts(&site, SLOT_BILL, 1, 0, T0, &bad), ERR_NOT_FOUND);
    assert_int_equal(bad, 9);
    scene_close(&scene);
}

static void a_callback_stops_the_reading_with_its_code(void **state) {
    (void)state;
    uint64_t bad = 9;
    scene_open(&scene);
    for (int i = 0; i < 3; i++)
        put(&scene, SLOT_15M, -1, T0 + i * QUARTER, T0 + (i + 1) * QUARTER, 10.0);
    got.stop_after = 2;
    assert_int_equal(read_facts(&scene.works.site, SLOT_15M, -1, T0, INT64_MAX, &bad), ERR_LIMIT);
    got.stop_after = 0;
    assert_int_equal(got.n, 2);
    assert_int_equal(bad, 9);
    scene_close(&scene);
}

static void
facts_that_cannot_be_read_are_counted_and_those_that_are_not_there_passed(void **state) {
    (void)state;
    uint64_t bad = 0;
    scene_open(&scene);
    for (int i = 0; i < 3; i++)
        put(&scene, SLOT_15M, -1, T0 + i * QUARTER, T0 + (i + 1) * QUARTER, 10.0 * i);
    char sql[100];
    snprintf(sql, sizeof sql, "UPDATE record SET facts=x'01' WHERE start=%" PRId64, T0);
    assert_int_equal(db_exec(scene.writer.db, sql), ERR_OK);
    snprintf(sql, sizeof sql, "UPDATE record SET facts=NULL WHERE start=%" PRId64, T0 + QUARTER);
    assert_int_equal(db_exec(scene.writer.db, sql), ERR_OK);
    assert_int_equal(read_facts(&scene.works.site, SLOT_15M, -1, T0, INT64_MAX, &bad), ERR_OK);
    assert_int_equal(bad, 1);
    assert_int_equal(got.n, 1);
    assert_near(got.facts[0].points[0].import_kwh, 20.0, 0);
    scene_close(&scene);
}

static void prices_are_read_without_the_writer(void **state) {
    (void)state;
    struct reader *r;
    struct books_store b;
    scene_open(&scene);
    const struct price_row row = {2023 * 12 + 9, PRICE_DEMAND, INT64_C(2800000000), 1, true};
    assert_int_equal(books_put_price(scene.writer.db, &row, T0), ERR_OK);
    assert_int_equal(reader_open(scene.works.path, &r), ERR_OK);
    assert_int_equal(reader_books(r, T0, &b), ERR_OK);
    const struct price p = tariff_component(&b.books.prices, 2023 * 12 + 9, PRICE_DEMAND);
    assert_true(p.known && p.verified);
    assert_int_equal(p.price_e8, 2800000000);
    books_free(&b);
    reader_close(r);
    scene_close(&scene);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_revision_of_each_slot_comes_in_order_of_time),
        cmocka_unit_test(what_a_slot_says_is_found_by_its_name_after_a_reload),
        cmocka_unit_test(a_bill_is_that_of_its_account_by_name),
        cmocka_unit_test(a_bill_needs_no_day_to_be_read),
        cmocka_unit_test(an_account_that_the_store_never_knew_is_not_found),
        cmocka_unit_test(a_callback_stops_the_reading_with_its_code),
        cmocka_unit_test(facts_that_cannot_be_read_are_counted_and_those_that_are_not_there_passed),
        cmocka_unit_test(prices_are_read_without_the_writer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
