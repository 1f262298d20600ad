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

/* The local day of t, but one that has begun goes on: a clock that is set back over midnight shows
 * the end of the day before a second time. */
static int32_t day_at(ms_t t, utc_offset_fn *zone) {
    int32_t day = local_time(t, zone).day;
    return local_midnight(day + 1, zone) <= t ? day + 1 : day;
}

/* The day on which the month (or bill) of this day begins. */
static int32_t month_day(int32_t day, int first_dom) {
    int year, month, dom;
    civil_date(day, &year, &month, &dom);
    return civil_day(year, dom >= first_dom ? month : month - 1, first_dom);
}

static ms_t hour_start(ms_t t, utc_offset_fn *zone) {
    ms_t offset = (ms_t)zone(t) * MS_PER_S;
    ms_t start = floor_div(t + offset, MS_PER_HOUR) * MS_PER_HOUR - offset;
    return zone(start) == zone(t) ? start : local_change(start, t, zone);
}

static ms_t hour_end(ms_t start, utc_offset_fn *zone) {
    ms_t offset = (ms_t)zone(start) * MS_PER_S;
    ms_t end = (floor_div(start + offset, MS_PER_HOUR) + 1) * MS_PER_HOUR - offset;
    return zone(end - 1) == zone(start) ? end : local_change(start, end, zone);
}

ms_t slot_start(enum slot_period p, ms_t t, utc_offset_fn *zone, int billing_day) {
    switch (p) {
    case SLOT_1M:
    case SLOT_15M:
        return slot_edge(p, t);
    case SLOT_1H:
        return hour_start(t, zone);
    case SLOT_1D:
        return local_midnight(day_at(t, zone), zone);
    case SLOT_1MO:
    case SLOT_BILL:
        return local_midnight(month_day(day_at(t, zone), p == SLOT_BILL ? billing_day : 1), zone);
    case SLOT_PERIOD_COUNT:
        break;
    }
    return t;
}

ms_t slot_end(enum slot_period p, ms_t start, utc_offset_fn *zone, int billing_day) {
    struct local_time local;
    switch (p) {
    case SLOT_1M:
    case SLOT_15M:
        return start + slot_ms(p);
    case SLOT_1H:
        return hour_end(start, zone);
    case SLOT_1D:
        return local_midnight(local_time(start, zone).day + 1, zone);
    case SLOT_1MO:
    case SLOT_BILL:
        local = local_time(start, zone);
        return local_midnight(
            civil_day(local.year, local.month + 1, p == SLOT_BILL ? billing_day : 1), zone);
    case SLOT_PERIOD_COUNT:
        break;
    }
    return start;
}
