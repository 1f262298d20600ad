/* The raw readings as one stream: what has been packed into chunks, then what still lies in rows.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "store/db.h"
#include "store/raw_codec.h"
#include "store/reader_impl.h"

enum { DEVICE_ALL = -1, DEVICE_NOT_THERE = -2 };

/* Marks a point and the points that its value needs. */
static void want_point(const struct device_profile *p, size_t i, bool *wanted) {
    const struct point_def *d = &p->points[i];
    wanted[i] = true;
    int16_t others[] = {d->ratio_point, d->exponent_point, p->ct_ratio_point, p->pt_ratio_point};
    for (size_t k = 0; k < sizeof others / sizeof others[0]; k++)
        if (others[k] >= 0)
            wanted[others[k]] = true;
}

static bool is_point(const struct point_def *d, const char *id) {
    size_t n = d->channel ? strlen(d->channel) : 0;
    if (n > 0 && (strncmp(id, d->channel, n) != 0 || id[n] != '.'))
        return false;
    return strcmp(n > 0 ? id + n + 1 : id, d->name) == 0;
}

int raw_filter_enter(struct raw_filter *f, const struct site *site) {
    if (f->site == site)
        return ERR_OK;
    f->site = site;
    free(f->wanted);
    f->wanted = NULL;
    f->wanted_device = DEVICE_ALL;
    if (!f->device)
        return ERR_OK;
    f->wanted_device = DEVICE_NOT_THERE;
    for (size_t d = 0; d < site->device_count; d++)
        if (strcmp(site->devices[d].id, f->device) == 0)
            f->wanted_device = (int64_t)d;
    if (!f->point || f->wanted_device < 0)
        return ERR_OK;
    const struct device_profile *p = site->devices[f->wanted_device].profile;
    f->wanted = calloc(p->point_count + 1, sizeof *f->wanted);
    if (!f->wanted)
        return ERR_NOMEM;
    for (size_t i = 0; i < p->point_count; i++)
        if (is_point(&p->points[i], f->point))
            want_point(p, i, f->wanted);
    return ERR_OK;
}

int raw_filter_pass(struct raw_filter *f, struct reading *reading) {
    if (reading->utc_ms < f->from || reading->utc_ms >= f->to ||
        (f->wanted_device != DEVICE_ALL && reading->device != f->wanted_device))
        return ERR_OK;
    int err = f->on_reading(f->arg, f->site, reading);
    f->stopped = err < 0 ? err : 0;
    return err;
}

static int pass_on(void *arg, struct reading *reading) {
    return raw_filter_pass(arg, reading);
}

/* One chain: rows that build on each other. */
static int read_chain(struct reader *r, sqlite3_stmt *chain, struct raw_filter *f,
                      uint64_t *bad_rows) {
    const struct layout *l;
    sqlite3_stmt *s;
    int err = reader_layout(r, sqlite3_column_int64(chain, 1), &l);
    if (err == ERR_OK)
        err = raw_filter_enter(f, l->site);
    if (err == ERR_OK)
        err = reader_statement(r, READ_CHAIN, &s);
    if (err < 0 || f->wanted_device == DEVICE_NOT_THERE)
        return err;
    struct raw_decoder *d = raw_decoder_new(l->site);
    if (!d)
        return ERR_NOMEM;
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

static int read_rows(struct reader *r, struct raw_filter *f, uint64_t *bad_rows) {
    sqlite3_stmt *chains;
    int err = reader_statement(r, READ_CHAINS, &chains);
    if (err < 0)
        return err;
    /* a row's key is the time of its first reading: others may be a little later or earlier */
    sqlite3_bind_int64(chains, 1, f->from - RAW_CHAIN_MAX_MS);
    sqlite3_bind_int64(chains, 2, f->to + RAW_CHAIN_MAX_MS);
    int rc = SQLITE_DONE;
    while (err == ERR_OK && (rc = sqlite3_step(chains)) == SQLITE_ROW)
        err = read_chain(r, chains, f, bad_rows);
    sqlite3_reset(chains);
    return err < 0 ? err : db_err(rc);
}

/* Inside one read transaction: packing meanwhile moves readings from rows to chunks. */
int reader_readings(struct reader *r, const struct raw_query *q,
                    int (*on_reading)(void *arg, const struct site *site, struct reading *reading),
                    void *arg, uint64_t *ret_bad_rows) {
    struct raw_filter f = {.from = q->from,
                           .to = q->to,
                           .device = q->device,
                           .point = q->point,
                           .on_reading = on_reading,
                           .arg = arg};
    uint64_t bad_rows = 0;
    int err = db_exec(r->db, "BEGIN");
    if (err < 0)
        return err;
    err = reader_chunks(r, &f, &bad_rows);
    if (err == ERR_OK)
        err = read_rows(r, &f, &bad_rows);
    free(f.wanted);
    db_exec(r->db, "COMMIT");
    if (err == ERR_OK)
        *ret_bad_rows = bad_rows;
    return err;
}
