#include "publish/batch_body.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/err.h"
#include "publish/bodies.h"

#define ZSTD_LEVEL 3
#define GZIP_LEVEL 6
#define GZIP_BITS  (15 + 16) /* the largest window, with gzip's own header */

bool batch_line_put(struct buf *b, const char *topic, const char *body, size_t body_len) {
    static const char head[] = "{\"topic\":\"", middle[] = "\",\"body\":", tail[] = "}\n";
    size_t need = sizeof head + sizeof middle + sizeof tail + strlen(topic) + body_len;
    if (need > b->cap - b->len) /* with the final NUL */
        return false;
    buf_puts(b, head);
    buf_puts(b, topic);
    buf_puts(b, middle);
    buf_put(b, body, body_len);
    buf_puts(b, tail);
    return true;
}

int batch_body_write(struct reader *r, ms_t epoch, const struct outbox_row *rows, size_t n,
                     char *line, struct buf *b) {
    struct buf body;
    for (size_t i = 0; i < n; i++) {
        buf_init(&body, line, BATCH_LINE_MAX);
        int rc = reader_body(r, &rows[i], &body);
        if (rc == ERR_NOT_FOUND) {
            buf_reset(&body);
            tombstone_write(&body, epoch, &rows[i]);
            rc = buf_ok(&body) ? ERR_OK : ERR_LIMIT;
        }
        if (rc == ERR_OK && !batch_line_put(b, outbox_topic(rows[i].kind), body.data, body.len))
            rc = ERR_LIMIT;
        if (rc < 0)
            return i > 0 ? (int)i : rc;
    }
    return (int)n;
}

const char *batch_encoding_name(enum deliver_compression c) {
    return c == DELIVER_ZSTD ? "zstd" : c == DELIVER_GZIP ? "gzip" : NULL;
}

static char *encode_zstd(const void *text, size_t n, size_t *ret_n) {
    size_t cap = ZSTD_compressBound(n);
    char *out = malloc(cap);
    size_t got = out ? ZSTD_compress(out, cap, text, n, ZSTD_LEVEL) : 0;
    if (!out || ZSTD_isError(got)) {
        free(out);
        return NULL;
    }
    *ret_n = got;
    return out;
}

/* No time and no name go into the header: same text, same bytes. */
static char *encode_gzip(const void *text, size_t n, size_t *ret_n) {
    z_stream z = {.next_in = (Bytef *)(uintptr_t)text, .avail_in = (uInt)n};
    if (deflateInit2(&z, GZIP_LEVEL, Z_DEFLATED, GZIP_BITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return NULL;
    uLong cap = deflateBound(&z, (uLong)n);
    char *out = malloc(cap);
    z.next_out = (Bytef *)out;
    z.avail_out = (uInt)cap;
    int rc = out ? deflate(&z, Z_FINISH) : Z_MEM_ERROR;
    *ret_n = z.total_out;
    deflateEnd(&z);
    if (rc == Z_STREAM_END)
        return out;
    free(out);
    return NULL;
}

char *batch_body_encode(enum deliver_compression c, const void *text, size_t n, size_t *ret_n) {
    if (c == DELIVER_ZSTD)
        return encode_zstd(text, n, ret_n);
    if (c == DELIVER_GZIP)
        return encode_gzip(text, n, ret_n);
    char *out = malloc(n + 1);
    if (out)
        memcpy(out, text, n);
    *ret_n = n;
    return out;
}
