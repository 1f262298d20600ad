#include "store/salvage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "store/db.h"
#include "store/salvage_table.h"
#include "sys/clock.h"

#define TABLE_NAME_MAX 64
#define TABLES_MAX     48
#define BATCH_ROWS     2000
#define BULK_ROWS      900 /* of each bulk table at once: the open minute is made of them */
#define STEP_ROWS      20

struct names {
    char name[TABLES_MAX][TABLE_NAME_MAX];
    int count;
};

static bool is_bulk(const char *table) {
    return strcmp(table, "raw") == 0 || strcmp(table, "chunk") == 0;
}

/* Configuration and counters first, raw readings last: if the disk is too small for all. */
static int list_tables(sqlite3 *db, struct names *ret) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(db,
                         "SELECT name FROM sqlite_schema WHERE type='table' AND name NOT LIKE"
                         " 'sqlite_%' ORDER BY name IN('raw','chunk'),name='slot',rowid",
                         &s);
    ret->count = 0;
    while (err == ERR_OK && sqlite3_step(s) == SQLITE_ROW && ret->count < TABLES_MAX)
        snprintf(ret->name[ret->count++], TABLE_NAME_MAX, "%s",
                 (const char *)sqlite3_column_text(s, 0));
    sqlite3_finalize(s);
    return err;
}

int salvage_open(const char *path, sqlite3 **ret) {
    sqlite3 *db = NULL;
    int64_t tables = 0;
    /* writable: the index of the log is made anew; nothing is ever moved out of the log */
    int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        sqlite3_busy_timeout(db, 5000);
        rc = sqlite3_exec(db,
                          "PRAGMA query_only=ON;PRAGMA cell_size_check=ON;"
                          "PRAGMA writable_schema=ON;PRAGMA cache_size=-2000",
                          NULL, NULL, NULL);
    }
    int err = db_err(rc);
    if (err == ERR_OK)
        err = db_get_i64(db, "SELECT count(*) FROM sqlite_schema", 0, &tables);
    if (err == ERR_OK && tables == 0)
        err = ERR_CORRUPT;
    if (err < 0) {
        sqlite3_close(db);
        return err;
    }
    *ret = db;
    return ERR_OK;
}

static int copy_table(sqlite3 *from, sqlite3 *to, const char *name, ms_t now_ms,
                      struct salvage_counts *counts) {
    struct salvage_table *t = malloc(sizeof *t);
    if (!t)
        return ERR_NOMEM;
    int err = salvage_table_init(t, from, to, name, now_ms);
    bool done = err == ERR_NOT_FOUND;
    if (done)
        err = ERR_OK;
    while (err == ERR_OK && !done) {
        err = db_exec(to, "BEGIN");
        if (err == ERR_OK)
            err = salvage_table_step(t, is_bulk(name) ? BULK_ROWS : BATCH_ROWS, &done);
        if (err == ERR_OK)
            err = db_exec(to, "COMMIT");
        done = done || is_bulk(name);
    }
    if (!sqlite3_get_autocommit(to))
        db_exec(to, "ROLLBACK");
    counts->rows += t->rows;
    counts->damaged_tables += t->damaged;
    salvage_table_fini(t);
    free(t);
    return err;
}

/* Rows name layouts, devices and alerts by number. A number whose row is lost must not be given
 * again: it would say that old rows were made under a new configuration. */
static int reserve_numbers(sqlite3 *to) {
    return db_exec(to,
                   "INSERT OR IGNORE INTO layout(id,body) SELECT max(n),x'' FROM"
                   " (SELECT max(layout) AS n FROM record UNION ALL SELECT max(layout) FROM event"
                   " UNION ALL SELECT max(layout) FROM raw UNION ALL SELECT max(layout) FROM chunk"
                   " UNION ALL SELECT max(layout) FROM held) WHERE n IS NOT NULL HAVING"
                   " max(n)>(SELECT coalesce(max(id),0) FROM layout);"
                   "INSERT OR IGNORE INTO device(id,name) SELECT max(n),'?lost' FROM"
                   " (SELECT max(device) AS n FROM slot UNION ALL SELECT max(device) FROM counter"
                   " UNION ALL SELECT max(device) FROM ledger) WHERE n IS NOT NULL HAVING"
                   " max(n)>(SELECT coalesce(max(id),0) FROM device);"
                   "DELETE FROM sqlite_sequence WHERE name='alert';"
                   "INSERT INTO sqlite_sequence(name,seq) SELECT 'alert',coalesce(max(n),0) FROM"
                   " (SELECT max(id) AS n FROM alert UNION ALL SELECT max(alert) FROM alert_step)");
}

int salvage_copy(sqlite3 *from, sqlite3 *to, ms_t now_ms, struct salvage_counts *ret) {
    struct names tables;
    struct salvage_counts counts = {0};
    int64_t head = 0;
    int err = list_tables(to, &tables);
    if (db_get_i64(from, "SELECT value FROM meta WHERE key='epoch'", 0, &counts.epoch) < 0)
        counts.epoch = 0;
    for (int i = 0; err == ERR_OK && i < tables.count; i++)
        err = copy_table(from, to, tables.name[i], now_ms, &counts);
    if (err == ERR_OK)
        err = reserve_numbers(to);
    if (err == ERR_OK)
        err = db_get_i64(to, "SELECT max(seq) FROM outbox", 0, &head);
    counts.seq_head = (uint64_t)head;
    if (err == ERR_OK)
        *ret = counts;
    return err;
}

/* ---- the rest ----------------------------------------------------------------------------- */

struct salvage_rest {
    sqlite3 *from, *to;
    ms_t now_ms;
    struct names tables;
    int next;
    bool open;
    struct salvage_table table;
    uint64_t rows;
};

int salvage_rest_new(const char *path, sqlite3 *to, ms_t now_ms, struct salvage_rest **ret) {
    struct salvage_rest *r = calloc(1, sizeof *r);
    if (!r)
        return ERR_NOMEM;
    r->to = to;
    r->now_ms = now_ms;
    int err = salvage_open(path, &r->from);
    if (err == ERR_OK)
        err = list_tables(to, &r->tables);
    if (err < 0) {
        salvage_rest_free(r);
        return err;
    }
    *ret = r;
    return ERR_OK;
}

void salvage_rest_free(struct salvage_rest *r) {
    if (!r)
        return;
    if (r->open)
        salvage_table_fini(&r->table);
    sqlite3_close(r->from);
    free(r);
}

uint64_t salvage_rest_rows(const struct salvage_rest *r) {
    return r->rows + (r->open ? r->table.rows : 0);
}

/* Opens the next table of raw readings; false when there is none. */
static bool next_table(struct salvage_rest *r) {
    while (!r->open && r->next < r->tables.count) {
        const char *name = r->tables.name[r->next++];
        r->open = is_bulk(name) &&
                  salvage_table_init(&r->table, r->from, r->to, name, r->now_ms) == ERR_OK;
    }
    return r->open;
}

int salvage_rest_step(struct salvage_rest *r, us_t budget_us, bool *ret_done) {
    us_t until = clock_now().mono_us + budget_us;
    bool more = true;
    int err = db_exec(r->to, "BEGIN IMMEDIATE");
    while (err == ERR_OK && (more = next_table(r)) && clock_now().mono_us < until) {
        bool done = false;
        err = salvage_table_step(&r->table, STEP_ROWS, &done);
        if (done) {
            r->rows += r->table.rows;
            salvage_table_fini(&r->table);
            r->open = false;
        }
    }
    if (err == ERR_OK)
        err = db_exec(r->to, "COMMIT");
    if (!sqlite3_get_autocommit(r->to))
        db_exec(r->to, "ROLLBACK");
    *ret_done = !more;
    return err;
}
