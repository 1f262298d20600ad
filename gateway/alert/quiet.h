/* Quiet hours: what nobody is woken for. Pure. */
#ifndef BUSBAR_ALERT_QUIET_H
#define BUSBAR_ALERT_QUIET_H

#include "alert/alert.h"
#include "meter/notify.h"

/* Whether one of the spans holds back an alert of that severity at a local time: UTC plus the
 * zone's offset, in ms. */
bool quiet_holds(const struct quiet_span *spans, size_t n, ms_t local_ms, uint8_t severity);

#endif
