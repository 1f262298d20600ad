/* What PV feeds yield: against the sun and their own past, or against each other. */
#include <math.h>

#include "base/err.h"
#include "store/alert_books_impl.h"
#include "store/alert_books_words.h"
#include "sys/clock.h"

#define ROWS_A_STEP 2   /* hours of which device rows are read */
#define DAYS_A_STEP 8   /* without a record */
#define KNOWN_SHARE 0.9 /* of an hour */

static double kwp_of(const struct alert_books *b, int32_t feed) {
    return b->site->devices[b->site->feeds[feed].device].rated_kwp;
}

static double level_raise(struct alert_books *b, int32_t feed) {
    const struct alert_limits *l = alerts_limits(b->alerts, ALERT_PV_PERFORMANCE, (size_t)feed);
    return l ? l->levels[0].raise : (double)NAN;
}

static bool has_sun_sensor(const struct alert_books *b) {
    return b->records->irradiance_point != SITE_NONE;
}

/* ---- hours, with a sensor ----------------------------------------------------------------- */

struct sun_run {
    struct alert_books *b;
    ms_t tell_from; /* signals begin with this hour */
    int rows;       /* hours whose rows were read */
};

static void tell_hour(struct sun_run *r, size_t i, ms_t end, int32_t hour, double ratio) {
    struct alert_books *b = r->b;
    int32_t feed = b->sun.feeds[i];
    double usual = pv_history_median(&b->sun.history[i], hour, b->sun.scratch);
    const struct sun_words words = {
        .ratio = ratio, .usual = usual, .limit_pct = level_raise(b, feed)};
    const struct alert_signal s = {.value = usual > 0.0 ? 100.0 * ratio / usual : (double)NAN,
                                   .at = end,
                                   .explain = words_sun,
                                   .arg = &words};
    alerts_signal(b->alerts, ALERT_PV_PERFORMANCE, (size_t)feed, &s);
}

static void take_hour(void *arg, const struct slot_facts *f) {
    struct sun_run *r = arg;
    struct alert_books *b = r->b;
    double hours = (double)(f->end - f->start) / (double)MS_PER_HOUR;
    int32_t hour = (int32_t)floor_div(f->start, MS_PER_HOUR);
    if (r->rows == ROWS_A_STEP)
        return;
    bool sunny = f->irradiation_kwh_m2 >= PV_SUN_KW_M2 * hours;
    if (sunny)
        r->rows++;
    bool read = sunny && records_load_rows(b->records, SLOT_1H, f->start) == ERR_OK;
    for (size_t i = 0; i < b->sun.count; i++) {
        int32_t feed = b->sun.feeds[i];
        double ratio = (double)NAN;
        if (read && b->records->feeds[feed].coverage >= KNOWN_SHARE)
            ratio = pv_hour_ratio(books_net_kwh(b, feed), kwp_of(b, feed), f->irradiation_kwh_m2,
                                  hours);
        pv_history_take(&b->sun.history[i], hour, ratio);
        if (f->start >= r->tell_from)
            tell_hour(r, i, f->end, hour, ratio);
    }
    if (f->start >= r->tell_from)
        b->sun.told = f->start;
    b->sun.next = f->end;
}

/* At first the past, then hour by hour; the last hours of a run that is new here are told again, as
 * many as the hold time asks for. */
bool books_sun(struct alert_books *b, ms_t now_ms) {
    struct sun_work *s = &b->sun;
    ms_t newest;
    (void)now_ms;
    if (s->count == 0 || !has_sun_sensor(b) || !books_newest(b, SLOT_1H, -1, &newest))
        return true;
    ms_t hold = books_hold_ms(b, ALERT_PV_PERFORMANCE, (size_t)s->feeds[0]);
    ms_t oldest = newest - PV_DAYS * MS_PER_DAY;
    struct sun_run r = {.b = b, .tell_from = newest - hold};
    if (s->told >= r.tell_from)
        r.tell_from = s->told < newest ? s->told + 1 : newest;
    if (s->next < oldest)
        s->next = oldest;
    for (int hours = 0, days = 0; hours == 0 && days < DAYS_A_STEP && s->next <= newest; days++) {
        ms_t to = s->next + MS_PER_DAY;
        hours = books_each(b, SLOT_1H, -1, s->next, to, take_hour, &r);
        if (r.rows < ROWS_A_STEP && s->next < to)
            s->next = to < newest ? to : newest + 1;
    }
    return s->next > newest;
}

/* ---- days, without a sensor --------------------------------------------------------------- */

/* One value has to last as long as the rule asks: a day is longer than that. */
static void tell_day(struct alert_books *b, int32_t feed, double value,
                     const struct sun_words *words, ms_t end) {
    struct alert_signal s = {.value = value, .explain = words_sun, .arg = words};
    ms_t hold = books_hold_ms(b, ALERT_PV_PERFORMANCE, (size_t)feed);
    ms_t hours = (hold + MS_PER_HOUR - 1) / MS_PER_HOUR;
    for (s.at = end - hours * MS_PER_HOUR; s.at <= end; s.at += MS_PER_HOUR)
        alerts_signal(b->alerts, ALERT_PV_PERFORMANCE, (size_t)feed, &s);
}

bool books_peers(struct alert_books *b, ms_t now_ms) {
    struct sun_work *s = &b->sun;
    ms_t newest;
    (void)now_ms;
    if (s->count <= PV_PEERS_LEAST || has_sun_sensor(b) || !books_newest(b, SLOT_1D, -1, &newest) ||
        records_load_rows(b->records, SLOT_1D, newest) < 0)
        return true;
    ms_t end = slot_end(SLOT_1D, newest, clock_utc_offset_s, 1);
    for (size_t i = 0; i < s->count; i++)
        s->yield[i] = books_net_kwh(b, s->feeds[i]) / kwp_of(b, s->feeds[i]);
    for (size_t i = 0; i < s->count; i++) {
        struct sun_words words = {.ratio = s->yield[i], .of_day = true, .limit_pct = PV_PEER_PCT};
        double value = signal_pv_day(s->yield, s->count, i, level_raise(b, s->feeds[i]), s->scratch,
                                     &words.usual);
        tell_day(b, s->feeds[i], value, &words, end);
    }
    return true;
}
