/* A damaged store at the start and at run time: it is set aside, what can be read goes into a new
 * one under a higher epoch, and energy is conserved. Real files, real damage. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/upkeep.h"
#include "store_damage.h"

static struct retention retention;

static int64_t number_of(sqlite3 *db, const char *sql) {
    int64_t n = -1;
    assert_int_equal(db_get_i64(db, sql, -1, &n), ERR_OK);
    return n;
}

/* The store after a run of some minutes, stopped; its facts. */
struct past {
    int64_t records, slots, events, raw, seq;
};

static void run_and_stop(struct rig *g, ms_t minutes, struct past *ret) {
    rig_init(g, T0);
    rig_run(g, T0, T0 + minutes * MINUTE + 5000);
    sqlite3 *db = g->writer.db;
    ret->records = number_of(db, "SELECT count(*) FROM record");
    ret->slots = number_of(db, "SELECT count(*) FROM slot");
    ret->raw = number_of(db, "SELECT count(*) FROM raw");
    ret->seq = number_of(db, "SELECT max(seq) FROM outbox");
    assert_true(ret->records >= minutes && ret->seq >= ret->records);
}

static void open_after(struct rig *g, ms_t now, struct upkeep *u) {
    assert_int_equal(rig_open(g, now), ERR_OK);
    upkeep_init(u, &g->core, &retention);
    upkeep_announce(u, now);
}

static void end(struct rig *g, struct upkeep *u) {
    upkeep_fini(u);
    rig_fini(g);
}

/* One event names the last seq, under the new epoch, and seq is dense from 1. */
static void check_announced(struct rig *g, int64_t last_seq) {
    json_t *events = rig_messages(&g->works, OUTBOX_EVENT);
    int found = 0;
    for (size_t i = 0; i < json_array_size(events); i++) {
        const json_t *e = json_array_get(events, i);
        if (strcmp(text_at(e, "event"), "store_replaced") != 0)
            continue;
        found++;
        assert_near(number_at(e, "value"), (double)last_seq, 0.1);
        assert_non_null(strstr(text_at(e, "note"), "ended at seq"));
        assert_true(json_integer_value(json_object_get(e, "epoch")) > T0);
    }
    assert_int_equal(found, 1);
    json_decref(events);
}

/* Energy of all minutes in their newest revision, null as 0. */
static double total_import(const struct works *w) {
    json_t *minutes = rig_messages(w, OUTBOX_RECORD_1M), *newest = json_object();
    double sum = 0;
    const char *start;
    json_t *m;
    for (size_t i = 0; i < json_array_size(minutes); i++) {
        m = json_array_get(minutes, i);
        json_object_set(newest, text_at(m, "start"), m);
    }
    json_object_foreach(newest, start, m) {
        double kwh = number_at(m, "energy_kwh/import");
        sum += isnan(kwh) ? 0 : kwh;
    }
    json_decref(newest);
    json_decref(minutes);
    return sum;
}

static void check_start_after(struct rig *g, const struct past *p, ms_t minutes) {
    struct upkeep u;
    char aside[512];
    ms_t now = T0 + minutes * MINUTE + 10000;
    open_after(g, now, &u);
    assert_true(g->writer.epoch > T0);
    assert_int_equal(files_with(&g->works, ".corrupt-", aside), 2); /* and its page */
    rig_run(g, now, T0 + (minutes + 2) * MINUTE + 5000);
    check_announced(g, p->seq);
    assert_int_equal(number_of(g->writer.db, "SELECT count(*) FROM meta WHERE key='replaced'"), 0);
    /* 8 kWh a second in every whole minute, over the gap of 5 s too */
    assert_near(total_import(&g->works), (double)(minutes + 2) * 480.0, 1.0);
    end(g, &u);
}

static void a_damaged_header_costs_nothing(void **state) {
    (void)state;
    static struct rig g;
    struct past p;
    run_and_stop(&g, 3, &p);
    rig_kill(&g);
    damage_at(g.works.path, 0, 100);
    check_start_after(&g, &p, 3);
}

static void a_damaged_first_page_costs_nothing(void **state) {
    (void)state;
    static struct rig g;
    struct past p;
    run_and_stop(&g, 3, &p);
    rig_kill(&g);
    damage_page(g.works.path, 1);
    check_start_after(&g, &p, 3);
}

static void without_anything_readable_the_store_begins_anew_and_says_so(void **state) {
    (void)state;
    static struct rig g;
    struct past p;
    struct upkeep u;
    char aside[512];
    run_and_stop(&g, 2, &p);
    rig_kill(&g);
    struct stat s;
    assert_int_equal(stat(g.works.path, &s), 0);
    damage_at(g.works.path, 0, (size_t)s.st_size);
    ms_t now = T0 + 2 * MINUTE + 10000;
    open_after(&g, now, &u);
    assert_int_equal(files_with(&g.works, ".corrupt-", aside), 2); /* and its first page */
    assert_true(g.writer.epoch >= now);
    rig_run(&g, now, now + 2 * MINUTE);
    check_announced(&g, p.seq); /* from the note in the lock */
    end(&g, &u);
}

/* Two bad leaves of a table: the rows between them are found. */
static void bad_pages_cost_only_their_rows(void **state) {
    (void)state;
    static struct rig g;
    struct past p;
    struct upkeep u;
    run_and_stop(&g, 40, &p);
    sqlite3 *db = g.writer.db;
    settle_file(db);
    const char *const tables[] = {"raw", "slot", "record", "outbox"};
    int64_t bad[8], rows_before[4], leaves[4];
    int count = 0;
    for (size_t i = 0; i < 4; i++) {
        char sql[100];
        snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", tables[i]);
        rows_before[i] = number_of(db, sql);
        int64_t first = leaf_of(db, tables[i], 0), last = leaf_of(db, tables[i], -1);
        assert_true(first > 0);
        snprintf(sql, sizeof sql, "SELECT count(*) FROM dbstat WHERE name='%s' AND pagetype='leaf'",
                 tables[i]);
        leaves[i] = number_of(db, sql);
        bad[count++] = first;
        if (last != first)
            bad[count++] = last;
    }
    rig_kill(&g);
    for (int i = 0; i < count; i++)
        damage_page(g.works.path, bad[i]);
    ms_t now = T0 + 40 * MINUTE + 10000;
    open_after(&g, now, &u);
    assert_true(upkeep_salvages(&u)); /* nothing may be packed yet */
    for (int i = 0; i < 200; i++) {   /* the raw readings come in steps, the newest first */
        const struct instant t = {.utc_us = now * 1000, .mono_us = i};
        int64_t waits = number_of(g.writer.db, "SELECT count(*) FROM meta WHERE key='salvage'");
        assert_true(waits == 0 || upkeep_salvages(&u));
        upkeep_second(&u, &t);
    }
    assert_false(upkeep_salvages(&u));
    for (size_t i = 0; i < 4; i++) {
        char sql[100];
        snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", tables[i]);
        int64_t rows = number_of(g.writer.db, sql);
        print_message("%s: %lld of %lld rows, 2 of %lld leaves damaged\n", tables[i],
                      (long long)rows, (long long)rows_before[i], (long long)leaves[i]);
        assert_true(rows < rows_before[i] + 200);
        /* what lies in the other leaves, and a few more or less: leaves are not all full */
        int64_t left = rows_before[i] * (leaves[i] - 2) / leaves[i];
        assert_true(rows >= left - left / 5);
    }
    assert_int_equal(number_of(g.writer.db, "SELECT count(*) FROM meta WHERE key='salvage'"), 0);
    rig_run(&g, now, now + 70000);
    end(&g, &u);
}

/* The log is cut: the last commits are gone, and with them numbers that were seen. */
static void a_truncated_log_begins_a_new_epoch(void **state) {
    (void)state;
    static struct rig g;
    struct past p;
    struct upkeep u;
    char log[128], copy[128], sql[1000];
    rig_init(&g, T0);
    rig_run(&g, T0, T0 + 2 * MINUTE + 5000);
    settle_file(g.writer.db);
    rig_run(&g, T0 + 2 * MINUTE + 5000, T0 + 3 * MINUTE + 5000);
    p.seq = number_of(g.writer.db, "SELECT max(seq) FROM outbox");
    snprintf(log, sizeof log, "%s-wal", g.works.path);
    snprintf(copy, sizeof copy, "%s/cut", g.works.folder);
    /* as a power cut leaves them: file and log copied while open, the log cut in its middle */
    snprintf(sql, sizeof sql, "cp %s %s && cp %s %s-wal && truncate -s 20000 %s-wal", g.works.path,
             copy, log, copy, copy);
    pid_t child = fork();
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", sql, (char *)NULL);
        _exit(127);
    }
    int status = 1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    rig_kill(&g);
    char from[256];
    snprintf(from, sizeof from, "%s-wal", copy);
    assert_int_equal(rename(copy, g.works.path), 0);
    assert_int_equal(rename(from, log), 0);
    ms_t now = T0 + 3 * MINUTE + 20000;
    open_after(&g, now, &u);
    assert_true(g.writer.epoch > T0);
    rig_run(&g, now, T0 + 5 * MINUTE + 5000);
    check_announced(&g, p.seq);
    assert_near(total_import(&g.works), 5 * 480.0, 1.0);
    end(&g, &u);
}

static void a_garbage_index_of_the_log_is_made_anew(void **state) {
    (void)state;
    static struct rig g;
    struct past p;
    char shm[128];
    run_and_stop(&g, 2, &p);
    rig_kill(&g);
    snprintf(shm, sizeof shm, "%s-shm", g.works.path);
    FILE *f = fopen(shm, "w");
    for (int i = 0; i < 32768; i++)
        fputc(i * 31, f);
    fclose(f);
    assert_int_equal(rig_open(&g, T0 + 2 * MINUTE + 10000), ERR_OK);
    assert_int_equal(g.writer.epoch, T0);
    assert_int_equal(number_of(g.writer.db, "SELECT max(seq) FROM outbox"), p.seq);
    rig_fini(&g);
}

/* What the platform has acknowledged does not come again, the rest does, from 1 on. */
static void acknowledged_messages_stay_behind(void **state) {
    (void)state;
    static struct rig g;
    struct past p;
    struct upkeep u;
    run_and_stop(&g, 8, &p);
    writer_ack(&g.writer, "mqtt", T0, 1, 3);
    writer_ack(&g.writer, "mqtt", T0, 5, 5);
    rig_commit(&g, T0 + 8 * MINUTE + 6000);
    assert_true(p.seq >= 6);
    rig_kill(&g);
    damage_at(g.works.path, 0, 100);
    open_after(&g, T0 + 8 * MINUTE + 10000, &u);
    assert_int_equal(number_of(g.writer.db, "SELECT count(*) FROM outbox"), p.seq - 4);
    assert_int_equal(number_of(g.writer.db, "SELECT max(seq) FROM outbox"), p.seq - 4);
    assert_int_equal(number_of(g.writer.db, "SELECT count(*) FROM record"), p.records);
    end(&g, &u);
}

/* At run time: readers still hold the old file, the writer goes on with a new one. */
static void damage_at_run_time_loses_no_energy(void **state) {
    (void)state;
    static struct rig g;
    struct upkeep u;
    struct reader *r;
    struct outbox_head head;
    bool news;
    rig_init(&g, T0);
    upkeep_init(&u, &g.core, &retention);
    rig_run(&g, T0, T0 + 3 * MINUTE + 5000);
    settle_file(g.writer.db);
    assert_int_equal(reader_open(g.works.path, &r), ERR_OK);
    int64_t last = number_of(g.writer.db, "SELECT max(seq) FROM outbox");
    damage_page(g.works.path, leaf_of(g.writer.db, "raw", -1));
    damage_page(g.works.path, leaf_of(g.writer.db, "counter", 0));
    int replaced = 0;
    for (ms_t s = T0 + 3 * MINUTE + 5000; s < T0 + 6 * MINUTE + 5000; s += 1000) {
        const struct instant now = {.utc_us = s * 1000 + 500000, .mono_us = s * 1000};
        sqlite3_db_release_memory(g.writer.db); /* else it lives on its cache */
        rig_poll_all(&g, s + 100);
        core_second(&g.core, s + 500);
        int err = writer_commit(&g.writer, s + 500, &news);
        if (!upkeep_after_commit(&u, err, &now))
            continue;
        replaced++;
        assert_int_equal(writer_commit(&g.writer, s + 500, &news), ERR_OK);
    }
    assert_int_equal(replaced, 1);
    assert_false(g.writer.failing);
    assert_true(reader_replaced(r));
    reader_close(r); /* must not take the new store's log with it */
    rig_run(&g, T0 + 6 * MINUTE + 5000, T0 + 8 * MINUTE + 5000);
    assert_int_equal(reader_open(g.works.path, &r), ERR_OK);
    assert_int_equal(reader_head(r, "test", &head), ERR_OK);
    assert_int_equal(head.epoch, g.writer.epoch);
    reader_close(r);
    check_announced(&g, last);
    assert_near(total_import(&g.works), 8 * 480.0, 1.0);
    end(&g, &u);
}

/* A reader's page is damaged, the writer never reads it: it hears of it. */
static void a_readers_damage_reaches_the_writer(void **state) {
    (void)state;
    static struct rig g;
    struct past p;
    struct reader *r;
    static struct outbox_row rows[BODIES_MAX];
    run_and_stop(&g, 3, &p);
    settle_file(g.writer.db);
    damage_page(g.works.path, leaf_of(g.writer.db, "outbox", 0));
    assert_false(writer_is_damaged(&g.writer));
    assert_int_equal(reader_open(g.works.path, &r), ERR_OK);
    assert_int_equal(reader_outbox(r, "test", 0, rows, BODIES_MAX), ERR_CORRUPT);
    assert_true(reader_damaged(r));
    reader_close(r);
    assert_true(writer_is_damaged(&g.writer));
    rig_fini(&g);
}

/* Stopped between the renames: the new store is there under its first name. */
static void a_replacement_cut_in_its_middle_is_finished(void **state) {
    (void)state;
    static struct rig g;
    struct past p;
    struct upkeep u;
    char fresh[128], gone[128];
    run_and_stop(&g, 2, &p);
    rig_kill(&g);
    damage_at(g.works.path, 0, 100);
    ms_t now = T0 + 2 * MINUTE + 10000;
    struct writer w;
    assert_int_equal(writer_open(&w, g.works.path, now), ERR_OK);
    ms_t epoch = w.epoch;
    writer_close(&w);
    snprintf(fresh, sizeof fresh, "%s.new", g.works.path);
    assert_int_equal(rename(g.works.path, fresh), 0);
    open_after(&g, now + 1000, &u);
    assert_int_equal(g.writer.epoch, epoch);
    assert_int_equal(number_of(g.writer.db, "SELECT count(*) FROM record WHERE revision=0"),
                     p.records);
    /* half a store is not taken: nothing was renamed yet */
    upkeep_fini(&u);
    rig_kill(&g);
    snprintf(gone, sizeof gone, "%s/gone", g.works.folder);
    assert_int_equal(rename(g.works.path, gone), 0);
    sqlite3 *half;
    assert_int_equal(db_open(fresh, DB_WRITE, &half), ERR_OK);
    assert_int_equal(db_exec(half, "CREATE TABLE meta(key TEXT PRIMARY KEY,value)"), ERR_OK);
    db_close(half);
    open_after(&g, now + 5000, &u);
    assert_true(g.writer.epoch > epoch);
    assert_int_equal(number_of(g.writer.db, "SELECT count(*) FROM record"), 0);
    end(&g, &u);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_damaged_header_costs_nothing),
        cmocka_unit_test(a_damaged_first_page_costs_nothing),
        cmocka_unit_test(without_anything_readable_the_store_begins_anew_and_says_so),
        cmocka_unit_test(bad_pages_cost_only_their_rows),
        cmocka_unit_test(a_truncated_log_begins_a_new_epoch),
        cmocka_unit_test(a_garbage_index_of_the_log_is_made_anew),
        cmocka_unit_test(acknowledged_messages_stay_behind),
        cmocka_unit_test(damage_at_run_time_loses_no_energy),
        cmocka_unit_test(a_readers_damage_reaches_the_writer),
        cmocka_unit_test(a_replacement_cut_in_its_middle_is_finished),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
