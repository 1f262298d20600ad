#include "store/books.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/pack.h"
#include "store/db.h"
#include "sys/clock.h"

#define CURVE_POINTS 96

enum curve_row { PRICE_ROW = 1, FACTOR_ROW = 2 }; /* stored: values never change */

static int64_t count_rows(sqlite3 *db, const char *sql) {
    int64_t n = 0;
    return db_get_i64(db, sql, 0, &n) < 0 ? -1 : n;
}

static int load_prices(struct books_store *b, sqlite3 *db) {
    sqlite3_stmt *s = NULL;
    int64_t n = count_rows(db, "SELECT count(*) FROM price");
    if (n < 0)
        return ERR_IO;
    b->rows = calloc((size_t)n + 1, sizeof *b->rows);
    if (!b->rows)
        return ERR_NOMEM;
    int err = db_prepare(db, "SELECT month,component,price_e8,version,verified FROM price", &s);
    size_t i = 0;
    int rc = SQLITE_DONE;
    while (err == ERR_OK && i < (size_t)n && (rc = sqlite3_step(s)) == SQLITE_ROW)
        b->rows[i++] =
            (struct price_row){.month = sqlite3_column_int(s, 0),
                               .component = (enum price_component)sqlite3_column_int(s, 1),
                               .price_e8 = sqlite3_column_int64(s, 2),
                               .version = sqlite3_column_int(s, 3),
                               .verified = sqlite3_column_int(s, 4) != 0};
    sqlite3_finalize(s);
    b->books.prices.rows = b->rows;
    b->books.prices.row_count = i;
    return err == ERR_OK ? db_err(rc) : err;
}

/* A curve of another kind, or whose bytes are not 96 points, is left out. */
static void load_curve(struct books_store *b, sqlite3_stmt *s) {
    struct unpack u;
    unpack_init(&u, sqlite3_column_blob(s, 3), (size_t)sqlite3_column_bytes(s, 3));
    int kind = sqlite3_column_int(s, 0);
    bool is_price = kind == PRICE_ROW;
    struct price_curve price = {.day = sqlite3_column_int(s, 1),
                                .version = sqlite3_column_int(s, 2)};
    struct factor_curve factor = {.day = price.day, .version = price.version};
    for (int i = 0; i < CURVE_POINTS; i++) {
        if (is_price)
            price.price_e8[i] = unpack_signed(&u);
        else
            factor.kg_per_kwh[i] = unpack_f64(&u);
    }
    if (u.bad || u.at != u.end || (!is_price && kind != FACTOR_ROW))
        return;
    if (is_price)
        b->curves[b->books.prices.curve_count++] = price;
    else
        b->factors[b->books.factor_count++] = factor;
}

static int load_curves(struct books_store *b, sqlite3 *db) {
    sqlite3_stmt *s = NULL;
    int64_t n = count_rows(db, "SELECT count(*) FROM curve");
    if (n < 0)
        return ERR_IO;
    b->curves = calloc((size_t)n + 1, sizeof *b->curves);
    b->factors = calloc((size_t)n + 1, sizeof *b->factors);
    if (!b->curves || !b->factors)
        return ERR_NOMEM;
    int err = db_prepare(db, "SELECT kind,day,version,points FROM curve", &s);
    int rc = SQLITE_DONE;
    for (int64_t i = 0; err == ERR_OK && i < n && (rc = sqlite3_step(s)) == SQLITE_ROW; i++)
        load_curve(b, s);
    sqlite3_finalize(s);
    b->books.prices.curves = b->curves;
    b->books.factors = b->factors;
    return err == ERR_OK ? db_err(rc) : err;
}

int books_load(struct books_store *b, sqlite3 *db, ms_t now_ms) {
    struct books_store fresh = {.books.known_day = local_time(now_ms, clock_utc_offset_s).day};
    int err = load_prices(&fresh, db);
    if (err == ERR_OK)
        err = load_curves(&fresh, db);
    struct books_store *spent = err == ERR_OK ? b : &fresh;
    books_free(spent);
    if (err == ERR_OK)
        *b = fresh;
    return err;
}

void books_free(struct books_store *b) {
    free(b->rows);
    free(b->curves);
    free(b->factors);
    memset(b, 0, sizeof *b);
}

int books_put_price(sqlite3 *db, const struct price_row *row, ms_t now_ms) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(db, "INSERT OR REPLACE INTO price VALUES(?,?,?,?,?,?)", &s);
    if (err < 0)
        return err;
    sqlite3_bind_int(s, 1, row->month);
    sqlite3_bind_int(s, 2, (int)row->component);
    sqlite3_bind_int(s, 3, row->version);
    sqlite3_bind_int64(s, 4, row->price_e8);
    sqlite3_bind_int(s, 5, row->verified);
    sqlite3_bind_int64(s, 6, now_ms);
    err = db_run(s);
    sqlite3_finalize(s);
    return err;
}

static int put_curve(sqlite3 *db, enum curve_row kind, int32_t day, int32_t version,
                     const struct pack *points, ms_t now_ms) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(db, "INSERT OR REPLACE INTO curve VALUES(?,?,?,?,?)", &s);
    if (err < 0)
        return err;
    sqlite3_bind_int(s, 1, (int)kind);
    sqlite3_bind_int(s, 2, day);
    sqlite3_bind_int(s, 3, version);
    sqlite3_bind_blob(s, 4, points->data, (int)points->len, SQLITE_STATIC);
    sqlite3_bind_int64(s, 5, now_ms);
    err = db_run(s);
    sqlite3_finalize(s);
    return err;
}

int books_put_price_curve(sqlite3 *db, const struct price_curve *c, ms_t now_ms) {
    uint8_t bytes[CURVE_POINTS * 10];
    struct pack p;
    pack_init(&p, bytes, sizeof bytes);
    for (int i = 0; i < CURVE_POINTS; i++)
        pack_signed(&p, c->price_e8[i]);
    return put_curve(db, PRICE_ROW, c->day, c->version, &p, now_ms);
}

int books_put_factor_curve(sqlite3 *db, const struct factor_curve *c, ms_t now_ms) {
    uint8_t bytes[CURVE_POINTS * 8];
    struct pack p;
    pack_init(&p, bytes, sizeof bytes);
    for (int i = 0; i < CURVE_POINTS; i++)
        pack_f64(&p, c->kg_per_kwh[i]);
    return put_curve(db, FACTOR_ROW, c->day, c->version, &p, now_ms);
}
