/* Open slots in which the wall clock was stepped: where they begin on the clock that holds now. */
#include "store/aggregate.h"

ms_t aggregate_from(const struct aggregate *a, enum slot_period p, ms_t label) {
    return label == a->bend.label[p] ? a->bend.from[p] : label;
}

ms_t aggregate_label(const struct aggregate *a, enum slot_period p, ms_t t) {
    ms_t bent = a->bend.label[p];
    return bent != INT64_MIN && t >= a->bend.from[p] && t < bent + slot_ms(p) ? bent
                                                                              : slot_edge(p, t);
}

void aggregate_shift(struct aggregate *a, ms_t by) {
    for (size_t i = 0; i < a->site->device_count; i++) {
        struct device_state *s = &a->devices[i];
        gauge_shift(&s->presence, by);
        if (s->answered_utc_ms != 0)
            s->answered_utc_ms += by;
        s->dated_until = 0; /* look at the new day */
    }
    for (size_t i = 0; i < a->site->point_count; i++)
        gauge_shift(&a->points[i], by);
    for (size_t i = 0; i < a->site->feed_count; i++)
        feed_shift(&a->feeds[i], by);
}
