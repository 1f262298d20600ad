#include "web/gzip.h"

#include <stdlib.h>
#include <zlib.h>

#define GZIP_WINDOW (15 + 16) /* zlib's way to ask for a gzip header */
#define LEVEL       1         /* JSON shrinks to a tenth already; the box has other work */

static unsigned char *deflate_all(char *bytes, size_t n, size_t *ret_n) {
    z_stream z = {0};
    if (deflateInit2(&z, LEVEL, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return NULL;
    size_t cap = deflateBound(&z, (uLong)n);
    unsigned char *out = malloc(cap);
    z.next_in = (Bytef *)bytes;
    z.avail_in = (uInt)n;
    z.next_out = out;
    z.avail_out = (uInt)cap;
    int done = out ? deflate(&z, Z_FINISH) : Z_MEM_ERROR;
    *ret_n = z.total_out;
    deflateEnd(&z);
    if (done == Z_STREAM_END)
        return out;
    free(out);
    return NULL;
}

struct MHD_Response *gzip_response(char *memory, size_t n) {
    size_t packed_n = 0;
    unsigned char *packed = deflate_all(memory, n, &packed_n);
    if (!packed)
        return MHD_create_response_from_buffer(n, memory, MHD_RESPMEM_MUST_FREE);
    free(memory);
    struct MHD_Response *r =
        MHD_create_response_from_buffer(packed_n, packed, MHD_RESPMEM_MUST_FREE);
    if (r)
        MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
    return r;
}
