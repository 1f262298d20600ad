/* The platform's optimisation alert, as it comes on /alert: bytes in, a checked structure out.
 *
 * Judges the shape alone, and by docs/schema/alert.json: what that refuses is refused, in words
 * that name the member. Whether it has expired or was seen before is for who takes it on record.
 * The sender is not trusted; members that nobody knows are ignored. No state, no I/O; jansson
 * allocates while parsing. Any thread. */
#ifndef BUSBAR_ORDERS_ALERT_PARSE_H
#define BUSBAR_ORDERS_ALERT_PARSE_H

#include <stddef.h>

#include "alert/alert.h"
#include "base/units.h"

#define PLATFORM_ALERT_JSON_MAX 16384 /* bytes of a message */
#define PLATFORM_ALERT_ID_MAX   64    /* bytes */
#define PLATFORM_ALERT_TEXT_MAX 200   /* characters of a text; of up to 4 bytes each */
#define PLATFORM_ALERT_WHY_MAX  256
#define PLATFORM_ALERT_KW_MAX   1e6

struct platform_alert {
    char id[PLATFORM_ALERT_ID_MAX + 1];   /* "": none that could be read */
    char refusal[PLATFORM_ALERT_WHY_MAX]; /* not "": why it is none; what follows means nothing */
    enum alert_severity severity;
    char code[ALERT_RULE_MAX + 1];
    char text_zh[4 * PLATFORM_ALERT_TEXT_MAX + 1], text_en[4 * PLATFORM_ALERT_TEXT_MAX + 1];
    ms_t valid_until;
    double expected_kw; /* less drawn from the grid; NAN: the platform does not say */
};

/* Always fills *ret: with the alert, or with the id where it has a good one and the refusal, what
 * is wrong and what it must be. ERR_OK, or ERR_LIMIT (too long), ERR_SYNTAX (no object), ERR_RANGE
 * (a member is missing or has a value that cannot be). */
int alert_parse(const void *json, size_t n, struct platform_alert *ret);

#endif
