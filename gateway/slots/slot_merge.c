#include "slots/slot_merge.h"

#include <math.h>

#include "base/err.h"

int slot_merge_init(struct slot_merge *m, struct arena *arena, const struct site *site,
                    size_t device, const int32_t *feeds, size_t feed_count, ms_t start, ms_t end) {
    const struct device *d = &site->devices[device];
    size_t points = d->profile->point_count;
    *m = (struct slot_merge){.site = site,
                             .device = d,
                             .feeds = feeds,
                             .feed_count = feed_count,
                             .start = start,
                             .end = end,
                             .quality = QUALITY_GOOD};
    m->feed = arena_alloc(arena, feed_count + 1, sizeof *m->feed);
    m->point = arena_alloc(arena, points + 1, sizeof *m->point);
    if (!m->feed || !m->point)
        return ERR_NOMEM;
    for (size_t i = 0; i < feed_count; i++) {
        feed_slot_clear(&m->feed[i]);
        m->feed[i].quality = QUALITY_GOOD;
    }
    for (size_t i = 0; i < points; i++) {
        m->point[i] = gauge_nothing();
        m->point[i].is_gauge = point_is_gauge(&d->profile->points[i]);
    }
    return ERR_OK;
}

/* The registers chain: the first start that is known, the last end. */
static void chain_registers(struct counter_slot *into, const struct counter_slot *part) {
    if (isnan(into->multiplier))
        into->multiplier = part->multiplier; /* a recovered part without any reading has none */
    if (isnan(into->register_start)) {
        into->register_start = part->register_start;
        into->start_utc_ms = part->start_utc_ms;
    }
    if (!isnan(part->register_end)) {
        into->register_end = part->register_end;
        into->end_utc_ms = part->end_utc_ms;
    }
}

/* Parts of the same unit are added as integers; of another one (a ratio changed) as an amount. */
static void add_counter(struct counter_slot *into, const struct counter_slot *part) {
    chain_registers(into, part);
    into->recovered = into->recovered || part->recovered;
    into->suspect = into->suspect || part->suspect;
    if (!part->known)
        return;
    bool same = !(into->unit < part->unit) && !(into->unit > part->unit);
    if (!into->known || !same) {
        into->carry += (double)into->parts * into->unit;
        into->parts = into->edge_parts = 0;
        into->unit = part->unit;
        into->multiplier = isnan(part->multiplier) ? into->multiplier : part->multiplier;
    }
    into->known = true;
    into->parts += part->parts;
    into->edge_parts += part->edge_parts;
    into->carry += part->carry;
}

static enum energy_method worse_method(enum energy_method a, enum energy_method b) {
    static const int rank[] = {[METHOD_NONE] = 0,
                               [METHOD_REGISTER] = 1,
                               [METHOD_RECOVERED] = 2,
                               [METHOD_INTEGRATED] = 3,
                               [METHOD_MANUAL] = 4};
    return rank[a] >= rank[b] ? a : b;
}

static void add_power(struct feed_slot *into, const struct feed_slot *part, double share) {
    if (isnan(part->power_kw.avg))
        return;
    double before = isnan(into->power_kw.avg) ? 0.0 : into->coverage;
    double sum = before + share;
    double avg = isnan(into->power_kw.avg) ? 0.0 : into->power_kw.avg;
    into->power_kw.avg =
        sum > 0.0 ? (avg * before + part->power_kw.avg * share) / sum : part->power_kw.avg;
    into->power_kw.min = fmin(into->power_kw.min, part->power_kw.min);
    into->power_kw.max = fmax(into->power_kw.max, part->power_kw.max);
}

static void add_feed(struct feed_slot *into, const struct feed_slot *part, double share) {
    add_power(into, part, share);
    into->coverage = fmin(into->coverage + share, 1.0);
    into->method = worse_method(into->method, part->method);
    into->quality = quality_worst(into->quality, part->quality);
    for (int k = 0; k < FEED_COUNTERS; k++)
        add_counter(&into->counter[k], &part->counter[k]);
    if (part->has_supply)
        supply_merge(&into->supply, &part->supply);
    into->has_supply = into->has_supply || part->has_supply;
}

int slot_merge_row(struct slot_merge *m, ms_t start, ms_t end, const void *body, size_t n) {
    struct unpack u;
    struct slot_head h;
    unpack_init(&u, body, n);
    if (slot_read_head(&u, &h) < 0 || h.feed_count != m->feed_count)
        return ERR_CORRUPT;
    double share = (double)(end - start) / (double)(m->end - m->start);
    m->coverage = fmin(m->coverage + h.coverage * share, 1.0);
    m->quality = quality_worst(m->quality, h.quality);
    m->rows++;
    m->covered_ms += end - start;
    for (size_t i = 0; i < h.feed_count; i++) {
        struct feed_slot part;
        slot_read_feed(&u, &h, start, m->site->feeds[m->feeds[i]].role, &part);
        if (u.bad)
            return ERR_CORRUPT;
        add_feed(&m->feed[i], &part, part.coverage * share);
    }
    size_t points = slot_read_point_count(&u);
    for (size_t i = 0; i < points && i < m->device->profile->point_count && !u.bad; i++) {
        struct slot_point part;
        slot_read_point(&u, &h, m->point[i].is_gauge, &part);
        if (!u.bad)
            gauge_merge(&m->point[i], &part, end - start, m->end - m->start);
    }
    return u.bad ? ERR_CORRUPT : ERR_OK;
}

double slot_merge_boundary_ms(const struct slot_merge *m) {
    double worst = (double)NAN;
    for (size_t i = 0; i < m->feed_count; i++) {
        const struct counter_slot *c = &m->feed[i].counter[FEED_FORWARD];
        if (isnan(c->register_start) || isnan(c->register_end))
            continue;
        worst = fmax(worst, fabs((double)(m->start - c->start_utc_ms)));
        worst = fmax(worst, fabs((double)(m->end - c->end_utc_ms)));
    }
    return worst;
}

/* Of a part without a row nothing is known. */
static void note_missing(struct slot_merge *m) {
    if (m->covered_ms >= m->end - m->start)
        return;
    m->quality = quality_worst(m->quality, QUALITY_MISSING);
    for (size_t i = 0; i < m->feed_count; i++)
        m->feed[i].quality = quality_worst(m->feed[i].quality, QUALITY_MISSING);
    for (size_t i = 0; i < m->device->profile->point_count; i++)
        m->point[i].quality = quality_worst(m->point[i].quality, QUALITY_MISSING);
}

void slot_merge_write(struct slot_merge *m, int64_t layout, struct pack *out) {
    size_t points = m->device->profile->point_count;
    note_missing(m);
    slot_write_head(out, &(struct slot_head){.layout = layout,
                                             .coverage = m->coverage,
                                             .quality = m->quality,
                                             .feed_count = m->feed_count});
    for (size_t i = 0; i < m->feed_count; i++)
        slot_write_feed(out, m->start, &m->feed[i]);
    slot_write_point_count(out, points);
    for (size_t i = 0; i < points; i++)
        slot_write_point(out, &m->point[i]);
}
