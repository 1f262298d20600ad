#include "slots/slot_change.h"

#include <math.h>

static void scale(struct feed_slot *f, double factor) {
    if (!(factor < 1.0) && !(factor > 1.0))
        return;
    for (int k = 0; k < FEED_COUNTERS; k++) {
        struct counter_slot *c = &f->counter[k];
        c->unit *= factor;
        c->carry *= factor;
        c->multiplier *= factor;
    }
    f->power_kw.avg *= factor;
    f->power_kw.min *= factor;
    f->power_kw.max *= factor;
}

void slot_change_apply(const struct slot_change *c, struct feed_slot *f) {
    struct counter_slot *k = &f->counter[c->counter];
    bool recovered = c->method == METHOD_RECOVERED; /* known, if only to be 0 */
    scale(f, c->factor);
    if (recovered || c->parts != 0 || fabs(c->amount) > 0.0) {
        bool same = k->known && !(k->unit < c->unit) && !(k->unit > c->unit);
        if (!k->known || k->parts == 0) {
            k->unit = c->unit;
            same = true;
        }
        k->carry += c->amount + (same ? 0.0 : (double)c->parts * c->unit);
        k->parts += same ? c->parts : 0;
        k->edge_parts += same ? c->parts : 0;
        k->known = true;
        k->recovered = k->recovered || recovered;
    }
    f->method = c->method;
    if (recovered && f->quality >= QUALITY_STALE && f->quality != QUALITY_CLOCK_SUSPECT)
        f->quality = QUALITY_RECOVERED;
    f->quality = quality_worst(f->quality, QUALITY_RECOVERED);
}
