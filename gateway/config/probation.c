#include "config/probation.h"

#include <string.h>

#include "config/diff.h"

static const struct device *find(const struct site *s, const char *id) {
    for (size_t i = 0; i < s->device_count; i++) {
        if (strcmp(s->devices[i].id, id) == 0)
            return &s->devices[i];
    }
    return NULL;
}

static bool same_text(const char *a, const char *b) {
    return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

static bool same_link(const struct link_def *a, const struct link_def *b) {
    return same_text(a->id, b->id) && a->kind == b->kind && same_text(a->host, b->host) &&
           a->port == b->port && same_text(a->path, b->path) && a->baud == b->baud &&
           a->parity == b->parity && a->stop_bits == b->stop_bits &&
           a->timeout_ms == b->timeout_ms && a->request_gap_ms == b->request_gap_ms &&
           a->connect_gap_ms == b->connect_gap_ms;
}

/* Asked in the same way on the same link. */
static bool same_reads(const struct site *from, const struct device *a, const struct site *to,
                       const struct device *b) {
    return a->enabled == b->enabled && a->unit == b->unit && a->poll_ms == b->poll_ms &&
           a->timeout_ms == b->timeout_ms && a->request_gap_ms == b->request_gap_ms &&
           same_link(&from->links[a->link], &to->links[b->link]) &&
           profile_same(a->profile, b->profile);
}

/* Every device that a has on that link is read in the same way in b. */
static bool link_kept(const struct site *a, const char *link, const struct site *b) {
    for (size_t i = 0; i < a->device_count; i++) {
        const struct device *d = &a->devices[i];
        if (!d->enabled || strcmp(a->links[d->link].id, link) != 0)
            continue;
        const struct device *other = find(b, d->id);
        if (other == NULL || !same_reads(a, d, b, other))
            return false;
    }
    return true;
}

static bool is_touched(const struct site *from, const struct device *a, const struct site *to,
                       const struct device *b) {
    const char *link = from->links[a->link].id;
    return !same_reads(from, a, to, b) || !link_kept(from, link, to) || !link_kept(to, link, from);
}

static bool is_worse(const struct read_counts *was, const struct read_counts *is,
                     const struct device *now, ms_t span_ms) {
    if (is->asked == 0)
        return 2 * (ms_t)now->poll_ms <= span_ms;
    return 2 * is->good * was->asked < was->good * is->asked;
}

void probation_judge(const struct site *from, const struct read_counts *before,
                     const struct site *to, const struct read_counts *after, ms_t span_ms,
                     struct probation_verdict *ret) {
    *ret = (struct probation_verdict){0};
    for (size_t i = 0; i < from->device_count; i++) {
        const struct device *a = &from->devices[i], *b = find(to, a->id);
        const struct read_counts *was = &before[i];
        if (b == NULL || !a->enabled || !b->enabled || was->asked == 0 ||
            2 * was->good < was->asked)
            continue;
        ret->compared++;
        if (!is_worse(was, &after[b - to->devices], b, span_ms))
            continue;
        if (ret->worse < PROBATION_NAMES)
            ret->names[ret->worse] = a->id;
        ret->worse++;
        ret->touched += is_touched(from, a, to, b);
    }
    ret->roll_back = ret->touched > 0 || 2 * ret->worse > ret->compared;
}
