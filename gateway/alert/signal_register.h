/* A register that did not just count on (A25): reset, roll-over, jump, wrong values. State of one
 * device. Pure. */
#ifndef BUSBAR_ALERT_SIGNAL_REGISTER_H
#define BUSBAR_ALERT_SIGNAL_REGISTER_H

#include <stdbool.h>

struct register_watch {
    bool news; /* since the last look */
};

void register_happened(struct register_watch *w);
/* 1 at the first look after something happened, else 0; NAN while the device is silent and nothing
 * has happened. */
double signal_register(struct register_watch *w, bool device_answers);

#endif
