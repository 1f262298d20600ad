/* What a link has to say: readings into the ring, counters, log lines. The link's own thread. */
#ifndef BUSBAR_ACQUIRE_LINK_REPORT_H
#define BUSBAR_ACQUIRE_LINK_REPORT_H

#include "acquire/link.h"

/* The state machine's on_event; arg is the struct link. */
void link_report_event(void *arg, enum link_event event, size_t device, int reason, us_t now);

/* The running request of the current device was answered with these values. */
void link_report_values(struct link *l, const uint16_t *values, us_t now);
/* The rare read of the current device's clock was answered. */
void link_report_clock(struct link *l, const uint16_t *values, us_t now);
/* ... or with an exception. */
void link_report_exception(struct link *l, uint8_t code, us_t now);
/* What came is no reply: counted and said. */
void link_report_bad_frame(struct link *l, int reason, us_t now);

#endif
