/* `busbar restore`: a backup takes the place of the store. busbard must not be running. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "commands.h"
#include "control_client.h"
#include "store/backup.h"
#include "store/db.h"
#include "store/epoch.h"
#include "store/store_file.h"
#include "sys/clock.h"

static const char usage[] =
    "usage: busbar restore --config FILE | --db FILE  --from FILE\n"
    "\n"
    "Puts a backup in the place of the store. The store before is kept under a dated name. The\n"
    "restored store begins a new epoch, so that no message number is given twice, and busbard\n"
    "tells the platform the last one known. Stop busbard before.\n"
    "\n"
    "  --config FILE  the site file of busbard\n"
    "  --data DIR     folder with profiles/, as given to busbard\n"
    "  --db FILE      its store (store.path) instead of the site file\n"
    "  --from FILE    made by busbar backup\n"
    "\n"
    "Exit status: 0 done, 64 usage, 74 input/output, or busbard is running, 78 configuration.\n";

/* What the outside has seen of the store that goes: its own head, or the note in its lock. */
static struct store_note last_known(const char *store, int lock_fd) {
    struct store_note note = {0};
    sqlite3 *db = NULL;
    int64_t epoch = 0, head = 0;
    store_note_read(lock_fd, &note);
    if (!store_is_database(store) || db_open(store, DB_READ, &db) < 0)
        return note;
    if (db_get_i64(db, "SELECT value FROM meta WHERE key='epoch'", 0, &epoch) == ERR_OK &&
        db_get_i64(db, "SELECT max(seq) FROM outbox", 0, &head) == ERR_OK &&
        (epoch > note.epoch || (epoch == note.epoch && (uint64_t)head > note.seq)))
        note = (struct store_note){epoch, (uint64_t)head};
    db_close(db);
    return note;
}

struct restoring {
    const char *store, *from;
    char fresh[STORE_PATH_MAX], aside[STORE_PATH_MAX];
    ms_t epoch;
    struct store_note last;
};

/* The backup, whole and with its new epoch, beside the store. */
static int make_fresh(struct restoring *r, ms_t now_ms) {
    sqlite3 *from = NULL, *db = NULL;
    struct backup_facts facts;
    unlink(r->fresh);
    int err = db_open(r->from, DB_READ, &from);
    if (err == ERR_OK)
        err = backup_copy(from, r->fresh, 0, &facts);
    db_close(from);
    const struct epoch_change change = {.reason = "a backup was restored",
                                        .aside = store_exists(r->store) ? r->aside : NULL,
                                        .old_epoch = r->last.epoch,
                                        .old_seq = r->last.seq,
                                        .now_ms = now_ms};
    if (err == ERR_OK)
        err = db_open(r->fresh, DB_WRITE, &db);
    if (err == ERR_OK)
        err = epoch_begin(db, &change, &r->epoch);
    if (err == ERR_OK)
        err = db_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)");
    db_close(db);
    return err;
}

static int restore(struct restoring *r, int lock_fd) {
    ms_t now_ms = clock_now().utc_us / US_PER_MS;
    char page1[STORE_PATH_MAX];
    struct backup_facts facts;
    int err = backup_check(r->from, &facts);
    if (err == ERR_OK)
        err = store_name(r->store, ".new", r->fresh); /* replace_finish() knows the name */
    if (err == ERR_OK)
        err = store_dated_name(r->store, "before-restore", now_ms, r->aside);
    if (err < 0)
        return err;
    r->last = last_known(r->store, lock_fd);
    err = make_fresh(r, now_ms);
    if (err == ERR_OK && store_exists(r->store))
        err = store_move(r->store, r->aside);
    else
        r->aside[0] = '\0';
    if (err == ERR_OK)
        err = store_move(r->fresh, r->store);
    if (err == ERR_OK && store_name(r->store, ".page1", page1) == ERR_OK)
        unlink(page1); /* of the store before */
    if (err < 0)
        unlink(r->fresh);
    return err;
}

int cmd_restore(int argc, char **argv) {
    static struct restoring r;
    struct control_call c = {.command = "restore"};
    const struct control_option own[] = {{"from", &r.from, true}};
    int status = EXIT_GOOD, lock_fd = -1;
    if (!control_begin(&c, argc, argv, own, 1, usage, &status))
        return status;
    r.store = c.store;
    int err = store_lock(r.store, &lock_fd);
    if (err == ERR_OK)
        err = restore(&r, lock_fd);
    if (lock_fd >= 0)
        close(lock_fd);
    if (err < 0)
        return EXIT_IO_ERROR; /* the log has said why */
    printf("done\n  store: %s\n", r.store);
    if (r.aside[0])
        printf("  store_before: %s\n", r.aside);
    printf("  epoch: %" PRId64 "\n  epoch_before: %" PRId64 "\n  last_seq_known: %" PRIu64 "\n",
           r.epoch, r.last.epoch, r.last.seq);
    return EXIT_GOOD;
}
