/* The writing side of the store: one transaction for all that is pending.
 *
 * Gives seq and revision at the moment of the commit, so both are dense and never twice, and keeps
 * the cursors. The store's lock (<path>.lock) is held as long as it is open. Historian thread,
 * except writer_ack(). */
#ifndef BUSBAR_STORE_WRITER_H
#define BUSBAR_STORE_WRITER_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "calc/slot.h"
#include "format/record.h"
#include "meter/site.h"
#include "store/cursor.h"
#include "store/pending.h"
#include "store/replay.h"
#include "store/store_file.h"

#define WRITER_DESTS_MAX (1 + DELIVER_MAX + WEBHOOKS_MAX) /* one is of MQTT */
#define WRITER_DEST_MAX  40

struct writer_dest {
    char name[WRITER_DEST_MAX];
    struct cursor cursor;
    bool dirty;
};

/* What the writer has no opinion about: what a record says. Called inside the transaction, where
 * the block stands; they write through writer_put_*. A failure (< 0) undoes the transaction. */
struct writer_hooks {
    void *arg;
    int (*slot)(void *arg, const struct pending_block *b, const uint8_t *body, ms_t now_ms);
    int (*held)(void *arg, const struct pending_block *b, const uint8_t *body, ms_t now_ms);
    int (*record)(void *arg, const struct pending_block *b, const uint8_t *body, ms_t now_ms);
    int (*gap)(void *arg, const struct pending_block *b, const uint8_t *body, ms_t now_ms);
    /* After all blocks: what is due besides. */
    int (*after)(void *arg, ms_t now_ms);
};

enum writer_statement {
    WRITE_RAW,
    WRITE_SLOT,
    WRITE_CHECKPOINT,
    WRITE_RECORD,
    WRITE_EVENT,
    WRITE_OUTBOX,
    WRITE_CURSOR,
    WRITE_LEDGER,
    READ_REVISION,
    READ_LAST_START,
    WRITER_STATEMENT_COUNT
};

struct writer {
    sqlite3 *db;
    int lock_fd;
    char *path;
    sqlite3_stmt *statements[WRITER_STATEMENT_COUNT];
    struct pending pending;
    ms_t epoch;
    int64_t revision_base; /* least revision of slots that began before the epoch */
    uint64_t seq_next;     /* the next commit starts with it */
    uint64_t seq_seen;     /* rows below it may have been seen: nobody can acknowledge more */
    int64_t layout;
    int64_t *device_no; /* of the site's devices */
    struct writer_hooks hooks;
    uint64_t seq;          /* inside a transaction: the next one */
    uint64_t records_open; /* written in it */
    bool more;             /* the hooks have work left: commit although nothing is pending */
    /* the revision of the slot being written, by period */
    struct {
        bool known;
        int64_t code;
        ms_t start;
        int64_t revision;
    } open[SLOT_OPEN_COUNT];
    pthread_mutex_t lock; /* guards dests, replayed, seq_next, seq_seen and ack_epoch */
    ms_t ack_epoch;       /* whose acknowledgements are taken; 0 while the store is replaced */
    struct writer_dest dests[WRITER_DESTS_MAX];
    size_t dest_count;
    struct replay_marks replayed;
    uint64_t commits, records, slots, failures;
    bool failing;
    bool damaged;        /* a commit met a damaged page */
    bool announced;      /* the event of the new epoch waits in pending */
    char config[17];     /* hash of the configuration that rows are written under */
    ms_t alert_watch_ms; /* a case that was closed within it is the same one */
    ino_t inode;         /* of the file */
};

/* Opens (creates, migrates) the store at path. A damaged one is set aside and what can be read of
 * it goes into a new one. ERR_BUSY when another process writes to it. Logs. */
int writer_open(struct writer *w, const char *path, ms_t now_ms);
void writer_close(struct writer *w);
/* SQLite has met damage in this file, through this handle or a reader's of this process. */
bool writer_is_damaged(const struct writer *w);
/* Sets the damaged file aside and goes on with a new one, under a new epoch; what is pending stays
 * pending. Prepared statements of others must be made anew, then writer_keep_site(). On failure the
 * damaged file stays in use where it can be opened at all. */
int writer_replace(struct writer *w, ms_t now_ms);
int writer_keep_site(struct writer *w, const struct site *site);
/* Makes site the configuration that rows are written under: device numbers, layout, room. Nothing
 * may be pending. */
int writer_set_site(struct writer *w, const struct site *site);

/* Writes everything pending and every moved cursor. On failure it stays pending; logged once;
 * ERR_FULL, ERR_CORRUPT, ERR_IO. On success *ret_news says whether outbox or cursors changed. */
int writer_commit(struct writer *w, ms_t now_ms, bool *ret_news);

/* A transaction of its own beside the commits, for an order. writer_end() commits when err is
 * ERR_OK, else undoes everything; it gives err, or why the commit failed. */
int writer_begin(struct writer *w);
int writer_end(struct writer *w, int err);

/* ---- for the hooks, inside the transaction ------------------------------------------------- */

/* The revision that a slot written now gets: one more than the newest record of it. code: of the
 * period, store/slot_code.h. */
int writer_revision(struct writer *w, int64_t code, ms_t start, int64_t *ret);
int writer_put_slot(struct writer *w, int64_t code, ms_t start, int64_t device_no, const void *body,
                    size_t n);
struct writer_record {
    int64_t code;
    uint64_t kind; /* outbox_kind, above it the number of a bill's account */
    ms_t start;
    const char *text; /* the site's members */
    size_t text_n;
    const void *facts;
    size_t facts_n;
    unsigned device_parts; /* parts with devices; 0: one part without */
};
int writer_put_record(struct writer *w, const struct writer_record *r, ms_t now_ms);
int writer_put_event(struct writer *w, const struct event_body *e, ms_t now_ms);

/* Any thread; in memory until the next commit. */
void writer_ack(struct writer *w, const char *dest, ms_t epoch, uint64_t from, uint64_t to);
/* Keeps the cursors of the destinations that the configuration names, and starts those that are
 * new. Historian thread; writer_set_site() calls it. */
int writer_set_destinations(struct writer *w, const struct site *site);
/* Lowest floor of MQTT and the destinations of deliver: as the configuration names them; UINT64_MAX
 * without any. Webhooks hold nothing back: events are kept for 400 days, and what a webhook has not
 * sent after a day it only counts. */
uint64_t writer_floor(struct writer *w, const struct site *site);

/* Start of the newest record of a period; false when there is none. */
bool writer_last_start(struct writer *w, int64_t code, ms_t *ret_start);

#endif
