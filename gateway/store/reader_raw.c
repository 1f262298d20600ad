#include "base/err.h"
#include "store/db.h"
#include "store/raw_codec.h"
#include "store/reader_impl.h"

#define CHAIN_MAX_MS 75000 /* a chain's first row is at most this long before its last */

struct filter {
    ms_t from, to;
    const struct site *site;
    int (*on_reading)(void *arg, const struct site *site, struct reading *reading);
    void *arg;
    int stopped; /* the callback's code, < 0 */
};

static int pass_on(void *arg, struct reading *reading) {
    struct filter *f = arg;
    if (reading->utc_ms < f->from || reading->utc_ms >= f->to)
        return ERR_OK;
    int err = f->on_reading(f->arg, f->site, reading);
    f->stopped = err < 0 ? err : 0;
    return err;
}

/* One chain: rows that build on each other. */
static int read_chain(struct reader *r, sqlite3_stmt *chain, struct filter *f, uint64_t *bad_rows) {
    const struct layout *l;
    sqlite3_stmt *s;
    int err = reader_layout(r, sqlite3_column_int64(chain, 1), &l);
    if (err == ERR_OK)
        err = reader_statement(r, READ_CHAIN, &s);
    if (err < 0)
        return err;
    struct raw_decoder *d = raw_decoder_new(l->site);
    if (!d)
        return ERR_NOMEM;
    f->site = l->site;
    sqlite3_bind_int64(s, 1, sqlite3_column_int64(chain, 0)); /* its id is when it began */
    sqlite3_bind_int64(s, 2, sqlite3_column_int64(chain, 3));
    sqlite3_bind_int64(s, 3, sqlite3_column_int64(chain, 0));
    sqlite3_bind_int64(s, 4, sqlite3_column_int64(chain, 1));
    int rc = SQLITE_DONE;
    while (f->stopped == 0 && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        err = raw_decoder_row(d, sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0),
                              pass_on, f);
        if (err == ERR_CORRUPT && f->stopped == 0)
            ++*bad_rows;
    }
    sqlite3_reset(s);
    raw_decoder_free(d);
    return f->stopped < 0 ? f->stopped : db_err(rc);
}

int reader_readings(struct reader *r, ms_t from, ms_t to,
                    int (*on_reading)(void *arg, const struct site *site, struct reading *reading),
                    void *arg, uint64_t *ret_bad_rows) {
    struct filter f = {.from = from, .to = to, .on_reading = on_reading, .arg = arg};
    uint64_t bad_rows = 0;
    sqlite3_stmt *chains;
    int err = reader_statement(r, READ_CHAINS, &chains);
    if (err < 0)
        return err;
    /* a row's key is the time of its first reading: others may be a little later or earlier */
    sqlite3_bind_int64(chains, 1, from - CHAIN_MAX_MS);
    sqlite3_bind_int64(chains, 2, to + CHAIN_MAX_MS);
    int rc = SQLITE_DONE;
    while (err == ERR_OK && (rc = sqlite3_step(chains)) == SQLITE_ROW)
        err = read_chain(r, chains, &f, &bad_rows);
    sqlite3_reset(chains);
    if (err == ERR_OK)
        err = db_err(rc);
    if (err == ERR_OK)
        *ret_bad_rows = bad_rows;
    return err;
}
