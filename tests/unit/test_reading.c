/* The block that carries a poll through the ring: its layout holds for any count of points. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "meter/reading.h"
#include "meter/site.h"

static void sizes_are_multiples_of_eight_and_hold_everything(void **state) {
    (void)state;
    for (size_t points = 0; points < 40; points++) {
        for (size_t registers = 0; registers < 40; registers++) {
            size_t need = sizeof(struct reading) + 3 * points + 2 * registers;
            size_t size = reading_size(points, registers);

            assert_int_equal(size % 8, 0);
            assert_true(size >= need && size < need + 8);
        }
    }
}

static void a_new_reading_is_all_missing(void **state) {
    size_t size = reading_size(5, 9);
    struct reading *r = malloc(size);

    (void)state;
    assert_non_null(r);
    memset(r, 0xAA, size);
    reading_init(r, 7, 5, 9);
    assert_int_equal(r->bytes, size);
    assert_int_equal(r->device, 7);
    assert_int_equal(r->kind, READING_POLL);
    assert_int_equal(r->utc_ms, 0);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(reading_quality(r)[i], QUALITY_MISSING);
        assert_int_equal(reading_delay(r)[i], 0);
    }
    for (size_t i = 0; i < 9; i++)
        assert_int_equal(reading_registers(r)[i], 0);
    free(r);
}

static void the_parts_do_not_overlap(void **state) {
    struct reading *r = malloc(reading_size(3, 5));

    (void)state;
    assert_non_null(r);
    reading_init(r, 0, 3, 5);
    memset(reading_delay(r), 0x11, 3 * sizeof(uint16_t));
    memset(reading_registers(r), 0x22, 5 * sizeof(uint16_t));
    memset(reading_quality(r), 0x33, 3);
    assert_int_equal(reading_delay(r)[2], 0x1111);
    assert_int_equal(reading_registers(r)[0], 0x2222);
    assert_int_equal(reading_registers(r)[4], 0x2222);
    assert_int_equal(r->point_count, 3);
    free(r);
}

static void freeing_no_site_is_fine_and_a_site_goes_with_its_arena(void **state) {
    struct arena *a = arena_new();
    struct site *s;

    (void)state;
    assert_non_null(a);
    s = arena_alloc(a, 1, sizeof *s);
    assert_non_null(s);
    s->arena = a;
    site_free(s); /* the leak checker is the judge */
    site_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_multiples_of_eight_and_hold_everything),
        cmocka_unit_test(a_new_reading_is_all_missing),
        cmocka_unit_test(the_parts_do_not_overlap),
        cmocka_unit_test(freeing_no_site_is_fine_and_a_site_goes_with_its_arena),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
