#include "publish/batch_lanes.h"

#include <string.h>

void batch_lanes_init(struct batch_lanes *l, uint32_t rows_max, uint32_t backlog_per_s) {
    memset(l, 0, sizeof *l);
    l->rows_max = rows_max;
    l->backlog_per_s = backlog_per_s;
    batch_lanes_start(l, 0);
}

static void lane_start(struct batch_lane *n, uint64_t after, uint64_t limit) {
    *n = (struct batch_lane){.after = after, .limit = limit, .drained = after >= limit};
}

void batch_lanes_start(struct batch_lanes *l, uint64_t seq_head) {
    lane_start(&l->lane[BATCH_EVENTS], 0, UINT64_MAX);
    lane_start(&l->lane[BATCH_NEW], seq_head, UINT64_MAX);
    lane_start(&l->lane[BATCH_BACKLOG], 0, seq_head);
    l->ahead = 0;
    l->backlog_at = 0;
}

void batch_lanes_wake(struct batch_lanes *l) {
    l->lane[BATCH_EVENTS].drained = false;
    l->lane[BATCH_NEW].drained = false;
}

struct batch *batch_lanes_open(struct batch_lanes *l) {
    for (size_t i = 0; i < l->fixed.count; i++) {
        if (!l->fixed.batch[i].accepted)
            return &l->fixed.batch[i];
    }
    return NULL;
}

/* Each batch of old events leaves a gap for the cursor to remember, which can keep only so many:
 * what is beyond goes with the backlog around it. */
static bool events_wait(const struct batch_lanes *l) {
    const struct batch_lane *events = &l->lane[BATCH_EVENTS], *backlog = &l->lane[BATCH_BACKLOG];
    return l->ahead >= BATCH_AHEAD_MAX && !backlog->drained && events->after < backlog->limit;
}

bool batch_lanes_wants(const struct batch_lanes *l, us_t now, enum batch_lane_id *ret_lane,
                       uint64_t *ret_after) {
    for (int i = 0; i < BATCH_LANES; i++) {
        const struct batch_lane *n = &l->lane[i];
        if (n->drained || (i == BATCH_EVENTS && events_wait(l)) ||
            (i == BATCH_BACKLOG && now < l->backlog_at))
            continue;
        *ret_lane = (enum batch_lane_id)i;
        *ret_after = n->after;
        return true;
    }
    return false;
}

static bool is_held(const struct batch_lanes *l, uint64_t seq) {
    for (size_t i = 0; i < l->fixed.count; i++) {
        if (seq >= l->fixed.batch[i].from && seq <= l->fixed.batch[i].to)
            return true;
    }
    for (size_t i = 0; i < l->resting_count; i++) {
        if (l->resting[i].seq == seq)
            return true;
    }
    return false;
}

static bool fits(const struct batch_lanes *l, enum batch_lane_id lane,
                 const struct outbox_row *row) {
    return row->seq <= l->lane[lane].limit && (lane != BATCH_EVENTS || row->kind == OUTBOX_EVENT) &&
           !is_held(l, row->seq);
}

static size_t rows_allowed(const struct batch_lanes *l, enum batch_lane_id lane) {
    uint32_t most = l->rows_max;
    if (lane == BATCH_BACKLOG && l->backlog_per_s > 0 && l->backlog_per_s < most)
        most = l->backlog_per_s;
    return most;
}

enum batch_take batch_lanes_take(struct batch_lanes *l, enum batch_lane_id lane,
                                 const struct outbox_row *rows, size_t n, size_t cap,
                                 size_t *ret_first, size_t *ret_count) {
    struct batch_lane *from = &l->lane[lane];
    size_t i = 0;
    while (i < n && rows[i].seq <= from->limit && !fits(l, lane, &rows[i]))
        from->after = rows[i++].seq;
    if (i == n || rows[i].seq > from->limit) {
        from->drained = n < cap || i < n || from->after >= from->limit;
        return TAKE_NONE;
    }
    size_t most = rows_allowed(l, lane), count = 1;
    while (count < most && i + count < n && rows[i + count].seq == rows[i].seq + count &&
           fits(l, lane, &rows[i + count]))
        count++;
    if (count < most && i > 0 && i + count == n && n == cap)
        return TAKE_AGAIN;
    *ret_first = i;
    *ret_count = count;
    return TAKE_BATCH;
}

void batch_lanes_fix(struct batch_lanes *l, enum batch_lane_id lane, uint64_t from, uint64_t to,
                     us_t now) {
    l->fixed.batch[l->fixed.count++] = (struct batch){.from = from, .to = to};
    l->lane[lane].after = to;
    if (to >= l->lane[lane].limit)
        l->lane[lane].drained = true;
    if (lane == BATCH_EVENTS && from <= l->lane[BATCH_BACKLOG].limit)
        l->ahead++;
    if (lane == BATCH_BACKLOG && l->backlog_per_s > 0)
        l->backlog_at = now + (us_t)(to - from + 1) * US_PER_S / l->backlog_per_s;
}

/* ---- answers ----------------------------------------------------------------------------- */

static struct resting_row *resting_find(struct batch_lanes *l, uint64_t seq) {
    for (size_t i = 0; i < l->resting_count; i++) {
        if (l->resting[i].seq == seq)
            return &l->resting[i];
    }
    return NULL;
}

void batch_lanes_accepted(struct batch_lanes *l, struct batch *b) {
    struct resting_row *r = b->from == b->to ? resting_find(l, b->from) : NULL;
    if (r)
        *r = l->resting[--l->resting_count];
    b->accepted = true;
    l->refusals = 0;
}

void batch_lanes_forget(struct batch_lanes *l, struct batch *b) {
    size_t i = (size_t)(b - l->fixed.batch);
    l->fixed.count--;
    memmove(b, b + 1, (l->fixed.count - i) * sizeof *b);
}

static void insert_after(struct batch_lanes *l, struct batch *b, uint64_t from, uint64_t to) {
    size_t i = (size_t)(b - l->fixed.batch) + 1;
    memmove(b + 2, b + 1, (l->fixed.count - i) * sizeof *b);
    b[1] = (struct batch){.from = from, .to = to};
    l->fixed.count++;
}

bool batch_lanes_split(struct batch_lanes *l, struct batch *b) {
    if (b->from == b->to || batch_lanes_full(l))
        return false;
    uint64_t to = b->to, middle = b->from + (b->to - b->from) / 2;
    b->to = middle;
    insert_after(l, b, middle + 1, to);
    return true;
}

static void take_out(struct batch_lanes *l, struct batch *b, uint64_t seq) {
    if (b->from == b->to) {
        batch_lanes_forget(l, b);
    } else if (seq == b->from) {
        b->from++;
    } else if (seq == b->to) {
        b->to--;
    } else {
        uint64_t to = b->to;
        b->to = seq - 1;
        insert_after(l, b, seq + 1, to);
    }
}

bool batch_lanes_rest(struct batch_lanes *l, struct batch *b, uint64_t seq, bool unsent, us_t now) {
    struct resting_row *r = resting_find(l, seq);
    bool middle = seq > b->from && seq < b->to;
    if ((!r && (l->resting_count == BATCH_RESTING || (!unsent && l->refusals >= BATCH_REFUSALS))) ||
        (middle && batch_lanes_full(l)))
        return false;
    if (!r) {
        r = &l->resting[l->resting_count++];
        *r = (struct resting_row){.seq = seq, .rest = BATCH_REST_FIRST};
        l->refusals += !unsent;
    }
    r->out = false;
    r->until = now + r->rest;
    r->rest = 2 * r->rest > BATCH_REST_LAST ? BATCH_REST_LAST : 2 * r->rest;
    take_out(l, b, seq);
    return true;
}

bool batch_lanes_retry(struct batch_lanes *l, us_t now) {
    for (size_t i = 0; i < l->resting_count && !batch_lanes_full(l); i++) {
        struct resting_row *r = &l->resting[i];
        if (r->out || now < r->until)
            continue;
        r->out = true;
        l->fixed.batch[l->fixed.count++] = (struct batch){.from = r->seq, .to = r->seq};
        return true;
    }
    return false;
}

us_t batch_lanes_due(const struct batch_lanes *l) {
    us_t at = INT64_MAX;
    for (size_t i = 0; i < l->resting_count; i++) {
        if (!l->resting[i].out && l->resting[i].until < at)
            at = l->resting[i].until;
    }
    if (!l->lane[BATCH_BACKLOG].drained && l->backlog_at < at)
        at = l->backlog_at;
    return at;
}
