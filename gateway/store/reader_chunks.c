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
    struct chunk **chunks;
    size_t count, cap;
    struct place *places;
    size_t place_count;
};

static void window_fini(struct window *w) {
    for (size_t i = 0; i < w->count; i++)
        chunk_free(w->chunks[i]);
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
    int rc;
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        struct chunk *c = NULL;
        int err = chunk_open(sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0), f->site,
                             f->wanted, &c);
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

static int sort_places(struct window *w, const struct raw_filter *f) {
    size_t n = 0;
    for (size_t c = 0; c < w->count; c++)
        n += chunk_readings(w->chunks[c]);
    w->places = malloc((n + 1) * sizeof *w->places);
    if (!w->places)
        return ERR_NOMEM;
    for (size_t c = 0; c < w->count; c++)
        for (size_t i = 0; i < chunk_readings(w->chunks[c]); i++) {
            ms_t t = chunk_time(w->chunks[c], i);
            bool asked = f->wanted_device < 0 || chunk_device(w->chunks[c], i) == f->wanted_device;
            if (asked && t >= f->from && t < f->to)
                w->places[w->place_count++] = (struct place){t, (uint32_t)c, (uint32_t)i};
        }
    if (w->place_count > 1)
        qsort(w->places, w->place_count, sizeof *w->places, by_time);
    return ERR_OK;
}

static int read_window(struct reader *r, sqlite3_stmt *windows, struct raw_filter *f,
                       uint64_t *bad_rows) {
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
    struct window w = {0};
    err = open_chunks(&w, s, f, bad_rows);
    sqlite3_reset(s);
    if (err == ERR_OK)
        err = sort_places(&w, f);
    for (size_t i = 0; err >= 0 && f->stopped == 0 && i < w.place_count; i++)
        err = raw_filter_pass(f, chunk_reading(w.chunks[w.places[i].chunk], w.places[i].reading));
    window_fini(&w);
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
    int rc = SQLITE_DONE;
    while (err == ERR_OK && (rc = sqlite3_step(windows)) == SQLITE_ROW)
        err = read_window(r, windows, f, bad_rows);
    sqlite3_reset(windows);
    return err < 0 ? err : db_err(rc);
}
