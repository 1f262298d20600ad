/* What the analogue front end delivers: seven channels, sampled together 4000 times a second.
 * Counts are signed 16 bit; full scale is SAMPLE_FULL_* on the secondary side. Pure. */
#ifndef NODE_APP_CHANNEL_H
#define NODE_APP_CHANNEL_H

#include <stdint.h>

#define SAMPLE_HZ 4000

enum channel {
    CHANNEL_U1,
    CHANNEL_U2,
    CHANNEL_U3,
    CHANNEL_I1,
    CHANNEL_I2,
    CHANNEL_I3,
    CHANNEL_IN,
    CHANNEL_COUNT
};

#define PHASES 3

/* Peak volts and amperes of the front end at 32768 counts. */
#define SAMPLE_FULL_V 600.0f
#define SAMPLE_FULL_A 12.0f

struct sample_set {
    int16_t count[CHANNEL_COUNT];
};

#endif
