#include "publish/destination.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "publish/batch_body.h"
#include "sys/clock.h"
#include "sys/log.h"

#define PAGES_A_TURN 64
#define IDLE_US      (5 * (us_t)US_PER_S) /* looks at the outbox although nobody woke us */
#define STUCK_US     (600 * (us_t)US_PER_S)
#define KEY_MAX      192
#define TEXT(o)      https_answer_fit((o)->text, 200), (o)->text /* for "%.*s" */

static https_done_fn answered;

int destination_init(struct destination *d, const struct deliver_settings *s,
                     struct deliver_work *work) {
    memset(d, 0, sizeof *d);
    d->settings = s;
    d->work = work;
    d->memory.fd = -1;
    d->target = (struct https_target){.url = s->url,
                                      .url_key = "https",
                                      .ca_file = s->ca_file,
                                      .cert_file = s->cert_file,
                                      .key_file = s->key_file,
                                      .timeout_s = s->timeout_s};
    snprintf(d->stats.id, sizeof d->stats.id, "%s", s->id);
    batch_lanes_init(&d->lanes, s->batch, s->backlog_per_s);
    if (pthread_mutex_init(&d->lock, NULL) != 0)
        return ERR_NOMEM;
    int rc = https_request_init(&d->request, answered, d);
    if (rc < 0)
        pthread_mutex_destroy(&d->lock);
    return rc;
}

void destination_fini(struct destination *d) {
    https_request_fini(&d->request, d->work->multi);
    batch_memory_close(&d->memory);
    pthread_mutex_destroy(&d->lock);
}

void destination_stats(struct destination *d, struct deliver_stats *ret) {
    pthread_mutex_lock(&d->lock);
    *ret = d->stats;
    pthread_mutex_unlock(&d->lock);
}

static int failed_reading(struct destination *d, int rc) {
    if (rc < 0) {
        d->work->read_failed = true;
        log_error("deliver %s: cannot read the outbox: %s; trying every second", d->settings->id,
                  err_str(rc));
    }
    return rc;
}

/* ---- the fixed batches --------------------------------------------------------------------- */

static void report_memory(struct destination *d, int rc) {
    if (rc < 0 && !d->memory_failed)
        log_warn("deliver %s: %s cannot be written: %s; it delivers all the same, but after a "
                 "restart the last batches may be cut another way; check the disk",
                 d->settings->id, d->memory.path ? d->memory.path : "its file of batches",
                 rc == ERR_NOMEM ? err_str(rc) : strerror(errno));
    d->memory_failed = rc < 0;
}

/* The answer came, and then the gateway went down before the cursor was on disk. */
static void acknowledge_again(const struct destination *d) {
    const struct deliver_options *o = d->work->options;
    for (size_t i = 0; i < d->lanes.fixed.count; i++) {
        const struct batch *b = &d->lanes.fixed.batch[i];
        if (b->accepted)
            o->ack(o->arg, d->settings->id, d->work->epoch, b->from, b->to);
    }
}

/* The first turn with this store: what was fixed before the restart is fixed again. */
static int begin(struct destination *d) {
    struct outbox_head head;
    if (failed_reading(d, reader_head(d->work->reader, d->settings->id, &head)) < 0)
        return ERR_IO;
    struct batch_list kept;
    batch_memory_close(&d->memory);
    int rc = batch_memory_open(&d->memory, d->work->options->site->store.path, d->settings->id,
                               d->work->epoch, &kept);
    report_memory(d, rc);
    batch_lanes_init(&d->lanes, d->settings->batch, d->settings->backlog_per_s);
    d->lanes.fixed = kept;
    batch_lanes_start(&d->lanes, head.seq_head);
    d->epoch = d->work->epoch;
    d->stuck_at = INT64_MAX;
    acknowledge_again(d);
    return ERR_OK;
}

/* Accepted batches whose acknowledgement is on disk need not be remembered any more. When one stays
 * for ten minutes the cursor had no room for it: its rows come up again. */
static int forget_stored(struct destination *d, us_t now) {
    bool waiting = false;
    for (size_t i = d->lanes.fixed.count; i-- > 0;) {
        struct batch *b = &d->lanes.fixed.batch[i];
        struct outbox_row row;
        if (!b->accepted)
            continue;
        int n = reader_outbox(d->work->reader, d->settings->id, b->from - 1, &row, 1);
        if (failed_reading(d, n) < 0)
            return n;
        if (n == 0 || row.seq > b->to || now >= d->stuck_at)
            batch_lanes_forget(&d->lanes, b);
        else
            waiting = true;
    }
    if (now >= d->stuck_at)
        batch_lanes_start(&d->lanes, d->lanes.lane[BATCH_BACKLOG].limit);
    if (!waiting || now >= d->stuck_at)
        d->stuck_at = INT64_MAX;
    else if (d->stuck_at == INT64_MAX)
        d->stuck_at = now + STUCK_US;
    return ERR_OK;
}

/* The rows of a fixed batch into work->rows: their number; 0 when some are no longer to be sent,
 * and it is forgotten. */
static int read_fixed(struct destination *d, struct batch *b) {
    struct deliver_work *w = d->work;
    uint64_t want = b->to - b->from + 1;
    int n = 0;
    if (want <= w->rows_cap)
        n = reader_outbox(w->reader, d->settings->id, b->from - 1, w->rows, (size_t)want);
    if (failed_reading(d, n) < 0)
        return n;
    if ((uint64_t)n == want && w->rows[n - 1].seq == b->to)
        return n;
    batch_lanes_forget(&d->lanes, b);
    batch_lanes_start(&d->lanes, d->lanes.lane[BATCH_BACKLOG].limit);
    return 0;
}

/* A row that cannot be read here rests; the others go on. */
static void rest_unreadable(struct destination *d, struct batch *b, uint64_t seq, int rc,
                            us_t now) {
    log_error("deliver %s: row %" PRIu64 " of the outbox cannot be read: %s; trying again later",
              d->settings->id, seq, err_str(rc));
    if (!batch_lanes_rest(&d->lanes, b, seq, true, now))
        d->not_before = now + IDLE_US;
}

/* The text of an open batch into text; false: it was changed, look again. */
static bool write_fixed(struct destination *d, struct batch *b, struct buf *text, us_t now) {
    struct deliver_work *w = d->work;
    int n = read_fixed(d, b);
    if (n <= 0)
        return false;
    buf_init(text, w->text, BATCH_TEXT_MAX);
    int done = batch_body_write(w->reader, w->epoch, w->rows, (size_t)n, w->line, text);
    if (done < n) {
        rest_unreadable(d, b, w->rows[done < 0 ? 0 : done].seq, done < 0 ? done : ERR_LIMIT, now);
        return false;
    }
    d->rows_sent = (size_t)n;
    return true;
}

/* Cuts a new batch out of what a lane offers. False: there is none now. */
static bool cut_batch(struct destination *d, us_t now) {
    struct deliver_work *w = d->work;
    enum batch_lane_id lane;
    uint64_t after;
    size_t first = 0, count = 0;
    for (int page = 0; page < PAGES_A_TURN; page++) {
        if (!batch_lanes_wants(&d->lanes, now, &lane, &after))
            return false;
        int n = reader_outbox(w->reader, d->settings->id, after, w->rows, w->rows_cap);
        if (failed_reading(d, n) < 0)
            return false;
        if (batch_lanes_take(&d->lanes, lane, w->rows, (size_t)n, w->rows_cap, &first, &count) !=
            TAKE_BATCH)
            continue;
        struct buf text;
        buf_init(&text, w->text, BATCH_TEXT_MAX);
        const struct outbox_row *rows = w->rows + first;
        int done = batch_body_write(w->reader, w->epoch, rows, count, w->line, &text);
        uint64_t to = rows[done <= 0 ? 0 : done - 1].seq;
        batch_lanes_fix(&d->lanes, lane, rows[0].seq, to, now);
        return true;
    }
    return false;
}

/* ---- sending ------------------------------------------------------------------------------- */

static void note_failure(struct destination *d, const char *why) {
    pthread_mutex_lock(&d->lock);
    d->stats.failures++;
    d->stats.connected = false;
    snprintf(d->stats.last_error, sizeof d->stats.last_error, "%.*s",
             https_answer_fit(why, DELIVER_WHY_MAX - 1), why);
    pthread_mutex_unlock(&d->lock);
}

/* The whole batch again, later. One line for the first failure and for each new reason. */
static void fail(struct destination *d, const char *why, int64_t retry_after_s, us_t now) {
    uint32_t random = (uint32_t)clock_now().utc_us * 2654435761U;
    us_t pause = https_answer_pause(backoff_fail(&d->backoff, random), retry_after_s);
    d->not_before = now + pause;
    d->failing = true;
    note_failure(d, why);
    if (strcmp(d->last_why, why) == 0)
        return;
    snprintf(d->last_why, sizeof d->last_why, "%s", why);
    log_warn("deliver %s: not delivered to %s: %s; next try in %.1f s, then up to %d s apart",
             d->settings->id, d->settings->host, why, (double)pause / US_PER_S,
             (int)(BACKOFF_LAST_US / US_PER_S));
}

static void send_batch(struct destination *d, const struct batch *b, const struct buf *text,
                       us_t now) {
    struct deliver_work *w = d->work;
    const struct site *site = w->options->site;
    char key[KEY_MAX], coding[40], why[HTTPS_WHY_MAX];
    const char *encoding = batch_encoding_name(d->settings->compression);
    snprintf(key, sizeof key, "Idempotency-Key: %s/%s/%" PRId64 "/%" PRIu64 "-%" PRIu64, site->id,
             site->gateway, w->epoch, b->from, b->to);
    snprintf(coding, sizeof coding, "Content-Encoding: %s", encoding ? encoding : "");
    const char *const headers[] = {"Content-Type: application/x-ndjson", key,
                                   encoding ? coding : NULL, NULL};
    size_t len = 0;
    char *body = batch_body_encode(d->settings->compression, text->data, text->len, &len);
    if (!body) {
        fail(d, err_str(ERR_NOMEM), 0, now);
        return;
    }
    report_memory(d, batch_memory_save(&d->memory, w->epoch, &d->lanes.fixed));
    const struct https_post post = {.to = &d->target,
                                    .headers = headers,
                                    .token_file = d->settings->token_file,
                                    .body = body,
                                    .len = len};
    if (https_request_start(&d->request, w->multi, &post, w->options->version, why) < 0)
        fail(d, why, 0, now);
}

static void count_backlog(struct destination *d, us_t now) {
    struct outbox_head head;
    if (failed_reading(d, reader_head(d->work->reader, d->settings->id, &head)) < 0)
        return;
    d->figures_at = now + IDLE_US;
    pthread_mutex_lock(&d->lock);
    d->stats.unacked = head.unacked;
    d->stats.oldest_unacked_utc_ms = head.oldest_unacked_utc_ms;
    d->stats.resting = (uint32_t)d->lanes.resting_count;
    pthread_mutex_unlock(&d->lock);
}

static us_t earlier(us_t a, us_t b) {
    return a < b ? a : b;
}

/* Nothing may be sent now: when to look again. */
static us_t idle(struct destination *d, us_t now, us_t until) {
    if (!d->work->read_failed && now >= d->figures_at)
        count_backlog(d, now);
    return earlier(until, now + IDLE_US);
}

us_t destination_turn(struct destination *d, us_t now, bool rows) {
    if (rows) {
        batch_lanes_wake(&d->lanes);
        d->figures_at = now;
    }
    if (d->epoch != d->work->epoch && !d->request.active && begin(d) < 0)
        return now + US_PER_S;
    if (d->request.active || now < d->not_before)
        return idle(d, now, d->request.active ? INT64_MAX : d->not_before);
    if (forget_stored(d, now) < 0)
        return now + US_PER_S;
    for (int round = 0; round < PAGES_A_TURN && !d->work->read_failed; round++) {
        struct batch *b = batch_lanes_open(&d->lanes);
        struct buf text;
        if (now < d->not_before)
            break;
        if (b && write_fixed(d, b, &text, now)) {
            send_batch(d, b, &text, now);
            return idle(d, now, INT64_MAX);
        }
        if (!b && (batch_lanes_full(&d->lanes) ||
                   (!batch_lanes_retry(&d->lanes, now) && !cut_batch(d, now))))
            break;
    }
    us_t due = batch_lanes_due(&d->lanes);
    enum batch_lane_id lane;
    uint64_t after;
    if (batch_lanes_full(&d->lanes))
        due = now + US_PER_S; /* until acknowledgements are on disk */
    else if (batch_lanes_wants(&d->lanes, now, &lane, &after))
        due = now; /* more to read than one turn may */
    else if (due < now)
        due = now + US_PER_S;
    return idle(d, now, due);
}

/* ---- answers ------------------------------------------------------------------------------- */

static void raise_refused(struct destination *d, uint64_t seq, const struct https_outcome *o) {
    char note[300];
    snprintf(note, sizeof note, "%s refuses the message with seq %" PRIu64 " (status %ld): %.*s",
             d->settings->host, seq, o->status, TEXT(o));
    log_warn("deliver %s: %s; it is tried again after a minute, then up to an hour apart, the "
             "others go on",
             d->settings->id, note);
    const struct deliver_options *opt = d->work->options;
    if (d->lanes.resting_count == 1)
        opt->event(opt->arg, "message_refused", d->settings->id, "warning", "raised", note);
}

static void accepted(struct destination *d, struct batch *b) {
    struct deliver_work *w = d->work;
    const struct deliver_options *o = w->options;
    size_t resting = d->lanes.resting_count;
    struct outbox_head head;
    o->ack(o->arg, d->settings->id, w->epoch, b->from, b->to);
    batch_lanes_accepted(&d->lanes, b);
    backoff_reset(&d->backoff);
    if (d->failing || !d->delivered)
        log_info("deliver %s: delivers to %s", d->settings->id, d->settings->host);
    if (d->failing && reader_head(w->reader, d->settings->id, &head) == ERR_OK)
        batch_lanes_start(&d->lanes, head.seq_head); /* what came meanwhile is backlog */
    d->failing = false;
    d->delivered = true;
    d->last_why[0] = '\0';
    if (resting > 0 && d->lanes.resting_count == 0)
        o->event(o->arg, "message_refused", d->settings->id, "warning", "cleared",
                 "every message that was refused has been accepted");
    pthread_mutex_lock(&d->lock);
    d->stats.connected = true;
    d->stats.last_ok_utc_ms = clock_now().utc_us / US_PER_MS;
    d->stats.rows += d->rows_sent;
    d->stats.batches++;
    d->stats.last_error[0] = '\0';
    pthread_mutex_unlock(&d->lock);
}

static void refuse_row(struct destination *d, struct batch *b, const struct https_outcome *o,
                       us_t now) {
    char why[HTTPS_WHY_MAX];
    uint64_t seq = b->from;
    size_t before = d->lanes.resting_count;
    if (!batch_lanes_rest(&d->lanes, b, seq, false, now)) {
        snprintf(why, sizeof why,
                 "it refuses row after row (status %ld): %.*s; ask its operator what it takes",
                 o->status, TEXT(o));
        fail(d, why, o->retry_after_s, now);
        return;
    }
    snprintf(why, sizeof why, "status %ld: %.*s", o->status, TEXT(o));
    note_failure(d, why);
    if (d->lanes.resting_count > before)
        raise_refused(d, seq, o);
}

/* 413: smaller ones from now on. 400, 422: which row is it? */
static void halve(struct destination *d, struct batch *b, const struct https_outcome *o, us_t now) {
    uint64_t from = b->from, to = b->to;
    if (from == to) {
        refuse_row(d, b, o, now);
        return;
    }
    char why[HTTPS_WHY_MAX];
    snprintf(why, sizeof why, "status %ld: %.*s", o->status, TEXT(o));
    if (!batch_lanes_split(&d->lanes, b)) {
        fail(d, why, o->retry_after_s, now);
        return;
    }
    note_failure(d, why);
    uint32_t half = (uint32_t)((to - from + 2) / 2);
    if (o->status == 413 && half < d->lanes.rows_max) {
        d->lanes.rows_max = half;
        log_warn("deliver %s: %s takes no %" PRIu64 " rows at once (413); sends at most %u until "
                 "the next reload; a batch of that size in the site file spares the try",
                 d->settings->id, d->settings->host, to - from + 1, half);
    } else if (o->status != 413) {
        log_debug("deliver %s: status %ld for rows %" PRIu64 " to %" PRIu64 ", halved",
                  d->settings->id, o->status, from, to);
    }
}

static void wait_and_retry(struct destination *d, const struct https_outcome *o, us_t now) {
    char why[HTTPS_WHY_MAX], advice[HTTPS_WHY_MAX / 2];
    if (o->status == 0) {
        fail(d, o->why, o->retry_after_s, now);
        return;
    }
    https_answer_advice(o->status, d->settings->token_file, advice, sizeof advice);
    snprintf(why, sizeof why, "status %ld%s%.*s: %s", o->status, o->text[0] ? ", " : "", TEXT(o),
             advice);
    fail(d, why, o->retry_after_s, now);
}

static void answered(void *arg, CURLcode code, us_t now) {
    struct destination *d = arg;
    struct https_outcome o;
    https_request_end(&d->request, d->work->multi, &d->target, code, &o);
    struct batch *b = batch_lanes_open(&d->lanes); /* the one that was sent: the first */
    if (!b)
        return;
    switch (o.status == 0 ? ANSWER_LATER : https_answer_verdict(o.status)) {
    case ANSWER_ACCEPTED:
        accepted(d, b);
        break;
    case ANSWER_TOO_LARGE:
    case ANSWER_BAD_ROW:
        halve(d, b, &o, now);
        break;
    case ANSWER_LATER:
        wait_and_retry(d, &o, now);
        break;
    }
}
