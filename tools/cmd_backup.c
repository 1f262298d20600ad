/* `busbar backup`: a checked copy of the store while busbard writes it. */
#include <inttypes.h>
#include <stdio.h>

#include "base/err.h"
#include "commands.h"
#include "control_client.h"
#include "store/backup.h"
#include "store/db.h"
#include "store/schema.h"

#define PAUSE_MS 5 /* between steps of 1 MB: the daemon's commits come first */

static const char usage[] =
    "usage: busbar backup --config FILE | --db FILE  --to FILE\n"
    "\n"
    "Copies the store, as it is at this moment, to a file of its own and checks the copy. busbard\n"
    "may be running; it is not disturbed. Nothing is overwritten.\n"
    "\n"
    "  --config FILE  the site file of busbard\n"
    "  --data DIR     folder with profiles/, as given to busbard\n"
    "  --db FILE      its store (store.path) instead of the site file\n"
    "  --to FILE      the copy, best on another disk; mode 0640\n"
    "\n"
    "Exit status: 0 done, 64 usage, 74 input/output, 78 configuration.\n";

int cmd_backup(int argc, char **argv) {
    struct control_call c = {.command = "backup"};
    struct backup_facts facts = {0};
    const char *to = NULL;
    const struct control_option own[] = {{"to", &to, true}};
    int status = EXIT_GOOD;
    if (!control_begin(&c, argc, argv, own, 1, usage, &status))
        return status;
    sqlite3 *db = NULL;
    int err = db_open(c.store, DB_READ, &db);
    if (err == ERR_OK)
        err = schema_is_known(db, c.store);
    if (err == ERR_OK)
        err = backup_copy(db, to, PAUSE_MS, &facts);
    db_close(db);
    if (err < 0)
        return EXIT_IO_ERROR; /* the log has said why */
    printf("done\n  file: %s\n  bytes: %" PRIu64 "\n  epoch: %" PRId64 "\n  seq_head: %" PRIu64
           "\n  schema: %d\n  check: ok\n",
           to, facts.bytes, facts.epoch, facts.seq_head, facts.schema);
    return EXIT_GOOD;
}
