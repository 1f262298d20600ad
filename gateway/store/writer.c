#include "store/writer.h"
#include "store/slot_code.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "store/alert_ledger.h"
#include "store/db.h"
#include "store/epoch.h"
#include "store/reader.h"
#include "store/supply_log.h"
#include "sys/clock.h"
#include "sys/log.h"

#define RAW_KEY_TRIES  1000
#define EVENT_TEXT_MAX 16384 /* an alert with all its texts, every byte of them escaped */

static int add_outbox(struct writer *w, uint64_t kind, int64_t key, int64_t revision, unsigned part,
                      unsigned parts, ms_t now_ms) {
    sqlite3_stmt *s = w->statements[WRITE_OUTBOX];
    sqlite3_bind_int64(s, 1, (int64_t)w->seq++);
    sqlite3_bind_int64(s, 2, (int64_t)kind);
    sqlite3_bind_int64(s, 3, key);
    sqlite3_bind_int64(s, 4, revision);
    sqlite3_bind_int(s, 5, (int)part);
    sqlite3_bind_int(s, 6, (int)parts);
    sqlite3_bind_int64(s, 7, now_ms);
    return db_run(s);
}

static size_t open_place(int64_t code) {
    return code == slot_code(SLOT_1M) ? SLOT_1M : SLOT_15M;
}

static void forget_revisions(struct writer *w) {
    for (size_t i = 0; i < SLOT_OPEN_COUNT; i++)
        w->open[i].known = false;
}

int writer_revision(struct writer *w, int64_t code, ms_t start, int64_t *ret) {
    size_t i = open_place(code);
    if (w->open[i].known && w->open[i].code == code && w->open[i].start == start) {
        *ret = w->open[i].revision;
        return ERR_OK;
    }
    sqlite3_stmt *s = w->statements[READ_REVISION];
    sqlite3_bind_int64(s, 1, code);
    sqlite3_bind_int64(s, 2, start);
    int rc = sqlite3_step(s);
    int64_t revision = 0;
    if (rc == SQLITE_ROW && sqlite3_column_type(s, 0) != SQLITE_NULL)
        revision = sqlite3_column_int64(s, 0) + 1;
    sqlite3_reset(s);
    if (rc != SQLITE_ROW)
        return db_err(rc);
    /* what the platform has of an earlier epoch must not win over this one's word */
    if (start < w->epoch && revision < w->revision_base)
        revision = w->revision_base;
    w->open[i].known = true;
    w->open[i].code = code;
    w->open[i].start = start;
    w->open[i].revision = revision;
    *ret = revision;
    return ERR_OK;
}

static int write_raw(struct writer *w, const struct pending_block *b, const uint8_t *body) {
    sqlite3_stmt *s = w->statements[WRITE_RAW];
    int rc = SQLITE_CONSTRAINT;
    /* after a clock step back the millisecond may be taken: the next free one is as good */
    for (ms_t t = b->t; t < b->t + RAW_KEY_TRIES && (rc & 0xff) == SQLITE_CONSTRAINT; t++) {
        sqlite3_bind_int64(s, 1, t);
        sqlite3_bind_int64(s, 2, b->key);
        sqlite3_bind_int64(s, 3, w->layout);
        sqlite3_bind_blob(s, 4, body, (int)b->bytes, SQLITE_STATIC);
        rc = sqlite3_step(s);
        sqlite3_reset(s);
    }
    return db_err(rc);
}

int writer_put_slot(struct writer *w, int64_t code, ms_t start, int64_t device_no, const void *body,
                    size_t n) {
    int64_t revision = 0;
    int err = writer_revision(w, code, start, &revision);
    if (err < 0)
        return err;
    sqlite3_stmt *s = w->statements[WRITE_SLOT];
    sqlite3_bind_int64(s, 1, code);
    sqlite3_bind_int64(s, 2, start);
    sqlite3_bind_int64(s, 3, device_no);
    sqlite3_bind_int64(s, 4, revision);
    sqlite3_bind_blob(s, 5, body, (int)n, SQLITE_STATIC);
    return db_run(s);
}

static int write_checkpoint(struct writer *w, const struct pending_block *b, const uint8_t *body) {
    sqlite3_stmt *s = w->statements[WRITE_CHECKPOINT];
    sqlite3_bind_int64(s, 1, w->device_no[b->number]);
    sqlite3_bind_blob(s, 2, body, (int)b->bytes, SQLITE_STATIC);
    return db_run(s);
}

int writer_put_record(struct writer *w, const struct writer_record *r, ms_t now_ms) {
    int64_t revision = 0;
    int err = writer_revision(w, r->code, r->start, &revision);
    if (err < 0)
        return err;
    sqlite3_stmt *s = w->statements[WRITE_RECORD];
    sqlite3_bind_int64(s, 1, r->code);
    sqlite3_bind_int64(s, 2, r->start);
    sqlite3_bind_int64(s, 3, revision);
    sqlite3_bind_int64(s, 4, now_ms);
    sqlite3_bind_int64(s, 5, w->layout);
    sqlite3_bind_int(s, 6, clock_utc_offset_s(r->start));
    sqlite3_bind_int(s, 7, r->device_parts > 0);
    sqlite3_bind_text(s, 8, r->text, (int)r->text_n, SQLITE_STATIC);
    sqlite3_bind_blob(s, 9, r->facts, (int)r->facts_n, SQLITE_STATIC);
    err = db_run(s);
    unsigned parts = r->device_parts > 0 ? r->device_parts : 1;
    for (unsigned part = 1; err == ERR_OK && part <= parts; part++)
        err = add_outbox(w, r->kind, r->start, revision, part, parts, now_ms);
    w->open[open_place(r->code)].known = false; /* a later one is the next revision */
    if (err == ERR_OK)
        w->records_open++;
    return err;
}

static int put_event(struct writer *w, ms_t at, const char *members, size_t n, ms_t now_ms) {
    sqlite3_stmt *s = w->statements[WRITE_EVENT];
    sqlite3_bind_int64(s, 1, at);
    sqlite3_bind_int64(s, 2, w->layout);
    sqlite3_bind_int(s, 3, clock_utc_offset_s(at));
    sqlite3_bind_text(s, 4, members, (int)n, SQLITE_STATIC);
    int err = db_run(s);
    if (err < 0)
        return err;
    return add_outbox(w, OUTBOX_EVENT, sqlite3_last_insert_rowid(w->db), 0, 1, 1, now_ms);
}

int writer_put_event(struct writer *w, const struct event_body *e, ms_t now_ms) {
    char text[EVENT_TEXT_MAX];
    struct buf b;
    buf_init(&b, text, sizeof text);
    event_members_write(&b, e, clock_utc_offset_s(e->at));
    return buf_ok(&b) ? put_event(w, e->at, b.data, b.len, now_ms) : ERR_LIMIT;
}

/* A counter event, for the officer who confirms it. */
static int write_ledger(struct writer *w, const struct pending_block *b, const uint8_t *body) {
    struct ledger_entry e;
    memcpy(&e, body, sizeof e);
    sqlite3_stmt *s = w->statements[WRITE_LEDGER];
    sqlite3_bind_int64(s, 1, b->t);
    sqlite3_bind_int64(s, 2, w->device_no[b->number]);
    sqlite3_bind_int(s, 3, e.feed);
    sqlite3_bind_int(s, 4, e.counter);
    sqlite3_bind_int(s, 5, e.event);
    sqlite3_bind_double(s, 6, e.old_register);
    sqlite3_bind_double(s, 7, e.first_register);
    sqlite3_bind_double(s, 8, e.new_register);
    sqlite3_bind_double(s, 9, e.multiplier);
    return db_run(s);
}

static int write_block(struct writer *w, const struct pending_block *b, const uint8_t *body,
                       ms_t now_ms) {
    switch ((enum pending_kind)b->kind) {
    case PENDING_RAW:
        return write_raw(w, b, body);
    case PENDING_SLOT:
        return w->hooks.slot ? w->hooks.slot(w->hooks.arg, b, body, now_ms) : ERR_OK;
    case PENDING_CHECKPOINT:
        return write_checkpoint(w, b, body);
    case PENDING_RECORD:
        return w->hooks.record ? w->hooks.record(w->hooks.arg, b, body, now_ms) : ERR_OK;
    case PENDING_GAP:
        return w->hooks.gap ? w->hooks.gap(w->hooks.arg, b, body, now_ms) : ERR_OK;
    case PENDING_EVENT:
        return put_event(w, b->t, (const char *)body, b->bytes, now_ms);
    case PENDING_LEDGER:
        return write_ledger(w, b, body);
    case PENDING_ALERT: {
        struct alert_change change;
        memcpy(&change, body, sizeof change);
        return alert_ledger_write(w, &change, now_ms);
    }
    case PENDING_SUPPLY: {
        struct supply_entry entry;
        memcpy(&entry, body, sizeof entry);
        return supply_log_write(w, &entry, now_ms);
    }
    case PENDING_HELD:
        return w->hooks.held ? w->hooks.held(w->hooks.arg, b, body, now_ms) : ERR_OK;
    }
    return ERR_RANGE;
}

/* Writes the moved cursors of a snapshot; their count is returned. */
static int write_cursors(struct writer *w, const struct writer_dest *dests, size_t count) {
    int moved = 0;
    for (size_t i = 0; i < count; i++) {
        if (!dests[i].dirty)
            continue;
        uint8_t bytes[CURSOR_BYTES_MAX];
        struct pack p;
        pack_init(&p, bytes, sizeof bytes);
        cursor_save(&dests[i].cursor, &p);
        sqlite3_stmt *s = w->statements[WRITE_CURSOR];
        sqlite3_bind_text(s, 1, dests[i].name, -1, SQLITE_STATIC);
        sqlite3_bind_int64(s, 2, w->epoch);
        sqlite3_bind_int64(s, 3, (int64_t)dests[i].cursor.floor);
        sqlite3_bind_blob(s, 4, bytes, (int)p.len, SQLITE_STATIC);
        int err = db_run(s);
        if (err < 0)
            return err;
        moved++;
    }
    return moved;
}

static size_t take_cursors(struct writer *w, struct writer_dest *ret) {
    pthread_mutex_lock(&w->lock);
    size_t count = w->dest_count;
    for (size_t i = 0; i < count; i++) {
        ret[i] = w->dests[i];
        w->dests[i].dirty = false;
    }
    pthread_mutex_unlock(&w->lock);
    return count;
}

static void give_back_cursors(struct writer *w, const struct writer_dest *taken, size_t count) {
    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < count; i++)
        w->dests[i].dirty = w->dests[i].dirty || taken[i].dirty;
    pthread_mutex_unlock(&w->lock);
}

/* Readers see a commit, and a platform may answer, before this thread goes on. */
static void let_acknowledge(struct writer *w, uint64_t below) {
    pthread_mutex_lock(&w->lock);
    w->seq_seen = below;
    pthread_mutex_unlock(&w->lock);
}

static int write_all(struct writer *w, const struct writer_dest *dests, size_t dest_count,
                     ms_t now_ms, int *ret_moved) {
    int err = db_exec(w->db, "BEGIN IMMEDIATE");
    if (err < 0)
        return err;
    forget_revisions(w);
    const uint8_t *body;
    const struct pending_block *b;
    for (size_t at = 0; err == ERR_OK && (b = pending_next(&w->pending, &at, &body)) != NULL;)
        err = write_block(w, b, body, now_ms);
    if (err == ERR_OK && w->hooks.after)
        err = w->hooks.after(w->hooks.arg, now_ms);
    if (err == ERR_OK) {
        *ret_moved = write_cursors(w, dests, dest_count);
        err = *ret_moved < 0 ? *ret_moved : ERR_OK;
    }
    if (err == ERR_OK)
        err = replay_write(w);
    if (err == ERR_OK && w->announced)
        err = epoch_announced(w->db);
    if (err < 0)
        return err;
    let_acknowledge(w, w->seq);
    return db_exec(w->db, "COMMIT");
}

/* Readers and the platform have seen it: it must not be given again, whatever happens to the file.
 */
static void note_seq(struct writer *w, uint64_t seq_next) {
    const struct store_note note = {w->epoch, seq_next - 1};
    if (seq_next != w->seq_next)
        store_note_write(w->lock_fd, note);
    pthread_mutex_lock(&w->lock);
    w->seq_next = seq_next;
    pthread_mutex_unlock(&w->lock);
}

int writer_begin(struct writer *w) {
    if (!w->db)
        return ERR_CORRUPT;
    forget_revisions(w);
    w->seq = w->seq_next;
    w->records_open = 0;
    return db_exec(w->db, "BEGIN IMMEDIATE");
}

int writer_end(struct writer *w, int err) {
    if (err == ERR_OK) {
        let_acknowledge(w, w->seq);
        err = db_exec(w->db, "COMMIT");
    }
    if (err < 0) {
        if (!sqlite3_get_autocommit(w->db))
            db_exec(w->db, "ROLLBACK");
        let_acknowledge(w, w->seq_next);
        return err;
    }
    w->records += w->records_open;
    note_seq(w, w->seq);
    return ERR_OK;
}

static void report_failure(struct writer *w, int err) {
    w->failures++;
    if (w->failing)
        return;
    w->failing = true;
    db_report(w->db, w->path, "commit failed, kept in memory and tried again each second",
              err == ERR_FULL ? SQLITE_FULL : sqlite3_extended_errcode(w->db));
}

/* After a failure, while SQLite still knows why. */
static int failure_of(struct writer *w, int err) {
    int code = sqlite3_errcode(w->db) & 0xff;
    if (err == ERR_CORRUPT && (code == SQLITE_CORRUPT || code == SQLITE_NOTADB))
        w->damaged = true;
    return err == ERR_IO && db_no_space(w->db) ? ERR_FULL : err;
}

int writer_commit(struct writer *w, ms_t now_ms, bool *ret_news) {
    struct writer_dest dests[WRITER_DESTS_MAX];
    if (!w->db) {
        w->failing = true;
        return ERR_CORRUPT;
    }
    size_t dest_count = take_cursors(w, dests);
    bool moved_any = replay_moved(w);
    for (size_t i = 0; i < dest_count; i++)
        moved_any = moved_any || dests[i].dirty;
    if (w->pending.len == 0 && !moved_any && !w->more) {
        *ret_news = false;
        return ERR_OK;
    }
    int moved = 0;
    w->seq = w->seq_next;
    w->records_open = 0;
    int err = write_all(w, dests, dest_count, now_ms, &moved);
    uint64_t seq = w->seq;
    if (err < 0) {
        err = failure_of(w, err);
        report_failure(w, err);
        if (!sqlite3_get_autocommit(w->db))
            db_exec(w->db, "ROLLBACK");
        let_acknowledge(w, w->seq_next);
        give_back_cursors(w, dests, dest_count);
        return err;
    }
    if (w->failing)
        log_info("store %s: commits work again; %" PRIu64 " blocks had found no room in memory",
                 w->path, w->pending.refused);
    w->failing = false;
    replay_committed(w);
    w->commits++;
    w->records += w->records_open;
    w->slots += w->pending.counts[PENDING_SLOT];
    w->announced = false;
    *ret_news = seq != w->seq_next || moved > 0;
    note_seq(w, seq);
    pending_clear(&w->pending);
    return ERR_OK;
}

void writer_ack(struct writer *w, const char *dest, ms_t epoch, uint64_t from, uint64_t to) {
    if (strlen(dest) >= WRITER_DEST_MAX)
        return;
    pthread_mutex_lock(&w->lock);
    if (epoch != w->ack_epoch) {
        pthread_mutex_unlock(&w->lock);
        return;
    }
    size_t i = 0;
    while (i < w->dest_count && strcmp(w->dests[i].name, dest) != 0)
        i++;
    if (i == w->dest_count && i < WRITER_DESTS_MAX) {
        memset(&w->dests[i], 0, sizeof w->dests[i]);
        memcpy(w->dests[i].name, dest, strlen(dest) + 1);
        w->dest_count++;
    }
    if (to >= w->seq_seen)
        to = w->seq_seen - 1;
    if (i < w->dest_count && cursor_ack(&w->dests[i].cursor, from, to))
        w->dests[i].dirty = true;
    pthread_mutex_unlock(&w->lock);
}
