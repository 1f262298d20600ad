#include "slots/slot_codec_v1.h"

#include <math.h>

/* u8 present (kWh in, out, four registers, multiplier, power), u8 quality and method, coverage, the
 * doubles that are present, two times, f32 edge, three f32 powers. */
void slot_read_feed_v1(struct unpack *u, ms_t start, enum role role, struct feed_slot *ret) {
    double d[7];
    unsigned present = unpack_u8(u);
    unsigned word = unpack_u8(u);
    if ((word & SLOT_QUALITY_MASK) >= QUALITY_COUNT || word >> 4 > METHOD_NONE) {
        u->bad = true;
        return;
    }
    ret->quality = (enum quality)(word & SLOT_QUALITY_MASK);
    ret->method = (enum energy_method)(word >> 4);
    ret->coverage = slot_get_coverage(u);
    for (unsigned i = 0; i < 7; i++)
        d[i] = present & 1u << i ? unpack_f64(u) : (double)NAN;
    ms_t from = slot_get_time(u, start), to = slot_get_time(u, start);
    (void)unpack_f32(u);
    struct counter_slot *counter[2] = {&ret->counter[feed_import(role)],
                                       &ret->counter[feed_export(role)]};
    for (unsigned i = 0; i < 2; i++)
        *counter[i] = (struct counter_slot){.known = !isnan(d[i]),
                                            .carry = isnan(d[i]) ? 0.0 : d[i],
                                            .register_start = d[2 + 2 * i],
                                            .register_end = d[3 + 2 * i],
                                            .start_utc_ms = from,
                                            .end_utc_ms = to,
                                            .multiplier = d[6]};
    if (!(present & 128))
        return;
    ret->power_kw.avg = unpack_f32(u);
    ret->power_kw.min = unpack_f32(u);
    ret->power_kw.max = unpack_f32(u);
}

void slot_read_gauge_v1(struct unpack *u, bool flat, struct slot_point *ret) {
    ret->mean = ret->min = ret->max = unpack_f32(u);
    if (flat)
        return;
    ret->min = unpack_f32(u);
    ret->max = unpack_f32(u);
}
