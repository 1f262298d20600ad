#include <string.h>

#include "base/err.h"
#include "store/db.h"
#include "store/reader_impl.h"
#include "store/replay.h"
#include "store/retention.h"

int reader_replays(struct reader *r, const char *dest, struct replay_range *ranges, size_t cap) {
    sqlite3_stmt *s;
    int err = reader_statement(r, READ_REPLAYS, &s);
    if (err < 0)
        return err;
    sqlite3_bind_text(s, 1, dest, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 2, r->epoch);
    size_t n = 0;
    int rc = SQLITE_DONE;
    while (n < cap && (rc = sqlite3_step(s)) == SQLITE_ROW)
        ranges[n++] = (struct replay_range){.id = sqlite3_column_int64(s, 0),
                                            .to = (uint64_t)sqlite3_column_int64(s, 1),
                                            .done = (uint64_t)sqlite3_column_int64(s, 2),
                                            .asked = sqlite3_column_int64(s, 3)};
    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
    return db_err(rc) < 0 ? db_err(rc) : (int)n;
}

int reader_replay_rows(struct reader *r, const struct replay_range *range, uint64_t after_seq,
                       struct outbox_row *rows, size_t cap) {
    sqlite3_stmt *s;
    int err = reader_statement(r, READ_REPLAY_ROWS, &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, (int64_t)after_seq);
    sqlite3_bind_int64(s, 2, (int64_t)range->to);
    sqlite3_bind_int64(s, 3, OUTBOX_RECORD_1M);
    sqlite3_bind_int64(s, 4, range->asked - RETENTION_1M_MS);
    sqlite3_bind_int64(s, 5, range->asked - RETENTION_LONG_MS);
    return reader_rows(s, rows, cap);
}
