/* The energy balance of the quarters, and of the day that has just ended: the site's own. Of an
 * inner node nothing says whether every feeder below it has a meter. */
#include <math.h>

#include "alert/signal_balance.h"
#include "store/alert_books_impl.h"
#include "store/alert_books_words.h"
#include "sys/clock.h"

#define QUARTER_MS (15 * MS_PER_MIN)

/* What the signal of a quarter rests on. */
struct balance_run {
    struct alert_books *b;
    struct balance_sum day, evening;
    struct suspect suspect; /* named by the day */
    bool with_day;
};

static void add_sum(void *arg, const struct slot_facts *f) {
    struct balance_sum *s = arg;
    if (isnan(f->balance.residual_kwh))
        return;
    s->residual_kwh += f->balance.residual_kwh;
    s->feeders_kwh += f->balance.feeders_kwh;
    s->hours += (double)(f->end - f->start) / (double)MS_PER_HOUR;
}

static void take_day(void *arg, const struct slot_facts *f) {
    struct balance_run *r = arg;
    r->suspect = f->balance.suspect;
    r->day = (struct balance_sum){0};
    add_sum(&r->day, f);
}

/* The day that ended before a quarter counts in the first ones after it: as many as the hold time
 * asks for. */
static void load_day(struct balance_run *r, ms_t quarter) {
    ms_t midnight = slot_start(SLOT_1D, quarter, clock_utc_offset_s, 1);
    r->with_day = false;
    if (quarter - midnight > books_hold_ms(r->b, ALERT_BALANCE, ALERT_OBJECT_SITE))
        return;
    r->evening = (struct balance_sum){0};
    books_each(r->b, SLOT_15M, -1, midnight - BALANCE_EVENING * QUARTER_MS, midnight, add_sum,
               &r->evening);
    r->with_day = books_each(r->b, SLOT_1D, -1, books_day(midnight, -1), midnight, take_day, r) > 0;
}

static void signal_site(struct balance_run *r, const struct slot_facts *f,
                        const struct alert_level *l) {
    const struct balance_sum quarter = {f->balance.residual_kwh, f->balance.feeders_kwh,
                                        facts_lived_ms(f) / (double)MS_PER_HOUR};
    double kva = r->b->site->transformer_kva;
    struct balance_words words = {.site = r->b->site};
    double value = signal_balance(&quarter, r->with_day ? &r->day : NULL, &r->evening, kva,
                                  l->raise, l->clear, &words.of_day);
    const struct balance_sum *of = words.of_day ? &r->day : &quarter;
    words.suspect = words.of_day ? &r->suspect : &f->balance.suspect;
    words.residual_kwh = of->residual_kwh;
    words.pct = balance_pct(of, kva);
    words.limit_pct = words.of_day ? l->clear : l->raise;
    const struct alert_signal s = {
        .value = value, .at = f->end, .explain = words_balance, .arg = &words};
    alerts_signal(r->b->alerts, ALERT_BALANCE, ALERT_OBJECT_SITE, &s);
}

static void signal_quarter(void *arg, const struct slot_facts *f) {
    struct balance_run *r = arg;
    const struct alert_limits *l = alerts_limits(r->b->alerts, ALERT_BALANCE, ALERT_OBJECT_SITE);
    if (l)
        signal_site(r, f, &l->levels[0]);
}

/* From the store: reading the day's facts would overwrite those of the quarter. */
static void tell(struct alert_books *b, ms_t start) {
    struct balance_run r = {.b = b};
    load_day(&r, start);
    books_each(b, SLOT_15M, -1, start, start + QUARTER_MS, signal_quarter, &r);
}

/* Of a run that is new here the last ones, as many as the hold time asks for; else those that came,
 * and the newest again when it was revised. */
bool books_quarters(struct alert_books *b) {
    ms_t newest, back = books_hold_ms(b, ALERT_BALANCE, ALERT_OBJECT_SITE);
    if (!books_newest(b, SLOT_15M, -1, &newest))
        return false;
    ms_t from = newest - back;
    if (b->told_quarter + QUARTER_MS > from)
        from = b->told_quarter < newest ? b->told_quarter + QUARTER_MS : newest;
    for (ms_t start = from; start <= newest; start += QUARTER_MS)
        tell(b, start);
    b->told_quarter = newest;
    return true;
}
