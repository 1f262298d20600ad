/* The planner equals brute force: every way to cut the sorted parts, and for small maps every way
 * to share them out among requests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "poll/backoff.h"
#include "poll/plan.h"

#define POINTS_MAX 12
#define NO_COST    UINT64_MAX

struct map {
    struct device_profile profile;
    struct point_def points[POINTS_MAX];
};

static uint32_t seed = 20261123;

static uint32_t below(uint32_t n) {
    return backoff_random(&seed) % n;
}

static void random_map(struct map *m) {
    memset(m, 0, sizeof *m);
    m->profile.points = m->points;
    m->profile.point_count = 1 + below(POINTS_MAX);
    m->profile.limits = (struct read_limits){
        .max_registers = (uint16_t)(4 + below(below(2) ? 12 : 122)),
        .max_gap = (uint16_t)(below(3) == 0 ? 0 : below(24)),
        .align = (uint8_t)(1 + below(2)),
    };
    uint32_t spread = 20 + below(180);
    uint8_t functions = (uint8_t)(1 + below(2));
    for (size_t i = 0; i < m->profile.point_count; i++) {
        struct point_def *p = &m->points[i];
        p->function = (uint8_t)(3 + below(functions));
        p->registers = (uint8_t)(1 + below(below(4) == 0 ? 3 : 2));
        p->register_no = (uint16_t)below(spread);
        p->image_offset = (uint16_t)(i * 4);
        if (p->registers == 2 && below(6) == 0) {
            p->split = true;
            p->register_low = (uint16_t)below(spread);
        }
    }
}

/* A request over the parts in mask, straight from the definition; NO_COST when not allowed. */
static uint64_t mask_cost(const struct plan *plan, uint32_t mask, const struct read_limits *limits,
                          struct link_cost cost) {
    bool asked[512] = {false};
    uint32_t first = UINT32_MAX, end = 0;
    uint8_t function = 0;
    for (size_t i = 0; i < plan->part_count; i++) {
        const struct plan_part *p = &plan->parts[i];
        if ((mask >> i & 1) == 0)
            continue;
        if (function != 0 && p->function != function)
            return NO_COST;
        function = p->function;
        for (uint32_t r = p->register_no; r < (uint32_t)p->register_no + p->registers; r++)
            asked[r] = true;
        first = p->register_no < first ? p->register_no : first;
        end = (uint32_t)p->register_no + p->registers > end
                  ? (uint32_t)p->register_no + p->registers
                  : end;
    }
    uint32_t gap = 0;
    for (uint32_t r = first; r < end; r++) {
        gap = asked[r] ? 0 : gap + 1;
        if (gap > limits->max_gap)
            return NO_COST;
    }
    while (first % limits->align != 0)
        first--;
    while ((end - first) % limits->align != 0)
        end++;
    if (end - first > limits->max_registers)
        return NO_COST;
    struct pdu_read read = {function, (uint16_t)first, (uint16_t)(end - first)};
    return link_cost_read_us(cost, &read);
}

/* All cut positions of the sorted parts. */
static uint64_t best_by_cuts(const struct plan *plan, const struct read_limits *limits,
                             struct link_cost cost) {
    size_t n = plan->part_count;
    uint64_t run[24][24];
    for (size_t i = 0; i < n; i++) {
        for (size_t j = i; j < n; j++)
            run[i][j] = mask_cost(plan, ((2u << (j - i)) - 1) << i, limits, cost);
    }
    uint64_t best = NO_COST;
    for (uint32_t cuts = 0; cuts < 1u << (n - 1); cuts++) {
        uint64_t total = 0;
        for (size_t i = 0, j = 0; j < n && total != NO_COST; j++) {
            if (j + 1 < n && (cuts >> j & 1) == 0)
                continue;
            total = run[i][j] == NO_COST ? NO_COST : total + run[i][j];
            i = j + 1;
        }
        if (total < best)
            best = total;
    }
    return best;
}

/* All set partitions: the part with the lowest number goes with each subset of the others. */
static uint64_t best_by_sets(const uint64_t *by_mask, uint32_t left) {
    if (left == 0)
        return 0;
    uint32_t lowest = left & (~left + 1), others = left & ~lowest;
    uint64_t best = NO_COST;
    for (uint32_t sub = others;; sub = (sub - 1) & others) {
        uint64_t own = by_mask[sub | lowest];
        if (own < best) {
            uint64_t rest = best_by_sets(by_mask, others & ~sub);
            if (rest != NO_COST && own + rest < best)
                best = own + rest;
        }
        if (sub == 0)
            return best;
    }
}

static void assert_covers(const struct plan *plan, const struct read_limits *limits) {
    size_t served = 0;
    for (size_t k = 0; k < plan->request_count; k++) {
        const struct plan_request *r = &plan->requests[k];
        assert_int_equal(r->read.start % limits->align, 0);
        assert_int_equal(r->read.count % limits->align, 0);
        assert_in_range(r->read.count, 1, limits->max_registers);
        assert_int_equal(r->first, served);
        for (size_t n = 0; n < r->count; n++) {
            const struct plan_part *p = &plan->parts[r->first + n];
            assert_int_equal(p->function, r->read.function);
            assert_true(p->register_no >= r->read.start);
            assert_true(p->register_no + p->registers <= r->read.start + r->read.count);
        }
        served += r->count;
    }
    assert_int_equal(served, plan->part_count);
}

static void plan_equals_brute_force(void **state) {
    (void)state;
    size_t partitioned = 0;
    for (int round = 0; round < 10000;) {
        struct map m;
        random_map(&m);
        struct plan_part parts[2 * POINTS_MAX];
        struct plan_request requests[2 * POINTS_MAX];
        struct plan plan;
        struct link_cost cost = below(2) ? link_cost_tcp(below(2) * 5)
                                         : link_cost_serial(1200u << below(7), below(3) * 10);
        size_t n = plan_part_count(&m.profile);
        if (n > POINTS_MAX)
            continue;
        round++;
        assert_int_equal(plan_build(&m.profile, cost, &plan, parts, requests, n), ERR_OK);
        assert_covers(&plan, &m.profile.limits);
        assert_int_equal(plan.cost_us, best_by_cuts(&plan, &m.profile.limits, cost));
        if (n > 8)
            continue;
        uint64_t by_mask[256];
        for (uint32_t mask = 1; mask < 1u << n; mask++)
            by_mask[mask] = mask_cost(&plan, mask, &m.profile.limits, cost);
        assert_int_equal(plan.cost_us, best_by_sets(by_mask, (1u << n) - 1));
        partitioned++;
    }
    assert_true(partitioned > 3000);
}

/* A plan over points of one register each at the given addresses. */
struct small {
    struct map map;
    struct plan_part parts[8];
    struct plan_request requests[8];
    struct plan plan;
    struct link_cost cost;
};

static void small_build(struct small *s, const uint16_t *at, size_t n, struct read_limits limits) {
    memset(s, 0, sizeof *s);
    s->map.profile.points = s->map.points;
    s->map.profile.point_count = n;
    s->map.profile.limits = limits;
    s->cost = link_cost_tcp(0);
    for (size_t i = 0; i < n; i++) {
        s->map.points[i].function = 3;
        s->map.points[i].registers = 1;
        s->map.points[i].register_no = at[i];
    }
    assert_int_equal(plan_build(&s->map.profile, s->cost, &s->plan, s->parts, s->requests, 8),
                     ERR_OK);
}

static void gap_is_bridged_only_where_allowed(void **state) {
    (void)state;
    const uint16_t at[] = {0, 1, 4};
    struct small s;
    small_build(&s, at, 3, (struct read_limits){125, 2, 1});
    assert_int_equal(s.plan.request_count, 1);
    assert_int_equal(s.requests[0].read.count, 5);
    small_build(&s, at, 3, (struct read_limits){125, 1, 1});
    assert_int_equal(s.plan.request_count, 2);
    small_build(&s, at, 3, (struct read_limits){125, 0, 1});
    assert_int_equal(s.plan.request_count, 2);
}

static void cheap_gap_is_bridged_dear_one_is_not(void **state) {
    (void)state;
    const uint16_t near[] = {0, 90}, far[] = {0, 120};
    struct small s;
    small_build(&s, near, 2, (struct read_limits){125, 124, 1}); /* 900 us against 1000 us */
    assert_int_equal(s.plan.request_count, 1);
    small_build(&s, far, 2, (struct read_limits){125, 124, 1});
    assert_int_equal(s.plan.request_count, 2);
}

static void odd_register_is_read_with_even_start_and_count(void **state) {
    (void)state;
    const uint16_t at[] = {7};
    struct small s;
    small_build(&s, at, 1, (struct read_limits){80, 0, 2});
    assert_int_equal(s.requests[0].read.start, 6);
    assert_int_equal(s.requests[0].read.count, 2);
}

/* A clock in the middle of what is polled, near enough to be read along, is no part of the plan:
 * the poll is the same with it as without, and its own read covers it alone. */
static void what_is_read_alone_shares_no_request(void **state) {
    (void)state;
    const uint16_t at[] = {0, 1, 4};
    struct small without, with;
    struct pdu_read read;
    small_build(&without, at, 3, (struct read_limits){125, 0, 1});
    small_build(&with, at, 3, (struct read_limits){125, 0, 1});
    const struct meter_clock clock = {.p = {.function = 3, .register_no = 2, .registers = 2}};
    with.map.profile.clock = &clock;
    assert_int_equal(
        plan_build(&with.map.profile, with.cost, &with.plan, with.parts, with.requests, 8), ERR_OK);
    assert_int_equal(with.plan.request_count, without.plan.request_count);
    for (size_t i = 0; i < with.plan.request_count; i++) {
        const struct pdu_read *r = &with.requests[i].read;
        assert_memory_equal(r, &without.requests[i].read, sizeof *r);
        assert_true(r->start + r->count <= 2 || r->start >= 4);
    }
    assert_int_equal(plan_alone(&with.map.profile.limits, &clock.p, &read), ERR_OK);
    assert_int_equal(read.function, 3);
    assert_int_equal(read.start, 2);
    assert_int_equal(read.count, 2);
}

static void what_is_read_alone_keeps_the_limits(void **state) {
    (void)state;
    static const struct {
        struct read_limits limits;
        uint16_t at;
        uint8_t registers;
        int rc;
        uint16_t start, count;
    } cases[] = {
        {{6, 0, 1}, 7, 6, ERR_OK, 7, 6},           {{6, 0, 2}, 7, 2, ERR_OK, 6, 4},
        {{5, 0, 1}, 7, 6, ERR_RANGE, 0, 0},        {{2, 0, 2}, 7, 2, ERR_RANGE, 0, 0},
        {{125, 0, 1}, 65534, 2, ERR_OK, 65534, 2}, {{125, 0, 1}, 65535, 2, ERR_RANGE, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct point_def p = {
            .function = 4, .register_no = cases[i].at, .registers = cases[i].registers};
        struct pdu_read read = {0};
        assert_int_equal(plan_alone(&cases[i].limits, &p, &read), cases[i].rc);
        assert_int_equal(read.start, cases[i].start);
        assert_int_equal(read.count, cases[i].count);
    }
}

static void point_longer_than_a_read_is_refused(void **state) {
    (void)state;
    struct small s;
    const uint16_t at[] = {0};
    small_build(&s, at, 1, (struct read_limits){2, 0, 1});
    s.map.points[0].registers = 4;
    assert_int_equal(plan_build(&s.map.profile, s.cost, &s.plan, s.parts, s.requests, 8),
                     ERR_RANGE);
    assert_int_equal(plan_build(&s.map.profile, s.cost, &s.plan, s.parts, s.requests, 0),
                     ERR_LIMIT);
}

static void split_halves_until_the_hole_is_found(void **state) {
    (void)state;
    const uint16_t at[] = {0, 1, 2, 3, 4};
    struct small s;
    small_build(&s, at, 5, (struct read_limits){125, 0, 1});
    uint64_t whole = s.plan.cost_us;
    assert_int_equal(plan_split(&s.plan, &s.map.profile.limits, s.cost, 0), ERR_OK);
    assert_int_equal(s.plan.request_count, 2);
    assert_int_equal(s.requests[0].read.count, 2);
    assert_int_equal(s.requests[1].read.start, 2);
    assert_int_equal(s.requests[1].read.count, 3);
    assert_true(s.plan.cost_us > whole);
    assert_covers(&s.plan, &s.map.profile.limits);
    assert_int_equal(plan_split(&s.plan, &s.map.profile.limits, s.cost, 1), ERR_OK);
    assert_int_equal(s.plan.request_count, 3);
    assert_int_equal(plan_split(&s.plan, &s.map.profile.limits, s.cost, 1), ERR_LIMIT);
    plan_drop(&s.plan, 1);
    assert_int_equal(s.plan.request_count, 2);
    assert_true(s.parts[2].hole);
    assert_false(s.parts[3].hole);
    assert_int_equal(s.requests[1].read.start, 3);
}

static void bits_are_packed_sixteen_to_a_register(void **state) {
    (void)state;
    const uint16_t at[] = {3, 20};
    struct small s;
    small_build(&s, at, 2, (struct read_limits){2, 16, 2});
    for (size_t i = 0; i < 2; i++)
        s.map.points[i].function = 2;
    assert_int_equal(plan_build(&s.map.profile, s.cost, &s.plan, s.parts, s.requests, 8), ERR_OK);
    assert_int_equal(s.plan.request_count, 1);
    assert_int_equal(s.requests[0].read.start, 3);
    assert_int_equal(s.requests[0].read.count, 18);
    assert_int_equal(s.plan.cost_us, 1000 + 2 * 10);
}

static void costs_follow_the_line(void **state) {
    (void)state;
    struct pdu_read read = {3, 0, 60};
    /* 133 characters of 11 bits at 9600: 152.4 ms; 2 silences: 8.0 ms; latency 10 ms; gap 30 ms */
    assert_in_range(link_cost_read_us(link_cost_serial(9600, 30), &read), 200400, 200430);
    assert_int_equal(link_cost_read_us(link_cost_tcp(0), &read), 1600);
    assert_int_equal(link_cost_read_us(link_cost_tcp(5), &read), 6600);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plan_equals_brute_force),
        cmocka_unit_test(gap_is_bridged_only_where_allowed),
        cmocka_unit_test(cheap_gap_is_bridged_dear_one_is_not),
        cmocka_unit_test(odd_register_is_read_with_even_start_and_count),
        cmocka_unit_test(what_is_read_alone_shares_no_request),
        cmocka_unit_test(what_is_read_alone_keeps_the_limits),
        cmocka_unit_test(point_longer_than_a_read_is_refused),
        cmocka_unit_test(split_halves_until_the_hole_is_found),
        cmocka_unit_test(bits_are_packed_sixteen_to_a_register),
        cmocka_unit_test(costs_follow_the_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
