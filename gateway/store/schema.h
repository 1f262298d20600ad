/* The tables of the store and the way from one version to the next. docs/design-notes/
 * store-layout.md says what each table holds. */
#ifndef BUSBAR_STORE_SCHEMA_H
#define BUSBAR_STORE_SCHEMA_H

#include <sqlite3.h>

#include "base/units.h"

#define SCHEMA_APPLICATION_ID 0x42555342 /* "BUSB" */

int schema_version(void); /* of this program */
/* Creates or migrates the tables, all or nothing. now_ms becomes the epoch of a new store.
 * ERR_VERSION for a store of a newer program, ERR_CORRUPT for a file that is no store. Logs. */
int schema_migrate(sqlite3 *db, const char *path, ms_t now_ms);
/* For readers: ERR_OK only for a store of exactly this version. Logs. */
int schema_check(sqlite3 *db, const char *path);

#endif
