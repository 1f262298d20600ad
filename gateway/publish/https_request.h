/* One POST at a time, through libcurl: TLS 1.2 or later, always verified; no proxy of the
 * environment, no redirects, nothing but HTTP(S). The answer's body is bounded.
 *
 * One owner, the deliver thread; never blocks on the network. */
#ifndef BUSBAR_PUBLISH_HTTPS_REQUEST_H
#define BUSBAR_PUBLISH_HTTPS_REQUEST_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/units.h"
#include "publish/https_answer.h"

#define HTTPS_WHY_MAX    600
#define HTTPS_READ_LIMIT (64 * 1024) /* of an answer's body: what is beyond is not waited for */
#define HTTPS_KEPT       (4 * ANSWER_TEXT_MAX)

/* Where to, and whom to believe there. */
struct https_target {
    const char *url;
    const char *url_key; /* what the site file calls it, for messages */
    const char *ca_file, *cert_file, *key_file;
    uint32_t timeout_s; /* of the whole request */
};

struct https_post {
    const struct https_target *to;
    const char *const *headers; /* ends with NULL */
    const char *token_file;     /* NULL: none */
    char *body;                 /* owned by the request from now on, also on failure */
    size_t len;
};

/* The transfer ended with code: the owner calls https_request_end(). */
typedef void https_done_fn(void *owner, CURLcode code, us_t now);

struct https_request {
    https_done_fn *done;
    void *owner;
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
    const char *kept;             /* the same as it came, kept_len bytes, until the next start */
    size_t kept_len;
    char why[HTTPS_WHY_MAX]; /* what went wrong, and the next step */
};

int https_request_init(struct https_request *q, https_done_fn *done, void *owner); /* ERR_NOMEM */
void https_request_fini(struct https_request *q, CURLM *multi);

/* Sends a post. The finished transfer's CURLINFO_PRIVATE is q. An error, with the reason in why,
 * before anything was sent: ERR_NOMEM, or those of secret_file.h. */
int https_request_start(struct https_request *q, CURLM *multi, const struct https_post *p,
                        const char *version, char why[HTTPS_WHY_MAX]);
/* It ended with code. */
void https_request_end(struct https_request *q, CURLM *multi, const struct https_target *to,
                       CURLcode code, struct https_outcome *ret);

#endif
