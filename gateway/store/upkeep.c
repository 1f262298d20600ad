#include "store/upkeep.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "store/db.h"
#include "store/epoch.h"
#include "sys/log.h"

#define REPLACE_AGAIN_US                                                                           \
    (60 * (us_t)US_PER_S) /* a disk that damages every store must not spin us */
#define REST_STEP_US   (50 * (us_t)US_PER_MS)
#define LOOK_S         10
#define FREE_PAGES_MIN 256 /* that a commit may fill while the disk is full: 1 MB */
#define THIN_ROUNDS    20
#define START_BYTES    (4u << 20)
#define MB             1048576.0

void upkeep_before_start(const char *path) {
    struct room room;
    room_init(&room, path);
    if (room.available < START_BYTES && room_release(&room))
        log_warn("store %s: the disk is full; the reserve is in use, %.1f MB free; free space on "
                 "the disk",
                 path, (double)room.available / MB);
}

void upkeep_init(struct upkeep *u, struct core *core, struct retention *retention) {
    *u = (struct upkeep){.core = core, .writer = core->writer, .retention = retention};
    room_init(&u->room, core->writer->path);
    room_hold(&u->room);
}

void upkeep_fini(struct upkeep *u) {
    salvage_rest_free(u->rest);
    u->rest = NULL;
}

static void tell(struct upkeep *u, const char *event, const char *severity, const char *state,
                 const char *note, ms_t now_ms) {
    struct event_body e = {.event = event,
                           .severity = severity,
                           .state = state,
                           .at = now_ms,
                           .value = (double)u->room.available / MB,
                           .threshold = (double)NAN,
                           .unit = "MB",
                           .note = note};
    core_event(u->core, &e);
}

void upkeep_announce(struct upkeep *u, ms_t now_ms) {
    char note[EPOCH_NOTE_MAX];
    uint64_t last = 0;
    if (u->writer->announced || !epoch_announcement(u->writer->db, note, &last))
        return;
    struct event_body e = {.event = "store_replaced",
                           .severity = "major",
                           .at = now_ms,
                           .value = (double)last,
                           .threshold = (double)NAN,
                           .unit = "seq",
                           .note = note};
    core_event(u->core, &e);
    u->writer->announced = true;
}

/* ---- a full or read-only disk ------------------------------------------------------------- */

/* What is worth least makes room inside the file: the disk has none. */
static void make_room(struct upkeep *u, ms_t now_ms) {
    sqlite3 *db = u->writer->db;
    const struct retention_terms terms = {.now_ms = now_ms};
    for (int i = 0; i < THIN_ROUNDS; i++) {
        int64_t unused = 0;
        if (db_get_i64(db, "PRAGMA freelist_count", 0, &unused) < 0 || unused >= FREE_PAGES_MIN ||
            retention_make_room(u->retention, u->writer, &terms) < 0)
            break;
    }
    /* a log that could not grow begins anew */
    db_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)");
}

static void say_trouble(struct upkeep *u, enum store_state state, bool released, ms_t now_ms) {
    static const char full[] =
        "the disk of the store is full: the oldest raw readings make room for what is new; then "
        "raw readings are lost first, next minute and quarter slots of devices, last records and "
        "events; energy stays in the counters; free space on the disk";
    static const char unwritable[] =
        "the store cannot be written: what is new is kept in memory as far as it goes; raw "
        "readings are lost first, next slots of devices, last records and events; energy stays in "
        "the counters; check that its disk is mounted writable";
    bool is_full = state == STORE_FULL;
    log_error("store %s: %s (%.1f MB free%s)", u->writer->path, is_full ? full : unwritable,
              (double)u->room.available / MB, released ? ", the reserve is in use" : "");
    tell(u, is_full ? "store_full" : "store_unwritable", "critical", "raised",
         is_full ? full : unwritable, now_ms);
    u->state = state;
}

static void say_well(struct upkeep *u, ms_t now_ms) {
    bool was_full = u->state == STORE_FULL;
    u->state = STORE_GOOD;
    log_info("store %s: can be written again, %.1f MB free", u->writer->path,
             (double)u->room.available / MB);
    tell(u, was_full ? "store_full" : "store_unwritable", "info", "cleared",
         "the store is written again", now_ms);
}

static bool disk_failed(struct upkeep *u, int err, ms_t now_ms) {
    enum store_state state = err == ERR_FULL ? STORE_FULL : STORE_UNWRITABLE;
    bool released = room_release(&u->room);
    if (u->state != state)
        say_trouble(u, state, released, now_ms);
    if (state == STORE_FULL)
        make_room(u, now_ms);
    return released;
}

/* ---- a damaged store ---------------------------------------------------------------------- */

/* Counters and open slots are in memory and go on; what waits for its commit goes to the new store
 * with checkpoints of every counter. */
static bool replace_store(struct upkeep *u, const struct instant *now) {
    struct core *c = u->core;
    ms_t now_ms = now->utc_us / US_PER_MS;
    u->next_replace_us = now->mono_us + REPLACE_AGAIN_US;
    upkeep_fini(u);
    u->complete = false;
    core_flush(c);
    int err = writer_replace(u->writer, now_ms);
    if (u->writer->db && err < 0)
        core_set_site(c, c->site); /* its statements were of the handle before */
    if (err == ERR_OK)
        err = writer_keep_site(u->writer, c->site);
    if (err == ERR_OK)
        err = core_set_site(c, c->site);
    if (err < 0) {
        log_error("store %s: cannot be replaced: %s; measuring goes on in memory, tried again in a "
                  "minute; free space on its disk or check the rights of its folder",
                  u->writer->path, err_str(err));
        return false;
    }
    u->replacements++;
    for (size_t i = 0; i < c->site->device_count; i++)
        aggregate_checkpoint(&c->aggregate, i);
    upkeep_announce(u, now_ms);
    return true;
}

/* Raw readings of the store before, a little each second, as long as there is room for them. */
static void salvage_more(struct upkeep *u, ms_t now_ms) {
    sqlite3 *db = u->writer->db;
    bool done = false;
    int err = ERR_OK;
    if (!u->rest) {
        char path[STORE_PATH_MAX] = "";
        sqlite3_stmt *s = NULL;
        if (db_prepare(db, "SELECT value FROM meta WHERE key='salvage'", &s) == ERR_OK &&
            sqlite3_step(s) == SQLITE_ROW && sqlite3_column_text(s, 0))
            snprintf(path, sizeof path, "%s", (const char *)sqlite3_column_text(s, 0));
        sqlite3_finalize(s);
        if (path[0] == '\0') {
            u->complete = true;
            return;
        }
        err = salvage_rest_new(path, db, now_ms, &u->rest);
        done = err < 0; /* it was taken away, or nothing can be read */
    }
    if (!done && room_is_low(&u->room))
        return;
    if (!done)
        err = salvage_rest_step(u->rest, REST_STEP_US, &done);
    if (!done)
        return;
    if (u->rest)
        log_info("store %s: %" PRIu64 " rows of raw readings salvaged from the store before",
                 u->writer->path, salvage_rest_rows(u->rest));
    if (db_exec(db, "DELETE FROM meta WHERE key='salvage'") == ERR_OK)
        upkeep_fini(u);
}

/* ---- the historian's calls ---------------------------------------------------------------- */

bool upkeep_after_commit(struct upkeep *u, int err, const struct instant *now) {
    if (writer_is_damaged(u->writer) && now->mono_us >= u->next_replace_us)
        return replace_store(u, now);
    if (err == ERR_FULL || err == ERR_IO)
        return disk_failed(u, err, now->utc_us / US_PER_MS);
    return false;
}

void upkeep_second(struct upkeep *u, const struct instant *now) {
    ms_t now_ms = now->utc_us / US_PER_MS;
    if (!u->writer->db)
        return;
    if (u->state != STORE_GOOD && !u->writer->failing) {
        if (room_hold(&u->room) || u->state == STORE_UNWRITABLE)
            say_well(u, now_ms);
        else
            make_room(u, now_ms);
    }
    if (u->second++ % LOOK_S == 0) {
        room_look(&u->room);
        if (u->state == STORE_GOOD)
            room_hold(&u->room);
        bool low = room_is_low(&u->room);
        if (low != u->low)
            tell(u, "store_low", low ? "warning" : "info", low ? "raised" : "cleared",
                 low ? "little space is left on the disk of the store; free some, or lower "
                       "store.budget_mb"
                     : "there is enough space on the disk of the store",
                 now_ms);
        u->low = low;
    }
    if (u->state == STORE_GOOD && !u->writer->failing && !u->complete)
        salvage_more(u, now_ms);
}
