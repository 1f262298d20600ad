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
    READ_FACTS,
    READ_NUMBER,
    READER_STATEMENT_COUNT
};

#define READER_LAYOUTS 2 /* a record and a slot from before a reload */

struct reader {
    sqlite3 *db;
    char *path;
    ms_t epoch;
    sqlite3_stmt *statements[READER_STATEMENT_COUNT]; /* prepared at first use */
    struct {
        int64_t id; /* 0: empty */
        struct layout *layout;
    } layouts[READER_LAYOUTS];
    size_t oldest_layout;
};

int reader_statement(struct reader *r, enum reader_statement which, sqlite3_stmt **ret);
/* From the cache, else parsed; valid until another two are asked for. */
int reader_layout(struct reader *r, int64_t id, const struct layout **ret);

#endif
