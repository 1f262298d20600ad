/* A read that a device is asked once in a while, by itself between two polls: its clock. When it is
 * due, and how long it may take. Part of link_fsm; pure.
 *
 * It is asked of a device that answers, when nobody else is due and there is time for it before the
 * next one is; a line that is never idle makes room for it once it has waited long. Monotonic time
 * only: a clock that is stepped changes nothing. */
#ifndef BUSBAR_POLL_RARE_H
#define BUSBAR_POLL_RARE_H

#include "base/units.h"
#include "wire/pdu.h"

#define RARE_SETTLE_US  (5 * (us_t)US_PER_S)   /* after the start: first the polls run in */
#define RARE_APART_US   ((us_t)US_PER_S)       /* two of one link */
#define RARE_STARVED_US (600 * (us_t)US_PER_S) /* then it may delay a tick by one request */
#define RARE_RETRY_US   (600 * (us_t)US_PER_S) /* without an answer; six times as long each time */

struct rare {
    struct pdu_read read; /* count 0: there is none */
    us_t every_us, due;
    us_t failed_us; /* pause after the last failure, 0 after an answer */
};

void rare_start(struct rare *r, us_t now);
/* It was answered, by a value or by "there is no such register". */
void rare_answered(struct rare *r, us_t now);
/* It was not: asked again later, at last as rarely as if it had been. */
void rare_failed(struct rare *r, us_t now);

#endif
