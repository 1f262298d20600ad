#include "publish/session.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "format/record.h"
#include "publish/answers.h"
#include "sys/clock.h"
#include "sys/log.h"

#define PAGES_A_TURN    64
#define GOODBYE_US      (400 * (us_t)US_PER_MS)
#define GOODBYE_STEP_US (5 * (us_t)US_PER_MS)
#define IDLE_US         (5 * (us_t)US_PER_S) /* looks at the outbox although nobody woke us */
#define LIVE_STALL_US   (10 * (us_t)US_PER_S)

int session_init(struct session *s) {
    s->body = malloc(ROW_BODY_MAX);
    if (!s->body)
        return ERR_NOMEM;
    lanes_init(&s->lanes, s->mqtt->ack, s->mqtt->backlog_per_s);
    return ERR_OK;
}

void session_fini(struct session *s) {
    commands_fini(&s->commands);
    platform_alerts_fini(&s->alerts);
    free(s->body);
}

static ms_t utc_ms(void) {
    return clock_now().utc_us / US_PER_MS;
}

void session_will(const struct session *s, struct buf *b, struct mqtt_message *ret) {
    status_body_write(b, s->options->site, s->options->version, false, utc_ms(), 0, &s->head);
    *ret = (struct mqtt_message){
        .topic = s->topics->status, .body = b->data, .len = b->len, .qos = 1, .retain = true};
}

/* After an error nothing but the session's own memory may be used: the thread may be abandoned. */
static int guarded_send(struct session *s, const struct mqtt_message *m, int *ret_token) {
    guard_enter(s->guard);
    int rc = mqtt_client_send(s->client, m, ret_token);
    return guard_leave(s->guard) ? rc : ERR_CLOSED;
}

static int send_control(struct session *s, const struct mqtt_message *m) {
    int token = 0;
    int rc = guarded_send(s, m, &token);
    if (rc == ERR_OK && s->control_count < CONTROL_MAX)
        s->control[s->control_count++] = (struct control){token, clock_now().mono_us};
    return rc;
}

static int send_status(struct session *s, bool online, ms_t since) {
    char memory[SMALL_BODY_MAX];
    struct buf b;
    buf_init(&b, memory, sizeof memory);
    status_body_write(&b, s->options->site, s->options->version, online, utc_ms(), since, &s->head);
    const struct mqtt_message m = {
        .topic = s->topics->status, .body = b.data, .len = b.len, .qos = 1, .retain = true};
    return send_control(s, &m);
}

static int send_site(struct session *s) {
    size_t len = 0;
    char *body = site_body_new(s->options->site, utc_ms(), &len);
    if (!body) {
        log_error(
            "mqtt: no memory for the /site message; it is left out until the next connection");
        return ERR_OK;
    }
    const struct mqtt_message m = {
        .topic = s->topics->site, .body = body, .len = len, .qos = 1, .retain = true};
    int rc = send_control(s, &m);
    free(body);
    return rc;
}

/* ---- the begin ------------------------------------------------------------- */

bool session_begin(struct session *s, uint32_t receive_max) {
    s->control_count = 0;
    s->sent_count = 0;
    s->live_at = 0;
    s->online_since = utc_ms();
    s->receive_max = receive_max;
    s->cmd.subscribed = s->alert.subscribed = false;
    /* status and site count in the broker's limit too */
    s->window = receive_max > LANES_WINDOW + CONTROL_MAX ? LANES_WINDOW
                : receive_max > CONTROL_MAX              ? receive_max - CONTROL_MAX
                                                         : 1;
    lanes_connected(&s->lanes, s->head.seq_head, s->window);
    replays_connected(&s->replays);
    if (s->mqtt->ack == ACK_PLATFORM) {
        int rc = inbound_subscribe(s, s->topics->ack);
        if (rc == ERR_CLOSED)
            return false;
        if (rc == ERR_REFUSED)
            log_error("mqtt: the broker refused the subscription to %s; rows stay until it allows "
                      "it (mqtt.ack is platform)",
                      s->topics->ack);
    }
    if (!inbound_turn(s, clock_now().mono_us)) /* before anybody sees us online */
        return false;
    return send_status(s, true, s->online_since) == ERR_OK && send_site(s) == ERR_OK;
}

/* ---- rows ------------------------------------------------------------------------------- */

/* Says the first failure in a row. */
static void note_reading(struct session *s, int rc) {
    if (rc < 0 && !s->read_failed)
        log_error("mqtt: cannot read the outbox: %s; trying every second", err_str(rc));
    s->read_failed = rc < 0;
}

static void read_lanes(struct session *s) {
    struct outbox_row rows[LANES_PAGE];
    enum lane_id lane;
    uint64_t after;
    for (int page = 0; page < PAGES_A_TURN && lanes_wants(&s->lanes, &lane, &after); page++) {
        int n = lane == LANE_REPLAY
                    ? reader_replay_rows(s->reader, &s->replays.range, after, rows, LANES_PAGE)
                    : reader_outbox(s->reader, MQTT_DEST, after, rows, LANES_PAGE);
        note_reading(s, n);
        if (n < 0)
            return;
        lanes_fill(&s->lanes, lane, rows, (size_t)n, LANES_PAGE);
    }
}

/* It rests; but a row that was asked for again must not hold up those behind it for ever. */
static void row_unreadable(struct session *s, uint64_t seq, int rc, us_t now) {
    bool for_good = s->lanes.taken == LANE_REPLAY && (rc == ERR_CORRUPT || rc == ERR_LIMIT);
    log_error("mqtt: row %llu of the outbox cannot be read: %s; %s", (unsigned long long)seq,
              err_str(rc),
              for_good ? "it is left out of what is sent again" : "trying again in a minute");
    if (!for_good)
        lanes_skip(&s->lanes, seq, now);
}

/* False: the connection is lost. A row that cannot be read rests. */
static bool send_row(struct session *s, const struct outbox_row *row, us_t now) {
    struct buf b;
    buf_init(&b, s->body, ROW_BODY_MAX);
    int rc = reader_body(s->reader, row, &b);
    if (rc == ERR_NOT_FOUND) {
        buf_reset(&b);
        tombstone_write(&b, s->head.epoch, row);
        rc = ERR_OK;
    }
    char topic[TOPIC_MAX];
    if (rc >= 0)
        rc = topic_write(topic, sizeof topic, s->options->site, outbox_topic(row->kind));
    if (rc >= 0 && !buf_ok(&b))
        rc = ERR_LIMIT;
    if (rc < 0) {
        row_unreadable(s, row->seq, rc, now);
        return true;
    }
    int token = 0;
    const struct mqtt_message m = {.topic = topic, .body = b.data, .len = b.len, .qos = 1};
    if (guarded_send(s, &m, &token) < 0)
        return false;
    lanes_sent(&s->lanes, row->seq, token, now);
    if (s->sent_count < LANES_WINDOW)
        s->sent[s->sent_count++] = (struct sent_row){token, row->kind};
    atomic_fetch_add(&s->counters->sent, 1);
    return true;
}

/* How far the range has come that is sent again, and the next one. */
static void turn_replays(struct session *s, bool rows) {
    bool through = replays_report(&s->replays, s->options, &s->lanes);
    if (rows || through)
        note_reading(s, replays_look(&s->replays, s->reader, MQTT_DEST, &s->lanes));
}

static bool send_rows(struct session *s, us_t now) {
    if (lanes_rewind_due(&s->lanes, now)) {
        int rc = reader_head(s->reader, MQTT_DEST, &s->head);
        note_reading(s, rc);
        if (rc < 0)
            return true;
        lanes_rewind(&s->lanes, s->head.seq_head, now);
    }
    struct outbox_row row;
    for (;;) {
        read_lanes(s);
        if (s->control_count > 0 && s->lanes.in_flight + 1 >= s->window)
            return true; /* status and site first */
        if (!lanes_next(&s->lanes, now, &row))
            return true;
        if (!send_row(s, &row, now))
            return false;
    }
}

/* ---- live, commands, turn, goodbye
 * ------------------------------------------------------------------ */

static us_t oldest_unanswered(const struct session *s) {
    us_t at = lanes_oldest_in_flight(&s->lanes);
    for (size_t i = 0; i < s->control_count; i++) {
        if (s->control[i].since < at)
            at = s->control[i].since;
    }
    return at;
}

static bool send_live(struct session *s, us_t now) {
    if (now < s->live_at)
        return true;
    s->live_at = now + (us_t)s->mqtt->live_s * US_PER_S;
    struct live_site l;
    live_get_site(s->options->live, &l);
    us_t oldest = oldest_unanswered(s);
    if (l.utc_ms == 0 || (oldest != INT64_MAX && now - oldest > LIVE_STALL_US))
        return true; /* nothing measured yet, or the broker takes nothing */
    char memory[SMALL_BODY_MAX];
    struct buf b;
    buf_init(&b, memory, sizeof memory);
    live_body_write(&b, s->options->site, &l);
    const struct mqtt_message m = {.topic = s->topics->live, .body = b.data, .len = b.len};
    return guarded_send(s, &m, NULL) == ERR_OK;
}

/* An order is executed only when its reply can go at once. False: the connection is lost. */
static bool run_commands(struct session *s) {
    while (commands_waiting(&s->commands) && s->control_count < CONTROL_MAX &&
           s->control_count + s->lanes.in_flight < s->receive_max) {
        char memory[COMMAND_REPLY_MAX];
        struct buf b;
        buf_init(&b, memory, sizeof memory);
        commands_run(&s->commands, s->options, clock_now().mono_us, utc_ms(), &b);
        assert(buf_ok(&b));
        const struct mqtt_message m = {
            .topic = s->topics->cmd_reply, .body = b.data, .len = b.len, .qos = 1};
        if (send_control(s, &m) < 0)
            return false;
    }
    return true;
}

static us_t earlier(us_t a, us_t b) {
    return a < b ? a : b;
}

/* A new store has another epoch: the connection begins anew, with another will and status. */
static bool store_stands(const struct session *s, const char **ret_why) {
    if (reader_damaged(s->reader))
        *ret_why = "the store is damaged";
    else if (reader_replaced(s->reader))
        *ret_why = "the store was replaced";
    else
        return true;
    return false;
}

bool session_turn(struct session *s, bool rows, us_t *ret_due, const char **ret_why) {
    us_t now = clock_now().mono_us;
    *ret_why = "connection lost";
    bool connected = answers_take(s, now, ret_why);
    /* the broker has them acknowledged: they are put on record though the connection is lost */
    us_t alerts_due = platform_alerts_run(&s->alerts, s->options, now);
    if (!connected)
        return false;
    us_t oldest = oldest_unanswered(s);
    if (oldest != INT64_MAX && now - oldest > ANSWER_LIMIT_US) {
        *ret_why = "the broker has not answered for 30 s";
        return false;
    }
    if (rows)
        lanes_wake(&s->lanes);
    turn_replays(s, rows);
    if (!inbound_turn(s, now))
        return false;
    if (!run_commands(s) || !send_live(s, now) || !store_stands(s, ret_why) || !send_rows(s, now))
        return false;
    if (!store_stands(s, ret_why))
        return false;
    atomic_store(&s->counters->in_flight, s->lanes.in_flight);
    us_t due = earlier(earlier(s->live_at, now + IDLE_US), earlier(alerts_due, inbound_due(s)));
    if (s->control_count == 0) /* else their answers wake us */
        due = earlier(due, lanes_due(&s->lanes));
    enum lane_id lane;
    uint64_t after;
    if (lanes_wants(&s->lanes, &lane, &after)) /* more to read than one turn may */
        due = now;
    oldest = oldest_unanswered(s);
    if (oldest != INT64_MAX)
        due = earlier(due, oldest + ANSWER_LIMIT_US + US_PER_MS);
    us_t soonest = now + (s->read_failed ? US_PER_S : US_PER_MS);
    if (due < soonest)
        due = soonest;
    *ret_due = due;
    return true;
}

void session_goodbye(struct session *s) {
    s->control_count = 0;
    const char *why = NULL;
    if (send_status(s, false, utc_ms()) < 0)
        return;
    us_t until = clock_now().mono_us + GOODBYE_US;
    us_t now;
    while ((now = clock_now().mono_us) < until && s->control_count > 0) {
        if (!answers_take(s, now, &why))
            return;
        platform_alerts_run(&s->alerts, s->options, now);
        clock_sleep_until(now + GOODBYE_STEP_US);
    }
    guard_enter(s->guard);
    mqtt_client_disconnect(s->client);
    guard_leave(s->guard);
}
