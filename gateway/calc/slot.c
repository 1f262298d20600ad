#include "calc/slot.h"

static const struct {
    const char *name;
    enum slot_period part;
} periods[SLOT_PERIOD_COUNT] = {
    [SLOT_1M] = {"1m", SLOT_1M}, [SLOT_15M] = {"15m", SLOT_1M}, [SLOT_1H] = {"1h", SLOT_15M},
    [SLOT_1D] = {"1d", SLOT_1H}, [SLOT_1MO] = {"1mo", SLOT_1D}, [SLOT_BILL] = {"bill", SLOT_1D},
};

const char *slot_name(enum slot_period p) {
    return p < SLOT_PERIOD_COUNT ? periods[p].name : "unknown";
}

enum slot_period slot_part(enum slot_period p) {
    return p < SLOT_PERIOD_COUNT ? periods[p].part : SLOT_1M;
}

static int32_t first_day_of_month(const struct local_time *t, int billing_day) {
    return civil_day(t->year, t->dom >= billing_day ? t->month : t->month - 1, billing_day);
}

ms_t slot_start(enum slot_period p, ms_t t, utc_offset_fn *zone, int billing_day) {
    ms_t offset = (ms_t)zone(t) * MS_PER_S;
    struct local_time local;
    switch (p) {
    case SLOT_1M:
    case SLOT_15M:
        return slot_edge(p, t);
    case SLOT_1H:
        return floor_div(t + offset, MS_PER_HOUR) * MS_PER_HOUR - offset;
    case SLOT_1D:
        return local_midnight(local_time(t, zone).day, zone);
    case SLOT_1MO:
    case SLOT_BILL:
        local = local_time(t, zone);
        return local_midnight(first_day_of_month(&local, p == SLOT_BILL ? billing_day : 1), zone);
    case SLOT_PERIOD_COUNT:
        break;
    }
    return t;
}

ms_t slot_end(enum slot_period p, ms_t start, utc_offset_fn *zone, int billing_day) {
    struct local_time local = local_time(start, zone);
    switch (p) {
    case SLOT_1M:
    case SLOT_15M:
        return start + slot_ms(p);
    case SLOT_1H: {
        /* a change of offset inside the hour cuts it at the local hour's edge */
        ms_t next = slot_start(SLOT_1H, start + MS_PER_HOUR, zone, 1);
        return next > start ? next : start + MS_PER_HOUR;
    }
    case SLOT_1D:
        return local_midnight(local.day + 1, zone);
    case SLOT_1MO:
    case SLOT_BILL:
        return local_midnight(
            civil_day(local.year, local.month + 1, p == SLOT_BILL ? billing_day : 1), zone);
    case SLOT_PERIOD_COUNT:
        break;
    }
    return start;
}
