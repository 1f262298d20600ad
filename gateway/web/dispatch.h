/* Which request goes where, and what is refused before: addresses, methods, hosts, callers, bodies.
 * Web thread. */
#ifndef BUSBAR_WEB_DISPATCH_H
#define BUSBAR_WEB_DISPATCH_H

#include <microhttpd.h>

#include "web/api.h"
#include "web/connections.h"
#include "web/gate.h"
#include "web/page.h"
#include "web/stream.h"

struct dispatch {
    struct api api;
    struct gate gate;
    struct stream stream;
    struct page page;
    struct connections connections;
    order_fn *order; /* NULL: none are taken */
    void *order_arg;
    bool loopback; /* it listens there: then a Host must be this box's */
};

/* libmicrohttpd's callbacks; their first argument is the struct dispatch. */
void *dispatch_uri(void *cls, const char *uri, struct MHD_Connection *c);
enum MHD_Result dispatch_request(void *cls, struct MHD_Connection *c, const char *path,
                                 const char *method, const char *version, const char *upload,
                                 size_t *upload_n, void **state);
void dispatch_done(void *cls, struct MHD_Connection *c, void **state,
                   enum MHD_RequestTerminationCode code);
void dispatch_connection(void *cls, struct MHD_Connection *c, void **place,
                         enum MHD_ConnectionNotificationCode code);

#endif
