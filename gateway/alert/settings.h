/* What the site says about rules: limits that differ from a rule's own. Immutable after load, part
 * of struct site. Pure. */
#ifndef BUSBAR_ALERT_SETTINGS_H
#define BUSBAR_ALERT_SETTINGS_H

#include "alert/rules.h"

struct alert_override {
    enum alert_rule_id rule;
    size_t object;    /* alert/objects.h */
    const char *name; /* "A03 t1", for messages */
    struct alert_limits limits;
};

struct alert_settings {
    struct alert_limits limits[ALERT_RULES]; /* of every object without limits of its own */
    const struct alert_override *overrides;
    size_t override_count;
};

/* Of a rule on an object. settings NULL: none are given, the rule's own. */
const struct alert_limits *alert_limits_of(const struct alert_settings *settings,
                                           enum alert_rule_id rule, size_t object);

#endif
