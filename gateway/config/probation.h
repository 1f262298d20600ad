/* Whether reads got worse under a new configuration. Decides; counts and acts elsewhere. Pure. */
#ifndef BUSBAR_CONFIG_PROBATION_H
#define BUSBAR_CONFIG_PROBATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/units.h"
#include "meter/site.h"

/* Of one device in some span of time: values that its polls asked for, those that came good. */
struct read_counts {
    uint64_t asked, good;
};

#define PROBATION_NAMES 6

struct probation_verdict {
    bool roll_back;
    size_t compared;                    /* devices that could be compared */
    size_t worse;                       /* of them */
    size_t touched;                     /* of the worse ones: the change could reach them */
    const char *names[PROBATION_NAMES]; /* the first worse ones; NULL behind the last */
};

/* before[i] belongs to from->devices[i], after[k] to to->devices[k], after over span_ms.
 *
 * Compared are devices that both sites have and ask, and of which at least half of the values came
 * good before. Such a device is worse when the share of good values has fallen below half of what
 * it was, or when it was due twice and not asked at all. It is touched when its own way of being
 * read has changed (link, unit, profile's registers, poll, time-outs), its link, or what else is
 * read over its link.
 *
 * Rolled back is when a touched device is worse, or more than half of all that are compared: one
 * device elsewhere that falls silent in that minute is a coincidence. */
void probation_judge(const struct site *from, const struct read_counts *before,
                     const struct site *to, const struct read_counts *after, ms_t span_ms,
                     struct probation_verdict *ret);

#endif
