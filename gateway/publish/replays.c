#include "publish/replays.h"

#include "sys/log.h"

void replays_connected(struct replays *p) {
    p->range = (struct replay_range){0};
}

static uint64_t known_done(const struct replays *p, const struct replay_range *range) {
    for (size_t i = 0; i < REPLAYS_KNOWN; i++)
        if (p->known[i].id == range->id && p->known[i].done > range->done)
            return p->known[i].done;
    return range->done;
}

static void know(struct replays *p, int64_t id, uint64_t done) {
    size_t i = 0;
    while (i < REPLAYS_KNOWN && p->known[i].id != id)
        i++;
    if (i == REPLAYS_KNOWN) { /* the oldest is through long since */
        i = p->next_known;
        p->next_known = (i + 1) % REPLAYS_KNOWN;
    }
    p->known[i].id = id;
    p->known[i].done = done;
}

/* The present range may have become wider. */
static void widen(struct replays *p, const struct replay_range *open, size_t n, struct lanes *l) {
    for (size_t i = 0; i < n; i++) {
        if (open[i].id != p->range.id || open[i].to <= p->range.to)
            continue;
        p->range.to = open[i].to;
        lanes_replay_widen(l, open[i].to);
    }
}

int replays_look(struct replays *p, struct reader *r, const char *dest, struct lanes *l) {
    struct replay_range open[REPLAYS_KNOWN];
    int n = reader_replays(r, dest, open, REPLAYS_KNOWN);
    if (n <= 0)
        return n;
    if (p->range.id != 0) {
        widen(p, open, (size_t)n, l);
        return n;
    }
    for (int i = 0; i < n; i++) {
        uint64_t done = known_done(p, &open[i]);
        if (done >= open[i].to)
            continue; /* through, which the store learns with the next commit */
        p->range = open[i];
        p->range.done = done;
        lanes_replay(l, done, open[i].to);
        break;
    }
    return n;
}

bool replays_report(struct replays *p, const struct publish_options *o, const struct lanes *l) {
    if (p->range.id == 0)
        return false;
    uint64_t done = lanes_replay_done(l);
    if (done > p->range.done) {
        p->range.done = done;
        know(p, p->range.id, done);
        o->replayed(o->arg, p->range.id, done);
    }
    if (done < p->range.to)
        return false;
    log_info("mqtt: the messages up to %llu that the platform asked for have been sent again",
             (unsigned long long)p->range.to);
    p->range.id = 0;
    return true;
}
