#include "publish/lanes.h"

#include <string.h>

#define REST_US (60 * (us_t)US_PER_S)

void lanes_init(struct lanes *l, enum ack_mode mode, uint32_t backlog_per_s) {
    memset(l, 0, sizeof *l);
    l->mode = mode;
    l->backlog_per_s = backlog_per_s;
    lanes_connected(l, 0, LANES_WINDOW);
}

static void lane_start(struct lane *n, uint64_t after, uint64_t limit) {
    n->after = after;
    n->limit = limit;
    n->at = 0;
    n->pos = n->count = 0;
    n->drained = after >= limit;
}

static void lanes_start(struct lanes *l, uint64_t seq_head) {
    lane_start(&l->lane[LANE_EVENTS], 0, UINT64_MAX);
    lane_start(&l->lane[LANE_NEW], seq_head, UINT64_MAX);
    lane_start(&l->lane[LANE_BACKLOG], 0, seq_head);
}

void lanes_connected(struct lanes *l, uint64_t seq_head, uint32_t window) {
    l->tracked_count = 0;
    l->in_flight = 0;
    l->window = window < 1 ? 1 : window > LANES_WINDOW ? LANES_WINDOW : window;
    l->paused_until = 0;
    backoff_reset(&l->backoff);
    lanes_start(l, seq_head);
    lane_start(&l->lane[LANE_REPLAY], 0, 0);
}

void lanes_wake(struct lanes *l) {
    l->lane[LANE_EVENTS].drained = false;
    l->lane[LANE_NEW].drained = false;
}

bool lanes_wants(const struct lanes *l, enum lane_id *ret_lane, uint64_t *ret_after) {
    for (int i = 0; i < LANE_COUNT; i++) {
        const struct lane *n = &l->lane[i];
        if (n->pos < n->count || n->drained)
            continue;
        *ret_lane = (enum lane_id)i;
        *ret_after = n->after;
        return true;
    }
    return false;
}

void lanes_fill(struct lanes *l, enum lane_id lane, const struct outbox_row *rows, size_t n,
                size_t cap) {
    struct lane *to = &l->lane[lane];
    to->pos = to->count = 0;
    for (size_t i = 0; i < n; i++) {
        if (rows[i].seq > to->limit) {
            to->drained = true;
            return;
        }
        bool wanted =
            lane == LANE_REPLAY || (rows[i].kind == OUTBOX_EVENT) == (lane == LANE_EVENTS);
        if (wanted && to->count == LANES_BUFFER)
            return; /* this row is read again when the buffer is empty */
        if (wanted)
            to->row[to->count++] = rows[i];
        to->after = rows[i].seq;
    }
    to->drained = n < cap || to->after >= to->limit;
}

static struct tracked *tracked_find(struct lanes *l, uint64_t seq) {
    for (size_t i = 0; i < l->tracked_count; i++) {
        if (l->tracked[i].seq == seq)
            return &l->tracked[i];
    }
    return NULL;
}

static void tracked_remove(struct lanes *l, struct tracked *t) {
    *t = l->tracked[--l->tracked_count];
}

/* ---- the range that is sent again --------------------------------------------------------- */

/* Every row up to it was taken. */
static uint64_t replay_taken(const struct lane *n) {
    if (n->pos < n->count)
        return n->row[n->pos].seq - 1;
    return n->drained ? n->limit : n->after;
}

/* The row of that seq, and all behind it, are taken once more. */
static void replay_step_back(struct lanes *l, uint64_t seq) {
    struct lane *n = &l->lane[LANE_REPLAY];
    if (seq > replay_taken(n))
        return;
    n->pos = n->count = 0;
    n->after = seq - 1;
    n->drained = false;
}

static size_t replay_open(const struct lanes *l) {
    size_t open = 0;
    for (size_t i = 0; i < l->tracked_count; i++)
        open += l->tracked[i].again;
    return open;
}

void lanes_replay(struct lanes *l, uint64_t done, uint64_t to) {
    lane_start(&l->lane[LANE_REPLAY], done, to);
}

void lanes_replay_widen(struct lanes *l, uint64_t to) {
    struct lane *n = &l->lane[LANE_REPLAY];
    if (n->drained)
        n->after = n->limit;
    n->limit = to;
    n->drained = n->after >= to;
}

uint64_t lanes_replay_done(const struct lanes *l) {
    uint64_t done = replay_taken(&l->lane[LANE_REPLAY]);
    for (size_t i = 0; i < l->tracked_count; i++)
        if (l->tracked[i].again && l->tracked[i].seq <= done)
            done = l->tracked[i].seq - 1;
    return done;
}

/* ---- what goes next ----------------------------------------------------------------------- */

/* Rows that nobody waits for go at the settable rate. */
static bool may_go(struct lanes *l, enum lane_id id, us_t now) {
    struct lane *n = &l->lane[id];
    if (id < LANE_BACKLOG)
        return true;
    if (now < n->at || (id == LANE_REPLAY && replay_open(l) >= LANES_AGAIN))
        return false;
    if (l->backlog_per_s > 0)
        n->at = now + US_PER_S / l->backlog_per_s;
    return true;
}

bool lanes_next(struct lanes *l, us_t now, struct outbox_row *ret_row) {
    if (now < l->paused_until || l->in_flight >= l->window || l->tracked_count == LANES_TRACKED)
        return false;
    for (int i = 0; i < LANE_COUNT; i++) {
        struct lane *n = &l->lane[i];
        while (n->pos < n->count && tracked_find(l, n->row[n->pos].seq))
            n->pos++;
        if (n->pos == n->count || !may_go(l, (enum lane_id)i, now))
            continue;
        l->taken = (enum lane_id)i;
        *ret_row = n->row[n->pos++];
        return true;
    }
    return false;
}

static void track(struct lanes *l, struct tracked t) {
    struct tracked *old = tracked_find(l, t.seq);
    if (!old)
        old = &l->tracked[l->tracked_count++]; /* lanes_next() left room */
    *old = t;
}

void lanes_sent(struct lanes *l, uint64_t seq, int token, us_t now) {
    track(l, (struct tracked){.seq = seq,
                              .since = now,
                              .until = INT64_MAX,
                              .token = token,
                              .state = TRACK_IN_FLIGHT,
                              .again = l->taken == LANE_REPLAY});
    l->in_flight++;
}

void lanes_skip(struct lanes *l, uint64_t seq, us_t now) {
    if (l->taken == LANE_REPLAY) {
        replay_step_back(l, seq);
        l->lane[LANE_REPLAY].at = now + REST_US;
        return;
    }
    track(l, (struct tracked){
                 .seq = seq, .since = now, .until = now + REST_US, .state = TRACK_RESTING});
}

static enum row_verdict leave(struct lanes *l, struct tracked *t, int reason, us_t now,
                              uint32_t random) {
    bool its_own = reason == PUBACK_TOO_LARGE || reason == PUBACK_PAYLOAD_INVALID;
    if (its_own && t->again) {
        tracked_remove(l, t);
        return ROW_PASSED;
    }
    if (its_own) {
        /* this row is the trouble, the others go on */
        t->state = TRACK_RESTING;
        t->until = now + REST_US;
        return ROW_LEFT;
    }
    if (t->again)
        replay_step_back(l, t->seq);
    tracked_remove(l, t);
    if (now >= l->paused_until) /* one step for all answers of one round */
        l->paused_until = now + backoff_fail(&l->backoff, random);
    return ROW_LEFT;
}

enum row_verdict lanes_answer(struct lanes *l, int token, int reason, us_t now, uint32_t random,
                              uint64_t *ret_seq) {
    struct tracked *t = NULL;
    for (size_t i = 0; i < l->tracked_count && !t; i++) {
        if (l->tracked[i].state == TRACK_IN_FLIGHT && l->tracked[i].token == token)
            t = &l->tracked[i];
    }
    if (!t)
        return ROW_UNKNOWN;
    l->in_flight--;
    *ret_seq = t->seq;
    if (reason >= PUBACK_REFUSED)
        return leave(l, t, reason, now, random);
    if (l->mode == ACK_PLATFORM && t->platform_acked) {
        tracked_remove(l, t);
        backoff_reset(&l->backoff);
        return ROW_AWAITING; /* what it waits for has come */
    }
    if (l->mode == ACK_PLATFORM) {
        t->state = TRACK_AWAITING_PLATFORM;
        t->until = now + LANES_RESEND_US;
        backoff_reset(&l->backoff);
        return ROW_AWAITING;
    }
    if (l->mode == ACK_SUBSCRIBER && reason == PUBACK_NO_SUBSCRIBER)
        return leave(l, t, reason, now, random);
    tracked_remove(l, t);
    backoff_reset(&l->backoff);
    return ROW_DONE;
}

void lanes_platform_ack(struct lanes *l, uint64_t from, uint64_t to) {
    for (size_t i = l->tracked_count; i-- > 0;) {
        struct tracked *t = &l->tracked[i];
        if (t->seq < from || t->seq > to)
            continue;
        if (t->state == TRACK_AWAITING_PLATFORM)
            tracked_remove(l, t);
        else
            t->platform_acked = true;
    }
}

/* The earliest instant at which a row that was passed over is due; INT64_MAX = none. */
static us_t rewind_at(const struct lanes *l) {
    us_t at = l->paused_until > 0 ? l->paused_until : INT64_MAX;
    for (size_t i = 0; i < l->tracked_count; i++) {
        if (l->tracked[i].until < at)
            at = l->tracked[i].until;
    }
    return at > l->paused_until ? at : l->paused_until;
}

bool lanes_rewind_due(const struct lanes *l, us_t now) {
    return now >= rewind_at(l);
}

void lanes_rewind(struct lanes *l, uint64_t seq_head, us_t now) {
    for (size_t i = l->tracked_count; i-- > 0;) {
        struct tracked *t = &l->tracked[i];
        if (t->until > now)
            continue;
        if (t->again)
            replay_step_back(l, t->seq);
        tracked_remove(l, t);
    }
    l->paused_until = 0;
    lanes_start(l, seq_head);
}

us_t lanes_due(const struct lanes *l) {
    us_t at = rewind_at(l);
    if (l->in_flight >= l->window || l->tracked_count == LANES_TRACKED || l->paused_until != 0)
        return at;
    for (int i = LANE_BACKLOG; i < LANE_COUNT; i++) {
        const struct lane *n = &l->lane[i];
        bool full = i == LANE_REPLAY && replay_open(l) >= LANES_AGAIN;
        if (n->pos < n->count && !full && n->at < at)
            at = n->at;
    }
    return at;
}

us_t lanes_oldest_in_flight(const struct lanes *l) {
    us_t at = INT64_MAX;
    for (size_t i = 0; i < l->tracked_count; i++) {
        if (l->tracked[i].state == TRACK_IN_FLIGHT && l->tracked[i].since < at)
            at = l->tracked[i].since;
    }
    return at;
}
