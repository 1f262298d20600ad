/* Raw readings out of chunks: the chunks of one window together, in order of time. */
#include <stdlib.h>

#include "base/err.h"
#include "store/chunk.h"
#include "store/db.h"
#include "store/raw_codec.h"
#include "store/reader_impl.h"

struct place {
    ms_t t;
    uint32_t chunk, reading;
};

struct window {
    struct chunk_reader *reader; /* of all the windows of a query */
    struct chunk **chunks;
    size_t count, cap;
    struct place *places;
    size_t place_count, place_cap;
};

/* For the next window: the memory stays. */
static void window_clear(struct window *w) {
    for (size_t i = 0; i < w->count; i++)
        chunk_free(w->chunks[i]);
    w->count = w->place_count = 0;
}

static void window_fini(struct window *w) {
    window_clear(w);
    chunk_reader_free(w->reader);
    free(w->chunks);
    free(w->places);
}

static int add_chunk(struct window *w, struct chunk *c) {
    if (w->count == w->cap) {
        size_t cap = w->cap * 2 + 16;
        struct chunk **larger = realloc(w->chunks, cap * sizeof(struct chunk *));
        if (!larger)
            return ERR_NOMEM;
        w->chunks = larger;
        w->cap = cap;
    }
    w->chunks[w->count++] = c;
    return ERR_OK;
}

static int open_chunks(struct window *w, sqlite3_stmt *s, const struct raw_filter *f,
                       uint64_t *bad_rows) {
    const struct chunk_part part = {f->wanted, f->wanted_device};
    int rc;
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        struct chunk *c = NULL;
        int err = chunk_open(w->reader, sqlite3_column_blob(s, 0),
                             (size_t)sqlite3_column_bytes(s, 0), f->site, &part, &c);
        if (err == ERR_CORRUPT) {
            ++*bad_rows;
            continue;
        }
        if (err == ERR_OK)
            err = add_chunk(w, c);
        if (err < 0) {
            chunk_free(c);
            return err;
        }
    }
    return db_err(rc);
}

static int by_time(const void *a, const void *b) {
    const struct place *x = a, *y = b;
    if (x->t != y->t)
        return x->t < y->t ? -1 : 1;
    if (x->chunk != y->chunk)
        return x->chunk < y->chunk ? -1 : 1;
    return x->reading < y->reading ? -1 : x->reading > y->reading;
}

static int make_places(struct window *w) {
    size_t n = 0;
    for (size_t c = 0; c < w->count; c++)
        n += chunk_readings(w->chunks[c]);
    if (n <= w->place_cap)
        return ERR_OK;
    struct place *larger = realloc(w->places, n * sizeof *larger);
    if (!larger)
        return ERR_NOMEM;
    w->places = larger;
    w->place_cap = n;
    return ERR_OK;
}

static int sort_places(struct window *w, const struct raw_filter *f) {
    int err = make_places(w);
    if (err < 0)
        return err;
    bool sorted = true; /* as the readings of one device are */
    for (size_t c = 0; c < w->count; c++)
        for (size_t i = 0; i < chunk_readings(w->chunks[c]); i++) {
            const struct place p = {chunk_time(w->chunks[c], i), (uint32_t)c, (uint32_t)i};
            if (p.t < f->from || p.t >= f->to)
                continue;
            sorted =
                sorted && (w->place_count == 0 || by_time(&w->places[w->place_count - 1], &p) < 0);
            w->places[w->place_count++] = p;
        }
    if (!sorted)
        qsort(w->places, w->place_count, sizeof *w->places, by_time);
    return ERR_OK;
}

static int read_window(struct reader *r, sqlite3_stmt *windows, struct raw_filter *f,
                       struct window *w, uint64_t *bad_rows) {
    const struct layout *l;
    sqlite3_stmt *s;
    int err = reader_layout(r, sqlite3_column_int64(windows, 1), &l);
    if (err == ERR_OK)
        err = raw_filter_enter(f, l->site);
    if (err == ERR_OK)
        err = reader_statement(r, READ_CHUNKS, &s);
    if (err < 0 || f->wanted_device < -1)
        return err;
    sqlite3_bind_int64(s, 1, sqlite3_column_int64(windows, 0));
    sqlite3_bind_int64(s, 2, sqlite3_column_int64(windows, 1));
    sqlite3_bind_int64(s, 3, f->wanted_device);
    err = open_chunks(w, s, f, bad_rows);
    sqlite3_reset(s);
    if (err == ERR_OK)
        err = sort_places(w, f);
    for (size_t i = 0; err >= 0 && f->stopped == 0 && i < w->place_count; i++)
        err =
            raw_filter_pass(f, chunk_reading(w->chunks[w->places[i].chunk], w->places[i].reading));
    window_clear(w);
    return err < 0 ? err : ERR_OK;
}

int reader_chunks(struct reader *r, struct raw_filter *f, uint64_t *bad_rows) {
    sqlite3_stmt *windows;
    int err = reader_statement(r, READ_WINDOWS, &windows);
    if (err < 0)
        return err;
    /* a window is known by the keys of its rows: readings may be a little beside them */
    sqlite3_bind_int64(windows, 1, f->to + RAW_CHAIN_MAX_MS);
    sqlite3_bind_int64(windows, 2, f->from - RAW_CHAIN_MAX_MS);
    struct window w = {.reader = chunk_reader_new()};
    int rc = SQLITE_DONE;
    err = w.reader ? ERR_OK : ERR_NOMEM;
    while (err == ERR_OK && (rc = sqlite3_step(windows)) == SQLITE_ROW)
        err = read_window(r, windows, f, &w, bad_rows);
    sqlite3_reset(windows);
    window_fini(&w);
    return err < 0 ? err : db_err(rc);
}
