#include "web/answer.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "format/json.h"
#include "sys/log.h"
#include "web/gzip.h"

#define BODY_FIRST    ((size_t)16 * 1024)
#define BODY_LAST     ((size_t)16 * 1024 * 1024)
#define ERROR_MAX     512
#define COMPRESS_FROM 1400 /* bytes: what does not fit into one packet */

static const struct {
    const char *name, *value;
} common[] = {
    {"X-Content-Type-Options", "nosniff"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Referrer-Policy", "no-referrer"},
};
/* What is asked for again may be answered in a word: it is kept, but never used without asking. */
#define KEEP_AND_ASK "private, no-cache"
#define DATA_POLICY  "default-src 'none'; frame-ancestors 'none'"
/* Everything the page needs comes from here, nothing is written into it. */
#define PAGE_POLICY                                                                                \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "              \
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

static enum MHD_Result queue(struct MHD_Connection *c, unsigned status, const char *type,
                             const char *cache, const char *policy, struct MHD_Response *response) {
    if (!response)
        return MHD_NO;
    enum MHD_Result ok = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    for (size_t i = 0; i < sizeof common / sizeof common[0] && ok == MHD_YES; i++)
        ok = MHD_add_response_header(response, common[i].name, common[i].value);
    if (ok == MHD_YES)
        ok = MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, cache);
    if (ok == MHD_YES)
        ok = MHD_add_response_header(response, "Content-Security-Policy", policy);
    if (ok == MHD_YES && status == MHD_HTTP_UNAUTHORIZED) /* not Basic: no browser's own dialog */
        ok = MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE,
                                     "Session realm=\"busbar\"");
    if (ok == MHD_YES)
        ok = MHD_queue_response(c, status, response);
    MHD_destroy_response(response);
    return ok;
}

enum MHD_Result answer_typed(struct MHD_Connection *c, unsigned status, const char *type,
                             struct MHD_Response *response) {
    return queue(c, status, type, "no-store", DATA_POLICY, response);
}

enum MHD_Result answer_file(struct MHD_Connection *c, unsigned status, const char *type,
                            const char *tag, bool packed, struct MHD_Response *response) {
    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, tag);
    MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, "Accept-Encoding");
    if (packed)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
    return queue(c, status, type, "no-cache", PAGE_POLICY, response);
}

enum MHD_Result answer_not_allowed(struct MHD_Connection *c, const char *method,
                                   const char *allow) {
    char body[ERROR_MAX];
    struct buf b;
    buf_init(&b, body, sizeof body);
    buf_puts(&b, "{\"error\":");
    char text[ERROR_MAX / 2];
    (void)snprintf(text, sizeof text, "%.20s is not possible here; use %s", method, allow);
    buf_put_json(&b, text);
    buf_putc(&b, '}');
    struct MHD_Response *r = MHD_create_response_from_buffer(b.len, body, MHD_RESPMEM_MUST_COPY);
    if (r)
        MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, allow);
    return answer(c, MHD_HTTP_METHOD_NOT_ALLOWED, r);
}

enum MHD_Result answer(struct MHD_Connection *c, unsigned status, struct MHD_Response *response) {
    return answer_typed(c, status, "application/json", response);
}

static bool asks_for(struct MHD_Connection *c, const char *name, const char *word) {
    const char *value = MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
    return value && strstr(value, word) != NULL;
}

/* memory is let go of. A body that was asked for before, and is the same, is not sent again. */
static enum MHD_Result answer_body(struct MHD_Connection *c, char *memory, size_t n) {
    char tag[24] = "W/\"";
    hash_hex(hash_bytes(HASH_START, memory, n), tag + 3);
    memcpy(tag + 19, "\"", 2);
    struct MHD_Response *r = NULL;
    unsigned status = MHD_HTTP_OK;
    if (asks_for(c, MHD_HTTP_HEADER_IF_NONE_MATCH, tag)) {
        free(memory);
        status = MHD_HTTP_NOT_MODIFIED;
        r = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    } else if (n >= COMPRESS_FROM && asks_for(c, MHD_HTTP_HEADER_ACCEPT_ENCODING, "gzip")) {
        r = gzip_response(memory, n);
    } else {
        r = MHD_create_response_from_buffer(n, memory, MHD_RESPMEM_MUST_FREE);
    }
    if (r) {
        MHD_add_response_header(r, MHD_HTTP_HEADER_ETAG, tag);
        MHD_add_response_header(r, MHD_HTTP_HEADER_VARY, "Accept-Encoding, Cookie");
    }
    return queue(c, status, "application/json", KEEP_AND_ASK, DATA_POLICY, r);
}

enum MHD_Result answer_json(struct MHD_Connection *c, void (*write)(const void *arg, struct buf *b),
                            const void *arg) {
    for (size_t cap = BODY_FIRST; cap <= BODY_LAST; cap *= 4) {
        struct buf b;
        char *memory = malloc(cap);
        if (!memory)
            break;
        buf_init(&b, memory, cap);
        write(arg, &b);
        if (buf_ok(&b))
            return answer_body(c, memory, b.len);
        free(memory);
    }
    log_warn("web: an answer is too long or memory is short; ask for less");
    return answer_error(c, MHD_HTTP_SERVICE_UNAVAILABLE,
                        "the answer is too long or memory is short; ask for less");
}

enum MHD_Result answer_error(struct MHD_Connection *c, unsigned status, const char *format, ...) {
    char text[ERROR_MAX], body[ERROR_MAX * 6 + 32]; /* an escaped byte is six */
    struct buf b;
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    buf_init(&b, body, sizeof body);
    buf_putc(&b, '{');
    json_text(&b, "error", text);
    json_close(&b);
    return answer(c, status, MHD_create_response_from_buffer(b.len, body, MHD_RESPMEM_MUST_COPY));
}
