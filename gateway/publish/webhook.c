#include "publish/webhook.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "alert/alert.h"
#include "base/err.h"
#include "format/notice_body.h"
#include "publish/notice_read.h"
#include "publish/webhook_send.h"
#include "sys/clock.h"
#include "sys/log.h"

#define PAGES_A_TURN 64
#define IDLE_US      (5 * (us_t)US_PER_S)
#define HELD_US      (1 * (us_t)US_PER_S)  /* looks whether quiet hours are over */
#define ACK_US       (60 * (us_t)US_PER_S) /* of rows that are no alerts: spares the flash */

static https_done_fn answered;

int webhook_init(struct webhook *w, const struct webhook_settings *s, struct deliver_work *work) {
    memset(w, 0, sizeof *w);
    w->settings = s;
    w->work = work;
    snprintf(w->stats.id, sizeof w->stats.id, "%s", s->id);
    snprintf(w->host, sizeof w->host, "its receiver");
    if (pthread_mutex_init(&w->lock, NULL) != 0)
        return ERR_NOMEM;
    int rc = https_request_init(&w->request, answered, w);
    if (rc < 0)
        pthread_mutex_destroy(&w->lock);
    return rc;
}

void webhook_fini(struct webhook *w) {
    https_request_fini(&w->request, w->work->multi);
    explicit_bzero(w->secret_part, sizeof w->secret_part);
    pthread_mutex_destroy(&w->lock);
}

void webhook_stats(struct webhook *w, struct webhook_stats *ret) {
    pthread_mutex_lock(&w->lock);
    *ret = w->stats;
    pthread_mutex_unlock(&w->lock);
}

static int failed_reading(struct webhook *w, int rc) {
    if (rc < 0) {
        w->work->read_failed = true;
        log_error("webhook %s: cannot read the outbox: %s; trying every second", w->settings->id,
                  err_str(rc));
    }
    return rc;
}

static void acknowledge(void *arg, uint64_t from, uint64_t to) {
    const struct webhook *w = arg;
    const struct deliver_options *o = w->work->options;
    if (from <= to)
        o->ack(o->arg, w->settings->cursor, w->epoch, from, to);
}

/* ---- looking for alerts ---------------------------------------------------------------------- */

static bool is_wanted(const struct webhook_settings *s, const struct notice *n) {
    bool named = s->rule_count == 0;
    for (size_t i = 0; !named && i < s->rule_count; i++)
        named = strcmp(s->rules[i], n->rule) == 0;
    return named && (int)n->severity >= s->min_severity && notice_state_is_told(n->state);
}

/* A row that cannot be read as an event of an alert is none. */
static int look(struct webhook *w, const struct outbox_row *row) {
    struct buf b;
    struct notice n;
    json_t *json = NULL;
    webhook_queue_see(&w->queue, row->seq);
    if (row->kind != OUTBOX_EVENT)
        return ERR_OK;
    buf_init(&b, w->work->line, BATCH_LINE_MAX);
    int rc = reader_body(w->work->reader, row, &b);
    if (rc < 0)
        return rc == ERR_NOT_FOUND || rc == ERR_LIMIT ? ERR_OK : failed_reading(w, rc);
    if (!notice_read(b.data, b.len, &n, &json))
        return ERR_OK;
    if (is_wanted(w->settings, &n))
        webhook_queue_put(&w->queue, row, n.at, (uint8_t)n.severity);
    json_decref(json);
    return ERR_OK;
}

static void scan(struct webhook *w) {
    struct deliver_work *work = w->work;
    w->unread = true;
    for (int page = 0; page < PAGES_A_TURN && !webhook_queue_full(&w->queue); page++) {
        int n = reader_outbox(work->reader, w->settings->cursor, w->queue.scanned, work->rows,
                              work->rows_cap);
        if (failed_reading(w, n) < 0)
            return;
        for (int i = 0; i < n; i++) {
            if (webhook_queue_full(&w->queue) || look(w, &work->rows[i]) < 0)
                return;
        }
        if (n == 0) {
            w->unread = false;
            return;
        }
    }
}

/* The first turn with this store. */
static void begin(struct webhook *w) {
    webhook_queue_init(&w->queue);
    w->epoch = w->work->epoch;
    w->acknowledged = 0;
    w->unread = true;
}

/* What is done at the beginning of the outbox, now and then. */
static void acknowledge_floor(struct webhook *w, us_t now) {
    uint64_t floor = webhook_queue_floor(&w->queue);
    if (now < w->ack_at || floor <= w->acknowledged)
        return;
    acknowledge(w, 1, floor);
    w->acknowledged = floor;
    w->ack_at = now + ACK_US;
}

/* ---- sending --------------------------------------------------------------------------------- */

static void note_failure(struct webhook *w, const char *why) {
    pthread_mutex_lock(&w->lock);
    w->stats.failures++;
    w->stats.connected = false;
    snprintf(w->stats.last_error, sizeof w->stats.last_error, "%.*s",
             https_answer_fit(why, DELIVER_WHY_MAX - 1), why);
    pthread_mutex_unlock(&w->lock);
}

/* The same again, later. One line for the first failure and for each new kind of it. */
static void fail(struct webhook *w, enum webhook_verdict v, long code, const char *why,
                 int64_t retry_after_s, us_t now) {
    uint32_t random = (uint32_t)clock_now().utc_us * 2654435761U;
    us_t own = webhook_answer_pause(w->settings->kind, v, backoff_fail(&w->backoff, random));
    us_t pause = https_answer_pause(own, retry_after_s);
    bool known = w->failing && w->last_verdict == (int)v && w->last_code == code;
    w->not_before = now + pause;
    w->failing = true;
    w->last_verdict = (int)v;
    w->last_code = code;
    w->refusals += v == WEBHOOK_REFUSED;
    note_failure(w, why);
    if (!known)
        log_warn("webhook %s: nothing told to %s: %s; %zu alerts wait, next try in %.0f s",
                 w->settings->id, w->host, why, w->queue.count, (double)pause / US_PER_S);
}

static void count_told(struct webhook *w) {
    pthread_mutex_lock(&w->lock);
    w->stats.connected = true;
    w->stats.messages++;
    w->stats.alerts += w->plan.told + w->plan.late;
    w->stats.last_error[0] = '\0';
    pthread_mutex_unlock(&w->lock);
}

static void taken(struct webhook *w) {
    if (w->failing || !w->told)
        log_info("webhook %s: tells %s of alerts", w->settings->id, w->host);
    count_told(w);
    webhook_queue_done(&w->queue, acknowledge, w);
    backoff_reset(&w->backoff);
    w->failing = false;
    w->told = true;
    w->refusals = 0;
}

static void answered(void *arg, CURLcode code, us_t now) {
    struct webhook *w = arg;
    struct https_outcome o;
    char why[HTTPS_WHY_MAX];
    long robot_code = 0;
    https_request_end(&w->request, w->work->multi, &w->target, code, &o);
    if (o.status == 0) {
        fail(w, WEBHOOK_LATER, -(long)code, o.why, o.retry_after_s, now);
        return;
    }
    enum webhook_kind kind = w->settings->kind;
    enum webhook_verdict v =
        webhook_answer_verdict(kind, o.status, o.kept, o.kept_len, &robot_code);
    if (v == WEBHOOK_TAKEN) {
        taken(w);
        return;
    }
    bool repeats = strlen(w->secret_part) >= 6 && strstr(o.text, w->secret_part) != NULL;
    const char *text = repeats ? "(it repeats its address)" : o.text;
    snprintf(why, sizeof why, "status %ld, %.*s: %s", o.status, https_answer_fit(text, 200), text,
             webhook_answer_advice(kind, v));
    fail(w, v, robot_code, why, o.retry_after_s, now);
}

/* True: a message is on its way. */
static bool send_next(struct webhook *w, us_t now) {
    const struct notify_settings *n = &w->work->options->site->notify;
    ms_t utc = clock_now().utc_us / US_PER_MS;
    char why[HTTPS_WHY_MAX];
    const struct webhook_terms terms = {
        .quiet = n->quiet,
        .quiet_count = n->quiet_count,
        .now = utc,
        .utc_offset_s = clock_utc_offset_s(utc),
        .room = webhook_rate_room(&w->rate, w->settings->per_minute, now),
        .rows_max = NOTICE_ROWS_MAX};
    if (!webhook_queue_plan(&w->queue, &terms, &w->plan))
        return false;
    int rc = webhook_send(w, why);
    if (rc == ERR_OK)
        webhook_rate_note(&w->rate, now);
    else if (rc == ERR_NOT_FOUND)
        webhook_queue_done(&w->queue, acknowledge, w);
    else
        fail(w, WEBHOOK_LATER, rc, why, 0, now);
    return rc == ERR_OK;
}

static void count_waiting(struct webhook *w) {
    pthread_mutex_lock(&w->lock);
    w->stats.waiting = w->queue.count;
    w->stats.oldest_utc_ms = w->queue.count > 0 ? w->queue.item[0].at : 0;
    pthread_mutex_unlock(&w->lock);
}

us_t webhook_turn(struct webhook *w, us_t now, bool rows) {
    if (w->epoch != w->work->epoch && !w->request.active)
        begin(w);
    if (w->epoch == w->work->epoch && (rows || w->unread))
        scan(w);
    acknowledge_floor(w, now);
    us_t due = webhook_rate_due(&w->rate, w->settings->per_minute, now);
    due = due > w->not_before ? due : w->not_before;
    bool sends = !w->work->read_failed && !w->request.active && now >= due && send_next(w, now);
    count_waiting(w);
    if (sends || w->request.active || w->queue.count == 0)
        return now + IDLE_US;
    return due > now && due < now + HELD_US ? due : now + HELD_US;
}
