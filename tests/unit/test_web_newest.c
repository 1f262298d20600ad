/* The newest revisions of a span: rows of the outbox, put in one by one, and the pages of them. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/db.h"
#include "store_rig.h"
#include "web/newest.h"

static uint64_t last_seq;

/* A record's row; the key is given in minutes after T0. */
static void put(struct rig *g, enum outbox_kind kind, int64_t account, int minute, int revision,
                int part, int parts) {
    char sql[200];
    snprintf(sql, sizeof sql, "INSERT INTO outbox VALUES(%" PRIu64 ",%d,%" PRId64 ",%d,%d,%d,0)",
             ++last_seq, (int)(kind | account << 8), T0 + minute * MINUTE, revision, part, parts);
    assert_int_equal(db_exec(g->writer.db, sql), ERR_OK);
}

static void open_store(struct rig *g, struct reader **r) {
    last_seq = 0;
    rig_init(g, T0);
    assert_int_equal(reader_open(g->works.path, r), ERR_OK);
}

/* "minute.revision.part" of each row, a blank between. */
static void assert_page(const struct newest_page *p, const char *want) {
    char text[400] = "";
    for (size_t i = 0; i < p->count; i++) {
        size_t n = strlen(text);
        snprintf(text + n, sizeof text - n, "%s%d.%u.%u", i > 0 ? " " : "",
                 (int)((p->rows[i].key - T0) / MINUTE), p->rows[i].revision, p->rows[i].part);
    }
    assert_string_equal(text, want);
}

static void collect(struct reader *r, int from, int to, size_t limit, struct newest_page *p) {
    assert_int_equal(
        newest_collect(r, OUTBOX_RECORD_1M, T0 + from * MINUTE, T0 + to * MINUTE, limit, p),
        ERR_OK);
}

static void a_slot_is_there_once_with_its_newest_revision(void **state) {
    (void)state;
    static struct rig g;
    struct reader *r;
    struct newest_page p;
    open_store(&g, &r);
    put(&g, OUTBOX_RECORD_1M, 0, 3, 0, 1, 1); /* a clock that went back: not in order of time */
    put(&g, OUTBOX_RECORD_1M, 0, 1, 0, 1, 1);
    put(&g, OUTBOX_RECORD_1M, 0, 2, 0, 1, 1);
    put(&g, OUTBOX_RECORD_15M, 0, 0, 0, 1, 1);
    put(&g, OUTBOX_RECORD_1M, 0, 1, 2, 1, 1);
    put(&g, OUTBOX_RECORD_1M, 0, 1, 1, 1, 1); /* older, although it came later */
    put(&g, OUTBOX_RECORD_1M, 0, 4, 0, 1, 1);
    collect(r, 0, 60, 10, &p);
    assert_page(&p, "1.2.1 2.0.1 3.0.1 4.0.1");
    assert_false(p.more);
    newest_free(&p);
    collect(r, 2, 4, 10, &p); /* from is in, to is not */
    assert_page(&p, "2.0.1 3.0.1");
    newest_free(&p);
    collect(r, 50, 60, 10, &p);
    assert_page(&p, "");
    newest_free(&p);
    reader_close(r);
    rig_fini(&g);
}

static void a_revision_replaces_all_parts_of_the_one_before(void **state) {
    (void)state;
    static struct rig g;
    struct reader *r;
    struct newest_page p;
    open_store(&g, &r);
    for (int part = 1; part <= 3; part++)
        put(&g, OUTBOX_RECORD_1M, 0, 1, 0, part, 3);
    put(&g, OUTBOX_RECORD_1M, 0, 2, 0, 1, 1);
    for (int part = 1; part <= 2; part++)
        put(&g, OUTBOX_RECORD_1M, 0, 1, 1, part, 2);
    collect(r, 0, 60, 10, &p);
    assert_page(&p, "1.1.1 1.1.2 2.0.1");
    newest_free(&p);
    reader_close(r);
    rig_fini(&g);
}

static void a_page_ends_between_slots_and_says_where_the_next_begins(void **state) {
    (void)state;
    static struct rig g;
    struct reader *r;
    struct newest_page p;
    open_store(&g, &r);
    for (int minute = 9; minute >= 0; minute--)
        for (int part = 1; part <= 2; part++)
            put(&g, OUTBOX_RECORD_1M, 0, minute, 0, part, 2);
    put(&g, OUTBOX_RECORD_1M, 0, 1, 1, 1, 1);
    collect(r, 0, 60, 5, &p);
    assert_page(&p, "0.0.1 0.0.2 1.1.1"); /* 2.0.1 alone would be half a slot */
    assert_true(p.more);
    assert_int_equal(p.next, T0 + 2 * MINUTE);
    newest_free(&p);
    collect(r, 2, 60, 1, &p);
    assert_page(&p, "2.0.1 2.0.2"); /* the first slot is whole whatever the limit */
    assert_int_equal(p.next, T0 + 3 * MINUTE);
    newest_free(&p);
    collect(r, 9, 60, 1, &p);
    assert_page(&p, "9.0.1 9.0.2");
    assert_false(p.more);
    newest_free(&p);
    reader_close(r);
    rig_fini(&g);
}

/* More rows than one batch of the outbox: 700 minutes and as many revisions, in pages of 100. */
static void pages_together_hold_every_slot_once(void **state) {
    (void)state;
    static struct rig g;
    struct reader *r;
    open_store(&g, &r);
    assert_int_equal(db_exec(g.writer.db, "BEGIN"), ERR_OK);
    for (int revision = 0; revision < 2; revision++)
        for (int minute = 0; minute < 700; minute++)
            put(&g, OUTBOX_RECORD_1M, 0, minute, revision, 1, 1);
    assert_int_equal(db_exec(g.writer.db, "COMMIT"), ERR_OK);
    int from = 0, pages = 0;
    bool more = true;
    while (more) {
        struct newest_page p;
        collect(r, from, 1000, 100, &p);
        assert_int_equal(p.count, 100);
        for (size_t i = 0; i < p.count; i++) {
            assert_int_equal(p.rows[i].key, T0 + (from + (int)i) * MINUTE);
            assert_int_equal(p.rows[i].revision, 1);
        }
        more = p.more;
        from += 100;
        pages++;
        newest_free(&p);
    }
    assert_int_equal(pages, 7);
    reader_close(r);
    rig_fini(&g);
}

static void bills_of_two_accounts_are_two_records(void **state) {
    (void)state;
    static struct rig g;
    struct reader *r;
    struct newest_page p;
    open_store(&g, &r);
    put(&g, OUTBOX_RECORD_BILL, 7, 0, 0, 1, 1);
    put(&g, OUTBOX_RECORD_BILL, 5, 0, 0, 1, 1);
    put(&g, OUTBOX_RECORD_BILL, 7, 0, 1, 1, 1);
    put(&g, OUTBOX_RECORD_BILL, 5, 1, 0, 1, 1);
    assert_int_equal(newest_collect(r, OUTBOX_RECORD_BILL, INT64_MIN, INT64_MAX, 2, &p), ERR_OK);
    assert_page(&p, "0.0.1 0.1.1");
    assert_int_equal(p.rows[0].account_no, 5);
    assert_int_equal(p.rows[1].account_no, 7);
    assert_int_equal(p.next, T0 + MINUTE);
    newest_free(&p);
    reader_close(r);
    rig_fini(&g);
}

static void the_last_record_is_the_last_slots_newest_revision(void **state) {
    (void)state;
    static struct rig g;
    struct reader *r;
    struct outbox_row row;
    open_store(&g, &r);
    assert_int_equal(newest_last(r, OUTBOX_RECORD_15M, &row), ERR_NOT_FOUND);
    put(&g, OUTBOX_RECORD_15M, 0, 15, 0, 1, 2);
    put(&g, OUTBOX_RECORD_15M, 0, 15, 0, 2, 2);
    put(&g, OUTBOX_RECORD_15M, 0, 15, 1, 1, 2);
    put(&g, OUTBOX_RECORD_15M, 0, 15, 1, 2, 2);
    put(&g, OUTBOX_RECORD_15M, 0, 0, 3, 1, 1);
    assert_int_equal(newest_last(r, OUTBOX_RECORD_15M, &row), ERR_OK);
    assert_int_equal(row.seq, 3);
    last_seq = 100000; /* far behind: the whole outbox is searched */
    put(&g, OUTBOX_RECORD_1M, 0, 99, 0, 1, 1);
    assert_int_equal(newest_last(r, OUTBOX_RECORD_15M, &row), ERR_OK);
    assert_int_equal(row.seq, 3);
    reader_close(r);
    rig_fini(&g);
}

static void a_store_that_fails_is_reported(void **state) {
    (void)state;
    static struct rig g;
    struct reader *r;
    struct newest_page p;
    struct outbox_row row;
    open_store(&g, &r);
    assert_int_equal(db_exec(g.writer.db, "DROP TABLE outbox"), ERR_OK);
    assert_true(newest_collect(r, OUTBOX_RECORD_1M, 0, 1, 1, &p) < 0);
    assert_true(newest_last(r, OUTBOX_RECORD_1M, &row) < 0);
    reader_close(r);
    rig_fini(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_slot_is_there_once_with_its_newest_revision),
        cmocka_unit_test(a_revision_replaces_all_parts_of_the_one_before),
        cmocka_unit_test(a_page_ends_between_slots_and_says_where_the_next_begins),
        cmocka_unit_test(pages_together_hold_every_slot_once),
        cmocka_unit_test(bills_of_two_accounts_are_two_records),
        cmocka_unit_test(the_last_record_is_the_last_slots_newest_revision),
        cmocka_unit_test(a_store_that_fails_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
