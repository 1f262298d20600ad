#include "store/order_desk.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "format/json.h"
#include "store/db.h"
#include "sys/clock.h"
#include "sys/log.h"

#define REMEMBER_MS (7 * MS_PER_DAY)

/* The reply that an order of this id got before; 0: none. */
static size_t remembered(const struct order_desk *d, const char *id, char *reply, size_t cap) {
    sqlite3_stmt *s = NULL;
    size_t n = 0;
    if (id[0] == '\0' ||
        db_prepare(d->records->writer->db, "SELECT reply FROM command WHERE id=? AND t>?", &s) < 0)
        return 0;
    sqlite3_bind_text(s, 1, id, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 2, d->now_ms - REMEMBER_MS);
    if (sqlite3_step(s) == SQLITE_ROW && (size_t)sqlite3_column_bytes(s, 0) < cap) {
        n = (size_t)sqlite3_column_bytes(s, 0);
        memcpy(reply, sqlite3_column_text(s, 0), n);
        reply[n] = '\0';
    }
    sqlite3_finalize(s);
    return n;
}

static int remember(const struct order_desk *d, const char *id, const char *reply, size_t n) {
    sqlite3 *db = d->records->writer->db;
    sqlite3_stmt *s = NULL;
    if (id[0] == '\0')
        return ERR_OK;
    int err = db_prepare(db, "DELETE FROM command WHERE t<=?", &s);
    if (err == ERR_OK) {
        sqlite3_bind_int64(s, 1, d->now_ms - REMEMBER_MS);
        err = db_run(s);
        sqlite3_finalize(s);
    }
    if (err == ERR_OK)
        err = db_prepare(db, "INSERT OR REPLACE INTO command VALUES(?,?,?)", &s);
    if (err < 0)
        return err;
    sqlite3_bind_text(s, 1, id, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 2, d->now_ms);
    sqlite3_bind_text(s, 3, reply, (int)n, SQLITE_STATIC);
    err = db_run(s);
    sqlite3_finalize(s);
    return err;
}

static int execute(const struct order_desk *d, const struct order *o, const char *actor,
                   const char **ret_count, char *why) {
    *ret_count = "days";
    switch (o->kind) {
    case ORDER_PRICES:
        return order_prices_run(d, &o->prices, why);
    case ORDER_CURVE:
        return order_curve_run(d, &o->curve, why);
    case ORDER_METER_CHANGE:
        *ret_count = "slots";
        return order_meter_change_run(d, &o->meter_change, actor, why);
    case ORDER_RATIO_CHANGE:
        *ret_count = "slots";
        return order_ratio_change_run(d, &o->ratio_change, actor, why);
    case ORDER_RECOMPUTE:
        return rollup_recompute(d->rollup, o->recompute.from_day);
    case ORDER_FILE_MONTH:
        *ret_count = "records";
        return order_file_month_run(d, &o->file_month, why);
    case ORDER_PING:
    case ORDER_CONFIG_HASH:
    case ORDER_REPLAY:
    case ORDER_KINDS:
        break;
    }
    snprintf(why, ORDER_WHY_MAX, "%s is not supported by this version", order_name(o->kind));
    return ERR_REFUSED;
}

static size_t reply_count(char *reply, size_t cap, const char *name, int n) {
    struct buf b;
    buf_init(&b, reply, cap);
    buf_putc(&b, '{');
    json_bool(&b, "ok", true);
    json_i64(&b, name, n);
    json_close(&b);
    return b.len;
}

/* Everything between BEGIN and COMMIT; the caller undoes it on failure. */
static int run_inside(const struct order_desk *d, const struct order *o, const char *actor,
                      char *reply, size_t cap, size_t *ret_n, char *why) {
    const char *count;
    int n = execute(d, o, actor, &count, why);
    if (n < 0)
        return n;
    *ret_n = reply_count(reply, cap, count, n);
    return remember(d, o->id, reply, *ret_n);
}

size_t order_desk_run(const struct order_desk *d, const struct order *o, const char *actor,
                      char *reply, size_t cap) {
    struct writer *w = d->records->writer;
    char why[ORDER_WHY_MAX] = "";
    size_t n = remembered(d, o->id, reply, cap);
    if (n > 0)
        return n;
    int err = writer_begin(w);
    if (err == ERR_OK)
        err = run_inside(d, o, actor, reply, cap, &n, why);
    err = writer_end(w, err);
    if (books_load(&d->records->books, w->db, d->now_ms) < 0)
        log_error("store %s: prices cannot be read", w->path);
    if (err == ERR_OK) {
        log_info("order %s by %s is done", order_name(o->kind), actor);
        return n;
    }
    if (why[0] == '\0')
        snprintf(why, sizeof why, "the store refused it: %s; try again later", err_str(err));
    return order_reply_error(reply, cap, why);
}

/* ---- prices and curves -------------------------------------------------------------------- */

int order_prices_run(const struct order_desk *d, const struct order_prices *o, char *why) {
    int32_t first = INT32_MAX;
    (void)why;
    for (size_t i = 0; i < o->count; i++) {
        int err = books_put_price(d->records->writer->db, &o->rows[i], d->now_ms);
        if (err < 0)
            return err;
        if (o->rows[i].month < first)
            first = o->rows[i].month;
    }
    int err = books_load(&d->records->books, d->records->writer->db, d->now_ms);
    return err < 0 ? err : rollup_recompute(d->rollup, civil_day(first / 12, first % 12 + 1, 1));
}

int order_curve_run(const struct order_desk *d, const struct order_curve *o, char *why) {
    sqlite3 *db = d->records->writer->db;
    int err;
    (void)why;
    if (o->kind == CURVE_PRICE) {
        struct price_curve c = {.day = o->day, .version = o->version};
        memcpy(c.price_e8, o->value_e8, sizeof c.price_e8);
        err = books_put_price_curve(db, &c, d->now_ms);
    } else {
        struct factor_curve c = {.day = o->day, .version = o->version};
        for (size_t i = 0; i < ORDER_CURVE_POINTS; i++)
            c.kg_per_kwh[i] = (double)o->value_e8[i] / 1e8;
        err = books_put_factor_curve(db, &c, d->now_ms);
    }
    if (err == ERR_OK)
        err = books_load(&d->records->books, db, d->now_ms);
    return err < 0 ? err : rollup_recompute(d->rollup, o->day);
}

/* ---- a month is filed ---------------------------------------------------------------------- */

int order_file_month_run(const struct order_desk *d, const struct order_file_month *o, char *why) {
    struct writer *w = d->records->writer;
    int year = o->month / 12, month = o->month % 12 + 1;
    ms_t start = local_midnight(civil_day(year, month, 1), clock_utc_offset_s);
    sqlite3_stmt *s = NULL;
    int err = db_prepare(w->db, "INSERT OR IGNORE INTO filed VALUES(?,?,?)", &s);
    if (err < 0)
        return err;
    sqlite3_bind_int(s, 1, o->month);
    sqlite3_bind_text(s, 2, o->by, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 3, d->now_ms);
    err = db_run(s);
    int inserted = sqlite3_changes(w->db);
    sqlite3_finalize(s);
    if (err < 0)
        return err;
    if (inserted == 0) {
        snprintf(why, ORDER_WHY_MAX, "%04d-%02d was filed before; a filed month stays as it is",
                 year, month);
        return ERR_REFUSED;
    }
    int64_t there = 0;
    char sql[100];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM record WHERE period=%lld AND start=%lld",
             (long long)slot_code(SLOT_1MO), (long long)start);
    err = db_get_i64(w->db, sql, 0, &there);
    if (err == ERR_OK && there == 0) {
        snprintf(why, ORDER_WHY_MAX,
                 "%04d-%02d has no record of the month yet; file it after the month has closed",
                 year, month);
        return ERR_REFUSED;
    }
    /* its last revision says that it is filed */
    if (err == ERR_OK)
        err = records_write_long(d->records, SLOT_1MO, -1, start, d->now_ms);
    return err < 0 ? err : 1;
}
