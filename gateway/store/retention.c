#include "store/retention.h"

#include "base/err.h"
#include "store/db.h"
#include "store/reader.h"

#define RAW_BATCH    60 /* rows a step: several times what a step's seconds add */
#define OUTBOX_BATCH 500

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

/* The newest row stays: the next seq is counted from it. */
static int prune_outbox(struct writer *w, uint64_t acknowledged, ms_t now_ms) {
    int64_t last = (int64_t)w->seq_next - 2;
    if (acknowledged < (uint64_t)(last > 0 ? last : 0))
        last = (int64_t)acknowledged;
    int64_t arguments[] = {last, now_ms - RETENTION_LONG_MS, OUTBOX_RECORD_1M,
                           now_ms - RETENTION_1M_MS, OUTBOX_BATCH};
    return run(w,
               "DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox WHERE seq<=?1 AND"
               " (t<?2 OR (kind=?3 AND t<?4)) ORDER BY seq LIMIT ?5)",
               arguments, 5);
}

int retention_step(struct writer *w, uint64_t budget_bytes, uint64_t acknowledged, ms_t now_ms) {
    uint64_t used = 0;
    int64_t oldest = 0;
    int err = retention_used(w, &used);
    if (err == ERR_OK && budget_bytes > 0 && used > budget_bytes) {
        int64_t batch = RAW_BATCH;
        err =
            run(w, "DELETE FROM raw WHERE t IN (SELECT t FROM raw ORDER BY t LIMIT ?)", &batch, 1);
    }
    if (err == ERR_OK)
        err = db_get_i64(w->db, "SELECT t FROM outbox ORDER BY seq LIMIT 1", now_ms, &oldest);
    if (err == ERR_OK && oldest < now_ms - RETENTION_1M_MS)
        err = prune_outbox(w, acknowledged, now_ms);
    return err;
}
