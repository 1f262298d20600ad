#include "store/alerts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/past.h"
#include "alert/settings.h"
#include "base/err.h"
#include "store/core.h"
#include "store/db.h"

#define NONE (-1)

struct entry {
    struct watch watch;
    struct past past;
    const struct alert_limits *limits;
    size_t object;
    enum alert_rule_id rule;
};

struct alerts {
    struct core *core;
    const struct site *site;
    size_t base[ALERT_RULES + 1]; /* of each rule's places: its objects, then the site */
    int32_t *place;               /* index of the entry; NONE: not watched */
    struct entry *entries;
    size_t count;
    ms_t epoch;   /* of the store that the watches agree with */
    bool settled; /* nothing stands in the ledger that is not watched */
};

static size_t place_of(const struct alerts *a, enum alert_rule_id rule, size_t object) {
    size_t objects = a->base[rule + 1] - a->base[rule] - 1;
    return a->base[rule] + (object < objects ? object : objects);
}

/* NULL: it is not watched. */
static struct entry *entry_of(const struct alerts *a, enum alert_rule_id rule, size_t object) {
    int32_t i = a->place[place_of(a, rule, object)];
    return i == NONE ? NULL : &a->entries[i];
}

static const char *object_id(const struct alerts *a, const struct entry *e) {
    return alert_object_id(a->site, alert_rule(e->rule)->object, e->object);
}

/* The watch of the same rule and object under the configuration before. */
static const struct entry *same_entry(const struct alerts *old, const char *id,
                                      enum alert_rule_id rule) {
    size_t object;
    if (!old || !alert_object_find(old->site, alert_rule(rule)->object, id, &object))
        return NULL;
    return entry_of(old, rule, object);
}

static void add_entry(struct alerts *a, const struct alerts *old, enum alert_rule_id rule,
                      size_t object) {
    const struct alert_limits *l = alert_limits_of(a->site->alerts, rule, object);
    a->place[place_of(a, rule, object)] = NONE;
    if (!l->enabled || !alert_rule_applies(a->site, rule, object))
        return;
    a->place[place_of(a, rule, object)] = (int32_t)a->count;
    struct entry *e = &a->entries[a->count++];
    *e = (struct entry){.limits = l, .object = object, .rule = rule};
    watch_init(&e->watch);
    past_init(&e->past, l);
    const struct entry *before = same_entry(old, object_id(a, e), rule);
    if (!before)
        return;
    uint32_t spacing_ms = e->past.spacing_ms;
    e->watch = before->watch;
    e->past = before->past;
    e->past.spacing_ms = spacing_ms;
    if (e->watch.level > l->level_count)
        e->watch.level = l->level_count;
}

struct alerts *alerts_new(struct core *c, const struct alerts *old) {
    struct alerts *a = calloc(1, sizeof *a);
    if (!a)
        return NULL;
    a->core = c;
    a->site = c->site;
    a->epoch = c->writer->epoch;
    for (size_t r = 0; r < ALERT_RULES; r++) {
        enum alert_object kind = alert_rule((enum alert_rule_id)r)->object;
        a->base[r + 1] = a->base[r] + alert_object_count(c->site, kind) + 1;
    }
    a->place = calloc(a->base[ALERT_RULES], sizeof *a->place);
    a->entries =
        calloc(a->base[ALERT_RULES], sizeof *a->entries); /* untouched pages cost nothing */
    if (!a->place || !a->entries) {
        alerts_free(a);
        return NULL;
    }
    for (size_t r = 0; r < ALERT_RULES; r++) {
        size_t objects = a->base[r + 1] - a->base[r] - 1;
        for (size_t i = 0; i <= objects; i++)
            add_entry(a, old, (enum alert_rule_id)r, i < objects ? i : ALERT_OBJECT_SITE);
    }
    return a;
}

void alerts_free(struct alerts *a) {
    if (!a)
        return;
    free(a->place);
    free(a->entries);
    free(a);
}

/* ---- the ledger of an earlier run --------------------------------------------------------- */

/* Limits may be others today: the level of that severity, else the next milder one. */
static uint8_t level_of(const struct alert_limits *l, int severity) {
    uint8_t level = 1;
    for (uint8_t i = 0; i < l->level_count; i++)
        if ((int)l->levels[i].severity <= severity)
            level = (uint8_t)(i + 1);
    return level;
}

struct ledger_row {
    const char *rule, *object;
    int severity;
    bool active;
    ms_t cleared;
};

static struct entry *entry_of_row(const struct alerts *a, const struct ledger_row *row) {
    enum alert_rule_id rule;
    size_t object;
    if (!alert_rule_find(row->rule, &rule) ||
        !alert_object_find(a->site, alert_rule(rule)->object, row->object, &object))
        return NULL;
    return entry_of(a, rule, object);
}

/* Calls fn for each row of a rule that stands, or was cleared after `since`, oldest first. */
static int each_row(struct alerts *a, ms_t since,
                    int (*fn)(struct alerts *a, const struct ledger_row *row, ms_t now_ms),
                    ms_t now_ms) {
    sqlite3_stmt *s = NULL;
    sqlite3 *db = a->core->writer->db;
    int err = db_prepare(db,
                         "SELECT rule,object,severity,active,cleared FROM alert WHERE source=?1"
                         " AND (active OR cleared>?2) ORDER BY id",
                         &s);
    if (err < 0)
        return err;
    sqlite3_bind_int(s, 1, ALERT_BY_RULE);
    sqlite3_bind_int64(s, 2, since);
    int step;
    while (err == ERR_OK && (step = sqlite3_step(s)) == SQLITE_ROW) {
        const struct ledger_row row = {.rule = (const char *)sqlite3_column_text(s, 0),
                                       .object = (const char *)sqlite3_column_text(s, 1),
                                       .severity = sqlite3_column_int(s, 2),
                                       .active = sqlite3_column_int(s, 3) != 0,
                                       .cleared = sqlite3_column_int64(s, 4)};
        err = fn(a, &row, now_ms);
    }
    if (err == ERR_OK)
        err = db_err(step);
    sqlite3_finalize(s);
    return err;
}

static int restore_row(struct alerts *a, const struct ledger_row *row, ms_t now_ms) {
    struct entry *e = entry_of_row(a, row);
    (void)now_ms;
    if (e)
        watch_restore(&e->watch, row->active ? level_of(e->limits, row->severity) : 0,
                      row->cleared > 0 ? row->cleared : INT64_MIN);
    return ERR_OK;
}

int alerts_restore(struct alerts *a, ms_t now_ms) {
    return each_row(a, now_ms - ALERT_PAUSE_MS, restore_row, now_ms);
}

static int clear_row(struct alerts *a, const struct ledger_row *row, ms_t now_ms) {
    if (entry_of_row(a, row))
        return ERR_OK;
    struct alert_change c = {.source = ALERT_BY_RULE,
                             .step = ALERT_CLEARED,
                             .severity = (uint8_t)row->severity,
                             .at = now_ms,
                             .value = (double)NAN,
                             .threshold = (double)NAN};
    snprintf(c.rule, sizeof c.rule, "%s", row->rule);
    snprintf(c.object, sizeof c.object, "%s", row->object);
    snprintf(c.note_en, sizeof c.note_en,
             "the configuration no longer has this rule for this object");
    snprintf(c.note_zh, sizeof c.note_zh, "配置中已无此规则或对象");
    return core_alert(a->core, &c);
}

/* The store was replaced by an empty one: what stands is raised there too. */
static void forget_levels(struct alerts *a) {
    for (size_t i = 0; i < a->count; i++) {
        a->entries[i].watch.level = 0;
        a->entries[i].watch.cleared_at = INT64_MIN;
    }
    a->epoch = a->core->writer->epoch;
}

void alerts_second(struct alerts *a, ms_t now_ms) {
    if (a->epoch != a->core->writer->epoch)
        forget_levels(a);
    if (!a->settled) /* what failed is tried again; clearing twice is clearing once */
        a->settled = each_row(a, INT64_MAX, clear_row, now_ms) == ERR_OK;
}

/* ---- signals ------------------------------------------------------------------------------ */

static void fill_change(const struct alerts *a, const struct entry *e, uint8_t level_before,
                        const struct alert_signal *s, enum alert_step step,
                        struct alert_change *c) {
    const struct alert_rule *rule = alert_rule(e->rule);
    uint8_t level = e->watch.level != 0 ? e->watch.level : level_before;
    memset(c, 0, sizeof *c);
    c->source = ALERT_BY_RULE;
    c->step = (uint8_t)step;
    c->severity = (uint8_t)e->limits->levels[level - 1].severity;
    snprintf(c->rule, sizeof c->rule, "%s", rule->code);
    snprintf(c->object, sizeof c->object, "%s", object_id(a, e));
    snprintf(c->unit, sizeof c->unit, "%s", rule->unit);
    c->at = s->at;
    c->value = s->value;
    c->threshold = e->limits->levels[level - 1].raise;
    past_show(&e->past, &c->before);
    if (s->explain)
        s->explain(s->arg, c);
}

void alerts_signal(struct alerts *a, enum alert_rule_id rule, size_t object,
                   const struct alert_signal *s) {
    struct entry *e = entry_of(a, rule, object);
    enum alert_step step;
    if (!e)
        return;
    if (!isnan(s->value))
        past_take(&e->past, s->value, s->at);
    struct watch before = e->watch;
    if (!watch_take(&e->watch, e->limits, s->value, s->at, alert_rule(rule)->gap_ms, &step))
        return;
    struct alert_change c;
    fill_change(a, e, before.level, s, step, &c);
    if (core_alert(a->core, &c) < 0) {
        e->watch = before; /* no room now: the next signal says it again */
        e->watch.at = s->at;
    }
}

bool alerts_stands(const struct alerts *a, enum alert_rule_id rule, size_t object) {
    const struct entry *e = entry_of(a, rule, object);
    return e && e->watch.level != 0;
}

const struct alert_limits *alerts_limits(const struct alerts *a, enum alert_rule_id rule,
                                         size_t object) {
    const struct entry *e = entry_of(a, rule, object);
    return e ? e->limits : NULL;
}
