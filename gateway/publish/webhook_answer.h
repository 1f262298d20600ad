/* What the answer to a notification means. Group robots answer 200 to everything and say in the
 * body what they think of it. Pure but for jansson's memory. */
#ifndef BUSBAR_PUBLISH_WEBHOOK_ANSWER_H
#define BUSBAR_PUBLISH_WEBHOOK_ANSWER_H

#include <stddef.h>

#include "base/units.h"
#include "meter/notify.h"

enum webhook_verdict {
    WEBHOOK_TAKEN,
    WEBHOOK_LATER,   /* again after the back-off */
    WEBHOOK_BUSY,    /* too many requests: again after a minute or more */
    WEBHOOK_REFUSED, /* it does not like the content */
    WEBHOOK_DENIED   /* address, key, signature: somebody must do something */
};

/* kept: the beginning of the answer's body. *ret_code: the robot's own code, else the status. */
enum webhook_verdict webhook_answer_verdict(enum webhook_kind kind, long status, const char *kept,
                                            size_t n, long *ret_code);
/* The next step, as the end of a log line. */
const char *webhook_answer_advice(enum webhook_kind kind, enum webhook_verdict v);
/* The pause before the next try, when the back-off's own is `backoff`. */
us_t webhook_answer_pause(enum webhook_kind kind, enum webhook_verdict v, us_t backoff);

#endif
