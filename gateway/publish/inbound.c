#include "publish/inbound.h"

#include "base/err.h"
#include "publish/session.h"
#include "sys/log.h"

int inbound_subscribe(struct session *s, const char *topic) {
    guard_enter(s->guard);
    int rc = mqtt_client_subscribe(s->client, topic);
    return guard_leave(s->guard) ? rc : ERR_CLOSED;
}

static bool is_due(const struct inbound *in, us_t now) {
    return !in->subscribed && now >= in->not_before;
}

/* False: the connection is lost. what: the messages, for people. */
static bool try_one(struct session *s, struct inbound *in, const char *topic, const char *what,
                    us_t now) {
    int rc = inbound_subscribe(s, topic);
    in->subscribed = rc == ERR_OK;
    if (rc == ERR_OK) {
        if (in->refused)
            log_info("mqtt: the broker allows the subscription to %s now", topic);
        in->refused = false;
        in->closed = 0;
        return true;
    }
    if (rc != ERR_REFUSED && ++in->closed < INBOUND_CLOSED_MAX)
        return false;
    in->not_before = now + INBOUND_RETRY_US;
    if (!in->refused)
        log_warn("mqtt: the broker %s the subscription to %s; the platform's %s cannot come, "
                 "the next try is in an hour; check its access list",
                 rc == ERR_REFUSED ? "refused" : "closed the connection on", topic, what);
    in->refused = true;
    return rc == ERR_REFUSED;
}

bool inbound_turn(struct session *s, us_t now) {
    if (is_due(&s->cmd, now) && !try_one(s, &s->cmd, s->topics->cmd, "commands", now))
        return false;
    /* a broker that closes on the one is not tried with the other */
    if (s->cmd.closed >= INBOUND_CLOSED_MAX)
        s->alert.not_before = s->cmd.not_before;
    return !is_due(&s->alert, now) || try_one(s, &s->alert, s->topics->alert, "alerts", now);
}

us_t inbound_due(const struct session *s) {
    us_t due = INT64_MAX;
    if (!s->cmd.subscribed)
        due = s->cmd.not_before;
    if (!s->alert.subscribed && s->alert.not_before < due)
        due = s->alert.not_before;
    return due;
}
