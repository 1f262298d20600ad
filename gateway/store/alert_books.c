#include "store/alert_books.h"

#include <math.h>
#include <stdlib.h>

#include "base/err.h"
#include "store/alert_books_impl.h"
#include "store/db.h"
#include "sys/clock.h"

static int open_night(struct alert_books *b) {
    struct night_work *n = &b->night;
    size_t feeds = b->site->feed_count;
    n->feeder_kw = malloc(((NIGHTS + 1) * feeds + 1) * sizeof *n->feeder_kw);
    n->usual_kw = malloc((feeds + 1) * sizeof *n->usual_kw);
    return n->feeder_kw && n->usual_kw ? ERR_OK : ERR_NOMEM;
}

static int open_sun(struct alert_books *b) {
    struct sun_work *s = &b->sun;
    s->feeds = malloc((b->site->feed_count + 1) * sizeof *s->feeds);
    if (!s->feeds)
        return ERR_NOMEM;
    for (size_t i = 0; i < b->site->feed_count; i++) {
        const struct feed *f = &b->site->feeds[i];
        if (f->role == ROLE_PV && b->site->devices[f->device].rated_kwp > 0.0)
            s->feeds[s->count++] = (int32_t)i;
    }
    size_t room = s->count > PV_HOURS_MAX ? s->count : PV_HOURS_MAX;
    s->history = calloc(s->count + 1, sizeof *s->history);
    s->yield = malloc((s->count + 1) * sizeof *s->yield);
    s->scratch = malloc(room * sizeof *s->scratch);
    s->next = INT64_MIN;
    return s->history && s->yield && s->scratch ? ERR_OK : ERR_NOMEM;
}

int alert_books_new(struct records *r, struct alerts *a, const struct alert_books *before,
                    struct alert_books **ret) {
    struct alert_books *b = calloc(1, sizeof *b);
    if (!b)
        return ERR_NOMEM;
    b->records = r;
    b->alerts = a;
    b->site = r->site;
    b->told_quarter = before ? before->told_quarter : INT64_MIN;
    b->sun.told = before ? before->sun.told : INT64_MIN;
    b->due = (1u << BOOK_TASKS) - 1; /* as the last run left them, or would have told them */
    b->sum = malloc(sizeof *b->sum);
    b->part = malloc(sizeof *b->part);
    int err = b->sum && b->part ? open_night(b) : ERR_NOMEM;
    if (err == ERR_OK)
        err = open_sun(b);
    if (err < 0) {
        alert_books_free(b);
        return err;
    }
    *ret = b;
    return ERR_OK;
}

void alert_books_free(struct alert_books *b) {
    if (!b)
        return;
    free(b->sum);
    free(b->part);
    free(b->night.feeder_kw);
    free(b->night.usual_kw);
    free(b->sun.feeds);
    free(b->sun.history);
    free(b->sun.yield);
    free(b->sun.scratch);
    free(b);
}

/* ---- reading ------------------------------------------------------------------------------ */

int books_each(struct alert_books *b, enum slot_period p, int account, ms_t from, ms_t to,
               books_fn *fn, void *arg) {
    sqlite3_stmt *s;
    int64_t code;
    int n = 0;
    if (records_code(b->records, p, account, &code) < 0 ||
        records_prepare(b->records, RECORDS_FACTS, &s) < 0)
        return 0;
    sqlite3_bind_int64(s, 1, code);
    sqlite3_bind_int64(s, 2, from);
    sqlite3_bind_int64(s, 3, to);
    while (sqlite3_step(s) == SQLITE_ROW)
        if (records_read_facts(b->records, s, 0, b->part) == ERR_OK) {
            fn(arg, b->part);
            n++;
        }
    sqlite3_reset(s);
    return n;
}

static void merge(void *arg, const struct slot_facts *f) {
    facts_merge(arg, f);
}

int books_sum(struct alert_books *b, enum slot_period p, ms_t from, ms_t to) {
    facts_init(b->sum, b->site, SLOT_1MO, from, to);
    return books_each(b, p, -1, from, to, merge, b->sum);
}

bool books_newest(struct alert_books *b, enum slot_period p, int account, ms_t *ret) {
    int64_t code;
    return records_code(b->records, p, account, &code) == ERR_OK &&
           writer_last_start(b->records->writer, code, ret);
}

ms_t books_day(ms_t t, int days) {
    return local_midnight(local_time(t, clock_utc_offset_s).day + days, clock_utc_offset_s);
}

ms_t books_hold_ms(struct alert_books *b, enum alert_rule_id rule, size_t object) {
    const struct alert_limits *l = alerts_limits(b->alerts, rule, object);
    uint32_t most = 0;
    for (size_t i = 0; l && i < l->level_count; i++) {
        most = l->levels[i].hold_s > most ? l->levels[i].hold_s : most;
        most = l->levels[i].clear_s > most ? l->levels[i].clear_s : most;
    }
    return (ms_t)most * MS_PER_S;
}

double books_net_kwh(const struct alert_books *b, int32_t feed) {
    const double *kwh = b->records->feeds[feed].kwh;
    return kwh[0] - (isnan(kwh[1]) ? 0.0 : kwh[1]);
}

/* ---- what is due -------------------------------------------------------------------------- */

/* Records that were written since the last look, first or again. */
static bool take_news(struct alert_books *b, enum slot_period p) {
    bool any = b->records->written[p] != INT64_MAX;
    b->records->written[p] = INT64_MAX;
    return any;
}

static bool (*const steps[BOOK_TASKS])(struct alert_books *b, ms_t now_ms) = {
    [TASK_WEEK] = books_week,   [TASK_MONTHS] = books_months, [TASK_SITE] = books_site_month,
    [TASK_PEERS] = books_peers, [TASK_BILLS] = books_bills,   [TASK_NIGHT] = books_night,
    [TASK_SUN] = books_sun,
};

void alert_books_second(struct alert_books *b, ms_t now_ms) {
    ms_t hour = b->records->written[SLOT_1H]; /* the first of them */
    if (take_news(b, SLOT_15M) || !b->begun)
        b->begun = books_quarters(b);
    if (take_news(b, SLOT_1H)) {
        b->due |= 1u << TASK_SUN;
        b->sun.next = hour < b->sun.next ? hour : b->sun.next;
        if (books_night_since(b, hour)) {
            b->due |= 1u << TASK_NIGHT;
            b->night.begun = false;
        }
    }
    if (take_news(b, SLOT_1D))
        b->due |= 1u << TASK_WEEK | 1u << TASK_MONTHS | 1u << TASK_SITE | 1u << TASK_PEERS;
    if (take_news(b, SLOT_BILL))
        b->due |= 1u << TASK_BILLS;
    for (unsigned t = 0; t < BOOK_TASKS; t++)
        if (b->due & 1u << t) {
            if (steps[t](b, now_ms))
                b->due &= ~(1u << t);
            return;
        }
}
