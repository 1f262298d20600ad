#include "publish/webhook_queue.h"

#include "alert/quiet.h"

void webhook_queue_init(struct webhook_queue *q) {
    q->count = 0;
    q->scanned = 0;
}

bool webhook_queue_full(const struct webhook_queue *q) {
    return q->count == QUEUE_MAX;
}

void webhook_queue_see(struct webhook_queue *q, uint64_t seq) {
    if (q->count > 0 && seq > q->scanned + 1)
        q->item[q->count - 1].passed = true; /* of an earlier run */
    q->scanned = seq;
}

void webhook_queue_put(struct webhook_queue *q, const struct outbox_row *row, ms_t at,
                       uint8_t severity) {
    q->item[q->count++] = (struct webhook_item){.row = *row, .at = at, .severity = severity};
}

/* ---- choosing ------------------------------------------------------------------------------- */

static bool holds(const struct webhook_terms *t, ms_t utc_ms, uint8_t severity) {
    return quiet_holds(t->quiet, t->quiet_count, utc_ms + (ms_t)t->utc_offset_s * MS_PER_S,
                       severity);
}

/* The cursor or this has no room for more that is held back. */
static bool must_release(const struct webhook_queue *q) {
    size_t gaps = 0;
    for (size_t i = 0; i < q->count; i++)
        gaps += q->item[i].passed;
    return webhook_queue_full(q) || gaps >= QUEUE_GAPS;
}

enum group { GROUP_HELD, GROUP_FRESH, GROUP_TOGETHER };

static enum group group_of(const struct webhook_item *w, const struct webhook_terms *t,
                           bool release) {
    if (!release && holds(t, t->now, w->severity))
        return GROUP_HELD;
    return w->late || holds(t, w->at, w->severity) ? GROUP_TOGETHER : GROUP_FRESH;
}

/* Marks what goes into one message: late ones are counted, of the others the most severe first. */
static void choose(struct webhook_queue *q, const struct webhook_terms *t, bool release, bool all,
                   struct webhook_plan *ret) {
    for (int severity = UINT8_MAX; severity >= 0; severity--) {
        for (size_t i = 0; i < q->count; i++) {
            struct webhook_item *w = &q->item[i];
            enum group g = group_of(w, t, release);
            if (w->severity != severity || g == GROUP_HELD || (!all && g != GROUP_TOGETHER) ||
                (!w->late && ret->told == t->rows_max))
                continue;
            w->chosen = true;
            ret->told += !w->late;
            ret->late += w->late;
        }
    }
    ret->joined = ret->told + ret->late > 1;
}

bool webhook_queue_plan(struct webhook_queue *q, const struct webhook_terms *t,
                        struct webhook_plan *ret) {
    size_t fresh = 0, together = 0, first = 0;
    bool release = must_release(q);
    for (size_t i = q->count; i-- > 0;) {
        struct webhook_item *w = &q->item[i];
        w->chosen = false;
        w->late = t->now - w->at > QUEUE_LATE_MS;
        enum group g = group_of(w, t, release);
        together += g == GROUP_TOGETHER;
        fresh += g == GROUP_FRESH;
        first = g == GROUP_FRESH ? i : first;
    }
    *ret = (struct webhook_plan){0};
    if (fresh + together == 0)
        return false;
    if (fresh + (together > 0) > t->room) {
        choose(q, t, release, true, ret);
    } else if (fresh > 0) {
        q->item[first].chosen = true;
        ret->told = 1;
    } else {
        choose(q, t, release, false, ret);
    }
    return true;
}

/* ---- what is done --------------------------------------------------------------------------- */

void webhook_queue_done(struct webhook_queue *q, void (*ack)(void *arg, uint64_t from, uint64_t to),
                        void *arg) {
    size_t kept = 0;
    for (size_t i = 0; i < q->count;) {
        if (!q->item[i].chosen) {
            q->item[kept++] = q->item[i++];
            continue;
        }
        while (i < q->count && q->item[i].chosen)
            i++;
        uint64_t from = kept > 0 ? q->item[kept - 1].row.seq + 1 : 1;
        ack(arg, from, i < q->count ? q->item[i].row.seq - 1 : q->scanned);
        if (kept > 0)
            q->item[kept - 1].passed = true;
    }
    q->count = kept;
}

uint64_t webhook_queue_floor(const struct webhook_queue *q) {
    return q->count > 0 ? q->item[0].row.seq - 1 : q->scanned;
}
