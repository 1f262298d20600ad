#include "store/held.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "store/db.h"

int held_add(struct writer *w, const struct reading *r) {
    const struct pending_block b = {.kind = PENDING_HELD, .bytes = r->bytes};
    return pending_add(&w->pending, &b, r);
}

void held_done(struct writer *w, int64_t up_to) {
    const struct pending_block b = {.kind = PENDING_HELD, .key = up_to};
    pending_add(&w->pending, &b, NULL);
}

int held_write(struct writer *w, uint64_t boot, const struct pending_block *b,
               const uint8_t *body) {
    sqlite3_stmt *s = NULL;
    bool adds = b->bytes > 0;
    int err = db_prepare(w->db,
                         adds ? "INSERT INTO held(boot,layout,body) VALUES(?,?,?)"
                              : "DELETE FROM held WHERE id<=?",
                         &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, adds ? (int64_t)boot : b->key);
    if (adds) {
        sqlite3_bind_int64(s, 2, w->layout);
        sqlite3_bind_blob(s, 3, body, (int)b->bytes, SQLITE_STATIC);
    }
    err = db_run(s);
    sqlite3_finalize(s);
    return err;
}

int held_open(struct writer *w, uint64_t boot, int64_t *ret_waiting, int64_t *ret_lost) {
    char sql[100];
    int64_t all = 0, others = 0;
    snprintf(sql, sizeof sql, "SELECT count(*) FROM held WHERE boot<>%" PRId64, (int64_t)boot);
    int err = db_get_i64(w->db, sql, 0, &others);
    if (err == ERR_OK)
        err = db_get_i64(w->db, "SELECT count(*) FROM held", 0, &all);
    if (err == ERR_OK && others > 0) {
        snprintf(sql, sizeof sql, "DELETE FROM held WHERE boot<>%" PRId64, (int64_t)boot);
        err = db_exec(w->db, sql);
    }
    *ret_waiting = all - others;
    *ret_lost = others;
    return err;
}

/* A copy: the stored bytes need not be aligned. */
static void give(const void *bytes, size_t n, held_fn *fn, void *arg) {
    struct reading head;
    if (n < sizeof head)
        return;
    memcpy(&head, bytes, sizeof head);
    struct reading *r = head.bytes == n ? malloc(n) : NULL;
    if (!r)
        return;
    memcpy(r, bytes, n);
    fn(arg, r);
    free(r);
}

int held_give(struct writer *w, int limit, held_fn *fn, void *arg, int64_t *ret_last) {
    sqlite3_stmt *s = NULL;
    *ret_last = 0;
    int err = db_prepare(w->db, "SELECT id,layout,body FROM held ORDER BY id LIMIT ?", &s);
    if (err < 0)
        return err;
    sqlite3_bind_int(s, 1, limit);
    int rc;
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        *ret_last = sqlite3_column_int64(s, 0);
        if (sqlite3_column_int64(s, 1) == w->layout)
            give(sqlite3_column_blob(s, 2), (size_t)sqlite3_column_bytes(s, 2), fn, arg);
    }
    sqlite3_finalize(s);
    return db_err(rc);
}

int held_left(struct writer *w, int64_t id, int64_t *ret) {
    char sql[80];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM held WHERE id>%" PRId64, id);
    return db_get_i64(w->db, sql, 0, ret);
}

void held_give_pending(struct writer *w, held_fn *fn, void *arg) {
    size_t end = w->pending.len; /* what is given adds blocks */
    const uint8_t *body;
    const struct pending_block *b;
    for (size_t at = 0; at < end && (b = pending_next(&w->pending, &at, &body)) != NULL;)
        if (b->kind == PENDING_HELD && b->bytes > 0)
            give(body, b->bytes, fn, arg);
}
