#include "store/schema.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/err.h"
#include "store/backup.h"
#include "store/db.h"
#include "store/store_file.h"
#include "sys/log.h"

/* migrations[i] leads from version i to i + 1. Never change one that was released: add the next. */
static const char *const migrations[] = {
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;"
    "CREATE TABLE layout(id INTEGER PRIMARY KEY, body BLOB NOT NULL);"
    "CREATE TABLE device(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
    "CREATE TABLE raw(t INTEGER PRIMARY KEY, chain INTEGER NOT NULL, layout INTEGER NOT NULL,"
    " body BLOB NOT NULL);"
    "CREATE TABLE slot(period INTEGER, start INTEGER, device INTEGER, revision INTEGER,"
    " body BLOB NOT NULL, PRIMARY KEY(period, start, device, revision)) WITHOUT ROWID;"
    "CREATE TABLE record(period INTEGER, start INTEGER, revision INTEGER, t INTEGER NOT NULL,"
    " layout INTEGER NOT NULL, offset_s INTEGER NOT NULL, devices INTEGER NOT NULL,"
    " body TEXT NOT NULL,"
    " PRIMARY KEY(period, start, revision)) WITHOUT ROWID;"
    "CREATE TABLE event(id INTEGER PRIMARY KEY, t INTEGER NOT NULL, layout INTEGER NOT NULL,"
    " offset_s INTEGER NOT NULL, body TEXT NOT NULL);"
    "CREATE TABLE outbox(seq INTEGER PRIMARY KEY, kind INTEGER NOT NULL, key INTEGER NOT NULL,"
    " revision INTEGER NOT NULL, part INTEGER NOT NULL, parts INTEGER NOT NULL,"
    " t INTEGER NOT NULL);"
    "CREATE TABLE cursor(dest TEXT PRIMARY KEY, epoch INTEGER NOT NULL, floor INTEGER NOT NULL,"
    " ranges BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE counter(device INTEGER PRIMARY KEY, body BLOB NOT NULL);",

    "ALTER TABLE record ADD COLUMN facts BLOB;"
    "CREATE TABLE dirty(period INTEGER, start INTEGER, PRIMARY KEY(period, start)) WITHOUT ROWID;"
    "CREATE TABLE ledger(id INTEGER PRIMARY KEY, t INTEGER NOT NULL, device INTEGER NOT NULL,"
    " feed INTEGER NOT NULL, counter INTEGER NOT NULL, event INTEGER NOT NULL, old REAL, first "
    "REAL,"
    " new REAL, multiplier REAL, entered REAL NOT NULL DEFAULT 0, actor TEXT, note TEXT);"
    "CREATE TABLE price(month INTEGER, component INTEGER, version INTEGER, price_e8 INTEGER NOT "
    "NULL,"
    " verified INTEGER NOT NULL, t INTEGER NOT NULL, PRIMARY KEY(month, component, version))"
    " WITHOUT ROWID;"
    "CREATE TABLE curve(kind INTEGER, day INTEGER, version INTEGER, points BLOB NOT NULL,"
    " t INTEGER NOT NULL, PRIMARY KEY(kind, day, version)) WITHOUT ROWID;"
    "CREATE TABLE filed(month INTEGER PRIMARY KEY, actor TEXT NOT NULL, t INTEGER NOT NULL);"
    "CREATE TABLE command(id TEXT PRIMARY KEY, t INTEGER NOT NULL, reply TEXT NOT NULL)"
    " WITHOUT ROWID;",

    "CREATE TABLE chunk(t INTEGER NOT NULL, n INTEGER NOT NULL, until INTEGER NOT NULL,"
    " layout INTEGER NOT NULL, device_first INTEGER NOT NULL, device_last INTEGER NOT NULL,"
    " body BLOB NOT NULL, PRIMARY KEY(t, n));"
    "CREATE TABLE replay(id INTEGER PRIMARY KEY AUTOINCREMENT, dest TEXT NOT NULL,"
    " epoch INTEGER NOT NULL, from_seq INTEGER NOT NULL, to_seq INTEGER NOT NULL,"
    " done INTEGER NOT NULL, t INTEGER NOT NULL);"
    "CREATE TABLE held(id INTEGER PRIMARY KEY AUTOINCREMENT, boot INTEGER NOT NULL,"
    " layout INTEGER NOT NULL, body BLOB NOT NULL);",

    /* alert: as it stands, alert/entry.h; of each (source, rule, object) at most one is active.
     * Times in UTC ms, 0 and NULL: none. alert_step.curve: alert/curve.h; evidence:
     * {"epoch":,"seq":[]}. */
    "CREATE TABLE alert(id INTEGER PRIMARY KEY AUTOINCREMENT, source INTEGER NOT NULL,"
    " rule TEXT NOT NULL, object TEXT NOT NULL, active INTEGER NOT NULL,"
    " handling INTEGER NOT NULL, severity INTEGER NOT NULL, worst INTEGER NOT NULL,"
    " raised INTEGER NOT NULL, returned INTEGER NOT NULL DEFAULT 0, returns INTEGER NOT NULL "
    "DEFAULT 0,"
    " cleared INTEGER, closed INTEGER, value REAL, peak REAL,"
    " threshold REAL, unit TEXT, action TEXT, text_zh TEXT, text_en TEXT, config TEXT NOT NULL,"
    " owner TEXT, due INTEGER, measure TEXT, measure_text TEXT, measured INTEGER,"
    " measured_by TEXT, verifier TEXT, message_id TEXT, valid_until INTEGER, expected_kw REAL,"
    " effect TEXT, effect_state INTEGER NOT NULL DEFAULT 0, effect_end INTEGER);"
    /* the platform may have two alerts of one code open: its own id tells them apart */
    "CREATE UNIQUE INDEX alert_active ON alert(source,rule,object,coalesce(message_id,'')) WHERE"
    " active;"
    "CREATE INDEX alert_key ON alert(source,rule,object);"
    "CREATE UNIQUE INDEX alert_message ON alert(message_id) WHERE message_id IS NOT NULL;"
    "CREATE INDEX alert_effect ON alert(id) WHERE effect_state>0;"
    "CREATE TABLE alert_refused(message_id TEXT PRIMARY KEY, t INTEGER NOT NULL, why TEXT NOT NULL)"
    " WITHOUT ROWID;"
    "CREATE TABLE alert_step(alert INTEGER, n INTEGER, t INTEGER NOT NULL, step INTEGER NOT NULL,"
    " severity INTEGER NOT NULL, value REAL, actor TEXT, note_en TEXT, note_zh TEXT,"
    " curve BLOB, evidence TEXT, PRIMARY KEY(alert, n)) WITHOUT ROWID;"
    /* kind: calc/supply_dip.h; ended NULL: it lasts; unseen: it had begun before. */
    "CREATE TABLE supply_event(id INTEGER PRIMARY KEY AUTOINCREMENT, object TEXT NOT NULL,"
    " kind INTEGER NOT NULL, certain INTEGER NOT NULL, began INTEGER NOT NULL, ended INTEGER,"
    " lowest REAL, resolution INTEGER NOT NULL, unseen INTEGER NOT NULL);"
    "CREATE UNIQUE INDEX supply_event_lasting ON supply_event(object) WHERE ended IS NULL;"
    "CREATE INDEX supply_event_began ON supply_event(began);"
    /* Measures whose supply before and after has been compared. */
    "CREATE TABLE supply_effect(alert INTEGER PRIMARY KEY, measured INTEGER NOT NULL,"
    " t INTEGER NOT NULL, note TEXT NOT NULL);",
};
#define VERSION ((int)(sizeof migrations / sizeof migrations[0]))

int schema_version(void) {
    return VERSION;
}

static int read_version(sqlite3 *db, const char *path, int64_t *ret_version) {
    int64_t version = 0, application = 0, tables = 0;
    int err = db_get_i64(db, "PRAGMA user_version", 0, &version);
    if (err == ERR_OK)
        err = db_get_i64(db, "PRAGMA application_id", 0, &application);
    if (err == ERR_OK)
        err = db_get_i64(db, "SELECT count(*) FROM sqlite_schema", 0, &tables);
    if (err < 0)
        return db_report(db, path, "cannot read", sqlite3_errcode(db));
    if (tables > 0 && application != SCHEMA_APPLICATION_ID) {
        log_error("store %s: is a database of another program; set store.path to another file",
                  path);
        return ERR_REFUSED;
    }
    if (version > VERSION) {
        log_error("store %s: has schema %" PRId64 ", this program knows up to %d; "
                  "run the newer busbard or set store.path to another file",
                  path, version, VERSION);
        return ERR_VERSION;
    }
    *ret_version = version;
    return ERR_OK;
}

int schema_is_known(sqlite3 *db, const char *path) {
    int64_t version = 0;
    return read_version(db, path, &version);
}

/* A damaged store is not migrated but salvaged; a whole one is kept as it was, beside the new one.
 */
static int keep_before(sqlite3 *db, const char *path, int64_t version) {
    char name[STORE_PATH_MAX], suffix[40];
    struct backup_facts facts;
    snprintf(suffix, sizeof suffix, ".before-schema-%d", VERSION);
    int err = store_name(path, suffix, name);
    if (err < 0)
        return err;
    unlink(name); /* of a migration that was not finished */
    log_info("store %s: has schema %" PRId64 ", it is migrated to %d; a copy is kept as %s", path,
             version, VERSION, name);
    err = backup_copy(db, name, 0, &facts);
    if (err < 0)
        log_error("store %s: is not migrated without a copy; see the message before, or run the "
                  "busbard that made it",
                  path);
    return err;
}

int schema_migrate(sqlite3 *db, const char *path, ms_t now_ms) {
    int64_t version = 0;
    int err = read_version(db, path, &version);
    if (err < 0 || version == VERSION)
        return err;
    if (version > 0)
        err = keep_before(db, path, version);
    if (err < 0)
        return err;
    err = db_exec(db, "BEGIN IMMEDIATE");
    for (int64_t v = version; err == ERR_OK && v < VERSION; v++)
        err = db_exec(db, migrations[v]);
    char sql[200];
    if (err == ERR_OK && version == 0) {
        snprintf(sql, sizeof sql,
                 "INSERT INTO meta VALUES('epoch',%" PRId64 ");PRAGMA application_id=%d", now_ms,
                 SCHEMA_APPLICATION_ID);
        err = db_exec(db, sql);
    }
    snprintf(sql, sizeof sql, "PRAGMA user_version=%d;COMMIT", VERSION);
    if (err == ERR_OK)
        err = db_exec(db, sql);
    if (err < 0) {
        db_report(db, path, "cannot create or migrate the tables", sqlite3_errcode(db));
        db_exec(db, "ROLLBACK");
    }
    return err;
}

int schema_check(sqlite3 *db, const char *path) {
    int64_t version = 0;
    int err = read_version(db, path, &version);
    if (err < 0)
        return err;
    if (version < VERSION) {
        log_error("store %s: has schema %" PRId64 ", expected %d; start busbard once to migrate it",
                  path, version, VERSION);
        return ERR_VERSION;
    }
    return ERR_OK;
}
