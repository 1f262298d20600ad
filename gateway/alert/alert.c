#include "alert/alert.h"

const char *alert_severity_str(enum alert_severity s) {
    static const char *const names[ALERT_SEVERITIES] = {"info", "warning", "major", "critical"};
    return names[s];
}

const char *alert_step_str(enum alert_step s) {
    static const char *const names[ALERT_STEPS] = {
        "raised",  "reopened", "escalated", "eased",  "cleared", "acknowledged",
        "refused", "assigned", "measure",   "effect", "closed"};
    return names[s];
}
