/* The words of the alert loop: what is watched, what can happen to an alert. Pure.
 *
 * An alert is one trouble of one object: at most one of (source, rule, object) is active. Its
 * condition holds (active) or is gone (cleared); apart from that it is handled: open, acknowledged,
 * refused, closed. Only an officer closes one (销号). */
#ifndef BUSBAR_ALERT_ALERT_H
#define BUSBAR_ALERT_ALERT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/units.h"

enum alert_severity { ALERT_INFO, ALERT_WARNING, ALERT_MAJOR, ALERT_CRITICAL, ALERT_SEVERITIES };
const char *alert_severity_str(enum alert_severity s); /* "warning" */

enum alert_source {
    ALERT_BY_RULE,
    ALERT_BY_PLATFORM, /* came on /alert */
    ALERT_BY_HAND      /* an officer entered what was found on foot */
};

/* What happens to an alert, in the ledger and as the state of its event. */
enum alert_step {
    ALERT_RAISED,
    ALERT_REOPENED, /* it came back within the rule's pause, or before it was closed */
    ALERT_ESCALATED,
    ALERT_EASED,
    ALERT_CLEARED, /* the condition is gone: not closed yet */
    ALERT_ACKNOWLEDGED,
    ALERT_REFUSED,
    ALERT_ASSIGNED, /* owner, due date */
    ALERT_MEASURE,  /* a measure was taken */
    ALERT_EFFECT,   /* what came of it was measured */
    ALERT_CLOSED,
    ALERT_STEPS
};
const char *alert_step_str(enum alert_step s); /* "raised" */

#define ALERT_OBJECT_MAX 66 /* "<device>.<channel>", account, transformer, "site" */
#define ALERT_RULE_MAX   32 /* "A03"; the platform's or the officer's code */
#define ALERT_TEXT_MAX   200
#define ALERT_NOTE_MAX   400
#define ALERT_CURVE_MAX  32

/* The value in the time before the step, oldest first. */
struct alert_curve {
    uint32_t count;
    ms_t t[ALERT_CURVE_MAX];
    double value[ALERT_CURVE_MAX];
};

/* One step of one alert, complete in itself: it goes through the pending buffer as it is. Of a rule
 * the texts are empty: they are the rule's own (alert/rules.h). */
struct alert_change {
    uint8_t source, step, severity;
    char rule[ALERT_RULE_MAX + 1];
    char object[ALERT_OBJECT_MAX];
    char unit[12];
    char note_en[ALERT_NOTE_MAX]; /* the particulars: kW to shed, feeders, allowed time */
    char note_zh[ALERT_NOTE_MAX];
    ms_t at;
    double value, threshold; /* NAN: none */
    struct alert_curve before;
};

#endif
