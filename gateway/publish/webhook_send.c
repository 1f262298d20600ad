#include "publish/webhook_send.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/url.h"
#include "format/notice_body.h"
#include "publish/notice_read.h"
#include "publish/webhook_sign.h"
#include "sys/clock.h"
#include "sys/secret_file.h"

#define ADDRESS_MAX (SECRET_MAX + SIGN_QUERY_MAX)

/* What one message is made of; on the heap. */
struct draft {
    struct notice notice[NOTICE_ROWS_MAX];
    json_t *json[NOTICE_ROWS_MAX];
    size_t count;
    char address[ADDRESS_MAX], secret[SECRET_MAX];
};

static void draft_free(struct draft *d) {
    for (size_t i = 0; i < d->count; i++)
        json_decref(d->json[i]);
    explicit_bzero(d->address, sizeof d->address);
    explicit_bzero(d->secret, sizeof d->secret);
    free(d);
}

/* The chosen alerts, the most severe first. One that is no longer there is left out. */
static int read_notices(struct webhook *w, struct draft *d) {
    for (int severity = ALERT_CRITICAL; severity >= 0; severity--) {
        for (size_t i = 0; i < w->queue.count && d->count < NOTICE_ROWS_MAX; i++) {
            const struct webhook_item *item = &w->queue.item[i];
            struct buf b;
            if (!item->chosen || item->late || item->severity != severity)
                continue;
            buf_init(&b, w->work->line, BATCH_LINE_MAX);
            int rc = reader_body(w->work->reader, &item->row, &b);
            if (rc < 0 && rc != ERR_NOT_FOUND) {
                w->work->read_failed = true;
                return rc;
            }
            if (rc == ERR_OK &&
                notice_read(b.data, b.len, &d->notice[d->count], &d->json[d->count]))
                d->count++;
        }
    }
    return d->count > 0 || w->plan.late > 0 ? ERR_OK : ERR_NOT_FOUND;
}

/* ---- address and secret, read anew for each request ------------------------------------------ */

static int read_address(struct webhook *w, struct draft *d, char *why) {
    const struct webhook_settings *s = w->settings;
    struct url url;
    if (s->url) {
        snprintf(d->address, sizeof d->address, "%s", s->url);
    } else {
        int rc = secret_file_read(s->url_file, d->address, why, HTTPS_WHY_MAX);
        if (rc < 0)
            return rc;
    }
    enum url_fault fault = url_check(d->address, &url);
    if (fault != URL_SOUND) {
        snprintf(why, HTTPS_WHY_MAX,
                 "url_file %s: its first line is not an address that may be used (%s); write "
                 "https://HOST[:PORT]/PATH",
                 s->url_file ? s->url_file : "",
                 fault == URL_OPEN ? "http:// only to this machine itself" : "not understood");
        return ERR_SYNTAX;
    }
    snprintf(w->host, sizeof w->host, "%.*s", (int)(url.host_len < 256 ? url.host_len : 256),
             url.host);
    const char *end = url.host + url.host_len, *part = end;
    for (const char *c = end; *c; c++) {
        if (strchr("/=?&", *c))
            part = c + 1;
    }
    snprintf(w->secret_part, sizeof w->secret_part, "%s", part);
    return ERR_OK;
}

static int read_secret(const struct webhook *w, struct draft *d, char *why) {
    const char *path = w->settings->secret_file;
    int rc = path ? secret_file_read(path, d->secret, why, HTTPS_WHY_MAX) : ERR_OK;
    return rc < 0 ? rc : ERR_OK;
}

/* ---- the request ------------------------------------------------------------------------------
 */

static int write_body(const struct webhook *w, const struct draft *d, ms_t now, struct buf *b) {
    const struct site *site = w->work->options->site;
    char timestamp[24], sign[SIGN_BASE64_MAX];
    bool signs = w->settings->kind == WEBHOOK_FEISHU && w->settings->secret_file;
    const struct notice_signature signature = {.timestamp = timestamp, .sign = sign};
    const struct notice_set set = {.site = site->id,
                                   .gateway = site->gateway,
                                   .name = site->name,
                                   .notice = d->notice,
                                   .count = d->count,
                                   .joined = w->plan.joined,
                                   .late = w->plan.late,
                                   .brief = w->refusals >= WEBHOOK_REFUSALS,
                                   .now = now,
                                   .utc_offset_s = clock_utc_offset_s(now)};
    snprintf(timestamp, sizeof timestamp, "%" PRId64, now / MS_PER_S);
    int rc = signs ? webhook_sign_feishu(d->secret, timestamp, sign) : ERR_OK;
    if (rc == ERR_OK)
        notice_body_write(b, w->settings, &set, signs ? &signature : NULL);
    return rc < 0 ? rc : buf_ok(b) ? ERR_OK : ERR_LIMIT;
}

static int sign_address(const struct webhook *w, struct draft *d, ms_t now) {
    size_t n = strlen(d->address);
    char query[SIGN_QUERY_MAX];
    if (w->settings->kind != WEBHOOK_DINGTALK || !w->settings->secret_file)
        return ERR_OK;
    int rc = webhook_sign_dingtalk(d->secret, now, strchr(d->address, '?') ? '&' : '?', query);
    if (rc == ERR_OK)
        snprintf(d->address + n, sizeof d->address - n, "%s", query);
    return rc;
}

static int post(struct webhook *w, const struct draft *d, struct buf *body, char *why) {
    char signature[sizeof "X-Busbar-Signature: " + SIGN_HEX_MAX], hex[SIGN_HEX_MAX];
    bool signs = w->settings->kind == WEBHOOK_JSON && w->settings->secret_file;
    int rc = signs ? webhook_sign_body(d->secret, body->data, body->len, hex) : ERR_OK;
    if (rc < 0) {
        free(body->data);
        return rc;
    }
    if (signs)
        snprintf(signature, sizeof signature, "X-Busbar-Signature: %s", hex);
    const char *const headers[] = {"Content-Type: application/json; charset=utf-8",
                                   signs ? signature : NULL, NULL};
    w->target = (struct https_target){.url = d->address,
                                      .url_key = w->settings->url ? "url" : "url_file",
                                      .ca_file = w->settings->ca_file,
                                      .timeout_s = w->settings->timeout_s};
    const struct https_post request = {.to = &w->target,
                                       .headers = headers,
                                       .token_file = w->settings->token_file,
                                       .body = body->data,
                                       .len = body->len};
    rc = https_request_start(&w->request, w->work->multi, &request, w->work->options->version, why);
    w->target.url = ""; /* libcurl has its own copy */
    return rc;
}

int webhook_send(struct webhook *w, char why[HTTPS_WHY_MAX]) {
    ms_t now = clock_now().utc_us / US_PER_MS;
    snprintf(why, HTTPS_WHY_MAX, "%s", err_str(ERR_NOMEM));
    struct draft *d = calloc(1, sizeof *d);
    char *memory = malloc(NOTICE_BODY_MAX);
    struct buf body;
    int rc = d && memory ? read_notices(w, d) : ERR_NOMEM;
    if (rc < 0)
        snprintf(why, HTTPS_WHY_MAX, "the outbox cannot be read: %s", err_str(rc));
    if (rc == ERR_OK)
        rc = read_address(w, d, why);
    if (rc == ERR_OK)
        rc = read_secret(w, d, why);
    if (rc == ERR_OK)
        rc = sign_address(w, d, now);
    if (rc == ERR_OK) {
        buf_init(&body, memory, NOTICE_BODY_MAX);
        rc = write_body(w, d, now, &body);
    }
    if (rc == ERR_OK) {
        memory = NULL; /* the request's */
        rc = post(w, d, &body, why);
    }
    free(memory);
    if (d)
        draft_free(d);
    return rc;
}
