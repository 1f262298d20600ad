/* Stored records, body by body: the answer is made while it is sent, so that its memory is that of
 * one body however many there are. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "format/record.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "web/answer.h"
#include "web/api.h"
#include "web/newest.h"

#define LIMIT_MAX  1000
#define CHUNK_MAX  16384
#define LINK_MAX   256
#define TIME_FIRST INT64_MIN
#define TIME_LAST  INT64_MAX

struct question {
    enum outbox_kind kind;
    const char *period;
    ms_t from, to;
    size_t limit;
};

/* ---- the question ------------------------------------------------------------------------- */

static bool kind_of(const char *period, enum outbox_kind *ret) {
    for (int k = OUTBOX_RECORD_1M; period && k <= OUTBOX_RECORD_BILL; k++) {
        const char *topic = outbox_topic((enum outbox_kind)k); /* "record/1m" */
        if (strcmp(strchr(topic, '/') + 1, period) == 0) {
            *ret = (enum outbox_kind)k;
            return true;
        }
    }
    return false;
}

/* The name of the parameter that is wrong; NULL when all is well. */
static const char *read_question(struct MHD_Connection *c, struct question *q) {
    const char *from = api_parameter(c, "from"), *to = api_parameter(c, "to"),
               *limit = api_parameter(c, "limit");
    q->period = api_parameter(c, "period");
    q->from = TIME_FIRST;
    q->to = TIME_LAST;
    q->limit = LIMIT_MAX;
    if (!kind_of(q->period, &q->kind))
        return "period";
    if (from && api_time(from, &q->from) < 0)
        return "from";
    if ((to && api_time(to, &q->to) < 0) || q->from >= q->to)
        return "to";
    if (limit) {
        char *end;
        long n = strtol(limit, &end, 10);
        if (*end != '\0' || n < 1 || n > LIMIT_MAX)
            return "limit";
        q->limit = (size_t)n;
    }
    return NULL;
}

/* ---- the answer --------------------------------------------------------------------------- */

struct stream {
    struct api *api;
    struct newest_page page;
    size_t next; /* row whose body comes next */
    bool opened, closed;
    size_t at, n;            /* of text: sent, all */
    char text[1 + BODY_MAX]; /* a bracket or comma, then a body */
};

static void free_stream(void *cls) {
    struct stream *s = cls;
    newest_free(&s->page);
    free(s);
}

/* The next body that there is; its content may have been thinned since. */
static int next_body(struct stream *s, size_t *ret_n) {
    struct buf b;
    int err = ERR_NOT_FOUND;
    *ret_n = 0;
    while (err == ERR_NOT_FOUND && s->next < s->page.count) {
        struct reader *r = api_reader(s->api);
        if (!r)
            return ERR_IO;
        buf_init(&b, s->text + 1, sizeof s->text - 1);
        err = reader_body(r, &s->page.rows[s->next++], &b);
        if (err == ERR_OK)
            *ret_n = b.len;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static int next_text(struct stream *s) {
    size_t n;
    int err = next_body(s, &n);
    if (err < 0)
        return err;
    s->at = 0;
    if (n > 0) {
        s->text[0] = s->opened ? ',' : '[';
        s->n = n + 1;
    } else {
        s->n = s->opened ? 1 : 2;
        memcpy(s->text, s->opened ? "]" : "[]", s->n);
        s->closed = true;
    }
    s->opened = true;
    return ERR_OK;
}

static ssize_t read_stream(void *cls, uint64_t pos, char *out, size_t max) {
    struct stream *s = cls;
    (void)pos;
    if (s->at == s->n && s->closed)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (s->at == s->n) {
        int err = next_text(s);
        if (err < 0) {
            api_reader_failed(s->api, err);
            return MHD_CONTENT_READER_END_WITH_ERROR;
        }
    }
    size_t n = s->n - s->at < max ? s->n - s->at : max;
    memcpy(out, s->text + s->at, n);
    s->at += n;
    return (ssize_t)n;
}

static void put_time(char *out, size_t cap, const char *name, ms_t t) {
    char text[ISO8601_MAX];
    size_t n = iso8601_format(text, t, 0);
    (void)snprintf(out, cap, "&%s=%.*sZ", name, (int)(n - strlen("+00:00")), text);
}

/* Link: <...>; rel="next" where there is more. */
static enum MHD_Result add_next(struct MHD_Response *response, const struct question *q,
                                const struct newest_page *p) {
    char link[LINK_MAX], from[ISO8601_MAX + 8], to[ISO8601_MAX + 8] = "";
    if (!p->more)
        return MHD_YES;
    put_time(from, sizeof from, "from", p->next);
    if (q->to != TIME_LAST)
        put_time(to, sizeof to, "to", q->to);
    (void)snprintf(link, sizeof link, "</api/v1/records?period=%s%s%s&limit=%zu>; rel=\"next\"",
                   q->period, from, to, q->limit);
    return MHD_add_response_header(response, MHD_HTTP_HEADER_LINK, link);
}

static enum MHD_Result answer_page(struct api *a, struct MHD_Connection *c,
                                   const struct question *q, struct newest_page *page) {
    struct stream *s = calloc(1, sizeof *s);
    if (!s) {
        newest_free(page);
        return answer_error(c, MHD_HTTP_SERVICE_UNAVAILABLE, "memory is short; try again later");
    }
    s->api = a;
    s->page = *page;
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, CHUNK_MAX, read_stream, s, free_stream);
    if (!response) {
        free_stream(s);
        return MHD_NO;
    }
    if (add_next(response, q, page) != MHD_YES) {
        MHD_destroy_response(response);
        return MHD_NO;
    }
    return answer(c, MHD_HTTP_OK, response);
}

enum MHD_Result api_records(struct api *a, struct MHD_Connection *c) {
    struct question q;
    struct newest_page page;
    const char *wrong = read_question(c, &q);
    if (wrong)
        return answer_error(c, MHD_HTTP_BAD_REQUEST,
                            "%s is missing or wrong; ask for period=1m, 15m, 1h, 1d, 1mo or bill, "
                            "from and to like 2026-01-31T08:00:00Z with from before to, limit 1 to "
                            "%d",
                            wrong, LIMIT_MAX);
    struct reader *r = api_reader(a);
    if (!r)
        return api_no_store(c);
    int err = newest_collect(r, q.kind, q.from, q.to, q.limit, &page);
    if (err < 0) {
        api_reader_failed(a, err);
        return api_no_store(c);
    }
    return answer_page(a, c, &q, &page);
}
