/* The settings: a list of 16-bit words, each with its limits, and what they mean for measuring.
 * Pure.
 */
#ifndef NODE_APP_SETTINGS_H
#define NODE_APP_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "app/measure.h"

/* suffix, name, unit, default, least, greatest; the order is the order of the registers */
#define SETTING_LIST(X)                                                                            \
    X(UNIT_ID, "unit_id", "", 1, 1, 247)                                                           \
    X(BAUD, "baud", "100 Bd", 192, 12, 1152)                                                       \
    X(PARITY, "parity", "0 none, 1 even, 2 odd", 1, 0, 2)                                          \
    X(CT_PRIMARY, "ct_primary", "A", 100, 1, 50000)                                                \
    X(CT_SECONDARY, "ct_secondary", "mA", 5000, 100, 6000)                                         \
    X(PT_PRIMARY, "pt_primary", "V", 230, 50, 65000)                                               \
    X(PT_SECONDARY, "pt_secondary", "0.1 V", 2300, 500, 4000)                                      \
    X(LEAD_L1, "ct_lead_l1", "0.01 deg", 0, -500, 500)                                             \
    X(LEAD_L2, "ct_lead_l2", "0.01 deg", 0, -500, 500)                                             \
    X(LEAD_L3, "ct_lead_l3", "0.01 deg", 0, -500, 500)                                             \
    X(NO_LOAD, "no_load", "0.001 % of CT x PT primary", 40, 0, 1000)                               \
    X(GAIN_U1, "gain_u1", "10 ppm", 0, -5000, 5000)                                                \
    X(GAIN_U2, "gain_u2", "10 ppm", 0, -5000, 5000)                                                \
    X(GAIN_U3, "gain_u3", "10 ppm", 0, -5000, 5000)                                                \
    X(GAIN_I1, "gain_i1", "10 ppm", 0, -5000, 5000)                                                \
    X(GAIN_I2, "gain_i2", "10 ppm", 0, -5000, 5000)                                                \
    X(GAIN_I3, "gain_i3", "10 ppm", 0, -5000, 5000)                                                \
    X(GAIN_IN, "gain_in", "10 ppm", 0, -5000, 5000)

enum setting {
#define X(suffix, name, unit, standard, least, greatest) SETTING_##suffix,
    SETTING_LIST(X)
#undef X
        SETTING_COUNT
};

struct settings {
    uint16_t word[SETTING_COUNT]; /* negative values in two's complement */
};

#define SETTINGS_BYTES (2 * SETTING_COUNT)

void settings_default(struct settings *s);
int32_t settings_get(const struct settings *s, enum setting which);

/* May the word stand in this setting? */
bool settings_fits(enum setting which, uint16_t word);

/* Big-endian words. Decoding refuses the whole (ERR_RANGE) when one word is out of its limits. */
void settings_encode(const struct settings *s, uint8_t out[SETTINGS_BYTES]);
int settings_decode(const uint8_t bytes[SETTINGS_BYTES], struct settings *ret_settings);

/* Counts to primary side; the properties of the front end (late, droop) are left alone. */
void settings_calibration(const struct settings *s, struct calibration *cal);

/* No-load threshold of a phase in W. */
float settings_no_load_w(const struct settings *s);

#endif
