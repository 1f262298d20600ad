/* Copies of a store that is being written, and the copy before a migration. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/backup.h"
#include "store/schema.h"
#include "store_damage.h"

static int64_t number_of(sqlite3 *db, const char *sql) {
    int64_t n = -1;
    assert_int_equal(db_get_i64(db, sql, -1, &n), ERR_OK);
    return n;
}

static void a_copy_is_whole_while_the_store_is_written(void **state) {
    (void)state;
    static struct rig g;
    struct backup_facts made, checked;
    char copy[512];
    struct stat s;
    sqlite3 *from;
    rig_init(&g, T0);
    rig_run(&g, T0, T0 + 2 * MINUTE + 5000);
    snprintf(copy, sizeof copy, "%s/copy.db", g.works.folder);
    assert_int_equal(db_open(g.works.path, DB_READ, &from), ERR_OK);
    assert_int_equal(backup_copy(from, copy, 0, &made), ERR_OK);
    rig_run(&g, T0 + 2 * MINUTE + 5000, T0 + 3 * MINUTE + 5000);
    assert_int_equal(backup_check(copy, &checked), ERR_OK);
    assert_memory_equal(&made, &checked, sizeof made);
    assert_int_equal(made.epoch, T0);
    assert_int_equal(made.seq_head, 2);
    assert_int_equal(made.schema, schema_version());
    assert_int_equal(stat(copy, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0640);
    assert_int_equal(s.st_size, made.bytes);
    /* never over another file, and no part is left */
    assert_int_equal(backup_copy(from, copy, 0, &made), ERR_REFUSED);
    assert_int_equal(files_with(&g.works, ".part", copy), 0);
    db_close(from);
    rig_fini(&g);
}

static void a_damaged_copy_and_a_foreign_file_are_refused(void **state) {
    (void)state;
    static struct rig g;
    struct backup_facts facts;
    char copy[128];
    sqlite3 *from;
    rig_init(&g, T0);
    rig_run(&g, T0, T0 + 10 * MINUTE);
    snprintf(copy, sizeof copy, "%s/copy.db", g.works.folder);
    assert_int_equal(db_open(g.works.path, DB_READ, &from), ERR_OK);
    assert_int_equal(backup_copy(from, copy, 0, &facts), ERR_OK);
    damage_page(copy, leaf_of(from, "raw", 0));
    db_close(from);
    assert_int_equal(backup_check(copy, &facts), ERR_CORRUPT);
    assert_int_equal(truncate(copy, 5000), 0);
    assert_true(backup_check(copy, &facts) < 0);
    assert_int_equal(backup_check("/nonexistent/copy.db", &facts), ERR_NOT_FOUND);
    FILE *f = fopen(copy, "w");
    fputs("not a database\n", f);
    fclose(f);
    assert_true(backup_check(copy, &facts) < 0);
    rig_fini(&g);
}

/* As the first released version left it. */
static void make_old(struct rig *g) {
    rig_init(g, T0);
    rig_run(g, T0, T0 + 2 * MINUTE + 5000);
    assert_int_equal(db_exec(g->writer.db,
                             "DROP TABLE dirty;DROP TABLE ledger;DROP TABLE price;DROP TABLE curve;"
                             "DROP TABLE filed;DROP TABLE command;DROP TABLE chunk;DROP TABLE "
                             "replay;DROP TABLE held;"
                             "DROP TABLE alert;DROP TABLE alert_step;DROP TABLE alert_refused;"
                             "DROP TABLE supply_event;DROP TABLE supply_effect;"
                             "ALTER TABLE record DROP COLUMN facts;PRAGMA user_version=1"),
                     ERR_OK);
    settle_file(g->writer.db);
}

static void a_migration_keeps_a_copy_of_the_store_before(void **state) {
    (void)state;
    static struct rig g;
    char copy[128];
    sqlite3 *old;
    make_old(&g);
    rig_kill(&g);
    assert_int_equal(rig_open(&g, T0 + 3 * MINUTE), ERR_OK);
    assert_int_equal(g.writer.epoch, T0); /* the same store */
    assert_int_equal(number_of(g.writer.db, "PRAGMA user_version"), schema_version());
    assert_int_equal(
        number_of(g.writer.db, "SELECT count(*) FROM record WHERE start<1700000220000"), 2);
    snprintf(copy, sizeof copy, "%s.before-schema-%d", g.works.path, schema_version());
    assert_int_equal(db_open(copy, DB_READ, &old), ERR_OK);
    assert_int_equal(number_of(old, "PRAGMA user_version"), 1);
    assert_int_equal(number_of(old, "SELECT count(*) FROM record"), 2);
    assert_int_equal(number_of(old, "SELECT count(*) FROM sqlite_schema WHERE name='ledger'"), 0);
    db_close(old);
    rig_fini(&g);
}

static void a_damaged_store_is_not_migrated_but_salvaged(void **state) {
    (void)state;
    static struct rig g;
    char name[512];
    make_old(&g);
    int64_t page = leaf_of(g.writer.db, "raw", 0);
    rig_kill(&g);
    damage_page(g.works.path, page);
    assert_int_equal(rig_open(&g, T0 + 3 * MINUTE), ERR_OK);
    assert_true(g.writer.epoch > T0);
    assert_int_equal(number_of(g.writer.db, "PRAGMA user_version"), schema_version());
    assert_int_equal(
        number_of(g.writer.db, "SELECT count(*) FROM record WHERE start<1700000220000"), 2);
    assert_int_equal(files_with(&g.works, ".corrupt-", name), 1);
    assert_int_equal(files_with(&g.works, ".before-schema-", name), 0);
    rig_fini(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_is_whole_while_the_store_is_written),
        cmocka_unit_test(a_damaged_copy_and_a_foreign_file_are_refused),
        cmocka_unit_test(a_migration_keeps_a_copy_of_the_store_before),
        cmocka_unit_test(a_damaged_store_is_not_migrated_but_salvaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
