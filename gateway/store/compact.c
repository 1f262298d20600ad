#include "store/compact.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "store/chunk.h"
#include "store/db.h"
#include "store/raw_codec.h"
#include "sys/log.h"

#define WINDOW_SAMPLES 1800000u /* 100 devices of 30 points for ten minutes */
#define STEP_BYTES     2400000u /* readings of one step */
#define PAUSE_MS       MS_PER_MIN

enum { DEVICE_WAITS, DEVICE_IN_STEP, DEVICE_DONE };

void compact_init(struct compact *c, sqlite3 *db) {
    memset(c, 0, sizeof *c);
    c->db = db;
}

static void close_window(struct compact *c) {
    for (size_t i = 0; i < c->made_count; i++)
        free(c->made[i].body);
    free(c->made);
    free(c->progress);
    layout_free(c->layout);
    c->layout = NULL;
    c->progress = NULL;
    c->made = NULL;
    c->made_count = c->made_cap = c->chain_count = 0;
}

void compact_fini(struct compact *c) {
    close_window(c);
    c->db = NULL;
}

/* ---- which rows ------------------------------------------------------------------------------ */

static int load_layout(struct compact *c, int64_t id) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(c->db, "SELECT body FROM layout WHERE id=?", &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, id);
    int rc = sqlite3_step(s);
    err = rc == SQLITE_ROW ? layout_parse(sqlite3_column_blob(s, 0),
                                          (size_t)sqlite3_column_bytes(s, 0), &c->layout)
                           : ERR_CORRUPT;
    sqlite3_finalize(s);
    if (err < 0)
        return err;
    c->layout_id = id;
    c->progress = calloc(c->layout->site->device_count + 1, 1);
    return c->progress ? ERR_OK : ERR_NOMEM;
}

/* Samples that a second brings. */
static double samples_per_s(const struct site *s) {
    double n = 0.0;
    for (size_t i = 0; i < s->device_count; i++) {
        uint32_t poll = s->devices[i].poll_ms > 0 ? s->devices[i].poll_ms : 1000;
        n += (double)s->devices[i].profile->point_count * 1000.0 / poll;
    }
    return n;
}

/* Chains of the window that begins with the oldest row. None: nothing is old enough. */
static int choose_chains(struct compact *c, sqlite3_stmt *s, ms_t before) {
    int rc;
    double samples = 0.0;
    while ((rc = sqlite3_step(s)) == SQLITE_ROW && c->chain_count < COMPACT_CHAINS_MAX) {
        struct compact_chain n = {.chain = sqlite3_column_int64(s, 0),
                                  .t_min = sqlite3_column_int64(s, 2),
                                  .t_max = sqlite3_column_int64(s, 3),
                                  .rows = (uint64_t)sqlite3_column_int64(s, 4)};
        if (n.t_max >= before)
            break;
        if (c->chain_count == 0) {
            int err = load_layout(c, sqlite3_column_int64(s, 1));
            if (err < 0)
                return err;
        }
        samples += (double)n.rows * samples_per_s(c->layout->site);
        bool fits = sqlite3_column_int64(s, 1) == c->layout_id && samples <= WINDOW_SAMPLES &&
                    floor_div(n.chain, COMPACT_WINDOW_MS) ==
                        floor_div(c->chains[0].chain, COMPACT_WINDOW_MS);
        if (c->chain_count > 0 && !fits)
            break;
        c->chains[c->chain_count++] = n;
    }
    return db_err(rc);
}

/* When all rows of the window that t lies in are written. */
static ms_t window_end(ms_t t) {
    return (floor_div(t, COMPACT_WINDOW_MS) + 1) * COMPACT_WINDOW_MS + RAW_CHAIN_MAX_MS;
}

static int open_window(struct compact *c, ms_t before) {
    int64_t oldest = 0;
    int err = db_get_i64(c->db, "SELECT min(t) FROM raw", INT64_MAX, &oldest);
    if (err < 0 || oldest >= before || window_end(oldest) > before)
        return err;
    sqlite3_stmt *s = NULL;
    err = db_prepare(c->db,
                     "SELECT chain,layout,min(t),max(t),count(*) FROM raw WHERE t>=? AND t<?"
                     " GROUP BY chain,layout ORDER BY 3",
                     &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, oldest);
    sqlite3_bind_int64(s, 2, oldest + COMPACT_WINDOW_MS + RAW_CHAIN_MAX_MS);
    err = choose_chains(c, s, before);
    sqlite3_finalize(s);
    return err;
}

/* ---- one step: some devices ------------------------------------------------------------------ */

struct step {
    struct compact *c;
    struct chunk_encoder *encoder;
    const struct device_profile *profile;
    size_t cap;
};

static int keep(struct compact *c, const struct chunk_bytes *made) {
    if (c->made_count == c->made_cap) {
        size_t cap = c->made_cap * 2 + 16;
        struct chunk_bytes *larger = realloc(c->made, cap * sizeof *larger);
        if (!larger)
            return ERR_NOMEM;
        c->made = larger;
        c->made_cap = cap;
    }
    c->made[c->made_count++] = *made;
    return ERR_OK;
}

/* Keeps the chunks of what was collected. */
static int keep_chunks(struct step *step) {
    struct chunk_bytes made;
    int err;
    while ((err = chunk_encoder_next(step->encoder, &made)) == ERR_OK) {
        err = keep(step->c, &made);
        if (err < 0) {
            free(made.body);
            break;
        }
    }
    chunk_encoder_free(step->encoder);
    step->encoder = NULL;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static int begin_chunk(struct step *step) {
    step->encoder = chunk_encoder_new(step->c->layout->site, step->profile, step->cap);
    return step->encoder ? ERR_OK : ERR_NOMEM;
}

static int on_reading(void *arg, struct reading *r) {
    struct step *step = arg;
    if (step->c->progress[r->device] != DEVICE_IN_STEP)
        return ERR_OK;
    int err = chunk_encoder_add(step->encoder, r);
    if (err != ERR_FULL)
        return err;
    err = keep_chunks(step);
    if (err == ERR_OK)
        err = begin_chunk(step);
    return err == ERR_OK ? chunk_encoder_add(step->encoder, r) : err;
}

/* The next devices of one profile, as many as there is memory for. False: all are done. */
static bool choose_devices(struct compact *c, struct step *step) {
    const struct site *site = c->layout->site;
    uint64_t rows = 0;
    for (size_t i = 0; i < c->chain_count; i++)
        rows += c->chains[i].rows;
    double expected = 0.0;
    size_t first = 0;
    for (size_t d = 0; d < site->device_count; d++) {
        const struct device *dev = &site->devices[d];
        if (c->progress[d] != DEVICE_WAITS || (step->profile && dev->profile != step->profile))
            continue;
        if (!step->profile) {
            step->profile = dev->profile;
            first = d;
            step->cap = STEP_BYTES / (dev->profile->image_registers * 2u + 24);
        }
        /* a second more, and a tenth: a poll may fall into either of two rows */
        expected += (double)(rows + 2) * 1100.0 / (dev->poll_ms > 0 ? dev->poll_ms : 1000);
        if (first != d && expected > (double)step->cap)
            break;
        c->progress[d] = DEVICE_IN_STEP;
    }
    return step->profile != NULL;
}

static int decode_chain(struct step *step, sqlite3_stmt *s, const struct compact_chain *chain,
                        bool count_bad) {
    struct compact *c = step->c;
    struct raw_decoder *d = raw_decoder_new(c->layout->site);
    if (!d)
        return ERR_NOMEM;
    sqlite3_bind_int64(s, 1, chain->t_min);
    sqlite3_bind_int64(s, 2, chain->t_max);
    sqlite3_bind_int64(s, 3, chain->chain);
    sqlite3_bind_int64(s, 4, c->layout_id);
    int rc = SQLITE_DONE, err = ERR_OK;
    while (err >= 0 && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        err = raw_decoder_row(d, sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0),
                              on_reading, step);
        if (err == ERR_CORRUPT) {
            c->bad_rows += count_bad;
            err = ERR_OK;
        }
    }
    sqlite3_reset(s);
    raw_decoder_free(d);
    return err < 0 ? err : db_err(rc);
}

static int pack_devices(struct compact *c, struct step *step) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(c->db,
                         "SELECT body FROM raw WHERE t BETWEEN ? AND ? AND chain=? AND layout=?"
                         " ORDER BY t",
                         &s);
    if (err == ERR_OK)
        err = begin_chunk(step);
    bool first_step = c->made_count == 0;
    for (size_t i = 0; err == ERR_OK && i < c->chain_count; i++)
        err = decode_chain(step, s, &c->chains[i], first_step);
    sqlite3_finalize(s);
    if (err == ERR_OK)
        return keep_chunks(step);
    chunk_encoder_free(step->encoder);
    return err;
}

/* ---- rows out, chunks in --------------------------------------------------------------------- */

static int insert_chunks(struct compact *c) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(c->db,
                         "INSERT INTO chunk(t,n,until,layout,device_first,device_last,body)"
                         " VALUES(?1,(SELECT ifnull(max(n),-1)+1 FROM chunk WHERE t=?1),"
                         "?2,?3,?4,?5,?6)",
                         &s);
    ms_t until = c->chains[0].t_max;
    for (size_t i = 1; i < c->chain_count; i++)
        until = c->chains[i].t_max > until ? c->chains[i].t_max : until;
    for (size_t i = 0; err == ERR_OK && i < c->made_count; i++) {
        sqlite3_bind_int64(s, 1, c->chains[0].t_min);
        sqlite3_bind_int64(s, 2, until);
        sqlite3_bind_int64(s, 3, c->layout_id);
        sqlite3_bind_int64(s, 4, (int64_t)c->made[i].device_first);
        sqlite3_bind_int64(s, 5, (int64_t)c->made[i].device_last);
        sqlite3_bind_blob64(s, 6, c->made[i].body, c->made[i].n, SQLITE_STATIC);
        err = db_run(s);
    }
    sqlite3_finalize(s);
    return err;
}

static int delete_rows(struct compact *c) {
    sqlite3_stmt *s = NULL;
    int err =
        db_prepare(c->db, "DELETE FROM raw WHERE t BETWEEN ? AND ? AND chain=? AND layout=?", &s);
    for (size_t i = 0; err == ERR_OK && i < c->chain_count; i++) {
        sqlite3_bind_int64(s, 1, c->chains[i].t_min);
        sqlite3_bind_int64(s, 2, c->chains[i].t_max);
        sqlite3_bind_int64(s, 3, c->chains[i].chain);
        sqlite3_bind_int64(s, 4, c->layout_id);
        err = db_run(s);
    }
    sqlite3_finalize(s);
    return err;
}

static int finish_window(struct compact *c) {
    int err = db_exec(c->db, "BEGIN IMMEDIATE");
    if (err < 0)
        return err;
    err = insert_chunks(c);
    if (err == ERR_OK)
        err = delete_rows(c);
    if (err == ERR_OK)
        err = db_exec(c->db, "COMMIT");
    if (err < 0) {
        if (!sqlite3_get_autocommit(c->db))
            db_exec(c->db, "ROLLBACK");
        return err;
    }
    c->windows++;
    c->chunks += c->made_count;
    return ERR_OK;
}

static int step_of_window(struct compact *c, bool *ret_done) {
    struct step step = {.c = c};
    *ret_done = !choose_devices(c, &step);
    if (*ret_done)
        return finish_window(c);
    int err = pack_devices(c, &step);
    for (size_t d = 0; d < c->layout->site->device_count; d++)
        if (c->progress[d] == DEVICE_IN_STEP)
            c->progress[d] = DEVICE_DONE;
    return err;
}

static void report(struct compact *c, int err) {
    if (!c->failing)
        log_warn("store: old readings cannot be packed: %s; they stay as they are, tried again "
                 "each minute",
                 err_str(err));
    c->failing = true;
}

int compact_step(struct compact *c, ms_t before, ms_t mono_ms, bool *ret_more) {
    *ret_more = false;
    if (mono_ms < c->pause_until)
        return ERR_OK;
    bool done = false;
    uint64_t bad = c->bad_rows;
    int err = c->layout ? ERR_OK : open_window(c, before);
    if (err == ERR_OK && c->chain_count > 0)
        err = step_of_window(c, &done);
    if (c->bad_rows > bad)
        log_warn("store: %" PRIu64 " raw rows are damaged and cannot be packed; their readings "
                 "are lost, slots and energies are not",
                 c->bad_rows - bad);
    *ret_more = err == ERR_OK && c->chain_count > 0;
    if (done || err < 0 || c->chain_count == 0)
        close_window(c);
    if (err < 0) {
        report(c, err);
        c->pause_until = mono_ms + PAUSE_MS;
        return err;
    }
    c->failing = false;
    return ERR_OK;
}
