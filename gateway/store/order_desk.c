#include "store/order_desk.h"
#include "store/order_desk_replay.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "format/json.h"
#include "store/db.h"
#include "sys/clock.h"
#include "sys/log.h"

#define REMEMBER_MS (7 * MS_PER_DAY)

void order_desk_sign(char who[ORDER_WHO_MAX], const char *by, const char *actor) {
    snprintf(who, ORDER_WHO_MAX, "%s (%s)", by, actor);
}

/* The reply that an order of this id got before: its length, 0 when there is none. */
static int remembered(const struct order_desk *d, const char *id, char *reply, size_t cap) {
    sqlite3_stmt *s = NULL;
    if (id[0] == '\0')
        return 0;
    int err =
        db_prepare(d->records->writer->db, "SELECT reply FROM command WHERE id=? AND t>?", &s);
    if (err < 0)
        return err;
    sqlite3_bind_text(s, 1, id, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 2, d->now_ms - REMEMBER_MS);
    int rc = sqlite3_step(s), n = 0;
    if (rc == SQLITE_ROW && sqlite3_column_bytes(s, 0) < (int)cap) {
        n = sqlite3_column_bytes(s, 0);
        memcpy(reply, sqlite3_column_text(s, 0), (size_t)n);
        reply[n] = '\0';
    }
    sqlite3_finalize(s);
    return db_err(rc) < 0 ? db_err(rc) : n;
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

/* What the reply of a good order says. */
struct outcome {
    const char *name; /* of the count */
    int n, filed_days;
    const char *refused;     /* of a platform's alert that is not taken: why */
    struct replay_plan plan; /* of a replay, which has no count */
};

static int execute(const struct order_desk *d, const struct order *o, const char *actor,
                   struct outcome *r, char *why) {
    r->name = "days";
    switch (o->kind) {
    case ORDER_PRICES:
        return order_prices_run(d, &o->prices, &r->filed_days);
    case ORDER_CURVE:
        return order_curve_run(d, &o->curve, &r->filed_days);
    case ORDER_METER_CHANGE:
        r->name = "slots";
        return order_meter_change_run(d, &o->meter_change, actor, why);
    case ORDER_RATIO_CHANGE:
        r->name = "slots";
        return order_ratio_change_run(d, &o->ratio_change, actor, why);
    case ORDER_RECOMPUTE:
        return rollup_recompute(d->rollup, o->recompute.from_day, INT32_MAX, &r->filed_days);
    case ORDER_FILE_MONTH:
        r->name = "records";
        return order_file_month_run(d, &o->file_month, actor, why);
    case ORDER_REPLAY:
        r->name = NULL;
        return order_replay_run(d, &o->replay, &r->plan, why);
    case ORDER_ALERT_ACK:
    case ORDER_ALERT_REFUSE:
    case ORDER_ALERT_ASSIGN:
    case ORDER_ALERT_MEASURE:
    case ORDER_ALERT_CLOSE:
    case ORDER_ALERT_ENTER:
        r->name = "alert";
        return order_alert_run(d, o, actor, why);
    case ORDER_PLATFORM_ALERT:
        r->name = "alert";
        return order_platform_alert_run(d, &o->platform_alert, why);
    case ORDER_PING:
    case ORDER_CONFIG_HASH:
    case ORDER_KINDS:
        break;
    }
    snprintf(why, ORDER_WHY_MAX, "%s is not supported by this version", order_name(o->kind));
    return ERR_REFUSED;
}

static size_t write_reply(char *reply, size_t cap, const struct outcome *r) {
    struct buf b;
    buf_init(&b, reply, cap);
    buf_putc(&b, '{');
    json_bool(&b, "ok", true);
    if (r->refused)
        json_text(&b, "refused", r->refused);
    else if (r->name)
        json_i64(&b, r->name, r->n);
    else
        order_replay_write(&b, &r->plan);
    if (r->filed_days > 0)
        json_i64(&b, "filed_days", r->filed_days);
    json_close(&b);
    return b.len;
}

/* Everything between BEGIN and COMMIT; the caller undoes it on failure. */
static int run_inside(const struct order_desk *d, const struct order *o, const char *actor,
                      char *reply, size_t cap, size_t *ret_n, char *why) {
    struct outcome r = {0};
    int n = execute(d, o, actor, &r, why);
    if (n < 0)
        return n;
    r.n = n;
    r.refused = o->kind == ORDER_PLATFORM_ALERT && n == 0 ? why : NULL;
    *ret_n = write_reply(reply, cap, &r);
    return remember(d, o->id, reply, *ret_n);
}

size_t order_desk_run(const struct order_desk *d, const struct order *o, const char *actor,
                      char *reply, size_t cap) {
    struct writer *w = d->records->writer;
    char why[ORDER_WHY_MAX] = "";
    size_t n = 0;
    if (w->pending.len > 0)
        return order_reply_error(reply, cap,
                                 "readings wait in memory because the store cannot be written; see "
                                 "the log, free its disk and try again");
    int err = remembered(d, o->id, reply, cap);
    if (err > 0)
        return (size_t)err;
    if (err == ERR_OK)
        err = writer_begin(w);
    if (err == ERR_OK)
        err = run_inside(d, o, actor, reply, cap, &n, why);
    err = writer_end(w, err);
    if (err == ERR_OK)
        return n;
    /* what was taken into memory meanwhile is undone too */
    if (books_load(&d->records->books, w->db, d->now_ms) < 0)
        log_error("store %s: prices cannot be read; costs are unknown until the next start",
                  w->path);
    if (why[0] == '\0')
        snprintf(why, sizeof why, "the store refused it: %s; nothing was changed, try again later",
                 err_str(err));
    return order_reply_error(reply, cap, why);
}

/* ---- prices and curves -------------------------------------------------------------------- */

static bool month_seen(const struct order_prices *o, size_t i) {
    for (size_t k = 0; k < i; k++)
        if (o->rows[k].month == o->rows[i].month)
            return true;
    return false;
}

/* The days of one month again: its prices touch no other. */
static int recompute_month(const struct order_desk *d, int32_t month, int *ret_filed) {
    int year = month / 12, first = month % 12 + 1;
    return rollup_recompute(d->rollup, civil_day(year, first, 1), civil_day(year, first + 1, 1),
                            ret_filed);
}

int order_prices_run(const struct order_desk *d, const struct order_prices *o, int *ret_filed) {
    sqlite3 *db = d->records->writer->db;
    int err = ERR_OK, days = 0, filed_days = 0;
    for (size_t i = 0; err == ERR_OK && i < o->count; i++)
        err = books_put_price(db, &o->rows[i], d->now_ms);
    if (err == ERR_OK)
        err = books_load(&d->records->books, db, d->now_ms);
    for (size_t i = 0; err == ERR_OK && i < o->count; i++) {
        int filed = 0, n = month_seen(o, i) ? 0 : recompute_month(d, o->rows[i].month, &filed);
        err = n < 0 ? n : ERR_OK;
        days += n;
        filed_days += filed;
    }
    if (err < 0)
        return err;
    *ret_filed = filed_days;
    return days;
}

static int put_curve(sqlite3 *db, const struct order_curve *o, ms_t now_ms) {
    if (o->kind == CURVE_PRICE) {
        struct price_curve c = {.day = o->day, .version = o->version};
        memcpy(c.price_e8, o->value_e8, sizeof c.price_e8);
        return books_put_price_curve(db, &c, now_ms);
    }
    struct factor_curve c = {.day = o->day, .version = o->version};
    for (size_t i = 0; i < ORDER_CURVE_POINTS; i++)
        c.kg_per_kwh[i] = (double)o->value_e8[i] / 1e8;
    return books_put_factor_curve(db, &c, now_ms);
}

/* A factor goes on into the days that follow: what the storage holds was charged with it. */
int order_curve_run(const struct order_desk *d, const struct order_curve *o, int *ret_filed) {
    sqlite3 *db = d->records->writer->db;
    int err = put_curve(db, o, d->now_ms);
    if (err == ERR_OK)
        err = books_load(&d->records->books, db, d->now_ms);
    return err < 0 ? err
                   : rollup_recompute(d->rollup, o->day,
                                      o->kind == CURVE_PRICE ? o->day + 1 : INT32_MAX, ret_filed);
}

/* ---- a month is filed ---------------------------------------------------------------------- */

/* False when it was filed before. */
static int note_filed(const struct order_desk *d, const struct order_file_month *o,
                      const char *actor, bool *ret_new) {
    sqlite3 *db = d->records->writer->db;
    sqlite3_stmt *s = NULL;
    char who[ORDER_WHO_MAX];
    order_desk_sign(who, o->by, actor);
    int err = db_prepare(db, "INSERT OR IGNORE INTO filed VALUES(?,?,?)", &s);
    if (err < 0)
        return err;
    sqlite3_bind_int(s, 1, o->month);
    sqlite3_bind_text(s, 2, who, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 3, d->now_ms);
    err = db_run(s);
    *ret_new = sqlite3_changes(db) > 0;
    sqlite3_finalize(s);
    return err;
}

/* A number of [start, end): sql has their places. */
static int count_in(const struct order_desk *d, const char *sql, ms_t start, ms_t end,
                    int64_t *ret) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(d->records->writer->db, sql, &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, start);
    sqlite3_bind_int64(s, 2, end);
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        *ret = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return db_err(rc);
}

/* The month has a record, and nothing of it is about to change. */
static int check_complete(const struct order_desk *d, ms_t start, ms_t end, const char *month,
                          char *why) {
    int64_t records = 0, waiting = 0;
    int err =
        count_in(d, "SELECT count(*) FROM record WHERE period=2592000 AND start>=? AND start<?",
                 start, end, &records);
    if (err == ERR_OK)
        err = count_in(d, "SELECT count(*) FROM dirty WHERE start>=? AND start<?", start, end,
                       &waiting);
    if (err < 0)
        return err;
    if (records > 0 && waiting == 0)
        return ERR_OK;
    if (records == 0)
        snprintf(why, ORDER_WHY_MAX,
                 "%s has no record of the month yet; file it after the month has closed", month);
    else
        snprintf(why, ORDER_WHY_MAX,
                 "%lld slots of %s wait to be made again; file it when busbard has run for some "
                 "minutes more",
                 (long long)waiting, month);
    return ERR_REFUSED;
}

int order_file_month_run(const struct order_desk *d, const struct order_file_month *o,
                         const char *actor, char *why) {
    int year = o->month / 12, first = o->month % 12 + 1;
    ms_t start = local_midnight(civil_day(year, first, 1), clock_utc_offset_s);
    ms_t end = local_midnight(civil_day(year, first + 1, 1), clock_utc_offset_s);
    char month[16];
    bool is_new = false;
    snprintf(month, sizeof month, "%04d-%02d", year, first);
    int err = note_filed(d, o, actor, &is_new);
    if (err == ERR_OK && !is_new) {
        snprintf(why, ORDER_WHY_MAX, "%s was filed before; a filed month stays as it is", month);
        return ERR_REFUSED;
    }
    if (err == ERR_OK)
        err = check_complete(d, start, end, month, why);
    /* its last revision says that it is filed */
    if (err == ERR_OK)
        err = records_write_long(d->records, SLOT_1MO, -1, start, d->now_ms);
    if (err == ERR_NOT_FOUND)
        snprintf(why, ORDER_WHY_MAX, "no day of %s is on record; there is nothing to file", month);
    return err < 0 ? err : 1;
}
