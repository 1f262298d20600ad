/* A request on its way in: from the headers on, what is wrong with it is answered at once; the body
 * of a POST is collected up to a bound. Web thread. */
#ifndef BUSBAR_WEB_REQUEST_H
#define BUSBAR_WEB_REQUEST_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

#define REQUEST_BODY_MAX 4096

struct request {
    const char *path;
    size_t n;
    char body[REQUEST_BODY_MAX];
};

bool request_has_body(struct MHD_Connection *c);
/* It says that it brings more than REQUEST_BODY_MAX. */
bool request_is_long(struct MHD_Connection *c);
/* Adds a piece of the body; false: it is longer than REQUEST_BODY_MAX. */
bool request_add(struct request *r, const char *bytes, size_t n);

#endif
