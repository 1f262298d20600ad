/* Answers: JSON with a status and the headers that every answer carries. Web thread. */
#ifndef BUSBAR_WEB_ANSWER_H
#define BUSBAR_WEB_ANSWER_H

#include <microhttpd.h>
#include <stdbool.h>

#include "base/buf.h"

/* Queues a response with the common headers and lets go of it; NULL closes the connection. type: of
 * its content; answer() is for JSON. */
enum MHD_Result answer_typed(struct MHD_Connection *c, unsigned status, const char *type,
                             struct MHD_Response *response);
enum MHD_Result answer(struct MHD_Connection *c, unsigned status, struct MHD_Response *response);

/* A file of the page, with its tag; packed: it is gzip. */
enum MHD_Result answer_file(struct MHD_Connection *c, unsigned status, const char *type,
                            const char *tag, bool packed, struct MHD_Response *response);

/* 405, with the methods that there are: "GET, HEAD". */
enum MHD_Result answer_not_allowed(struct MHD_Connection *c, const char *method, const char *allow);

/* With an ETag, compressed where the client can take it. What the writer puts into the buffer, with
 * 200; it is called again with a larger one when the body does not fit. */
enum MHD_Result answer_json(struct MHD_Connection *c, void (*write)(const void *arg, struct buf *b),
                            const void *arg);

/* {"error":"what; next step"} */
__attribute__((format(printf, 3, 4))) enum MHD_Result
answer_error(struct MHD_Connection *c, unsigned status, const char *format, ...);

#endif
