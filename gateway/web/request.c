#include "web/request.h"

#include <stdlib.h>
#include <string.h>

static const char *header(struct MHD_Connection *c, const char *name) {
    return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

bool request_has_body(struct MHD_Connection *c) {
    const char *length = header(c, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return header(c, MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL ||
           (length && length[strspn(length, "0")] != '\0');
}

bool request_is_long(struct MHD_Connection *c) {
    const char *length = header(c, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return length && strtoull(length, NULL, 10) > REQUEST_BODY_MAX;
}

bool request_add(struct request *r, const char *bytes, size_t n) {
    if (n > sizeof r->body - r->n)
        return false;
    memcpy(r->body + r->n, bytes, n);
    r->n += n;
    return true;
}
