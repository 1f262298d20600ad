/* One POST of a batch at a time, through libcurl: TLS 1.2 or later, always verified; no proxy of
 * the environment, no redirects, nothing but HTTP(S). The answer's body is bounded.
 *
 * One owner, the deliver thread; never blocks on the network. */
#ifndef BUSBAR_PUBLISH_HTTPS_REQUEST_H
#define BUSBAR_PUBLISH_HTTPS_REQUEST_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "meter/site.h"
#include "publish/https_answer.h"

#define HTTPS_WHY_MAX    600
#define HTTPS_READ_LIMIT (64 * 1024) /* of an answer's body: what is beyond is not waited for */
#define HTTPS_KEPT       (4 * ANSWER_TEXT_MAX)

struct https_request {
    CURL *easy;
    bool active; /* in the multi handle */
    struct curl_slist *headers;
    char error[CURL_ERROR_SIZE];
    char *body;
    char kept[HTTPS_KEPT];
    size_t kept_len, answer_len;
    bool certificate_wanted; /* the server asked for one, and there is none */
};

struct https_outcome {
    long status; /* 0: no whole answer, see why */
    int64_t retry_after_s;
    char text[ANSWER_TEXT_BYTES]; /* the beginning of the answer */
    char why[HTTPS_WHY_MAX];      /* what went wrong, and the next step */
};

int https_request_init(struct https_request *q); /* ERR_NOMEM */
void https_request_fini(struct https_request *q, CURLM *multi);

/* Sends body, which it owns from now on, also on failure. key: of idempotency. owner: what
 * CURLINFO_PRIVATE of the finished transfer gives. An error, with the reason in why, before
 * anything was sent: ERR_NOMEM, or those of secret_file.h. */
int https_request_start(struct https_request *q, CURLM *multi, const struct deliver_settings *s,
                        const char *version, const char *key, char *body, size_t len, void *owner,
                        char why[HTTPS_WHY_MAX]);
/* It ended with code. */
void https_request_end(struct https_request *q, CURLM *multi, const struct deliver_settings *s,
                       CURLcode code, struct https_outcome *ret);

#endif
