#include "store/retention.h"

#include <math.h>
#include <stdio.h>

#include "base/err.h"
#include "store/db.h"
#include "store/raw_codec.h"
#include "store/reader.h"
#include "store/slot_code.h"
#include "sys/log.h"

#define STEPS_MAX    20 /* of thinning in one call: several times what the time between adds */
#define OUTBOX_BATCH 500
#define WAL_BYTES    8388608u /* journal_size_limit, store/db.c */

/* The write-ahead log counts too: as its largest size, for it grows with what is thinned. */
static uint64_t room_of(uint64_t budget_bytes) {
    uint64_t log = budget_bytes / 8;
    return budget_bytes - (log < WAL_BYTES ? log : WAL_BYTES);
}

int retention_used(struct writer *w, uint64_t *ret_bytes) {
    int64_t pages = 0, unused = 0, page_size = 0;
    int err = db_get_i64(w->db, "PRAGMA page_count", 0, &pages);
    if (err == ERR_OK)
        err = db_get_i64(w->db, "PRAGMA freelist_count", 0, &unused);
    if (err == ERR_OK)
        err = db_get_i64(w->db, "PRAGMA page_size", 0, &page_size);
    if (err == ERR_OK)
        *ret_bytes = (uint64_t)((pages - unused) * page_size);
    return err;
}

static int run(struct writer *w, const char *sql, const int64_t *arguments, int count) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(w->db, sql, &s);
    if (err < 0)
        return err;
    for (int i = 0; i < count; i++)
        sqlite3_bind_int64(s, i + 1, arguments[i]);
    err = db_run(s);
    sqlite3_finalize(s);
    return err;
}

/* ---- what may go, the cheapest first: ERR_NOT_FOUND when there is none of it ------------------
 */

/* The oldest window of chunks, or the oldest chain of rows. */
static int thin_raw(struct retention *r, struct writer *w, ms_t now_ms, ms_t keep_ms) {
    int64_t chunk = INT64_MAX, row = INT64_MAX;
    int err = db_get_i64(w->db, "SELECT min(t) FROM chunk", INT64_MAX, &chunk);
    if (err == ERR_OK)
        err = db_get_i64(w->db, "SELECT min(t) FROM raw", INT64_MAX, &row);
    if (err < 0)
        return err;
    int64_t oldest = chunk < row ? chunk : row;
    if (oldest == INT64_MAX || (oldest > now_ms - keep_ms && oldest <= now_ms))
        return ERR_NOT_FOUND;
    int64_t arguments[] = {oldest, oldest + RAW_CHAIN_MAX_MS};
    err = chunk <= row ? run(w, "DELETE FROM chunk WHERE t=?", arguments, 1)
                       : run(w,
                             "DELETE FROM raw WHERE t BETWEEN ?1 AND ?2 AND"
                             " chain=(SELECT chain FROM raw WHERE t=?1)",
                             arguments, 2);
    r->thinned_raw += err == ERR_OK;
    return err;
}

/* Slots and records of a period: the oldest span of them that begins before limit. */
static int thin_period(struct retention *r, struct writer *w, enum slot_period p, ms_t span,
                       ms_t limit) {
    int64_t code = slot_code(p), oldest = 0;
    char sql[120];
    snprintf(sql, sizeof sql, "SELECT min(start) FROM record WHERE period=%lld", (long long)code);
    int err = db_get_i64(w->db, sql, INT64_MAX, &oldest);
    if (err < 0 || oldest >= limit)
        return err < 0 ? err : ERR_NOT_FOUND;
    int64_t arguments[] = {code, oldest + span < limit ? oldest + span : limit};
    err = db_exec(w->db, "BEGIN IMMEDIATE");
    if (err < 0)
        return err;
    err = run(w, "DELETE FROM slot WHERE period=?1 AND start<?2", arguments, 2);
    if (err == ERR_OK)
        err = run(w, "DELETE FROM record WHERE period=?1 AND start<?2", arguments, 2);
    int records = sqlite3_changes(w->db);
    if (err == ERR_OK)
        err = db_exec(w->db, "COMMIT");
    if (err < 0) {
        if (!sqlite3_get_autocommit(w->db))
            db_exec(w->db, "ROLLBACK");
        return err;
    }
    r->thinned_records += (uint64_t)records;
    return ERR_OK;
}

/* Quarters and hours that everybody has, and that nobody may ask for by the half year. */
static int thin_long(struct retention *r, struct writer *w, const struct retention_terms *t) {
    static const enum slot_period periods[] = {SLOT_15M, SLOT_1H};
    static const int kinds[] = {OUTBOX_RECORD_15M, OUTBOX_RECORD_1H};
    for (size_t i = 0; i < sizeof periods / sizeof periods[0]; i++) {
        int64_t waiting = 0;
        char sql[120];
        snprintf(sql, sizeof sql, "SELECT min(key) FROM outbox WHERE kind=%d AND seq>%llu",
                 kinds[i],
                 (unsigned long long)(t->acknowledged < INT64_MAX ? t->acknowledged : INT64_MAX));
        int err = db_get_i64(w->db, sql, INT64_MAX, &waiting);
        if (err < 0)
            return err;
        ms_t limit = t->now_ms - RETENTION_15M_MS;
        err = thin_period(r, w, periods[i], MS_PER_DAY, waiting < limit ? waiting : limit);
        if (err != ERR_NOT_FOUND)
            return err;
    }
    return ERR_NOT_FOUND;
}

int retention_make_room(struct retention *r, struct writer *w, const struct retention_terms *t) {
    int err = thin_raw(r, w, t->now_ms, RETENTION_RAW_MS);
    if (err == ERR_NOT_FOUND)
        err = thin_period(r, w, SLOT_1M, MS_PER_HOUR, t->now_ms - RETENTION_1M_MS);
    if (err == ERR_NOT_FOUND)
        err = thin_raw(r, w, t->now_ms, RETENTION_RAW_MIN_MS);
    if (err == ERR_NOT_FOUND)
        err = thin_period(r, w, SLOT_1M, MS_PER_HOUR, t->now_ms - RETENTION_1M_MIN_MS);
    return err == ERR_NOT_FOUND ? thin_long(r, w, t) : err;
}

/* ---- the step ---------------------------------------------------------------------------------
 */

/* The newest row stays: the next seq is counted from it. */
static int prune_outbox(struct writer *w, uint64_t acknowledged, ms_t now_ms) {
    int64_t last = (int64_t)w->seq_next - 2, oldest = 0;
    int err = db_get_i64(w->db, "SELECT t FROM outbox ORDER BY seq LIMIT 1", now_ms, &oldest);
    if (err < 0 || oldest >= now_ms - RETENTION_1M_MS)
        return err;
    if (acknowledged < (uint64_t)(last > 0 ? last : 0))
        last = (int64_t)acknowledged;
    int64_t arguments[] = {last, now_ms - RETENTION_LONG_MS, OUTBOX_RECORD_1M,
                           now_ms - RETENTION_1M_MS, OUTBOX_BATCH};
    return run(w,
               "DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox WHERE seq<=?1 AND"
               " (t<?2 OR (kind=?3 AND t<?4)) ORDER BY seq LIMIT ?5)",
               arguments, 5);
}

static void report_exhausted(struct retention *r, const struct writer *w) {
    if (!r->exhausted)
        log_warn("store %s: is over its budget, and nothing that may be thinned is left; it grows "
                 "on: raise store.budget_mb, or see why records are not acknowledged",
                 w->path);
    r->exhausted = true;
}

int retention_step(struct retention *r, struct writer *w, const struct retention_terms *t) {
    uint64_t room = room_of(t->budget_bytes);
    int err = retention_used(w, &r->used_bytes);
    for (int i = 0; err == ERR_OK && t->budget_bytes > 0 && r->used_bytes > room; i++) {
        err = i < STEPS_MAX ? retention_make_room(r, w, t) : ERR_BUSY;
        if (err == ERR_OK)
            err = retention_used(w, &r->used_bytes);
    }
    if (err == ERR_NOT_FOUND)
        report_exhausted(r, w);
    else if (err == ERR_OK)
        r->exhausted = false;
    if (err < 0 && err != ERR_NOT_FOUND && err != ERR_BUSY)
        return err;
    fill_rate_take(&r->rate, t->mono_ms, r->used_bytes);
    r->days_until_full = fill_rate_days(&r->rate, t->mono_ms, r->used_bytes, room);
    return prune_outbox(w, t->acknowledged, t->now_ms);
}
