/* The list of what is measured: one float a value, so that averaging, registers, profile and docs
 * are loops over this list. Pure.
 *
 * V A W var VA Hz, ratios in per cent, power factor -1..1; primary side; P > 0 is import and Q > 0
 * is inductive. NaN: no value. */
#ifndef NODE_APP_VALUE_H
#define NODE_APP_VALUE_H

#include "app/channel.h"

#define HARMONIC_ROWS 14 /* the second to the fifteenth */

enum value {
    VALUE_VOLTAGE = 0,                                    /* l1 l2 l3 */
    VALUE_LINE_VOLTAGE = VALUE_VOLTAGE + 3,               /* l1l2 l2l3 l3l1 */
    VALUE_CURRENT = VALUE_LINE_VOLTAGE + 3,               /* l1 l2 l3 n */
    VALUE_THD_VOLTAGE = VALUE_CURRENT + 4,                /* l1 l2 l3, of harmonics 2 to 15 */
    VALUE_THD_CURRENT = VALUE_THD_VOLTAGE + 3,            /* l1 l2 l3 */
    VALUE_UNBALANCE = VALUE_THD_CURRENT + 3,              /* voltage, current: negative sequence */
    VALUE_HARMONIC_VOLTAGE = VALUE_UNBALANCE + 2,         /* l1 2..15, l2 2..15, l3 2..15 */
    VALUE_HARMONIC_CURRENT = VALUE_HARMONIC_VOLTAGE + 42, /* the same */
    VALUE_RMS_COUNT = VALUE_HARMONIC_CURRENT + 42, /* averaged as squares up to here, then plain */
    VALUE_ACTIVE = VALUE_RMS_COUNT,                /* l1 l2 l3 total */
    VALUE_REACTIVE = VALUE_ACTIVE + 4,             /* of the fundamental */
    VALUE_APPARENT = VALUE_REACTIVE + 4,           /* U I; the total is the sum */
    VALUE_NONACTIVE = VALUE_APPARENT + 4,          /* sqrt(S^2 - P^2) */
    VALUE_POWER_FACTOR = VALUE_NONACTIVE + 4,      /* P / S */
    VALUE_FREQUENCY = VALUE_POWER_FACTOR + 4,
    VALUE_COUNT
};

struct reading {
    float value[VALUE_COUNT];
};

#endif
