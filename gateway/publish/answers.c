#include "publish/answers.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/err.h"
#include "publish/ack_message.h"
#include "sys/log.h"

static void tell_historian(struct session *s) {
    const struct publish_options *o = s->options;
    for (size_t i = 0; i < s->done.count; i++)
        o->ack(o->arg, MQTT_DEST, s->head.epoch, s->done.range[i].from, s->done.range[i].to);
    s->done.count = 0;
}

static void row_done(struct session *s, uint64_t seq) {
    atomic_fetch_add(&s->counters->acknowledged, 1);
    if (seq_ranges_add(&s->done, seq) == ERR_FULL) {
        tell_historian(s);
        seq_ranges_add(&s->done, seq);
    }
}

/* Gives what kind of row the token was for; 0 when for none. */
static unsigned take_sent(struct session *s, int token) {
    for (size_t i = 0; i < s->sent_count; i++) {
        if (s->sent[i].token != token)
            continue;
        unsigned kind = s->sent[i].kind;
        s->sent[i] = s->sent[--s->sent_count];
        return kind;
    }
    return 0;
}

/* One event when nobody listens, one when somebody does again. Each topic of records has its own
 * subscribers; events are not judged, or this one would raise and clear itself for ever. */
static void watch_subscriber(struct session *s, unsigned kind, int reason) {
    const struct publish_options *o = s->options;
    bool before = s->no_subscriber != 0;
    if (reason == PUBACK_NO_SUBSCRIBER)
        atomic_fetch_add(&s->counters->no_subscriber, 1);
    if (kind == 0 || kind == OUTBOX_EVENT || reason >= PUBACK_REFUSED)
        return;
    if (reason == PUBACK_NO_SUBSCRIBER)
        s->no_subscriber |= 1U << kind;
    else
        s->no_subscriber &= ~(1U << kind);
    bool nobody = s->no_subscriber != 0;
    if (nobody == before)
        return;
    log_warn("mqtt: %s", nobody ? "the broker has no subscriber for the records"
                                : "the records have a subscriber again");
    o->event(o->arg, "no_subscriber", "mqtt", "warning", nobody ? "raised" : "cleared",
             nobody ? "the broker accepts the records, but nobody is subscribed to them"
                    : "somebody is subscribed to the records again");
}

static bool first_time(struct session *s, uint64_t seq) {
    for (size_t i = 0; i < RAISED_MAX; i++) {
        if (s->raised[i] == seq)
            return false;
    }
    s->raised[s->raised_next] = seq;
    s->raised_next = (s->raised_next + 1) % RAISED_MAX;
    return true;
}

static void row_refused(struct session *s, uint64_t seq, int reason, bool passed) {
    const struct publish_options *o = s->options;
    if (atomic_fetch_add(&s->counters->refused, 1) == 0)
        log_warn("mqtt: the broker refused a message (seq %llu, reason 0x%02x); it stays and is "
                 "tried again; check the broker's access list and limits",
                 (unsigned long long)seq, (unsigned)reason);
    if ((reason != PUBACK_TOO_LARGE && reason != PUBACK_PAYLOAD_INVALID) || !first_time(s, seq))
        return;
    char note[160];
    snprintf(note, sizeof note, "the broker refuses the message with seq %llu: %s (0x%02x)",
             (unsigned long long)seq,
             reason == PUBACK_TOO_LARGE ? "packet too large" : "payload format invalid",
             (unsigned)reason);
    log_warn("mqtt: %s; it is %s", note,
             passed ? "left out of what is sent again" : "tried again every minute");
    o->event(o->arg, "message_refused", "mqtt", "warning", "raised", note);
}

static bool control_answered(struct session *s, int token) {
    for (size_t i = 0; i < s->control_count; i++) {
        if (s->control[i].token != token)
            continue;
        s->control[i] = s->control[--s->control_count];
        return true;
    }
    return false;
}

static void take_answer(struct session *s, int token, int reason, us_t now) {
    if (control_answered(s, token)) {
        if (reason >= PUBACK_REFUSED)
            log_error("mqtt: the broker refused a /status, /site or /cmd/reply message (0x%02x); "
                      "check its access list",
                      (unsigned)reason);
        return;
    }
    uint32_t random = 0; /* of a back-off */
    if (reason != PUBACK_OK && getrandom(&random, sizeof random, GRND_NONBLOCK) < 0)
        random = (uint32_t)now;
    unsigned kind = take_sent(s, token);
    uint64_t seq = 0;
    enum row_verdict verdict = lanes_answer(&s->lanes, token, reason, now, random, &seq);
    if (verdict == ROW_UNKNOWN)
        return;
    watch_subscriber(s, kind, reason);
    if (verdict == ROW_DONE)
        row_done(s, seq);
    if (reason >= PUBACK_REFUSED)
        row_refused(s, seq, reason, verdict == ROW_PASSED);
}

static void take_platform_ack(struct session *s, const struct inbox_item *item) {
    struct seq_range ranges[ACK_RANGES_MAX];
    int n = ERR_LIMIT;
    if (s->mqtt->ack != ACK_PLATFORM)
        return;
    if (item->payload && !item->retained &&
        (n = reader_head(s->reader, MQTT_DEST, &s->head)) == ERR_OK)
        n = ack_message_parse(item->payload, item->len, s->head.epoch, s->head.seq_head, ranges);
    else if (item->retained)
        n = ERR_REFUSED; /* old by nature: it may be of another life of the platform */
    if (n < 0) {
        if (s->bad_acks++ == 0)
            log_warn("mqtt: an /ack message was ignored (%s, %zu bytes); further ones are only "
                     "counted",
                     n == ERR_NOT_FOUND ? "another epoch" : err_str(n), item->len);
        return;
    }
    const struct publish_options *o = s->options;
    for (int i = 0; i < n; i++) {
        lanes_platform_ack(&s->lanes, ranges[i].from, ranges[i].to);
        o->ack(o->arg, MQTT_DEST, s->head.epoch, ranges[i].from, ranges[i].to);
        atomic_fetch_add(&s->counters->acknowledged, ranges[i].to - ranges[i].from + 1);
    }
}

bool answers_take(struct session *s, us_t now, const char **ret_why) {
    struct inbox_item item;
    bool connected = true;
    while (connected && inbox_take(mqtt_client_inbox(s->client), &item)) {
        switch (item.kind) {
        case INBOX_PUBLISHED:
            take_answer(s, item.token, item.reason, now);
            break;
        case INBOX_ACK:
            take_platform_ack(s, &item);
            break;
        case INBOX_COMMAND:
            commands_push(&s->commands, &item);
            break;
        case INBOX_ALERT:
            platform_alerts_push(&s->alerts, &item);
            break;
        case INBOX_LOST:
            connected = false;
            *ret_why = item.reason == 0x8e   ? "another client uses the same client id"
                       : item.reason == 0x8b ? "the broker shuts down"
                       : item.reason > 0     ? "the broker disconnected us"
                                             : "connection lost";
            break;
        }
        free(item.payload); /* NULL when it has none, or was taken over */
    }
    tell_historian(s);
    return connected;
}
