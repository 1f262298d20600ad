/* Prices and curves in the store: what is put is loaded, the newer version counts, bad rows are
 * left out. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/pack.h"
#include "store/books.h"
#include "store/db.h"
#include "store/writer.h"
#include "store_fixture.h"
#include "sys/clock.h"

#define NOW   ((ms_t)1700000000000) /* 2023-11-14 22:13:20 UTC, day 19675 */
#define MONTH (2023 * 12 + 10)

static struct works works;
static struct writer writer;
static struct books_store books;

static int an_empty_store(void **state) {
    (void)state;
    works_init(&works);
    memset(&books, 0, sizeof books);
    return writer_open(&writer, works.path, NOW);
}

static int gone(void **state) {
    (void)state;
    books_free(&books);
    writer_close(&writer);
    works_fini(&works);
    return 0;
}

static void put(enum price_component c, int64_t price_e8, int32_t version, bool verified) {
    const struct price_row row = {MONTH, c, price_e8, version, verified};
    assert_int_equal(books_put_price(writer.db, &row, NOW), ERR_OK);
}

static void load(void) {
    assert_int_equal(books_load(&books, writer.db, NOW), ERR_OK);
}

static void nothing_was_put(void **state) {
    (void)state;
    load();
    assert_int_equal(books.books.prices.row_count, 0);
    assert_int_equal(books.books.prices.curve_count, 0);
    assert_int_equal(books.books.factor_count, 0);
    assert_int_equal(books.books.known_day, 19675);
}

static void a_price_comes_back(void **state) {
    (void)state;
    put(PRICE_ENERGY, 40000001, 1, true);
    put(PRICE_CAPACITY, -2800000000, 3, false);
    load();
    assert_int_equal(books.books.prices.row_count, 2);
    struct price energy = tariff_component(&books.books.prices, MONTH, PRICE_ENERGY);
    struct price capacity = tariff_component(&books.books.prices, MONTH, PRICE_CAPACITY);
    assert_true(energy.known && energy.verified && capacity.known && !capacity.verified);
    assert_int_equal(energy.price_e8, 40000001);
    assert_int_equal(energy.version, 1);
    assert_int_equal(capacity.price_e8, -2800000000);
    assert_int_equal(capacity.version, 3);
    assert_false(tariff_component(&books.books.prices, MONTH + 1, PRICE_ENERGY).known);
}

/* The same version again is a correction of it; another one stands beside it, the highest counts.
 */
static void a_version_is_put_once_and_the_highest_counts(void **state) {
    (void)state;
    put(PRICE_ENERGY, 40, 2, true);
    put(PRICE_ENERGY, 41, 2, true);
    put(PRICE_ENERGY, 39, 1, true);
    load();
    assert_int_equal(books.books.prices.row_count, 2);
    assert_int_equal(tariff_component(&books.books.prices, MONTH, PRICE_ENERGY).price_e8, 41);
}

static void curves_come_back_exactly(void **state) {
    (void)state;
    struct price_curve price = {.day = 19675, .version = 4};
    struct factor_curve factor = {.day = 19676, .version = 5};
    for (int i = 0; i < 96; i++) {
        price.price_e8[i] = i == 0 ? INT64_MAX : i == 1 ? INT64_MIN : 1000000 * (i - 48);
        factor.kg_per_kwh[i] = i == 0 ? (double)NAN : i / 3.0;
    }
    assert_int_equal(books_put_price_curve(writer.db, &price, NOW), ERR_OK);
    assert_int_equal(books_put_factor_curve(writer.db, &factor, NOW), ERR_OK);
    load();
    assert_int_equal(books.books.prices.curve_count, 1);
    assert_int_equal(books.books.factor_count, 1);
    assert_int_equal(books.books.prices.curves[0].day, 19675);
    assert_int_equal(books.books.prices.curves[0].version, 4);
    assert_memory_equal(books.books.prices.curves[0].price_e8, price.price_e8,
                        sizeof price.price_e8);
    assert_int_equal(books.books.factors[0].day, 19676);
    assert_int_equal(books.books.factors[0].version, 5);
    assert_true(isnan(books.books.factors[0].kg_per_kwh[0]));
    for (int i = 1; i < 96; i++)
        assert_near(books.books.factors[0].kg_per_kwh[i], i / 3.0, 0.0);
}

/* 95 points, 97 points, a kind that nobody knows: the good curve beside them stays. */
static void a_curve_that_is_none_is_left_out(void **state) {
    (void)state;
    static const struct {
        int kind, points;
    } rows[] = {{1, 95}, {1, 97}, {2, 95}, {2, 97}, {3, 96}, {0, 96}};
    struct price_curve good = {.day = 1, .version = 1};
    assert_int_equal(books_put_price_curve(writer.db, &good, NOW), ERR_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char sql[120];
        int n = rows[i].points * (rows[i].kind == 2 ? 8 : 1);
        snprintf(sql, sizeof sql, "INSERT INTO curve VALUES(%d,%zu,1,zeroblob(%d),0)", rows[i].kind,
                 100 + i, n);
        assert_int_equal(db_exec(writer.db, sql), ERR_OK);
    }
    load();
    assert_int_equal(books.books.prices.curve_count, 1);
    assert_int_equal(books.books.prices.curves[0].day, 1);
    assert_int_equal(books.books.factor_count, 0);
}

static void loading_again_takes_what_is_new(void **state) {
    (void)state;
    put(PRICE_ENERGY, 40, 1, true);
    load();
    put(PRICE_LOSSES, 2, 1, true);
    assert_int_equal(books.books.prices.row_count, 1);
    assert_int_equal(books_load(&books, writer.db, NOW + MS_PER_DAY), ERR_OK);
    assert_int_equal(books.books.prices.row_count, 2);
    assert_int_equal(books.books.known_day, 19676);
}

/* A store that cannot be read does not take away the prices that are known. */
static void a_failed_load_leaves_the_books_as_they_were(void **state) {
    (void)state;
    put(PRICE_ENERGY, 40, 1, true);
    load();
    assert_int_equal(db_exec(writer.db, "DROP TABLE curve"), ERR_OK);
    assert_true(books_load(&books, writer.db, NOW) < 0);
    assert_int_equal(tariff_component(&books.books.prices, MONTH, PRICE_ENERGY).price_e8, 40);
    struct factor_curve factor = {.day = 1};
    assert_true(books_put_factor_curve(writer.db, &factor, NOW) < 0);
    assert_int_equal(db_exec(writer.db, "DROP TABLE price"), ERR_OK);
    const struct price_row row = {MONTH, PRICE_ENERGY, 1, 1, true};
    assert_true(books_put_price(writer.db, &row, NOW) < 0);
    assert_true(books_load(&books, writer.db, NOW) < 0);
}

int main(void) {
    if (clock_set_zone("UTC") < 0)
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_was_put, an_empty_store, gone),
        cmocka_unit_test_setup_teardown(a_price_comes_back, an_empty_store, gone),
        cmocka_unit_test_setup_teardown(a_version_is_put_once_and_the_highest_counts,
                                        an_empty_store, gone),
        cmocka_unit_test_setup_teardown(curves_come_back_exactly, an_empty_store, gone),
        cmocka_unit_test_setup_teardown(a_curve_that_is_none_is_left_out, an_empty_store, gone),
        cmocka_unit_test_setup_teardown(loading_again_takes_what_is_new, an_empty_store, gone),
        cmocka_unit_test_setup_teardown(a_failed_load_leaves_the_books_as_they_were, an_empty_store,
                                        gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
