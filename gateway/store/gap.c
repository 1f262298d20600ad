#include "store/gap.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/err.h"
#include "store/db.h"
#include "store/slot_code.h"
#include "sys/log.h"

#define ROW_GROWTH 512 /* bytes that a changed feed may need more */
#define ROW_NEW    4096

static const char read_sql[] = "SELECT body FROM slot WHERE period=? AND start=? AND device=?"
                               " ORDER BY revision DESC LIMIT 1";

int gap_mark(struct writer *w, enum slot_period p, ms_t start) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(w->db, "INSERT OR IGNORE INTO dirty VALUES(?,?)", &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, slot_code(p));
    sqlite3_bind_int64(s, 2, start);
    err = db_run(s);
    sqlite3_finalize(s);
    w->more = true;
    return err;
}

/* Copies a row with one feed changed; what follows the feeds stays byte for byte. */
static int rewrite(struct unpack *u, ms_t start, const struct slot_change *c, struct pack *out) {
    struct slot_head h;
    int err = slot_read_head(u, &h);
    if (err < 0)
        return err;
    if (h.version < 2) /* of an older program: its layout of feeds is another one */
        return ERR_VERSION;
    slot_write_head(out, &h);
    for (size_t i = 0; i < h.feed_count; i++) {
        struct feed_slot f;
        slot_read_feed(u, &h, start, ROLE_LOAD, &f);
        if (u->bad)
            return ERR_CORRUPT;
        if (i == c->feed)
            slot_change_apply(c, &f);
        slot_write_feed(out, start, &f);
    }
    pack_bytes(out, u->at, (size_t)(u->end - u->at));
    return out->overflow ? ERR_LIMIT : ERR_OK;
}

/* Nothing was seen: a row that says so, but for the energy. */
static int write_new(struct writer *w, ms_t start, const struct slot_change *c, size_t feeds,
                     struct pack *out) {
    slot_write_head(out, &(struct slot_head){
                             .layout = w->layout, .quality = QUALITY_MISSING, .feed_count = feeds});
    for (size_t i = 0; i < feeds; i++) {
        struct feed_slot f;
        feed_slot_clear(&f);
        if (i == c->feed)
            slot_change_apply(c, &f);
        slot_write_feed(out, start, &f);
    }
    slot_write_point_count(out, 0);
    return out->overflow ? ERR_LIMIT : ERR_OK;
}

/* A row that cannot be read must not stop all that is to be written with it, now and for ever. */
static int replace_damaged_row(struct writer *w, ms_t start, const struct slot_change *c,
                               size_t feeds, struct pack *out) {
    log_warn("store %s: the row of device %" PRId64 " in the slot %" PRId64
             " cannot be read; one with the energy that was found later takes its place",
             w->path, c->device_no, start);
    out->len = 0;
    out->overflow = false;
    return feeds > 0 ? write_new(w, start, c, feeds, out) : ERR_VERSION;
}

static int change_row(struct writer *w, sqlite3_stmt *read, enum slot_period p, ms_t start,
                      const struct slot_change *c, size_t feeds) {
    sqlite3_bind_int64(read, 1, slot_code(p));
    sqlite3_bind_int64(read, 2, start);
    sqlite3_bind_int64(read, 3, c->device_no);
    int rc = sqlite3_step(read);
    bool found = rc == SQLITE_ROW;
    if (!found && (rc != SQLITE_DONE || feeds == 0)) {
        sqlite3_reset(read);
        return rc == SQLITE_DONE ? ERR_OK : db_err(rc);
    }
    struct unpack u;
    struct pack out;
    size_t n = found ? (size_t)sqlite3_column_bytes(read, 0) : 0;
    size_t cap = n + ROW_GROWTH + ROW_NEW + feeds * ROW_GROWTH;
    uint8_t *bytes = malloc(cap);
    if (!bytes) {
        sqlite3_reset(read);
        return ERR_NOMEM;
    }
    unpack_init(&u, found ? sqlite3_column_blob(read, 0) : bytes, n);
    pack_init(&out, bytes, cap);
    int err = found ? rewrite(&u, start, c, &out) : write_new(w, start, c, feeds, &out);
    sqlite3_reset(read);
    if (found && err == ERR_CORRUPT)
        err = replace_damaged_row(w, start, c, feeds, &out);
    if (err == ERR_OK)
        err = writer_put_slot(w, slot_code(p), start, c->device_no, out.data, out.len);
    free(bytes);
    return err == ERR_VERSION ? ERR_OK : err;
}

int gap_change_slot(struct writer *w, enum slot_period p, ms_t start, const struct slot_change *c,
                    size_t feeds) {
    sqlite3_stmt *read = NULL;
    int err = db_prepare(w->db, read_sql, &read);
    if (err == ERR_OK)
        err = change_row(w, read, p, start, c, feeds);
    sqlite3_finalize(read);
    return err < 0 ? err : gap_mark(w, p, start);
}

static int write_period(struct writer *w, sqlite3_stmt *read, const struct gap_entry *g,
                        enum slot_period p, size_t feeds) {
    ms_t end = g->open_start[p], length = slot_ms(p);
    ms_t reach = p == SLOT_1M ? GAP_MINUTES_MS : GAP_QUARTERS_MS;
    ms_t start = slot_edge(p, g->gap.from_utc_ms);
    if (start < end - reach)
        start = slot_edge(p, end - reach);
    int err = ERR_OK;
    int64_t before = 0;
    for (; err == ERR_OK && start < end; start += length) {
        int64_t parts = counter_gap_parts(&g->gap, start + length);
        const struct slot_change c = {.device_no = w->device_no[g->device],
                                      .feed = g->feed,
                                      .counter = g->counter,
                                      .parts = parts - before,
                                      .unit = g->gap.unit,
                                      .factor = 1.0,
                                      .method = METHOD_RECOVERED};
        before = parts;
        err = change_row(w, read, p, start, &c, feeds);
        if (err == ERR_OK)
            err = gap_mark(w, p, start);
    }
    return err;
}

int gap_write(struct writer *w, const struct gap_entry *g) {
    sqlite3_stmt *read = NULL;
    int err = db_prepare(w->db, read_sql, &read);
    for (int p = 0; err == ERR_OK && p < SLOT_OPEN_COUNT; p++)
        err = write_period(w, read, g, (enum slot_period)p, g->device_feeds);
    sqlite3_finalize(read);
    return err;
}
