/* The night's base load: the last night, those to compare it with, and the feeders that grew. */
#include <math.h>
#include <string.h>

#include "alert/median.h"
#include "store/alert_books_impl.h"
#include "store/alert_books_words.h"
#include "sys/clock.h"

#define NIGHT_MINUTES     (NIGHT_HOURS * 60)
#define NIGHTS_BACK       75 /* days: fourteen weekend days and holidays are within */
#define DAYS_A_STEP       10
#define NIGHT_LEAST_HOURS 4.5 /* that have to be known */

struct night_sum {
    int32_t day;
    double kwh, hours;
};

static bool in_night(ms_t t, int32_t day) {
    struct local_time at = local_time(t, clock_utc_offset_s);
    return at.day == day && at.minute < NIGHT_MINUTES;
}

static void add_hour(void *arg, const struct slot_facts *f) {
    struct night_sum *s = arg;
    double kwh = f->energy_kwh[SITE_E_LOAD];
    if (!in_night(f->start, s->day) || isnan(kwh))
        return;
    s->kwh += kwh;
    s->hours += (double)(f->end - f->start) / (double)MS_PER_HOUR;
}

/* Mean load of a night in kW; NAN when too little of it is known. */
static double night_kw(struct alert_books *b, int32_t day) {
    struct night_sum s = {.day = day};
    ms_t from = local_midnight(day, clock_utc_offset_s);
    books_each(b, SLOT_1H, -1, from, from + (NIGHT_HOURS + 1) * MS_PER_HOUR, add_hour, &s);
    return s.hours < NIGHT_LEAST_HOURS ? (double)NAN : s.kwh / s.hours;
}

/* A day off, by the first tariff's calendar: its holidays and make-up workdays; else a weekend. */
static bool is_off(const struct site *s, int32_t day) {
    for (size_t i = 0; i < s->account_count; i++)
        if (s->accounts[i].tariff)
            return tariff_day_type(s->accounts[i].tariff, day) != DAY_WORKDAY;
    return civil_weekday(day) >= 5;
}

bool books_night_since(struct alert_books *b, ms_t hour) {
    ms_t newest;
    bool any = false;
    if (!books_newest(b, SLOT_1H, -1, &newest))
        return false;
    if (newest - hour >= MS_PER_DAY)
        return true;
    for (ms_t t = hour; t <= newest && !any; t += MS_PER_HOUR)
        any = local_time(t, clock_utc_offset_s).minute < NIGHT_MINUTES;
    return any;
}

/* The last night that is over; false: none is recorded yet. */
static bool last_night(struct alert_books *b, int32_t *ret_day) {
    ms_t newest;
    if (!books_newest(b, SLOT_1H, -1, &newest))
        return false;
    ms_t end = slot_end(SLOT_1H, newest, clock_utc_offset_s, 1);
    struct local_time at = local_time(end, clock_utc_offset_s);
    *ret_day = at.minute >= NIGHT_MINUTES ? at.day : at.day - 1;
    return true;
}

static void look_back(struct alert_books *b) {
    struct night_work *n = &b->night;
    bool off = is_off(b->site, n->day);
    for (int looked = 0; looked < DAYS_A_STEP && n->count < NIGHTS; looked++) {
        int32_t day = n->next--;
        if (n->day - day > NIGHTS_BACK)
            return;
        double kw = is_off(b->site, day) == off ? night_kw(b, day) : (double)NAN;
        if (isnan(kw))
            continue;
        n->days[n->count] = day;
        n->nights[n->count++] = kw;
    }
}

/* ---- feeders ------------------------------------------------------------------------------ */

struct feeder_sum {
    struct alert_books *b;
    int32_t day;
    double *kw; /* of the row being made */
    double hours;
};

static void add_feeders(void *arg, const struct slot_facts *f) {
    struct feeder_sum *s = arg;
    if (!in_night(f->start, s->day) || records_load_rows(s->b->records, SLOT_1H, f->start) < 0)
        return;
    s->hours += (double)(f->end - f->start) / (double)MS_PER_HOUR;
    for (size_t i = 0; i < s->b->site->feed_count; i++)
        s->kw[i] += books_net_kwh(s->b, (int32_t)i);
}

/* One night's mean power of each feeder, NAN where an hour is not known. */
static void read_feeders(struct alert_books *b, int32_t day, double *kw) {
    struct feeder_sum s = {.b = b, .day = day, .kw = kw};
    ms_t from = local_midnight(day, clock_utc_offset_s);
    for (size_t i = 0; i < b->site->feed_count; i++)
        kw[i] = b->site->feeds[i].role == ROLE_LOAD ? 0.0 : (double)NAN;
    books_each(b, SLOT_1H, -1, from, from + (NIGHT_HOURS + 1) * MS_PER_HOUR, add_feeders, &s);
    for (size_t i = 0; i < b->site->feed_count; i++)
        kw[i] = s.hours > 0.0 ? kw[i] / s.hours : (double)NAN;
}

static void find_growth(struct alert_books *b) {
    struct night_work *n = &b->night;
    size_t feeds = b->site->feed_count;
    for (size_t i = 0; i < feeds; i++) {
        double known[NIGHTS];
        size_t count = 0;
        for (size_t k = 1; k <= n->count; k++)
            if (!isnan(n->feeder_kw[k * feeds + i]))
                known[count++] = n->feeder_kw[k * feeds + i];
        n->usual_kw[i] = median_of(known, count);
    }
    n->grew_count = night_growth(n->feeder_kw, n->usual_kw, feeds, n->grew);
}

/* ---- steps -------------------------------------------------------------------------------- */

static double raise_pct(struct alert_books *b) {
    return alerts_limits(b->alerts, ALERT_NIGHT_LOAD, ALERT_OBJECT_SITE)->levels[0].raise;
}

static bool begin(struct alert_books *b) {
    struct night_work *n = &b->night;
    if (!last_night(b, &n->day))
        return false;
    n->kw = night_kw(b, n->day);
    n->next = n->day - 1;
    n->count = n->feeders = n->grew_count = 0;
    n->begun = true;
    return true;
}

static void tell(struct alert_books *b, ms_t now_ms) {
    struct night_work *n = &b->night;
    const struct night_words words = {.site = b->site,
                                      .kw = n->kw,
                                      .signal = &n->signal,
                                      .grew = n->grew,
                                      .grew_count = n->grew_count};
    const struct alert_signal s = {
        .value = n->signal.pct, .at = now_ms, .explain = words_night, .arg = &words};
    alerts_signal(b->alerts, ALERT_NIGHT_LOAD, ALERT_OBJECT_SITE, &s);
}

/* Nights are found some a second; then the feeders of one a second, where there is something to
 * tell. */
bool books_night(struct alert_books *b, ms_t now_ms) {
    struct night_work *n = &b->night;
    size_t feeds = b->site->feed_count;
    if (!alerts_limits(b->alerts, ALERT_NIGHT_LOAD, ALERT_OBJECT_SITE) || (!n->begun && !begin(b)))
        return true;
    if (n->count < NIGHTS && n->day - n->next <= NIGHTS_BACK && !isnan(n->kw)) {
        look_back(b);
        return false;
    }
    double raise = raise_pct(b);
    signal_night(n->kw, n->nights, n->count, raise, &n->signal);
    bool grew =
        n->signal.pct > raise && !alerts_stands(b->alerts, ALERT_NIGHT_LOAD, ALERT_OBJECT_SITE);
    if (grew && n->feeders <= n->count) {
        int32_t day = n->feeders == 0 ? n->day : n->days[n->feeders - 1];
        read_feeders(b, day, &n->feeder_kw[n->feeders * feeds]);
        n->feeders++;
        return false;
    }
    if (grew)
        find_growth(b);
    tell(b, now_ms);
    n->begun = false;
    return true;
}
