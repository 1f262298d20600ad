/* Old raw rows become chunks in the store: the same readings come back, those that a restart needs
 * stay rows, a kill or a failure in between leaves rows or chunks, never both or neither. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/compact.h"
#include "store/db.h"
#include "store_rig.h"

#define READINGS_MAX 30000
#define BEGIN        ((T0 / (30 * MINUTE) + 1) * (30 * MINUTE)) /* of a window, and of a quarter */

/* A reading as one number for each point, to be compared. */
struct kept {
    ms_t t;
    uint32_t device;
    uint64_t digest;
};

struct stream {
    struct kept readings[READINGS_MAX];
    size_t count;
    ms_t last;
    bool in_order;
};

static int keep(void *arg, const struct site *site, struct reading *r) {
    struct stream *s = arg;
    assert_true(s->count < READINGS_MAX);
    const struct device_profile *p = site->devices[r->device].profile;
    uint64_t digest = 14695981039346656037u;
    for (size_t i = 0; i < p->image_registers; i++)
        digest = (digest ^ reading_registers(r)[i]) * 1099511628211u;
    for (size_t i = 0; i < p->point_count; i++)
        digest = (digest ^ reading_quality(r)[i]) * 1099511628211u;
    s->readings[s->count++] = (struct kept){r->utc_ms, r->device, digest};
    s->in_order = s->in_order && r->utc_ms >= s->last;
    s->last = r->utc_ms;
    return ERR_OK;
}

static int by_time(const void *a, const void *b) {
    const struct kept *x = a, *y = b;
    if (x->t != y->t)
        return x->t < y->t ? -1 : 1;
    if (x->device != y->device)
        return x->device < y->device ? -1 : 1;
    return x->digest < y->digest ? -1 : x->digest > y->digest;
}

static void read_all(const struct rig *g, struct stream *s, uint64_t *ret_bad) {
    struct reader *r;
    s->count = 0;
    s->last = 0;
    s->in_order = true;
    assert_int_equal(reader_open(g->works.path, &r), ERR_OK);
    const struct raw_query q = {.from = 0, .to = INT64_MAX / 2};
    assert_int_equal(reader_readings(r, &q, keep, s, ret_bad), ERR_OK);
    reader_close(r);
    qsort(s->readings, s->count, sizeof s->readings[0], by_time);
}

static int64_t count_of(const struct rig *g, const char *sql) {
    int64_t n = -1;
    assert_int_equal(db_get_i64(g->writer.db, sql, -1, &n), ERR_OK);
    return n;
}

static void pack_all(struct rig *g, ms_t before) {
    struct compact c;
    bool more = true;
    compact_init(&c, g->writer.db);
    while (more)
        assert_int_equal(compact_step(&c, before, 0, &more), ERR_OK);
    compact_fini(&c);
}

static struct stream before, after;

static void assert_same(void) {
    assert_int_equal(after.count, before.count);
    assert_memory_equal(after.readings, before.readings, before.count * sizeof before.readings[0]);
}

static void packed_readings_come_back_and_take_less(void **state) {
    (void)state;
    static struct rig g;
    uint64_t bad = 99;
    rig_init(&g, BEGIN);
    rig_run(&g, BEGIN, BEGIN + 35 * MINUTE);
    read_all(&g, &before, &bad);
    assert_int_equal(before.count, 35 * 60 * 3);
    int64_t bytes = count_of(&g, "SELECT sum(length(body)) FROM raw");
    pack_all(&g, BEGIN + 35 * MINUTE);
    assert_int_equal(count_of(&g, "SELECT count(DISTINCT t) FROM chunk"), 3);
    assert_int_equal(count_of(&g, "SELECT count(*) FROM raw"), 5 * 60); /* an open window */
    assert_true(count_of(&g, "SELECT sum(length(body)) FROM chunk") < bytes / 2);
    read_all(&g, &after, &bad);
    assert_int_equal(bad, 0);
    assert_true(after.in_order);
    assert_same();
    rig_fini(&g);
}

static void young_rows_stay_rows(void **state) {
    (void)state;
    static struct rig g;
    rig_init(&g, BEGIN);
    rig_run(&g, BEGIN, BEGIN + 12 * MINUTE);
    pack_all(&g, BEGIN + 11 * MINUTE); /* a chain may have rows behind the window's end */
    assert_int_equal(count_of(&g, "SELECT count(*) FROM chunk"), 0);
    pack_all(&g, BEGIN + 12 * MINUTE);
    assert_true(count_of(&g, "SELECT count(*) FROM chunk") > 0);
    rig_fini(&g);
}

static void a_clock_that_went_back_and_a_reload_lose_nothing(void **state) {
    (void)state;
    static struct rig g;
    uint64_t bad = 99;
    rig_init(&g, BEGIN);
    rig_run(&g, BEGIN, BEGIN + 14 * MINUTE);
    rig_run(&g, BEGIN + 5 * MINUTE, BEGIN + 9 * MINUTE);
    g.works.devices[PV].ct_ratio = 3.0; /* another layout */
    assert_int_equal(writer_set_site(&g.writer, &g.works.site), ERR_OK);
    assert_int_equal(core_set_site(&g.core, &g.works.site), ERR_OK);
    rig_run(&g, BEGIN + 14 * MINUTE, BEGIN + 26 * MINUTE);
    assert_int_equal(count_of(&g, "SELECT count(DISTINCT layout) FROM raw"), 2);
    read_all(&g, &before, &bad);
    assert_int_equal(before.count, (14 + 4 + 12) * 60 * 3);
    pack_all(&g, BEGIN + 60 * MINUTE);
    assert_int_equal(count_of(&g, "SELECT count(*) FROM raw"), 0);
    assert_int_equal(count_of(&g, "SELECT count(DISTINCT layout) FROM chunk"), 2);
    read_all(&g, &after, &bad);
    assert_int_equal(bad, 0);
    assert_same();
    rig_fini(&g);
}

static void a_damaged_row_costs_its_chain_only(void **state) {
    (void)state;
    static struct rig g;
    uint64_t bad = 99;
    rig_init(&g, BEGIN);
    rig_run(&g, BEGIN, BEGIN + 12 * MINUTE);
    assert_int_equal(db_exec(g.writer.db, "UPDATE raw SET body=x'0100ffff' WHERE t=(SELECT t FROM"
                                          " raw ORDER BY t LIMIT 1 OFFSET 10)"),
                     ERR_OK);
    read_all(&g, &before, &bad);
    assert_int_equal(bad, 50);
    pack_all(&g, BEGIN + 60 * MINUTE);
    read_all(&g, &after, &bad);
    assert_int_equal(bad, 0); /* they are gone */
    assert_same();
    rig_fini(&g);
}

/* Killed after each step: what is read is the same each time. */
static void a_kill_between_the_steps_changes_nothing(void **state) {
    (void)state;
    static struct rig g;
    uint64_t bad = 99;
    rig_init(&g, BEGIN);
    rig_run(&g, BEGIN, BEGIN + 12 * MINUTE);
    read_all(&g, &before, &bad);
    for (int steps = 1; count_of(&g, "SELECT count(*) FROM chunk") == 0; steps++) {
        struct compact c;
        bool more;
        assert_true(steps < 10);
        compact_init(&c, g.writer.db);
        for (int i = 0; i < steps; i++)
            assert_int_equal(compact_step(&c, BEGIN + 12 * MINUTE, 0, &more), ERR_OK);
        compact_fini(&c); /* what was made is forgotten */
        read_all(&g, &after, &bad);
        assert_same();
    }
    rig_fini(&g);
}

static void a_failure_leaves_the_rows_and_is_tried_again(void **state) {
    (void)state;
    static struct rig g;
    struct compact c;
    bool more = true;
    uint64_t bad = 99;
    rig_init(&g, BEGIN);
    rig_run(&g, BEGIN, BEGIN + 12 * MINUTE);
    read_all(&g, &before, &bad);
    assert_int_equal(db_exec(g.writer.db, "CREATE TRIGGER refuse BEFORE DELETE ON raw BEGIN"
                                          " SELECT raise(ABORT, 'no'); END"),
                     ERR_OK);
    compact_init(&c, g.writer.db);
    int err = ERR_OK;
    while (more)
        err = compact_step(&c, BEGIN + 12 * MINUTE, 1000, &more);
    assert_true(err < 0);
    assert_int_equal(count_of(&g, "SELECT count(*) FROM chunk"), 0);
    read_all(&g, &after, &bad);
    assert_same();
    assert_int_equal(db_exec(g.writer.db, "DROP TRIGGER refuse"), ERR_OK);
    assert_int_equal(compact_step(&c, BEGIN + 12 * MINUTE, 2000, &more), ERR_OK);
    assert_false(more); /* it pauses */
    do
        assert_int_equal(compact_step(&c, BEGIN + 12 * MINUTE, 1000 + MINUTE, &more), ERR_OK);
    while (more);
    compact_fini(&c);
    assert_true(count_of(&g, "SELECT count(*) FROM chunk") > 0);
    read_all(&g, &after, &bad);
    assert_same();
    rig_fini(&g);
}

static int keep_power(void *arg, const struct site *site, struct reading *r) {
    double *sum = arg;
    struct sample samples[GRID_POINTS];
    assert_string_equal(site->devices[r->device].id, "grid");
    assert_int_equal(decode_reading(&site->devices[r->device], r, samples), GRID_POINTS);
    sum[0] += samples[G_POWER].value;
    sum[1] += 1.0;
    return ERR_OK;
}

static void one_point_comes_from_chunks_and_rows_alike(void **state) {
    (void)state;
    static struct rig g;
    struct reader *r;
    uint64_t bad = 99;
    double sum[2] = {0.0, 0.0};
    rig_init(&g, BEGIN);
    rig_run(&g, BEGIN, BEGIN + 15 * MINUTE);
    pack_all(&g, BEGIN + 15 * MINUTE);
    assert_true(count_of(&g, "SELECT count(*) FROM raw") > 0);
    assert_int_equal(reader_open(g.works.path, &r), ERR_OK);
    struct raw_query q = {.from = BEGIN + 2 * MINUTE,
                          .to = BEGIN + 13 * MINUTE,
                          .device = "grid",
                          .point = "active_power.total"};
    assert_int_equal(reader_readings(r, &q, keep_power, sum, &bad), ERR_OK);
    assert_near(sum[1], 11 * 60, 0);
    assert_near(sum[0] / sum[1], GRID_KW, 1e-3);
    q.device = "nobody";
    assert_int_equal(reader_readings(r, &q, keep_power, sum, &bad), ERR_OK);
    assert_near(sum[1], 11 * 60, 0);
    reader_close(r);
    rig_fini(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packed_readings_come_back_and_take_less),
        cmocka_unit_test(young_rows_stay_rows),
        cmocka_unit_test(a_clock_that_went_back_and_a_reload_lose_nothing),
        cmocka_unit_test(a_damaged_row_costs_its_chain_only),
        cmocka_unit_test(a_kill_between_the_steps_changes_nothing),
        cmocka_unit_test(a_failure_leaves_the_rows_and_is_tried_again),
        cmocka_unit_test(one_point_comes_from_chunks_and_rows_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
