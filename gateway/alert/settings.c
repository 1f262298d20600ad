#include "alert/settings.h"

const struct alert_limits *alert_limits_of(const struct alert_settings *settings,
                                           enum alert_rule_id rule, size_t object) {
    if (!settings)
        return &alert_rule(rule)->limits;
    for (size_t i = 0; i < settings->override_count; i++)
        if (settings->overrides[i].rule == rule && settings->overrides[i].object == object)
            return &settings->overrides[i].limits;
    return &settings->limits[rule];
}
