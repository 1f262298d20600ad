/* The database: who may open it, what a failed commit leaves, and the cursors. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>

#include "store/db.h"
#include "store/schema.h"
#include "store_rig.h"

static int64_t count_of(struct writer *w, const char *sql) {
    int64_t n = -1;
    assert_int_equal(db_get_i64(w->db, sql, 0, &n), ERR_OK);
    return n;
}

static void a_store_is_made_for_owner_and_group(void **state) {
    (void)state;
    static struct rig g;
    struct stat s;
    rig_init(&g, T0);
    assert_int_equal(stat(g.works.path, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0640);
    assert_int_equal(g.writer.epoch, T0);
    rig_kill(&g);
    assert_int_equal(rig_open(&g, T0 + 5000), ERR_OK);
    assert_int_equal(g.writer.epoch, T0); /* of the store, not of the start */
    rig_fini(&g);
}

static void a_second_writer_is_refused(void **state) {
    (void)state;
    static struct rig g;
    struct writer second;
    rig_init(&g, T0);
    assert_int_equal(writer_open(&second, g.works.path, T0), ERR_BUSY);
    rig_fini(&g);
}

static void a_missing_folder_and_a_foreign_file_are_refused(void **state) {
    (void)state;
    struct works w;
    struct writer writer;
    struct reader *r;
    works_init(&w);
    assert_int_equal(writer_open(&writer, "/nonexistent/busbar.db", T0), ERR_IO);
    assert_int_equal(reader_open("/nonexistent/busbar.db", &r), ERR_IO);
    FILE *f = fopen(w.path, "w");
    for (int i = 0; i < 2000; i++)
        fputs("not a database\n", f);
    fclose(f);
    assert_int_equal(writer_open(&writer, w.path, T0), ERR_CORRUPT);
    assert_int_equal(reader_open(w.path, &r), ERR_CORRUPT);
    works_fini(&w);
}

static void a_newer_or_foreign_database_is_refused(void **state) {
    (void)state;
    static struct rig g;
    struct reader *r;
    rig_init(&g, T0);
    assert_int_equal(db_exec(g.writer.db, "PRAGMA user_version=99"), ERR_OK);
    rig_kill(&g);
    assert_int_equal(rig_open(&g, T0), ERR_VERSION);
    assert_int_equal(reader_open(g.works.path, &r), ERR_VERSION);
    sqlite3 *db;
    assert_int_equal(db_open(g.works.path, DB_WRITE, &db), ERR_OK);
    assert_int_equal(db_exec(db, "PRAGMA application_id=7"), ERR_OK);
    db_close(db);
    assert_int_equal(rig_open(&g, T0), ERR_REFUSED);
    works_fini(&g.works);
}

static void a_full_disk_loses_nothing_that_fits_in_memory(void **state) {
    (void)state;
    static struct rig g;
    bool news;
    rig_init(&g, T0);
    rig_run(&g, T0, T0 + 50000);
    char sql[64];
    int64_t pages = count_of(&g.writer, "PRAGMA page_count");
    snprintf(sql, sizeof sql, "PRAGMA max_page_count=%d", (int)pages);
    assert_int_equal(db_exec(g.writer.db, sql), ERR_OK);
    int failed = 0;
    for (ms_t s = T0 + 50000; s < T0 + 130000; s += 1000) {
        rig_poll_all(&g, s + 100);
        core_second(&g.core, s + 500);
        failed += writer_commit(&g.writer, s + 500, &news) == ERR_FULL;
    }
    assert_true(failed > 10);
    assert_true(g.writer.failing);
    struct live_site site;
    live_get_site(g.live, &site);
    assert_int_equal(site.utc_ms, T0 + 129000); /* live values went on */
    assert_int_equal(db_exec(g.writer.db, "PRAGMA max_page_count=1000000"), ERR_OK);
    rig_run(&g, T0 + 130000, T0 + 3 * MINUTE + 5000);
    assert_false(g.writer.failing);
    json_t *minutes = rig_messages(&g.works, OUTBOX_RECORD_1M); /* checks that seq is dense */
    assert_int_equal(json_array_size(minutes), 3);
    for (size_t i = 1; i < 3; i++)
        assert_near(number_at(json_array_get(minutes, i), "energy_kwh/import"), 480.0, 1e-6);
    assert_int_equal(count_of(&g.writer, "SELECT count(*) FROM raw"), 185);
    json_decref(minutes);
    rig_fini(&g);
}

static void pending_refuses_raw_rows_first_and_records_last(void **state) {
    (void)state;
    struct pending p;
    uint8_t body[1000] = {0};
    struct pending_block raw = {.kind = PENDING_RAW, .bytes = sizeof body};
    struct pending_block slot = {.kind = PENDING_SLOT, .bytes = sizeof body};
    struct pending_block gap = {.kind = PENDING_GAP, .bytes = sizeof body};
    struct pending_block checkpoint = {.kind = PENDING_CHECKPOINT, .bytes = sizeof body};
    struct pending_block record = {.kind = PENDING_RECORD, .bytes = sizeof body};
    assert_int_equal(pending_init(&p, 100000), ERR_OK);
    size_t n = 0;
    while (pending_add(&p, &raw, body) == ERR_OK)
        n++;
    assert_in_range(n, 40, 50);
    while (pending_add(&p, &slot, body) == ERR_OK)
        n++;
    assert_in_range(n, 80, 87);
    while (pending_add(&p, &gap, body) == ERR_OK)
        n++;
    assert_in_range(n, 83, 90);
    /* what was taken from a counter has its checkpoint */
    assert_int_equal(pending_add(&p, &checkpoint, body), ERR_OK);
    while (pending_add(&p, &checkpoint, body) == ERR_OK)
        n++;
    assert_int_equal(pending_add(&p, &record, body), ERR_OK);
    assert_int_equal(p.refused, 4);
    pending_fini(&p);
}

static void acknowledged_rows_are_not_given_again(void **state) {
    (void)state;
    static struct rig g;
    static struct outbox_row rows[100];
    struct reader *r;
    struct outbox_head head;
    rig_init(&g, T0);
    rig_run(&g, T0, T0 + 10 * MINUTE + 5000); /* ten records */
    assert_int_equal(reader_open(g.works.path, &r), ERR_OK);
    writer_ack(&g.writer, "mqtt", g.writer.epoch, 1, 3);
    writer_ack(&g.writer, "mqtt", g.writer.epoch, 6, 6);
    writer_ack(&g.writer, "mqtt", g.writer.epoch - 1, 1, 10);  /* another epoch */
    writer_ack(&g.writer, "mqtt", g.writer.epoch, 9, 1000000); /* more than there is */
    g.news = false;
    rig_commit(&g, T0);
    assert_true(g.news);
    assert_int_equal(reader_outbox(r, "mqtt", 0, rows, 100), 4);
    assert_int_equal(rows[0].seq, 4);
    assert_int_equal(rows[3].seq, 8);
    assert_int_equal(reader_outbox(r, "mqtt", 5, rows, 1), 1);
    assert_int_equal(rows[0].seq, 7);
    assert_int_equal(reader_outbox(r, "other", 0, rows, 100), 10); /* cursors are independent */
    assert_int_equal(reader_head(r, "mqtt", &head), ERR_OK);
    assert_int_equal(head.seq_first, 1);
    assert_int_equal(head.seq_head, 10);
    assert_int_equal(head.unacked, 4);
    assert_int_equal(head.oldest_unacked_utc_ms, T0 + 4 * MINUTE + 2500);
    rig_kill(&g);
    assert_int_equal(rig_open(&g, T0 + 10 * MINUTE + 6000), ERR_OK);
    assert_int_equal(g.writer.seq_next, 11);
    writer_ack(&g.writer, "mqtt", g.writer.epoch, 4, 8);
    rig_commit(&g, T0 + 10 * MINUTE + 6000);
    assert_int_equal(reader_outbox(r, "mqtt", 0, rows, 100), 0);
    assert_int_equal(reader_head(r, "mqtt", &head), ERR_OK);
    assert_int_equal(head.unacked, 0);
    assert_int_equal(head.oldest_unacked_utc_ms, 0);
    reader_close(r);
    rig_fini(&g);
}

/* Acknowledgements in random order against a plain set. */
static void a_cursor_equals_a_set(void **state) {
    (void)state;
    uint64_t random = 88172645463325252;
    for (int round = 0; round < 200; round++) {
        struct cursor c = {0}, stored;
        bool set[102] = {true};
        for (int i = 0; i < 80; i++) {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            uint64_t from = 1 + random % 100, to = from + random / 100 % 4;
            to = to > 100 ? 100 : to;
            cursor_ack(&c, from, to);
            memset(set + from, true, to - from + 1);
            uint8_t bytes[CURSOR_BYTES_MAX];
            struct pack p;
            pack_init(&p, bytes, sizeof bytes);
            cursor_save(&c, &p);
            assert_int_equal(cursor_restore(&stored, c.floor, bytes, p.len), ERR_OK);
            uint64_t above = 0;
            for (uint64_t s = 0; s <= 101; s++) {
                assert_int_equal(cursor_has(&c, s), set[s]);
                assert_int_equal(cursor_has(&stored, s), set[s]);
                above += set[s] && s > c.floor;
            }
            assert_int_equal(cursor_above_floor(&c), above);
        }
    }
}

static void a_cursor_is_bounded_and_forgets_the_highest(void **state) {
    (void)state;
    struct cursor c = {0};
    for (uint64_t i = 0; i < 100; i++)
        cursor_ack(&c, 1000 + 2 * i, 1000 + 2 * i);
    assert_int_equal(c.count, CURSOR_RANGES_MAX);
    assert_true(cursor_has(&c, 1000));
    assert_false(cursor_has(&c, 1198));
    assert_true(cursor_ack(&c, 10, 10)); /* a lower one pushes the highest out */
    assert_true(cursor_has(&c, 10));
    assert_false(cursor_has(&c, 1000 + 2 * (CURSOR_RANGES_MAX - 1)));
}

/* Runs when a commit has just become visible, before writer_commit() returns: the moment in which a
 * quick platform on another thread may have read, sent and acknowledged the new row. Once each. */
static int acknowledge_newest(void *arg, sqlite3 *db, const char *name, int pages) {
    struct writer *w = arg;
    static int64_t told;
    int64_t head = 0;
    (void)name;
    (void)pages;
    assert_int_equal(db_get_i64(db, "SELECT max(seq) FROM outbox", 0, &head), ERR_OK);
    if (head > told)
        writer_ack(w, "mqtt", w->epoch, (uint64_t)head, (uint64_t)head);
    told = head;
    return SQLITE_OK;
}

static void an_answer_while_the_commit_ends_is_kept(void **state) {
    (void)state;
    static struct rig g;
    const char *floor = "SELECT coalesce(max(floor),0) FROM cursor WHERE dest='mqtt'";
    rig_init(&g, T0);
    sqlite3_wal_hook(g.writer.db, acknowledge_newest, &g.writer);
    rig_run(&g, T0, T0 + 3 * MINUTE + 5000);
    assert_int_equal(count_of(&g.writer, "SELECT max(seq) FROM outbox"), 3);
    assert_int_equal(count_of(&g.writer, floor), 3);
    writer_ack(&g.writer, "mqtt", g.writer.epoch, 4, 9); /* nobody can have seen these */
    rig_run(&g, T0 + 3 * MINUTE + 5000, T0 + 3 * MINUTE + 6000);
    assert_int_equal(count_of(&g.writer, floor), 3);
    rig_fini(&g);
}

/* Three devices over the last two hours of a day; the first quarter is written again afterwards, so
 * that of its eight quarters seven were delivered as they are. */
static void a_day_counts_the_device_slots_that_were_delivered(void **state) {
    (void)state;
    static struct rig g;
    ms_t day_ends = (T0 / MS_PER_DAY + 1) * MS_PER_DAY, from = day_ends - 8 * QUARTER;
    rig_init(&g, from);
    g.works.site.mqtt.configured = true;
    rig_run(&g, from, day_ends + 3000); /* the last quarter is not closed before 2 s after it */
    int64_t head = count_of(&g.writer, "SELECT max(seq) FROM outbox");
    json_t *days = rig_messages(&g.works, OUTBOX_RECORD_1D);
    assert_near(number_at(json_array_get(days, 0), "completeness/slots/expected"), 288.0,
                0); /* the calendar has 96 quarters */
    assert_near(number_at(json_array_get(days, 0), "completeness/slots/stored"), 24.0, 0);
    assert_near(number_at(json_array_get(days, 0), "completeness/slots/acknowledged"), 0.0, 0);
    json_decref(days);
    writer_ack(&g.writer, "mqtt", g.writer.epoch, 1, (uint64_t)head);
    rig_commit(&g, day_ends + 3500);
    assert_int_equal(db_exec(g.writer.db, "BEGIN"), ERR_OK);
    g.writer.seq = g.writer.seq_next;
    assert_int_equal(records_revise_slot(&g.core.records, SLOT_15M, from, day_ends), ERR_OK);
    assert_int_equal(
        records_write_long(&g.core.records, SLOT_1D, -1, day_ends - MS_PER_DAY, day_ends), ERR_OK);
    assert_int_equal(db_exec(g.writer.db, "COMMIT"), ERR_OK);
    days = rig_messages(&g.works, OUTBOX_RECORD_1D);
    assert_int_equal(json_array_size(days), 2);
    assert_near(number_at(json_array_get(days, 1), "completeness/slots/acknowledged"), 21.0, 0);
    json_decref(days);
    rig_fini(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_store_is_made_for_owner_and_group),
        cmocka_unit_test(a_second_writer_is_refused),
        cmocka_unit_test(a_missing_folder_and_a_foreign_file_are_refused),
        cmocka_unit_test(a_newer_or_foreign_database_is_refused),
        cmocka_unit_test(a_full_disk_loses_nothing_that_fits_in_memory),
        cmocka_unit_test(pending_refuses_raw_rows_first_and_records_last),
        cmocka_unit_test(acknowledged_rows_are_not_given_again),
        cmocka_unit_test(a_cursor_equals_a_set),
        cmocka_unit_test(a_cursor_is_bounded_and_forgets_the_highest),
        cmocka_unit_test(an_answer_while_the_commit_ends_is_kept),
        cmocka_unit_test(a_day_counts_the_device_slots_that_were_delivered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
