/* The order "replay": which rows of a range are sent again, which are beyond what is kept; the rest
 * of the desk is order_desk.h. Historian thread. */
#ifndef BUSBAR_STORE_ORDER_DESK_REPLAY_H
#define BUSBAR_STORE_ORDER_DESK_REPLAY_H

#include "base/buf.h"
#include "store/order_desk.h"

#define REPLAY_RANGES_MAX 32 /* named in the reply */

struct seq_span {
    uint64_t from, to; /* both included */
};

/* What a range comes to. */
struct replay_plan {
    struct seq_span sent; /* first and last row that is sent */
    uint64_t rows, expired;
    struct seq_span range[REPLAY_RANGES_MAX]; /* of expired rows, the first ones */
    size_t ranges;
};

/* Opens the range, or widens an open one that it touches; ERR_REFUSED with the reason in why. */
int order_replay_run(const struct order_desk *d, const struct order_replay *o,
                     struct replay_plan *ret, char *why);
/* The members of the reply. */
void order_replay_write(struct buf *b, const struct replay_plan *p);

#endif
