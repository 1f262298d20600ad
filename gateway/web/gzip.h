/* Compressed answers. Web thread. */
#ifndef BUSBAR_WEB_GZIP_H
#define BUSBAR_WEB_GZIP_H

#include <microhttpd.h>
#include <stddef.h>

/* A response with the n bytes of memory as gzip, marked so; plain when that fails. memory (of
 * malloc) is the response's. NULL without memory for one. */
struct MHD_Response *gzip_response(char *memory, size_t n);

#endif
