/* The tables of the store and the way from one version to the next. docs/design-notes/
 * store-layout.md says what each table holds. */
#ifndef BUSBAR_STORE_SCHEMA_H
#define BUSBAR_STORE_SCHEMA_H

#include <sqlite3.h>

#include "base/units.h"

#define SCHEMA_APPLICATION_ID 0x42555342 /* "BUSB" */

int schema_version(void); /* of this program */
/* ERR_OK for a store of this version or an older one; else as schema_migrate(). Logs. */
int schema_is_known(sqlite3 *db, const char *path);
/* Creates or migrates the tables, all or nothing; before a migration a checked copy of the store is
 * made, <path>.before-schema-N, which stays; ERR_FULL without room for it. now_ms becomes the epoch
 * of a new store. ERR_VERSION for a store of a newer program, ERR_REFUSED for a database of another
 * program, ERR_CORRUPT for a damaged file. Logs. */
int schema_migrate(sqlite3 *db, const char *path, ms_t now_ms);
/* For readers: ERR_OK only for a store of exactly this version. Logs. */
int schema_check(sqlite3 *db, const char *path);

#endif
