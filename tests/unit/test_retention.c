/* The budget: what goes first, what never goes, what is sent in place of what went; and when the
 * store will be full. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/compact.h"
#include "store/db.h"
#include "store/retention.h"
#include "store_rig.h"

static int64_t count_of(const struct rig *g, const char *sql) {
    int64_t n = -1;
    assert_int_equal(db_get_i64(g->writer.db, sql, -1, &n), ERR_OK);
    return n;
}

static void step(struct rig *g, struct retention *r, uint64_t budget, uint64_t acknowledged,
                 ms_t now) {
    const struct retention_terms t = {
        .budget_bytes = budget, .acknowledged = acknowledged, .now_ms = now, .mono_ms = now};
    for (uint64_t before = UINT64_MAX; before != r->thinned_raw + r->thinned_records;) {
        before = r->thinned_raw + r->thinned_records; /* a step is bounded */
        assert_int_equal(retention_step(r, &g->writer, &t), ERR_OK);
    }
}

static int64_t records(const struct rig *g, enum slot_period p) {
    char sql[100];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM record WHERE period=%lld",
             (long long)(slot_ms(p) / 1000));
    return count_of(g, sql);
}

static void within_the_budget_nothing_goes(void **state) {
    (void)state;
    static struct rig g;
    struct retention r = {0};
    rig_init(&g, T0);
    rig_run(&g, T0, T0 + 16 * MINUTE);
    int64_t raw = count_of(&g, "SELECT count(*) FROM raw");
    step(&g, &r, 1 << 30, 0, T0 + 500 * MS_PER_DAY);
    step(&g, &r, 0, 0, T0 + 500 * MS_PER_DAY);
    assert_int_equal(count_of(&g, "SELECT count(*) FROM raw"), raw);
    assert_int_equal(records(&g, SLOT_1M), 15);
    assert_int_equal(r.thinned_raw + r.thinned_records, 0);
    assert_true(r.used_bytes > 100000);
    rig_fini(&g);
}

static void raw_readings_go_first_and_oldest_first(void **state) {
    (void)state;
    static struct rig g;
    struct retention r = {0};
    struct compact c;
    bool more = true;
    ms_t begin = (T0 / (30 * MINUTE) + 1) * (30 * MINUTE), end = begin + 45 * MINUTE;
    rig_init(&g, begin);
    rig_run(&g, begin, end);
    compact_init(&c, g.writer.db);
    while (more)
        assert_int_equal(compact_step(&c, begin + 32 * MINUTE, 0, &more), ERR_OK);
    compact_fini(&c);
    assert_int_equal(count_of(&g, "SELECT count(DISTINCT t) FROM chunk"), 3);
    const struct retention_terms t = {.now_ms = end};
    assert_int_equal(retention_make_room(&r, &g.writer, &t), ERR_OK);
    assert_int_equal(count_of(&g, "SELECT count(DISTINCT t) FROM chunk"), 2);
    assert_true(count_of(&g, "SELECT min(t) FROM chunk") >= begin + 10 * MINUTE);
    assert_int_equal(r.thinned_raw, 1);
    step(&g, &r, 1, 0, end);
    assert_int_equal(count_of(&g, "SELECT count(*) FROM chunk"), 0);
    /* what a restart may read again is still there, and so is every slot */
    assert_in_range(count_of(&g, "SELECT min(t) FROM raw"), end - 11 * MINUTE, end - 9 * MINUTE);
    assert_int_equal(records(&g, SLOT_1M), 44);
    assert_int_equal(records(&g, SLOT_15M), 2);
    assert_true(r.exhausted);
    rig_fini(&g);
}

static void of_slots_minutes_go_and_unacknowledged_quarters_stay(void **state) {
    (void)state;
    static struct rig g;
    struct retention r = {0};
    rig_init(&g, T0);
    rig_run(&g, T0, T0 + 62 * MINUTE);
    int64_t events = count_of(&g, "SELECT count(*) FROM event");
    uint64_t head = (uint64_t)count_of(&g, "SELECT max(seq) FROM outbox");
    step(&g, &r, 1, 0, T0 + MS_PER_DAY);
    assert_int_equal(records(&g, SLOT_1M), 61); /* younger than two days */
    step(&g, &r, 1, 0, T0 + 3 * MS_PER_DAY);
    assert_int_equal(records(&g, SLOT_1M), 0);
    assert_int_equal(count_of(&g, "SELECT count(*) FROM slot WHERE period=60"), 0);
    assert_int_equal(records(&g, SLOT_15M), 4);
    step(&g, &r, 1, 0, T0 + 300 * MS_PER_DAY); /* nobody has the quarters */
    assert_int_equal(records(&g, SLOT_15M), 4);
    assert_int_equal(count_of(&g, "SELECT count(*) FROM outbox"), (int64_t)head);
    assert_int_equal(count_of(&g, "SELECT count(*) FROM counter"), 3);
    step(&g, &r, 1, head, T0 + 100 * MS_PER_DAY); /* acknowledged, but young */
    assert_int_equal(records(&g, SLOT_15M), 4);
    step(&g, &r, 1, head, T0 + 300 * MS_PER_DAY);
    assert_int_equal(records(&g, SLOT_15M), 0);
    assert_int_equal(count_of(&g, "SELECT count(*) FROM event"), events);
    assert_true(r.thinned_records >= 65);
    rig_fini(&g);
}

/* The row of what went stays until it is acknowledged: the place of a tombstone. */
static void a_thinned_record_leaves_its_row(void **state) {
    (void)state;
    static struct rig g;
    static char memory[BODY_MAX];
    struct retention r = {0};
    struct reader *reader;
    struct outbox_row rows[100];
    struct buf b;
    rig_init(&g, T0);
    rig_run(&g, T0, T0 + 16 * MINUTE);
    step(&g, &r, 1, 0, T0 + 3 * MS_PER_DAY);
    assert_int_equal(reader_open(g.works.path, &reader), ERR_OK);
    int n = reader_outbox(reader, "test", 0, rows, 100), gone = 0;
    assert_int_equal(n, 16);
    for (int i = 0; i < n; i++) {
        assert_int_equal(rows[i].seq, i + 1);
        buf_init(&b, memory, sizeof memory);
        int err = reader_body(reader, &rows[i], &b);
        assert_int_equal(err, rows[i].kind == OUTBOX_RECORD_1M ? ERR_NOT_FOUND : ERR_OK);
        gone += err == ERR_NOT_FOUND;
    }
    assert_int_equal(gone, 15);
    reader_close(reader);
    rig_fini(&g);
}

static void old_acknowledged_rows_leave_the_outbox(void **state) {
    (void)state;
    static struct rig g;
    struct retention r = {0};
    rig_init(&g, T0);
    rig_run(&g, T0, T0 + 15 * MINUTE + 5000); /* 15 + 1 records */
    ms_t month = T0 + RETENTION_1M_MS + 20 * MINUTE, year = T0 + RETENTION_LONG_MS + 20 * MINUTE;
    const char *count = "SELECT count(*) FROM outbox";
    step(&g, &r, 0, 16, T0 + MINUTE);
    assert_int_equal(count_of(&g, count), 16);
    step(&g, &r, 0, 4, month);
    assert_int_equal(count_of(&g, count), 12); /* the rest waits for its destination */
    step(&g, &r, 0, 16, month);
    assert_int_equal(count_of(&g, count), 1);
    step(&g, &r, 0, 16, year);
    assert_int_equal(count_of(&g, count), 1); /* the newest stays: seq goes on from it */
    rig_fini(&g);
}

static void room_is_made_whatever_the_budget_says(void **state) {
    (void)state;
    static struct rig g;
    struct retention r = {0};
    rig_init(&g, T0);
    rig_run(&g, T0, T0 + 16 * MINUTE);
    const struct retention_terms t = {.now_ms = T0 + 16 * MINUTE};
    int64_t rows = count_of(&g, "SELECT count(*) FROM raw");
    assert_int_equal(retention_make_room(&r, &g.writer, &t), ERR_OK);
    assert_int_equal(count_of(&g, "SELECT count(*) FROM raw"), rows - 60);
    int err;
    while ((err = retention_make_room(&r, &g.writer, &t)) == ERR_OK)
        continue;
    assert_int_equal(err, ERR_NOT_FOUND);
    rig_fini(&g);
}

static void the_days_until_full_follow_the_last_day(void **state) {
    (void)state;
    const ms_t hour = MS_PER_HOUR;
    const uint64_t mb = 1 << 20;
    struct fill_rate f = {0};
    assert_true(isnan(fill_rate_days(&f, 0, mb, 100 * mb)));
    fill_rate_take(&f, 0, 10 * mb);
    assert_true(isnan(fill_rate_days(&f, hour - 1, 11 * mb, 100 * mb)));
    /* 1 MB an hour: 24 a day; 88 MB are left */
    assert_near(fill_rate_days(&f, 2 * hour, 12 * mb, 100 * mb), 88.0 / 24.0, 1e-9);
    assert_true(isnan(fill_rate_days(&f, 2 * hour, 12 * mb, 0)));
    assert_true(isinf(fill_rate_days(&f, 2 * hour, 10 * mb, 100 * mb)));
    assert_near(fill_rate_days(&f, 2 * hour, 100 * mb, 100 * mb), 0.0, 0.0);
    for (int h = 1; h <= 48; h++) { /* 1 MB an hour, then 2: only the last day counts */
        fill_rate_take(&f, h * hour, (uint64_t)(10 + h + (h > 24 ? h - 24 : 0)) * mb);
        fill_rate_take(&f, h * hour + 60000, 999 * mb); /* between the marks */
    }
    assert_near(fill_rate_days(&f, 48 * hour, 82 * mb, 100 * mb), 18.0 / 48.0, 1e-9);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(within_the_budget_nothing_goes),
        cmocka_unit_test(raw_readings_go_first_and_oldest_first),
        cmocka_unit_test(of_slots_minutes_go_and_unacknowledged_quarters_stay),
        cmocka_unit_test(a_thinned_record_leaves_its_row),
        cmocka_unit_test(old_acknowledged_rows_leave_the_outbox),
        cmocka_unit_test(room_is_made_whatever_the_budget_says),
        cmocka_unit_test(the_days_until_full_follow_the_last_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
