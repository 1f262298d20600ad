/* One measured value: what decode makes of registers, and what every later stage takes. Pure. */
#ifndef BUSBAR_BASE_SAMPLE_H
#define BUSBAR_BASE_SAMPLE_H

#include <stdint.h>

#include "base/quality.h"
#include "base/units.h"

/* 24 bytes. value is in the profile's unit; NAN when there is none (see quality). */
struct sample {
    ms_t utc_ms; /* capture time: when the reply was complete */
    double value;
    uint32_t point;  /* index in site.points */
    uint8_t quality; /* enum quality */
    uint8_t flags;   /* enum sample_flag */
    uint16_t spare;
};

enum sample_flag {
    SAMPLE_TEXT = 1,           /* a string or bit field: shown, never computed with */
    SAMPLE_RATIO_CONFLICT = 2, /* configured CT/PT ratio differs from the device's own */
};

#endif
