/* Limits of alert rules, and what closing an alert takes, in facts. */
#include <stdio.h>

#include "alert/settings.h"
#include "calc/calendar.h"
#include "config/describe.h"

static void describe_limits(const struct alert_limits *l, struct fact_list *out) {
    fact_flag(out, "enabled", l->enabled);
    for (int i = 0; i < l->level_count; i++) {
        const struct alert_level *v = &l->levels[i];
        fact_add(out, alert_severity_str(v->severity), "%g for %u s, clear %g for %u s", v->raise,
                 v->hold_s, v->clear, v->clear_s);
    }
}

size_t describe_rule_count(const struct site *s) {
    (void)s;
    return ALERT_RULES;
}

const char *describe_rule_id(const struct site *s, size_t i) {
    (void)s;
    return alert_rule((enum alert_rule_id)i)->code;
}

void describe_rule(const struct site *s, size_t i, struct fact_list *out) {
    enum alert_rule_id rule = (enum alert_rule_id)i;
    describe_limits(s->alerts != NULL ? &s->alerts->limits[rule] : &alert_rule(rule)->limits, out);
}

size_t describe_override_count(const struct site *s) {
    return s->alerts != NULL ? s->alerts->override_count : 0;
}

const char *describe_override_id(const struct site *s, size_t i) {
    return s->alerts->overrides[i].name;
}

void describe_override(const struct site *s, size_t i, struct fact_list *out) {
    describe_limits(&s->alerts->overrides[i].limits, out);
}

void describe_alert_cases(const struct site *s, size_t i, struct fact_list *out) {
    (void)i;
    fact_add(out, "close_after_days", "%lld", (long long)(site_alert_watch_ms(s) / MS_PER_DAY));
}
