#include "web/answer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "format/json.h"
#include "sys/log.h"

#define BODY_FIRST ((size_t)16 * 1024)
#define BODY_LAST  ((size_t)16 * 1024 * 1024)
#define ERROR_MAX  512

static const struct {
    const char *name, *value;
} common[] = {
    {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
    {"X-Content-Type-Options", "nosniff"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Referrer-Policy", "no-referrer"},
    {"Cache-Control", "no-store"},
};

enum MHD_Result answer_typed(struct MHD_Connection *c, unsigned status, const char *type,
                             struct MHD_Response *response) {
    if (!response)
        return MHD_NO;
    enum MHD_Result ok = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    for (size_t i = 0; i < sizeof common / sizeof common[0] && ok == MHD_YES; i++)
        ok = MHD_add_response_header(response, common[i].name, common[i].value);
    if (ok == MHD_YES && status == MHD_HTTP_METHOD_NOT_ALLOWED)
        ok = MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    if (ok == MHD_YES)
        ok = MHD_queue_response(c, status, response);
    MHD_destroy_response(response);
    return ok;
}

enum MHD_Result answer(struct MHD_Connection *c, unsigned status, struct MHD_Response *response) {
    return answer_typed(c, status, "application/json", response);
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
            return answer(c, MHD_HTTP_OK,
                          MHD_create_response_from_buffer(b.len, memory, MHD_RESPMEM_MUST_FREE));
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
