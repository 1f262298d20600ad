/* Words for a request that got no answer: what, and the next step. */
#ifndef BUSBAR_PUBLISH_HTTPS_TROUBLE_H
#define BUSBAR_PUBLISH_HTTPS_TROUBLE_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

#include "publish/https_request.h"

/* detail: libcurl's error text, may be "". certificate_wanted: the server asked for a certificate
 * in vain. */
void https_trouble_write(const struct https_target *to, CURLcode code, const char *detail,
                         bool certificate_wanted, char *out, size_t cap);

#endif
