/* How an alert is handled, from the raise to its closing (销号): what may follow what, what a raise
 * means for a case that is there already, and what a case lacks before it can be closed. Pure. */
#ifndef BUSBAR_ALERT_CASE_H
#define BUSBAR_ALERT_CASE_H

#include <stddef.h>

#include "alert/entry.h"

enum case_raise {
    CASE_NEW,    /* a case of its own */
    CASE_RETURN, /* the same case: it came back */
    CASE_STANDS  /* it is active already */
};
/* A raise at that moment. last: the newest case of the same source, rule and object; NULL: none. A
 * closed or refused one takes it up within the watch, any other always. */
enum case_raise case_on_raise(const struct alert_entry *last, ms_t at, ms_t watch_ms);

/* Whether somebody must look after it: neither refused nor closed. */
bool case_is_open(enum alert_handling h);
bool case_is_overdue(const struct alert_entry *e, ms_t now);

/* The handling after a step that brings that severity. What is worse than ever is open again:
 * nobody has seen it so. */
enum alert_handling case_after(const struct alert_entry *e, enum alert_step step,
                               enum alert_severity severity);

/* The worse one of the peak and a value. The worse side of the threshold is that of the peak. */
double case_peak(const struct alert_entry *e, double value);

/* ERR_OK when an officer may do that now, else ERR_REFUSED with the reason and the next step in
 * why. step: ALERT_ACKNOWLEDGED, REFUSED, ASSIGNED, MEASURE. */
int case_may(const struct alert_entry *e, enum alert_step step, char *why, size_t cap);
/* ERR_OK when a measure can have been taken at that time: after the raise, not in the future. */
int case_may_measure(const struct alert_entry *e, ms_t at, ms_t now, char *why, size_t cap);
/* ERR_OK when it can be closed, else ERR_REFUSED with all that is missing in why. A problem that
 * was found on foot stays active until then; its watch begins with the measure. */
int case_may_close(const struct alert_entry *e, bool verified, ms_t now, ms_t watch_ms,
                   int utc_offset_s, char *why, size_t cap);

#endif
