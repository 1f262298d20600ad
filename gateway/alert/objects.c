#include "alert/objects.h"

#include <string.h>

size_t alert_object_count(const struct site *s, enum alert_object kind) {
    switch (kind) {
    case OBJECT_ACCOUNT:
        return s->account_count;
    case OBJECT_POINT:
        return s->metering_point_count;
    case OBJECT_TRANSFORMER:
        return s->transformer_count;
    case OBJECT_FEED:
        return s->feed_count;
    case OBJECT_DEVICE:
        return s->device_count;
    case OBJECT_SITE:
        break;
    }
    return 0;
}

const char *alert_object_id(const struct site *s, enum alert_object kind, size_t object) {
    if (object == ALERT_OBJECT_SITE)
        return "site";
    switch (kind) {
    case OBJECT_ACCOUNT:
        return s->accounts[object].id;
    case OBJECT_POINT:
        return s->metering_points[object].id;
    case OBJECT_TRANSFORMER:
        return s->transformers[object].id;
    case OBJECT_FEED:
        return s->feeds[object].id;
    case OBJECT_DEVICE:
        return s->devices[object].id;
    case OBJECT_SITE:
        break;
    }
    return "site";
}

bool alert_object_find(const struct site *s, enum alert_object kind, const char *id, size_t *ret) {
    if (strcmp(id, "site") == 0) {
        *ret = ALERT_OBJECT_SITE;
        return true;
    }
    for (size_t i = 0; i < alert_object_count(s, kind); i++)
        if (strcmp(alert_object_id(s, kind, i), id) == 0) {
            *ret = i;
            return true;
        }
    return false;
}

static bool stores_energy(enum role r) {
    return r == ROLE_STORAGE || r == ROLE_BATTERY;
}

static bool has_contract(const struct account *a) {
    return a->contract_count > 0;
}

/* The site as object of a rule on smaller things: what is seen of all of them together. */
static bool applies_to_site(enum alert_rule_id rule) {
    return alert_rule(rule)->object == OBJECT_SITE || rule == ALERT_DATA_GAP ||
           rule == ALERT_BALANCE;
}

static bool applies_to_feed(const struct site *s, enum alert_rule_id rule, const struct feed *f) {
    switch ((int)rule) {
    case ALERT_PV_PERFORMANCE:
    case ALERT_PV_DEAD:
        return f->role == ROLE_PV;
    case ALERT_STORAGE_IDLE:
    case ALERT_VALLEY_NOT_CHARGED:
    case ALERT_CHARGING_IN_PEAK:
        return f->role == ROLE_STORAGE;
    case ALERT_FLEXIBLE_IN_SHARP:
        return f->role == ROLE_LOAD && s->devices[f->device].flexible;
    default:
        return true;
    }
}

bool alert_rule_applies(const struct site *s, enum alert_rule_id rule, size_t object) {
    enum alert_object kind = alert_rule(rule)->object;
    if (object == ALERT_OBJECT_SITE)
        return applies_to_site(rule);
    if (object >= alert_object_count(s, kind))
        return false;
    switch ((int)rule) {
    case ALERT_DEMAND_NEAR:
    case ALERT_DEMAND_FORECAST:
        return has_contract(&s->accounts[object]);
    case ALERT_BACK_FEED:
        return !s->export_allowed;
    case ALERT_STORAGE_HEALTH:
        return s->devices[object].enabled && stores_energy(s->devices[object].role);
    default:
        break;
    }
    if (kind == OBJECT_DEVICE)
        return s->devices[object].enabled;
    return kind != OBJECT_FEED || applies_to_feed(s, rule, &s->feeds[object]);
}
