/* The curve before a step as stored bytes: a count, then of each point the time since the one
 * before and the value. Pure. */
#ifndef BUSBAR_ALERT_CURVE_H
#define BUSBAR_ALERT_CURVE_H

#include <stddef.h>
#include <stdint.h>

#include "alert/alert.h"

#define ALERT_CURVE_BYTES (1 + ALERT_CURVE_MAX * (10 + 8))

size_t alert_curve_pack(const struct alert_curve *c, uint8_t out[ALERT_CURVE_BYTES]);
/* ERR_CORRUPT for anything else than what was packed; *ret is untouched then. No bytes: no points.
 */
int alert_curve_unpack(const void *bytes, size_t n, struct alert_curve *ret);

#endif
