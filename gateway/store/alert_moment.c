#include "store/alert_moment.h"

#include <math.h>

#include "alert/signal_storage.h"
#include "sys/clock.h"

static bool is_valley(enum tariff_period p) {
    return p == TARIFF_VALLEY || p == TARIFF_DEEP;
}

static enum tariff_period period_at(const struct tariff *t, ms_t at) {
    struct local_time l = local_time(at, clock_utc_offset_s);
    const struct tariff_version *v = tariff_at(t, l.day);
    return v ? tariff_resolve(v, l.month, tariff_day_type(t, l.day), l.minute) : TARIFF_PERIODS;
}

/* No further than signals ask. */
static int minutes_of_valley(const struct tariff *t, ms_t minute) {
    int left = 1;
    while (left <= STORAGE_VALLEY_MIN && is_valley(period_at(t, minute + left * MS_PER_MIN)))
        left++;
    return left;
}

static double cny_of(struct price p) {
    return p.known ? (double)p.price_e8 / PRICE_UNIT : (double)NAN;
}

static double table_cny(const struct tariff_version *v, const struct price_book *b,
                        const struct local_time *l, enum tariff_period p) {
    return cny_of(tariff_price(v, b, l->year * 12 + l->month - 1, p));
}

void tariff_moment_at(struct tariff_moment *m, const struct tariff *t, const struct price_book *b,
                      ms_t at) {
    ms_t minute = floor_div(at, MS_PER_MIN) * MS_PER_MIN;
    if (m->minute == minute)
        return;
    struct local_time l = local_time(minute, clock_utc_offset_s);
    const struct tariff_version *v = t ? tariff_at(t, l.day) : NULL;
    enum tariff_period p = v ? period_at(t, minute) : TARIFF_PERIODS;
    *m = (struct tariff_moment){.minute = minute, .known = p != TARIFF_PERIODS};
    if (!m->known)
        return;
    m->period = p;
    m->valley_left = is_valley(p) ? minutes_of_valley(t, minute) : -1;
    m->cny = cny_of(tariff_curve_price(b, minute, clock_utc_offset_s));
    if (isnan(m->cny))
        m->cny = table_cny(v, b, &l, p);
    m->valley_cny = table_cny(v, b, &l, TARIFF_VALLEY);
    m->flat_cny = table_cny(v, b, &l, TARIFF_FLAT);
}
