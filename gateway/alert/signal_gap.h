/* Silence of a device or of the platform's link (A23). State of one object; time is an argument.
 * Pure. */
#ifndef BUSBAR_ALERT_SIGNAL_GAP_H
#define BUSBAR_ALERT_SIGNAL_GAP_H

#include "alert/watch.h"

#define GAP_POLLS      3
#define GAP_LEAST_MS   (60 * MS_PER_S)
#define GAP_BACK_POLLS 3 /* good ones that end a gap */
#define GAP_LINK_MS    (5 * MS_PER_MIN)
#define GAP_DAY_PART   0.90 /* of a day that must be there */
#define GAP_DAY_LOST   100.0

struct gap_state {
    ms_t good_at; /* last good sample; INT64_MIN: none, then the first look counts */
    bool gap;     /* it was silent too long; good polls are counted since */
    uint8_t good_polls;
};

void gap_init(struct gap_state *g);
void gap_good(struct gap_state *g, ms_t at);
/* How long a device may be silent. */
ms_t gap_allowed(uint32_t poll_ms);
/* Silence in % of what is allowed; after a gap a value between the limits until GAP_BACK_POLLS good
 * polls have come. */
double signal_gap(struct gap_state *g, ms_t t, ms_t allowed, const struct alert_limits *l);

/* How far a destination is behind, from its cursor alone. */
struct link_state {
    uint64_t acknowledged; /* rows, of all numbers from 1 to head */
    ms_t moved_at; /* when it moved last, or there was nothing to send; INT64_MIN: not yet seen */
};

void link_init(struct link_state *s);
/* acknowledged of the head rows that there are. Time without an acknowledgement while rows wait, in
 * % of GAP_LINK_MS. */
double signal_link(struct link_state *s, uint64_t acknowledged, uint64_t head, ms_t t);

#endif
