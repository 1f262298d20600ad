/* The rules as data: what each watches, its levels, what to do, its words. Pure.
 *
 * Conditions and defaults: docs/alerts.md, with their sources. */
#ifndef BUSBAR_ALERT_RULES_H
#define BUSBAR_ALERT_RULES_H

#include "alert/watch.h"

enum alert_rule_id {
    ALERT_DEMAND_NEAR,        /* A01 */
    ALERT_DEMAND_FORECAST,    /* A02 */
    ALERT_TRANSFORMER_LOAD,   /* A03 */
    ALERT_TRANSFORMER_IDLE,   /* A04 */
    ALERT_POWER_FACTOR,       /* A05 */
    ALERT_MONTH_POWER_FACTOR, /* A06 */
    ALERT_OVER_COMPENSATION,  /* A07 */
    ALERT_VOLTAGE,            /* A08 */
    ALERT_VOLTAGE_UNBALANCE,  /* A09 */
    ALERT_CURRENT_UNBALANCE,  /* A10 */
    ALERT_FREQUENCY,          /* A11 */
    ALERT_HARMONICS,          /* A12 */
    ALERT_BACK_FEED,          /* A13 */
    ALERT_SELF_USE,           /* A14 */
    ALERT_PV_PERFORMANCE,     /* A15 */
    ALERT_PV_DEAD,            /* A16 */
    ALERT_STORAGE_IDLE,       /* A17 */
    ALERT_VALLEY_NOT_CHARGED, /* A18 */
    ALERT_CHARGING_IN_PEAK,   /* A19 */
    ALERT_STORAGE_HEALTH,     /* A20 */
    ALERT_NIGHT_LOAD,         /* A21 */
    ALERT_METER_STUCK,        /* A22 */
    ALERT_DATA_GAP,           /* A23 */
    ALERT_BALANCE,            /* A24 */
    ALERT_REGISTER,           /* A25 */
    ALERT_CLOCK,              /* A26 */
    ALERT_CARBON_BUDGET,      /* A27 */
    ALERT_FLEXIBLE_IN_SHARP,  /* A28 */
    ALERT_BILLING_MODE,       /* A29 */
    ALERT_RULES
};

/* What a rule's object number counts (alert/objects.h). */
enum alert_object {
    OBJECT_SITE,
    OBJECT_ACCOUNT,
    OBJECT_POINT,
    OBJECT_TRANSFORMER,
    OBJECT_FEED,
    OBJECT_DEVICE
};

struct alert_rule {
    const char *code; /* "A01" */
    enum alert_object object;
    const char *unit;   /* of value and limits; "" a count or code */
    const char *action; /* code: "shed_load" */
    const char *name_zh, *name_en;
    const char *advice_zh, *advice_en; /* what to do */
    uint32_t gap_ms;                   /* values come at least this often, else time stands still */
    struct alert_limits limits;
};

const struct alert_rule *alert_rule(enum alert_rule_id id);
bool alert_rule_find(const char *code, enum alert_rule_id *ret);

#endif
