/* What an officer does with an alert: a step in the ledger and an event, under the officer's name.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "alert/case.h"
#include "base/err.h"
#include "store/alert_ledger.h"
#include "store/order_desk.h"
#include "sys/clock.h"

struct desk_case {
    const struct order_desk *desk;
    const struct order_alert *order;
    char who[ORDER_WHO_MAX];
    struct alert_entry entry;
    char note_en[ALERT_NOTE_MAX], note_zh[ALERT_NOTE_MAX]; /* instead of the officer's words */
    char *why;
};

static struct writer *writer_of(const struct desk_case *c) {
    return c->desk->records->writer;
}

/* Writes the step; the alert's number. */
static int finish(struct desk_case *c, enum alert_step step, ms_t at) {
    const char *words = c->order->note[0] != '\0' ? c->order->note : NULL;
    const struct alert_mark m = {.step = step,
                                 .at = at,
                                 .actor = c->who,
                                 .note_en = c->note_en[0] != '\0' ? c->note_en : words,
                                 .note_zh = c->note_zh[0] != '\0' ? c->note_zh : NULL};
    int err = alert_ledger_put(writer_of(c), &c->entry, &m, c->desk->now_ms);
    return err < 0 ? err : (int)c->entry.id;
}

/* The alert that the order names, when that may be done with it. */
static int take_up(struct desk_case *c, enum alert_step step) {
    int err = alert_ledger_find(writer_of(c), c->order->alert, &c->entry);
    if (err == ERR_NOT_FOUND)
        snprintf(c->why, ORDER_WHY_MAX, "there is no alert %lld; busbar alerts --all lists them",
                 (long long)c->order->alert);
    if (err == ERR_OK)
        err = case_may(&c->entry, step, c->why, ORDER_WHY_MAX);
    return err;
}

/* Acknowledged or refused. What was found on foot has no condition but somebody's word. */
static int settle(struct desk_case *c, enum alert_step step) {
    int err = take_up(c, step);
    if (err < 0)
        return err;
    c->entry.handling = case_after(&c->entry, step, c->entry.severity);
    if (c->entry.source == ALERT_BY_HAND) {
        c->entry.active = step == ALERT_ACKNOWLEDGED;
        c->entry.cleared = c->entry.active ? c->entry.cleared : c->desk->now_ms;
    }
    return finish(c, step, c->desk->now_ms);
}

/* ---- owner, measure, closing --------------------------------------------------------------- */

static int assign(struct desk_case *c) {
    const struct order_alert *o = c->order;
    char due[ISO8601_MAX] = "-";
    int err = take_up(c, ALERT_ASSIGNED);
    if (err < 0)
        return err;
    snprintf(c->entry.owner, sizeof c->entry.owner, "%s", o->owner);
    c->entry.due = 0;
    if (o->due_day != 0) {
        ms_t noon = local_midnight(o->due_day, clock_utc_offset_s) + MS_PER_DAY / 2;
        c->entry.due = local_midnight(o->due_day + 1, clock_utc_offset_s);
        iso8601_format(due, noon, clock_utc_offset_s(noon));
        due[strlen("2026-12-01")] = '\0';
    }
    snprintf(c->note_en, sizeof c->note_en, "owner %s, due %s%s%s", o->owner, due,
             o->note[0] ? ": " : "", o->note);
    snprintf(c->note_zh, sizeof c->note_zh, "责任人 %s，期限 %s%s%s", o->owner, due,
             o->note[0] ? "：" : "", o->note);
    return finish(c, ALERT_ASSIGNED, c->desk->now_ms);
}

static int measure(struct desk_case *c) {
    const struct order_alert *o = c->order;
    ms_t at = o->at != 0 ? o->at : c->desk->now_ms;
    char when[ISO8601_MAX];
    int err = take_up(c, ALERT_MEASURE);
    if (err == ERR_OK)
        err = case_may_measure(&c->entry, at, c->desk->now_ms, c->why, ORDER_WHY_MAX);
    if (err < 0)
        return err;
    c->entry.handling = case_after(&c->entry, ALERT_MEASURE, c->entry.severity);
    memcpy(c->entry.measure, o->code, sizeof c->entry.measure);
    memcpy(c->entry.measure_text, o->text, sizeof c->entry.measure_text);
    memcpy(c->entry.measured_by, c->who, sizeof c->who);
    c->entry.measured = at;
    iso8601_format(when, at, clock_utc_offset_s(at));
    snprintf(c->note_en, sizeof c->note_en, "%s at %s: %s", o->code, when, o->text);
    snprintf(c->note_zh, sizeof c->note_zh, "%s（%s）：%s", o->code, when, o->text);
    return finish(c, ALERT_MEASURE, c->desk->now_ms);
}

static int close_case(struct desk_case *c) {
    ms_t now = c->desk->now_ms;
    int err = take_up(c, ALERT_CLOSED);
    if (err == ERR_OK)
        err = case_may_close(&c->entry, c->order->by[0] != '\0', now, writer_of(c)->alert_watch_ms,
                             clock_utc_offset_s(now), c->why, ORDER_WHY_MAX);
    if (err < 0)
        return err;
    c->entry.handling = case_after(&c->entry, ALERT_CLOSED, c->entry.severity);
    c->entry.closed = now;
    memcpy(c->entry.verifier, c->who, sizeof c->who);
    if (c->entry.active) { /* found on foot: whoever verifies says that it is gone */
        c->entry.active = false;
        c->entry.cleared = now;
    }
    return finish(c, ALERT_CLOSED, now);
}

/* ---- found on foot ------------------------------------------------------------------------- */

static void begin_entry(struct desk_case *c, ms_t at) {
    struct alert_entry *e = &c->entry;
    memset(e, 0, sizeof *e);
    e->source = ALERT_BY_HAND;
    memcpy(e->rule, c->order->code, sizeof e->rule);
    memcpy(e->object, c->order->object, sizeof e->object);
    e->value = e->peak = e->threshold = e->expected_kw = (double)NAN;
    e->raised = at;
}

/* One that stands already and on which nothing was done is found, not entered twice. */
static int check_news(struct desk_case *c, bool found, ms_t at) {
    const struct alert_entry *e = &c->entry;
    if (at > c->desk->now_ms) {
        snprintf(c->why, ORDER_WHY_MAX, "at lies in the future; give the time when it was found");
        return ERR_REFUSED;
    }
    if (!found || !e->active || (e->measured != 0 && at > e->measured))
        return ERR_OK;
    snprintf(c->why, ORDER_WHY_MAX,
             "alert %lld stands for that already; acknowledge it with a note of what is new",
             (long long)e->id);
    return ERR_REFUSED;
}

static int enter(struct desk_case *c) {
    const struct order_alert *o = c->order;
    struct writer *w = writer_of(c);
    ms_t at = o->at != 0 ? o->at : c->desk->now_ms;
    int err = alert_ledger_newest(w, ALERT_BY_HAND, o->code, o->object, &c->entry);
    bool found = err == ERR_OK;
    if (found || err == ERR_NOT_FOUND)
        err = check_news(c, found, at);
    if (err < 0)
        return err;
    enum alert_step step = ALERT_REOPENED;
    if (!found || case_on_raise(&c->entry, at, w->alert_watch_ms) == CASE_NEW) {
        step = ALERT_RAISED;
        begin_entry(c, at);
    }
    struct alert_entry *e = &c->entry;
    e->handling = case_after(e, step, o->severity);
    e->active = true;
    e->returned = at;
    e->returns += step == ALERT_REOPENED ? 1 : 0;
    e->closed = 0;
    e->verifier[0] = '\0';
    e->severity = o->severity;
    e->worst = o->severity > e->worst ? o->severity : e->worst;
    snprintf(e->text_zh, sizeof e->text_zh, "%s", o->text);
    snprintf(e->text_en, sizeof e->text_en, "%s", o->text);
    memcpy(e->config, w->config, sizeof e->config);
    return finish(c, step, at);
}

int order_alert_run(const struct order_desk *d, const struct order *o, const char *actor,
                    char *why) {
    struct desk_case c = {.desk = d, .order = &o->alert, .why = why};
    order_desk_sign(c.who, o->alert.by, actor);
    if (o->kind == ORDER_ALERT_ACK)
        return settle(&c, ALERT_ACKNOWLEDGED);
    if (o->kind == ORDER_ALERT_REFUSE)
        return settle(&c, ALERT_REFUSED);
    if (o->kind == ORDER_ALERT_ASSIGN)
        return assign(&c);
    if (o->kind == ORDER_ALERT_MEASURE)
        return measure(&c);
    return o->kind == ORDER_ALERT_CLOSE ? close_case(&c) : enter(&c);
}
