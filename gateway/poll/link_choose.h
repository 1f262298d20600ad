/* Which device of a link is asked next, and with what deadline. Part of link_fsm; pure.
 *
 * Devices that answered last time come first, in due order; of equal ones the one not asked for
 * longest, then by index: all units of an endpoint are read back to back, in the same order each
 * tick, and an oversubscribed line serves everybody in turn. A
 * device that failed is probed when nobody else is due, and gives up before the next one is; so is
 * a device's rare read. */
#ifndef BUSBAR_POLL_LINK_CHOOSE_H
#define BUSBAR_POLL_LINK_CHOOSE_H

#include "poll/link_fsm.h"

struct link_choice {
    size_t device; /* LINK_NO_DEVICE: nothing to ask before wake */
    bool rare;     /* its rare read, not its poll */
    us_t cap;      /* no later than this must its first request give up; LINK_NEVER */
    us_t wake;
};

struct link_choice link_choose(const struct link_fsm *f, us_t now);

/* Earliest due time of devices that are not probes; LINK_NEVER without any. */
us_t link_healthy_due(const struct link_fsm *f);
/* Earliest due time of all devices. */
us_t link_any_due(const struct link_fsm *f);
/* Time between giving up and being ready for the next request. */
us_t link_settle_us(const struct link_fsm *f);

#endif
