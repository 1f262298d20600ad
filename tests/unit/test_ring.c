/* The queue between threads: order, fixed memory, refusals, waking, and four writers at once. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "sys/clock.h"
#include "sys/ring.h"

enum { WRITERS = 4, BLOCKS_EACH = 20000 };

static uint32_t next_random(uint32_t *seed) {
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

static void blocks_come_out_in_order(void **state) {
    (void)state;
    char out[16];
    struct ring *r = ring_new(256);
    assert_int_equal(ring_pop(r, out, sizeof out), 0);
    assert_int_equal(ring_push(r, "first", 5), ERR_OK);
    assert_int_equal(ring_push(r, "a second one", 12), ERR_OK);
    assert_int_equal(ring_pop(r, out, sizeof out), 5);
    assert_memory_equal(out, "first", 5);
    assert_int_equal(ring_pop(r, out, sizeof out), 12);
    assert_memory_equal(out, "a second one", 12);
    assert_int_equal(ring_pop(r, out, sizeof out), 0);
    ring_free(r);
    ring_free(NULL);
}

static void a_block_too_large_for_the_reader_stays(void **state) {
    (void)state;
    char out[8];
    struct ring *r = ring_new(64);
    assert_int_equal(ring_push(r, "12345678", 8), ERR_OK);
    memset(out, 'x', sizeof out);
    assert_int_equal(ring_pop(r, out, 7), ERR_LIMIT);
    assert_int_equal(out[0], 'x');
    assert_int_equal(ring_pop(r, out, 8), 8);
    assert_memory_equal(out, "12345678", 8);
    ring_free(r);
}

static void a_full_queue_refuses_and_counts(void **state) {
    (void)state;
    uint64_t out;
    struct ring *r = ring_new(64); /* four blocks of 8 bytes with their headers */
    for (uint64_t i = 0; i < 4; i++)
        assert_int_equal(ring_push(r, &i, sizeof i), ERR_OK);
    assert_int_equal(ring_push(r, &(uint64_t){9}, 8), ERR_FULL);
    assert_int_equal(ring_push(r, &(uint64_t){9}, 1), ERR_FULL);
    assert_int_equal(ring_refused(r), 2);
    for (uint64_t i = 0; i < 4; i++) {
        assert_int_equal(ring_pop(r, &out, sizeof out), 8);
        assert_int_equal(out, i);
        assert_int_equal(ring_push(r, &(uint64_t){i + 10}, 8), ERR_OK); /* wraps */
    }
    for (uint64_t i = 0; i < 4; i++) {
        assert_int_equal(ring_pop(r, &out, sizeof out), 8);
        assert_int_equal(out, i + 10);
    }
    assert_int_equal(ring_refused(r), 2);
    ring_free(r);
}

static void impossible_blocks_are_refused_by_name(void **state) {
    (void)state;
    char block[64] = {0}, out[64];
    struct ring *r = ring_new(64);
    assert_int_equal(ring_push(r, block, 0), ERR_RANGE);
    assert_int_equal(ring_push(r, block, 57), ERR_LIMIT);
    assert_int_equal(ring_push(r, block, SIZE_MAX), ERR_LIMIT);
    assert_int_equal(ring_refused(r), 0);
    for (int i = 0; i < 3; i++) { /* the whole memory, wherever the last block ended */
        assert_int_equal(ring_push(r, block, 56), ERR_OK);
        assert_int_equal(ring_pop(r, out, sizeof out), 56);
        assert_int_equal(ring_push(r, block, 3), ERR_OK);
        assert_int_equal(ring_pop(r, out, sizeof out), 3);
    }
    ring_free(r);
    assert_null(ring_new(SIZE_MAX));
}

/* Random sizes against a plain list of what was accepted. */
static void random_traffic_keeps_order_and_bytes(void **state) {
    (void)state;
    enum { KEEP = 64 };
    size_t sizes[KEEP], first = 0, count = 0;
    unsigned char marks[KEEP], block[200], out[200];
    uint32_t seed = 11;
    uint64_t refused = 0;
    struct ring *r = ring_new(1000);
    for (int step = 0; step < 100000; step++) {
        if (next_random(&seed) % 2 == 0 && count < KEEP) {
            const size_t n = 1 + next_random(&seed) % sizeof block;
            memset(block, step & 0xFF, n);
            const int rc = ring_push(r, block, n);
            assert_true(rc == ERR_OK || rc == ERR_FULL);
            if (rc == ERR_FULL) {
                refused++;
                assert_true(count > 0);
                continue;
            }
            sizes[(first + count) % KEEP] = n;
            marks[(first + count) % KEEP] = (unsigned char)step;
            count++;
        } else {
            const int n = ring_pop(r, out, sizeof out);
            if (count == 0) {
                assert_int_equal(n, 0);
                continue;
            }
            assert_int_equal(n, sizes[first]);
            memset(block, marks[first], (size_t)n);
            assert_memory_equal(out, block, (size_t)n);
            first = (first + 1) % KEEP;
            count--;
        }
    }
    assert_true(refused > 0);
    assert_int_equal(ring_refused(r), refused);
    ring_free(r);
}

static void waiting_ends_at_the_deadline(void **state) {
    (void)state;
    struct ring *r = ring_new(64);
    const us_t start = clock_now().mono_us;
    ring_wait(r, start + 30000);
    assert_true(clock_now().mono_us >= start + 30000);
    const us_t again = clock_now().mono_us;
    ring_wait(r, again - 1); /* passed already */
    ring_wait(r, -5);
    assert_true(clock_now().mono_us < again + 5 * US_PER_S);
    ring_free(r);
}

static void a_wake_before_the_wait_is_not_lost_and_counts_once(void **state) {
    (void)state;
    struct ring *r = ring_new(64);
    ring_wake(r);
    ring_wait(r, INT64_MAX); /* would hang */
    const us_t start = clock_now().mono_us;
    ring_wait(r, start + 20000);
    assert_true(clock_now().mono_us >= start + 20000);
    assert_int_equal(ring_push(r, "x", 1), ERR_OK);
    ring_wait(r, INT64_MAX); /* a block is there */
    ring_free(r);
}

static void *wake_later(void *arg) {
    clock_sleep_until(clock_now().mono_us + 20000);
    ring_wake(arg);
    return NULL;
}

static void *push_later(void *arg) {
    clock_sleep_until(clock_now().mono_us + 20000);
    ring_push(arg, "x", 1);
    return NULL;
}

static void a_waiting_reader_is_woken(void **state) {
    (void)state;
    char out[8];
    pthread_t thread;
    struct ring *r = ring_new(64);
    assert_int_equal(pthread_create(&thread, NULL, wake_later, r), 0);
    ring_wait(r, INT64_MAX);
    assert_int_equal(ring_pop(r, out, sizeof out), 0);
    pthread_join(thread, NULL);
    assert_int_equal(pthread_create(&thread, NULL, push_later, r), 0);
    ring_wait(r, INT64_MAX);
    assert_int_equal(ring_pop(r, out, sizeof out), 1);
    pthread_join(thread, NULL);
    ring_free(r);
}

struct writer {
    struct ring *ring;
    uint32_t id;
    uint64_t refused;
};

struct message {
    uint32_t writer, number;
    unsigned char body[48];
};

/* Tries each message until it is accepted, so that the reader must see every number once. */
static void *write_blocks(void *arg) {
    struct writer *w = arg;
    uint32_t seed = w->id;
    for (uint32_t i = 0; i < BLOCKS_EACH; i++) {
        struct message m = {.writer = w->id, .number = i};
        const size_t n = offsetof(struct message, body) + next_random(&seed) % sizeof m.body;
        memset(m.body, (int)(w->id + i) & 0xFF, sizeof m.body);
        while (ring_push(w->ring, &m, n) == ERR_FULL) {
            w->refused++;
            clock_sleep_until(clock_now().mono_us + 50);
        }
    }
    return NULL;
}

static void four_writers_lose_nothing(void **state) {
    (void)state;
    struct ring *r = ring_new(4096);
    struct writer writers[WRITERS];
    pthread_t threads[WRITERS];
    uint32_t next[WRITERS] = {0};
    for (uint32_t i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){.ring = r, .id = i};
        assert_int_equal(pthread_create(&threads[i], NULL, write_blocks, &writers[i]), 0);
    }
    for (unsigned seen = 0; seen < WRITERS * BLOCKS_EACH;) {
        struct message m;
        const int n = ring_pop(r, &m, sizeof m);
        if (n == 0) {
            ring_wait(r, INT64_MAX);
            continue;
        }
        assert_true(n >= (int)offsetof(struct message, body));
        assert_true(m.writer < WRITERS);
        assert_int_equal(m.number, next[m.writer]++);
        for (size_t k = 0; k < (size_t)n - offsetof(struct message, body); k++)
            assert_int_equal(m.body[k], (m.writer + m.number) & 0xFF);
        seen++;
    }
    uint64_t refused = 0;
    for (uint32_t i = 0; i < WRITERS; i++) {
        pthread_join(threads[i], NULL);
        refused += writers[i].refused;
    }
    assert_int_equal(ring_refused(r), refused);
    ring_free(r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_come_out_in_order),
        cmocka_unit_test(a_block_too_large_for_the_reader_stays),
        cmocka_unit_test(a_full_queue_refuses_and_counts),
        cmocka_unit_test(impossible_blocks_are_refused_by_name),
        cmocka_unit_test(random_traffic_keeps_order_and_bytes),
        cmocka_unit_test(waiting_ends_at_the_deadline),
        cmocka_unit_test(a_wake_before_the_wait_is_not_lost_and_counts_once),
        cmocka_unit_test(a_waiting_reader_is_woken),
        cmocka_unit_test(four_writers_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
