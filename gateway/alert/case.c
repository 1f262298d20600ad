#include "alert/case.h"

#include <math.h>

#include "base/buf.h"
#include "base/err.h"
#include "calc/calendar.h"

const char *alert_handling_str(enum alert_handling h) {
    static const char *const names[ALERT_HANDLINGS] = {"open", "acknowledged", "refused", "closed"};
    return names[h];
}

const char *alert_source_str(enum alert_source s) {
    static const char *const names[] = {
        [ALERT_BY_RULE] = "rule", [ALERT_BY_PLATFORM] = "platform", [ALERT_BY_HAND] = "hand"};
    return names[s];
}

enum case_raise case_on_raise(const struct alert_entry *last, ms_t at, ms_t watch_ms) {
    if (!last)
        return CASE_NEW;
    if (last->active)
        return CASE_STANDS;
    if (case_is_open(last->handling))
        return CASE_RETURN;
    ms_t settled = last->handling == HANDLING_CLOSED ? last->closed : last->cleared;
    return at < settled + watch_ms ? CASE_RETURN : CASE_NEW;
}

bool case_is_open(enum alert_handling h) {
    return h == HANDLING_OPEN || h == HANDLING_ACKNOWLEDGED;
}

bool case_is_overdue(const struct alert_entry *e, ms_t now) {
    return case_is_open(e->handling) && e->due != 0 && now >= e->due;
}

enum alert_handling case_after(const struct alert_entry *e, enum alert_step step,
                               enum alert_severity severity) {
    switch (step) {
    case ALERT_RAISED:
        return HANDLING_OPEN;
    case ALERT_REOPENED:
    case ALERT_ESCALATED:
        return severity > e->worst || e->handling == HANDLING_CLOSED ? HANDLING_OPEN : e->handling;
    case ALERT_ACKNOWLEDGED:
    case ALERT_MEASURE:
        return HANDLING_ACKNOWLEDGED;
    case ALERT_REFUSED:
        return HANDLING_REFUSED;
    case ALERT_CLOSED:
        return HANDLING_CLOSED;
    case ALERT_EASED:
    case ALERT_CLEARED:
    case ALERT_ASSIGNED:
    case ALERT_EFFECT:
    case ALERT_STEPS:
        break;
    }
    return e->handling;
}

double case_peak(const struct alert_entry *e, double value) {
    if (isnan(value) || isnan(e->peak))
        return isnan(value) ? e->peak : value;
    bool below = e->peak < e->threshold;
    return (below ? value < e->peak : value > e->peak) ? value : e->peak;
}

/* ---- what officers may do ----------------------------------------------------------------- */

static void begin(struct buf *b, char *why, size_t cap, const struct alert_entry *e) {
    buf_init(b, why, cap);
    buf_puts(b, "alert ");
    buf_put_i64(b, e->id);
}

static int refuse(const struct alert_entry *e, const char *words, char *why, size_t cap) {
    struct buf b;
    begin(&b, why, cap, e);
    buf_puts(&b, words);
    return ERR_REFUSED;
}

int case_may(const struct alert_entry *e, enum alert_step step, char *why, size_t cap) {
    if (e->handling == HANDLING_CLOSED)
        return refuse(e, " is closed; what is new is a new problem: enter it", why, cap);
    if (e->handling == HANDLING_REFUSED && step == ALERT_REFUSED)
        return refuse(e, " is refused already; its steps say why", why, cap);
    if (e->handling == HANDLING_REFUSED && step != ALERT_ACKNOWLEDGED)
        return refuse(e, " was refused; acknowledge it first", why, cap);
    return ERR_OK;
}

int case_may_measure(const struct alert_entry *e, ms_t at, ms_t now, char *why, size_t cap) {
    int err = case_may(e, ALERT_MEASURE, why, cap);
    if (err < 0)
        return err;
    if (at > now)
        return refuse(e, ": that measure lies in the future; enter it when it has been taken", why,
                      cap);
    /* people give the time to the minute */
    if (at + MS_PER_MIN <= e->raised)
        return refuse(e, ": that measure is older than the alert; give one that was taken on it",
                      why, cap);
    return ERR_OK;
}

/* "2026-12-02 13:40" */
static void put_minute(struct buf *b, ms_t t, int utc_offset_s) {
    char text[ISO8601_MAX];
    iso8601_format(text, t, utc_offset_s);
    buf_put(b, text, 10);
    buf_putc(b, ' ');
    buf_put(b, text + 11, 5);
}

/* What is missing, each with its number: "; " stands between them. */
static void lack(struct buf *b, int *n, const char *words) {
    buf_puts(b, (*n)++ == 0 ? " cannot be closed yet: " : "; ");
    buf_puts(b, words);
}

static void lack_watch(struct buf *b, int *n, ms_t since, ms_t watch_ms, int utc_offset_s) {
    lack(b, n, "it must stay away for ");
    buf_put_i64(b, watch_ms / MS_PER_DAY);
    buf_puts(b, watch_ms == MS_PER_DAY ? " day, until " : " days, until ");
    put_minute(b, since + watch_ms, utc_offset_s);
}

int case_may_close(const struct alert_entry *e, bool verified, ms_t now, ms_t watch_ms,
                   int utc_offset_s, char *why, size_t cap) {
    struct buf b;
    int n = 0;
    int err = case_may(e, ALERT_CLOSED, why, cap);
    if (err < 0)
        return err;
    begin(&b, why, cap, e);
    bool by_hand = e->source == ALERT_BY_HAND, holds = e->active && !by_hand;
    bool measured = e->measured != 0 && e->measured + MS_PER_MIN > e->returned;
    if (holds)
        lack(&b, &n, "its condition still holds");
    if (e->measured == 0)
        lack(&b, &n, "no measure is entered");
    else if (!measured)
        lack(&b, &n, "it came back after the measure: enter what was done since");
    if (!verified)
        lack(&b, &n, "no verifier is named");
    ms_t since = by_hand || e->measured > e->cleared ? e->measured : e->cleared;
    if (measured && !holds && now < since + watch_ms)
        lack_watch(&b, &n, since, watch_ms, utc_offset_s);
    return n == 0 ? ERR_OK : ERR_REFUSED;
}
