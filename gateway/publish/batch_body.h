/* The content of a batch: NDJSON, one line a row, and its compression.
 *
 * A line is {"topic":"record/15m","body":{...}}: the end of the MQTT topic and exactly the body
 * that MQTT carries. The same rows give the same bytes each time (docs/https.md). Reads through
 * store/reader.h; no other I/O. */
#ifndef BUSBAR_PUBLISH_BATCH_BODY_H
#define BUSBAR_PUBLISH_BATCH_BODY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/units.h"
#include "meter/site.h"
#include "store/reader.h"

#define BATCH_TEXT_MAX (4 * 1024 * 1024)
#define BATCH_LINE_MAX (128 * 1024) /* a body is at most 100 kB */

/* Puts one line; false, with b as before, when it does not fit. body: a JSON object. Pure. */
bool batch_line_put(struct buf *b, const char *topic, const char *body, size_t body_len);

/* The first of n rows, as many as fit, into b of BATCH_TEXT_MAX bytes; line is room of
 * BATCH_LINE_MAX. Returns how many: fewer than n when the batch is full or the next row cannot be
 * read; the error when that is the first one. A row whose content was thinned gives its tombstone.
 */
int batch_body_write(struct reader *r, ms_t epoch, const struct outbox_row *rows, size_t n,
                     char *line, struct buf *b);

/* "zstd", "gzip"; NULL for none. */
const char *batch_encoding_name(enum deliver_compression c);
/* Compressed, on the heap (the caller frees it); NULL without memory. */
char *batch_body_encode(enum deliver_compression c, const void *text, size_t n, size_t *ret_n);

#endif
