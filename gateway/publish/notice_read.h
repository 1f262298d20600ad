/* An event of the outbox as a notice. No I/O. */
#ifndef BUSBAR_PUBLISH_NOTICE_READ_H
#define BUSBAR_PUBLISH_NOTICE_READ_H

#include <jansson.h>

#include "format/notice.h"

/* What a body of /event says. True when it is one of an alert; then the texts of *ret stand in
 * *ret_json, which the caller gives back with json_decref(). */
bool notice_read(const char *body, size_t n, struct notice *ret, json_t **ret_json);

#endif
