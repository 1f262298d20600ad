/* What a reader holds. Internal to the reader's files. */
#ifndef BUSBAR_STORE_READER_IMPL_H
#define BUSBAR_STORE_READER_IMPL_H

#include <sqlite3.h>

#include "store/cursor.h"
#include "store/layout.h"
#include "store/reader.h"

enum reader_statement {
    READ_BOUNDS,
    READ_CURSOR,
    READ_OUTBOX,
    READ_OLDEST,
    READ_RECORD,
    READ_SLOT,
    READ_EVENT,
    READ_LAYOUT,
    READ_RANGE,
    READ_CHAINS,
    READ_CHAIN,
    READ_WINDOWS,
    READ_CHUNKS,
    READ_FACTS,
    READ_NUMBER,
    READ_REPLAYS,
    READ_REPLAY_ROWS,
    READ_ALERTS,
    READ_ALERT_STEPS,
    READ_ALERT_COUNTS,
    READER_STATEMENT_COUNT
};

#define READER_LAYOUTS 2 /* a record and a slot from before a reload */

struct reader {
    sqlite3 *db;
    char *path;
    ino_t inode; /* of the file that was opened */
    ms_t epoch;
    sqlite3_stmt *statements[READER_STATEMENT_COUNT]; /* prepared at first use */
    struct {
        int64_t id; /* 0: empty */
        struct layout *layout;
    } layouts[READER_LAYOUTS];
    size_t oldest_layout;
};

/* What of the raw readings is asked for, and who takes it. */
struct raw_filter {
    ms_t from, to;
    const char *device, *point; /* ids; NULL: all */
    const struct site *site;    /* of the readings that come now */
    int64_t wanted_device;      /* in that site; -1: all, -2: it is not there */
    bool *wanted;               /* by point of its profile; NULL: all */
    int (*on_reading)(void *arg, const struct site *site, struct reading *reading);
    void *arg;
    int stopped; /* the callback's code, < 0 */
};
/* Readings of another layout follow: finds the device and the points in it. ERR_NOMEM. */
int raw_filter_enter(struct raw_filter *f, const struct site *site);
/* Gives a reading to the callback when it is one that was asked for. */
int raw_filter_pass(struct raw_filter *f, struct reading *reading);
/* The part of the readings that has been packed into chunks (reader_chunks.c). */
int reader_chunks(struct reader *r, struct raw_filter *f, uint64_t *bad_rows);

/* Steps through a bound statement over the outbox; returns the number of rows, or < 0. */
int reader_rows(sqlite3_stmt *s, struct outbox_row *rows, size_t cap);
int reader_statement(struct reader *r, enum reader_statement which, sqlite3_stmt **ret);
/* What a destination has acknowledged in this epoch; nothing when it is not known. */
int reader_cursor(struct reader *r, const char *dest, struct cursor *ret);
/* From the cache, else parsed; valid until another two are asked for. */
int reader_layout(struct reader *r, int64_t id, const struct layout **ret);

#endif
