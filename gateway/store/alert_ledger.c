#include "store/alert_ledger.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "alert/case.h"
#include "alert/rules.h"
#include "base/err.h"
#include "store/alert_evidence.h"
#include "store/alert_rows.h"
#include "store/db.h"

/* ---- looking up --------------------------------------------------------------------------- */

static int read_one(sqlite3_stmt *s, struct alert_entry *ret) {
    int rc = sqlite3_step(s);
    int err = rc == SQLITE_ROW    ? alert_rows_entry(s, ret)
              : rc == SQLITE_DONE ? ERR_NOT_FOUND
                                  : db_err(rc);
    sqlite3_finalize(s);
    return err;
}

int alert_ledger_find(struct writer *w, int64_t id, struct alert_entry *ret) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(w->db, "SELECT " ALERT_COLUMNS " FROM alert WHERE id=?", &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, id);
    return read_one(s, ret);
}

int alert_ledger_newest(struct writer *w, enum alert_source source, const char *rule,
                        const char *object, struct alert_entry *ret) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(w->db,
                         "SELECT " ALERT_COLUMNS " FROM alert WHERE source=? AND rule=? AND"
                         " object=? ORDER BY id DESC LIMIT 1",
                         &s);
    if (err < 0)
        return err;
    sqlite3_bind_int(s, 1, (int)source);
    sqlite3_bind_text(s, 2, rule, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 3, object, -1, SQLITE_STATIC);
    return read_one(s, ret);
}

/* ---- a step and its event ------------------------------------------------------------------- */

static bool raises(enum alert_step step) {
    return step == ALERT_RAISED || step == ALERT_REOPENED || step == ALERT_ESCALATED;
}

static const char *text_or_null(const char *text) {
    return text[0] != '\0' ? text : NULL;
}

static int tell(struct writer *w, const struct alert_entry *e, const struct alert_mark *m,
                const struct alert_entry_step *step, ms_t now_ms) {
    const struct event_body body = {.event = "alert",
                                    .object = e->object,
                                    .rule = e->rule,
                                    .severity = alert_severity_str(e->severity),
                                    .state = alert_step_str(m->step),
                                    .at = m->at,
                                    .value = e->value,
                                    .threshold = e->threshold,
                                    .unit = text_or_null(e->unit),
                                    .actor = m->actor,
                                    .note = m->note_en,
                                    .alert = e->id,
                                    .action = text_or_null(e->action),
                                    .text_zh = text_or_null(e->text_zh),
                                    .text_en = text_or_null(e->text_en),
                                    .note_zh = m->note_zh,
                                    .message_id =
                                        e->source == ALERT_BY_PLATFORM ? e->message_id : NULL,
                                    .evidence = step->evidence,
                                    .evidence_count = step->evidence_count};
    return writer_put_event(w, &body, now_ms);
}

int alert_ledger_put(struct writer *w, struct alert_entry *e, const struct alert_mark *m,
                     ms_t now_ms) {
    struct alert_entry_step step = {
        .t = m->at, .step = m->step, .severity = e->severity, .value = e->value};
    snprintf(step.actor, sizeof step.actor, "%s", m->actor ? m->actor : "");
    snprintf(step.note_en, sizeof step.note_en, "%s", m->note_en ? m->note_en : "");
    snprintf(step.note_zh, sizeof step.note_zh, "%s", m->note_zh ? m->note_zh : "");
    if (m->before)
        step.before = *m->before;
    int64_t id = e->id;
    int err = raises(m->step) ? alert_evidence_find(w, m->at, &step) : ERR_OK;
    if (err == ERR_OK)
        err = id == 0 ? alert_rows_insert(w->db, e, &id) : alert_rows_update(w->db, e);
    if (err == ERR_OK)
        err = alert_rows_add_step(w->db, id, &step);
    if (err < 0)
        return err;
    e->id = id;
    return tell(w, e, m, &step, now_ms);
}

/* ---- what a rule found ---------------------------------------------------------------------- */

/* The words of the rule as they are now: the ledger keeps what was said at the time. */
static void take_words(struct alert_entry *e) {
    enum alert_rule_id id;
    if (e->source != ALERT_BY_RULE || !alert_rule_find(e->rule, &id))
        return;
    const struct alert_rule *r = alert_rule(id);
    snprintf(e->action, sizeof e->action, "%s", r->action);
    snprintf(e->text_zh, sizeof e->text_zh, "%s：%s", r->name_zh, r->advice_zh);
    snprintf(e->text_en, sizeof e->text_en, "%s: %s", r->name_en, r->advice_en);
}

static void begin_entry(const struct writer *w, const struct alert_change *c,
                        struct alert_entry *e) {
    memset(e, 0, sizeof *e);
    e->source = (enum alert_source)c->source;
    memcpy(e->rule, c->rule, sizeof e->rule);
    memcpy(e->object, c->object, sizeof e->object);
    e->raised = c->at;
    e->peak = e->value = c->value;
    e->threshold = c->threshold;
    e->expected_kw = (double)NAN;
    memcpy(e->config, w->config, sizeof e->config);
}

static void raise_entry(const struct writer *w, const struct alert_change *c, bool anew,
                        struct alert_entry *e) {
    e->active = true;
    e->returned = c->at;
    e->returns += anew ? 0 : 1;
    if (e->closed != 0)
        e->due = 0; /* of the work that was closed */
    e->closed = 0;
    e->verifier[0] = '\0';
    memcpy(e->config, w->config, sizeof e->config);
    take_words(e);
}

/* Between two steps the value may have been worse than at either: the curve tells. */
static void take_peak(const struct alert_change *c, struct alert_entry *e) {
    e->peak = case_peak(e, c->value);
    for (uint32_t i = 0; i < c->before.count && i < ALERT_CURVE_MAX; i++)
        if (c->before.t[i] >= e->returned && c->before.t[i] <= c->at)
            e->peak = case_peak(e, c->before.value[i]);
}

/* What the change is for this case: the step, or ALERT_STEPS when it is nothing new. */
static enum alert_step step_for(const struct writer *w, const struct alert_change *c,
                                const struct alert_entry *last) {
    enum alert_step step = (enum alert_step)c->step;
    if (step != ALERT_RAISED && step != ALERT_REOPENED)
        return last && (last->active || step > ALERT_CLEARED) ? step : ALERT_STEPS;
    switch (case_on_raise(last, c->at, w->alert_watch_ms)) {
    case CASE_NEW:
        return ALERT_RAISED;
    case CASE_RETURN:
        return ALERT_REOPENED;
    case CASE_STANDS:
        break;
    }
    if (c->severity == last->severity)
        return ALERT_STEPS;
    return c->severity > last->severity ? ALERT_ESCALATED : ALERT_EASED;
}

static void fold(const struct writer *w, const struct alert_change *c, enum alert_step step,
                 struct alert_entry *e) {
    enum alert_severity severity = (enum alert_severity)c->severity;
    e->handling = case_after(e, step, severity);
    if (step > ALERT_CLEARED)
        return; /* nothing about its condition */
    if (step == ALERT_RAISED || step == ALERT_REOPENED)
        raise_entry(w, c, step == ALERT_RAISED, e);
    if (step == ALERT_CLEARED) {
        e->active = false;
        e->cleared = c->at;
    } else {
        e->severity = severity;
        e->threshold = c->threshold;
    }
    e->worst = severity > e->worst ? severity : e->worst;
    e->value = c->value;
    memcpy(e->unit, c->unit, sizeof e->unit);
    take_peak(c, e);
}

int alert_ledger_write(struct writer *w, const struct alert_change *c, ms_t now_ms) {
    struct alert_entry e;
    int err = alert_ledger_newest(w, (enum alert_source)c->source, c->rule, c->object, &e);
    if (err < 0 && err != ERR_NOT_FOUND)
        return err;
    enum alert_step step = step_for(w, c, err == ERR_OK ? &e : NULL);
    if (step == ALERT_STEPS)
        return ERR_OK;
    if (step == ALERT_RAISED)
        begin_entry(w, c, &e);
    fold(w, c, step, &e);
    const struct alert_mark m = {.step = step,
                                 .at = c->at,
                                 .note_en = text_or_null(c->note_en),
                                 .note_zh = text_or_null(c->note_zh),
                                 .before = &c->before};
    return alert_ledger_put(w, &e, &m, now_ms);
}
