/* A damaged store is replaced by a new one with what can be read of it.
 *
 * The new one is made beside it (<path>.new) and takes its place when it is complete, so that a
 * power cut at any moment leaves either the damaged store or the whole new one. Blocks while the
 * tables but the raw readings are copied; the caller has closed its own handles on path. */
#ifndef BUSBAR_STORE_REPLACE_H
#define BUSBAR_STORE_REPLACE_H

#include "base/units.h"
#include "store/store_file.h"

/* note: the last seq known outside; zero without. Logs. ERR_FULL, ERR_IO: the damaged store stays.
 */
int replace_damaged(const char *path, ms_t now_ms, struct store_note note);

/* Finishes a replacement that a power cut stopped between its two renames. */
void replace_finish(const char *path);

#endif
