/* The timer heap against a plain scan for the earliest node. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/heap.h"

enum { NODES = 97 };

static uint32_t seed = 7;
static uint32_t random_below(uint32_t n) {
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % n;
}

static void every_slot_is_in_order(const struct heap *h) {
    for (size_t i = 0; i < h->len; i++) {
        assert_int_equal(h->slots[i]->slot, i);
        if (i > 0)
            assert_true(h->slots[(i - 1) / 2]->at <= h->slots[i]->at);
    }
}

static void nodes_come_out_by_time(void **state) {
    (void)state;
    struct heap_node nodes[NODES], *slots[NODES];
    struct heap h;
    heap_init(&h, slots, NODES);
    assert_null(heap_top(&h));
    for (size_t i = 0; i < NODES; i++) {
        heap_node_init(&nodes[i]);
        assert_int_equal(heap_set(&h, &nodes[i], (us_t)(i * 31 % NODES)), ERR_OK);
    }
    for (us_t t = 0; t < NODES; t++) {
        struct heap_node *top = heap_top(&h);
        assert_int_equal(top->at, t);
        heap_remove(&h, top);
        assert_true(top->slot == HEAP_ABSENT);
        every_slot_is_in_order(&h);
    }
    assert_null(heap_top(&h));
}

static void random_changes_keep_the_earliest_on_top(void **state) {
    (void)state;
    struct heap_node nodes[NODES], *slots[NODES];
    struct heap h;
    heap_init(&h, slots, NODES);
    for (size_t i = 0; i < NODES; i++)
        heap_node_init(&nodes[i]);
    for (int step = 0; step < 50000; step++) {
        struct heap_node *n = &nodes[random_below(NODES)];
        if (random_below(3) == 0)
            heap_remove(&h, n);
        else
            assert_int_equal(heap_set(&h, n, (us_t)random_below(1000) - 500), ERR_OK);
        size_t present = 0;
        us_t earliest = INT64_MAX;
        for (size_t i = 0; i < NODES; i++) {
            if (nodes[i].slot == HEAP_ABSENT)
                continue;
            present++;
            if (nodes[i].at < earliest)
                earliest = nodes[i].at;
        }
        assert_int_equal(h.len, present);
        if (present > 0)
            assert_int_equal(heap_top(&h)->at, earliest);
        every_slot_is_in_order(&h);
    }
}

static void a_full_heap_refuses_and_still_moves(void **state) {
    (void)state;
    struct heap_node nodes[3], *slots[2];
    struct heap h;
    heap_init(&h, slots, 2);
    for (size_t i = 0; i < 3; i++)
        heap_node_init(&nodes[i]);
    assert_int_equal(heap_set(&h, &nodes[0], 10), ERR_OK);
    assert_int_equal(heap_set(&h, &nodes[1], 20), ERR_OK);
    assert_int_equal(heap_set(&h, &nodes[2], 5), ERR_LIMIT);
    assert_true(nodes[2].slot == HEAP_ABSENT);
    assert_int_equal(heap_set(&h, &nodes[1], 1), ERR_OK);
    assert_ptr_equal(heap_top(&h), &nodes[1]);
    heap_remove(&h, &nodes[2]); /* absent is fine */
    assert_int_equal(h.len, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_come_out_by_time),
        cmocka_unit_test(random_changes_keep_the_earliest_on_top),
        cmocka_unit_test(a_full_heap_refuses_and_still_moves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
