/* Memory of the arena is zeroed, aligned, apart, and gone all at once (the sanitizer sees leaks).
 */
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"

static void pieces_are_zeroed_aligned_and_apart(void **state) {
    (void)state;
    enum { PIECES = 2000 };
    static unsigned char *piece[PIECES];
    static size_t bytes[PIECES];
    struct arena *a = arena_new();
    assert_non_null(a);
    for (size_t i = 0; i < PIECES; i++) {
        bytes[i] = 1 + i * 7 % 131;
        piece[i] = arena_alloc(a, bytes[i], 1);
        assert_non_null(piece[i]);
        assert_int_equal((uintptr_t)piece[i] % alignof(max_align_t), 0);
        for (size_t k = 0; k < bytes[i]; k++)
            assert_int_equal(piece[i][k], 0);
        memset(piece[i], (int)(i & 0xFF), bytes[i]);
    }
    for (size_t i = 0; i < PIECES; i++) {
        for (size_t k = 0; k < bytes[i]; k++)
            assert_int_equal(piece[i][k], i & 0xFF);
    }
    arena_free(a);
}

static void large_pieces_leave_the_current_block_in_use(void **state) {
    (void)state;
    struct arena *a = arena_new();
    char *first = arena_alloc(a, 1, 16);
    char *large = arena_alloc(a, 1000, 1000);
    char *second = arena_alloc(a, 1, 16);
    assert_non_null(first);
    assert_non_null(large);
    memset(large, 0x55, 1000000);
    assert_ptr_equal(second, first + 16);
    arena_free(a);
}

static void a_large_piece_may_come_first(void **state) {
    (void)state;
    struct arena *a = arena_new();
    char *large = arena_alloc(a, 1, 100000);
    assert_non_null(large);
    large[99999] = 1;
    char *small = arena_alloc(a, 1, 1);
    assert_non_null(small);
    *small = 2;
    assert_int_equal(large[99999], 1);
    arena_free(a);
}

static void overflow_of_count_times_size_gives_null(void **state) {
    (void)state;
    static const struct {
        size_t count, size;
    } cases[] = {
        {SIZE_MAX, 2}, {2, SIZE_MAX}, {SIZE_MAX / 2 + 1, 2}, {SIZE_MAX, 1}, {SIZE_MAX - 15, 1}};
    struct arena *a = arena_new();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_null(arena_alloc(a, cases[i].count, cases[i].size));
    assert_int_equal(arena_bytes(a), 0);
    arena_free(a);
}

static void empty_pieces_have_addresses_of_their_own(void **state) {
    (void)state;
    struct arena *a = arena_new();
    void *p = arena_alloc(a, 0, 8);
    void *q = arena_alloc(a, 8, 0);
    assert_non_null(p);
    assert_non_null(q);
    assert_ptr_not_equal(p, q);
    arena_free(a);
}

static void strings_are_copied_with_their_end(void **state) {
    (void)state;
    char text[] = "feeder2";
    struct arena *a = arena_new();
    char *whole = arena_strdup(a, text);
    char *part = arena_strndup(a, text, 4);
    char *longer = arena_strndup(a, text, 100);
    char *empty = arena_strdup(a, "");
    memset(text, 'x', sizeof text - 1);
    assert_string_equal(whole, "feeder2");
    assert_string_equal(part, "feed");
    assert_string_equal(longer, "feeder2");
    assert_string_equal(empty, "");
    assert_true(arena_bytes(a) >= 8 + 5 + 8 + 1);
    arena_free(a);
}

static void freeing_nothing_is_fine(void **state) {
    (void)state;
    arena_free(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_zeroed_aligned_and_apart),
        cmocka_unit_test(large_pieces_leave_the_current_block_in_use),
        cmocka_unit_test(a_large_piece_may_come_first),
        cmocka_unit_test(overflow_of_count_times_size_gives_null),
        cmocka_unit_test(empty_pieces_have_addresses_of_their_own),
        cmocka_unit_test(strings_are_copied_with_their_end),
        cmocka_unit_test(freeing_nothing_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
