#include "publish/https_request.h"

#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "publish/https_trouble.h"
#include "sys/secret_file.h"

#define CONNECT_LIMIT_S 10L
#define LOW_SPEED_BYTES 50L /* a second, over LOW_SPEED_S */
#define LOW_SPEED_S     20L
#define HEADER_MAX      (SECRET_MAX + 64)

int https_request_init(struct https_request *q, https_done_fn *done, void *owner) {
    memset(q, 0, sizeof *q);
    q->done = done;
    q->owner = owner;
    q->easy = curl_easy_init();
    return q->easy ? ERR_OK : ERR_NOMEM;
}

static void forget_body_and_headers(struct https_request *q) {
    for (struct curl_slist *h = q->headers; h; h = h->next)
        explicit_bzero(h->data, strlen(h->data)); /* one holds the token */
    curl_slist_free_all(q->headers);
    q->headers = NULL;
    free(q->body);
    q->body = NULL;
}

void https_request_fini(struct https_request *q, CURLM *multi) {
    if (q->active)
        curl_multi_remove_handle(multi, q->easy);
    curl_easy_cleanup(q->easy);
    forget_body_and_headers(q);
    memset(q, 0, sizeof *q);
}

static size_t take_answer(char *bytes, size_t size, size_t n, void *arg) {
    struct https_request *q = arg;
    size_t room = sizeof q->kept - q->kept_len, keep = size * n < room ? size * n : room;
    memcpy(q->kept + q->kept_len, bytes, keep);
    q->kept_len += keep;
    q->answer_len += size * n;
    return q->answer_len > HTTPS_READ_LIMIT ? 0 : size * n; /* 0 ends the transfer */
}

static int add_header(struct https_request *q, const char *text) {
    struct curl_slist *more = curl_slist_append(q->headers, text);
    if (!more)
        return ERR_NOMEM;
    q->headers = more;
    return ERR_OK;
}

static bool is_header_text(const char *text) {
    for (; *text; text++) {
        if ((unsigned char)*text <= ' ' || (unsigned char)*text >= 0x7f)
            return false;
    }
    return true;
}

/* The token is read for each request: a new one needs no reload. */
static int add_token(struct https_request *q, const char *path, char *why) {
    char token[SECRET_MAX], header[HEADER_MAX];
    int rc = secret_file_read(path, token, why, HTTPS_WHY_MAX);
    if (rc >= 0 && !is_header_text(token)) {
        snprintf(why, HTTPS_WHY_MAX,
                 "token_file %s holds a space or a character that no token has; write the token "
                 "alone in its first line",
                 path);
        rc = ERR_SYNTAX;
    }
    if (rc >= 0) {
        snprintf(header, sizeof header, "Authorization: Bearer %s", token);
        rc = add_header(q, header);
    }
    explicit_bzero(token, sizeof token);
    explicit_bzero(header, sizeof header);
    return rc;
}

static int add_headers(struct https_request *q, const struct https_post *p, char *why) {
    int rc = ERR_OK;
    for (const char *const *h = p->headers; rc == ERR_OK && *h; h++)
        rc = add_header(q, *h);
    if (rc == ERR_OK)
        rc = add_header(q, "Expect:"); /* no asking before sending: it costs a second */
    if (rc == ERR_OK && p->token_file)
        rc = add_token(q, p->token_file, why);
    return rc < 0 ? rc : ERR_OK;
}

/* OpenSSL's: the server asks for a certificate and there is none to give. With TLS 1.3 it may just
 * close the connection after that: this is how we know why. */
static int note_wanted(SSL *ssl, X509 **cert, EVP_PKEY **key) {
    (void)cert;
    (void)key;
    struct https_request *q = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    if (q)
        q->certificate_wanted = true;
    return 0;
}

static CURLcode watch_handshake(CURL *e, void *ssl_ctx, void *arg) {
    (void)e;
    SSL_CTX_set_app_data(ssl_ctx, arg);
    SSL_CTX_set_client_cert_cb(ssl_ctx, note_wanted);
    return CURLE_OK;
}

static void set_tls(CURL *e, const struct https_target *s, struct https_request *q) {
    curl_easy_setopt(e, CURLOPT_SSL_CTX_FUNCTION, watch_handshake);
    curl_easy_setopt(e, CURLOPT_SSL_CTX_DATA, q);
    curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
    curl_easy_setopt(e, CURLOPT_CA_CACHE_TIMEOUT, 0L); /* a renewed file counts at once */
    if (s->ca_file) {
        curl_easy_setopt(e, CURLOPT_CAINFO, s->ca_file);
        curl_easy_setopt(e, CURLOPT_CAPATH, NULL); /* nobody else's word counts */
    }
    if (s->cert_file) {
        curl_easy_setopt(e, CURLOPT_SSLCERT, s->cert_file);
        curl_easy_setopt(e, CURLOPT_SSLKEY, s->key_file);
    }
}

static void set_bounds(CURL *e, const struct https_target *s) {
    bool tls = strncmp(s->url, "https://", 8) == 0;
    curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, tls ? "https" : "http");
    curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(e, CURLOPT_PROXY, ""); /* of the environment: meant for downloads */
    curl_easy_setopt(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(e, CURLOPT_QUICK_EXIT, 1L); /* a name look-up does not hold up a stop */
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT, CONNECT_LIMIT_S);
    curl_easy_setopt(e, CURLOPT_TIMEOUT, (long)s->timeout_s);
    curl_easy_setopt(e, CURLOPT_LOW_SPEED_LIMIT, LOW_SPEED_BYTES);
    curl_easy_setopt(e, CURLOPT_LOW_SPEED_TIME, LOW_SPEED_S);
}

static int prepare(struct https_request *q, const struct https_post *p, const char *version,
                   char *why) {
    const struct https_target *to = p->to;
    CURL *e = q->easy;
    char agent[64];
    snprintf(why, HTTPS_WHY_MAX, "%s", err_str(ERR_NOMEM));
    int rc = to->key_file ? secret_file_check(to->key_file, why, HTTPS_WHY_MAX) : ERR_OK;
    if (rc == ERR_OK)
        rc = add_headers(q, p, why);
    if (rc < 0)
        return rc;
    curl_easy_reset(e);
    snprintf(agent, sizeof agent, "busbar/%s", version);
    set_bounds(e, to);
    set_tls(e, to, q);
    curl_easy_setopt(e, CURLOPT_URL, to->url);
    curl_easy_setopt(e, CURLOPT_USERAGENT, agent);
    curl_easy_setopt(e, CURLOPT_HTTPHEADER, q->headers);
    curl_easy_setopt(e, CURLOPT_ERRORBUFFER, q->error);
    curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, take_answer);
    curl_easy_setopt(e, CURLOPT_WRITEDATA, q);
    return ERR_OK;
}

int https_request_start(struct https_request *q, CURLM *multi, const struct https_post *p,
                        const char *version, char why[HTTPS_WHY_MAX]) {
    q->body = p->body;
    q->error[0] = '\0';
    q->kept_len = q->answer_len = 0;
    q->certificate_wanted = false;
    int rc = prepare(q, p, version, why);
    if (rc == ERR_OK) {
        curl_easy_setopt(q->easy, CURLOPT_POSTFIELDS, q->body);
        curl_easy_setopt(q->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)p->len);
        curl_easy_setopt(q->easy, CURLOPT_PRIVATE, q);
        rc = curl_multi_add_handle(multi, q->easy) == CURLM_OK ? ERR_OK : ERR_NOMEM;
    }
    q->active = rc == ERR_OK;
    if (rc < 0)
        forget_body_and_headers(q);
    return rc;
}

void https_request_end(struct https_request *q, CURLM *multi, const struct https_target *to,
                       CURLcode code, struct https_outcome *ret) {
    curl_off_t retry_after = 0;
    memset(ret, 0, sizeof *ret);
    bool cut = code == CURLE_WRITE_ERROR && q->answer_len > HTTPS_READ_LIMIT;
    if (code == CURLE_OK || cut)
        curl_easy_getinfo(q->easy, CURLINFO_RESPONSE_CODE, &ret->status);
    else
        https_trouble_write(to, code, q->error, q->certificate_wanted, ret->why, sizeof ret->why);
    if (curl_easy_getinfo(q->easy, CURLINFO_RETRY_AFTER, &retry_after) == CURLE_OK)
        ret->retry_after_s = retry_after;
    https_answer_text(q->kept, q->kept_len, ret->text);
    ret->kept = q->kept;
    ret->kept_len = q->kept_len;
    curl_multi_remove_handle(multi, q->easy);
    q->active = false;
    forget_body_and_headers(q);
}
