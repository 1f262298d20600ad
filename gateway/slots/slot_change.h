/* Energy that reaches a closed slot afterwards, or a factor that corrects it: what changes in one
 * feed of one device's slot. No I/O. */
#ifndef BUSBAR_SLOTS_SLOT_CHANGE_H
#define BUSBAR_SLOTS_SLOT_CHANGE_H

#include <stdint.h>

#include "slots/slot_codec.h"

struct slot_change {
    int64_t device_no;
    uint32_t feed, counter; /* among the device's; enum feed_counter */
    int64_t parts;          /* of unit, added */
    double unit, amount;    /* an amount added besides */
    double factor;          /* all energies and powers of the feed are multiplied; 1 */
    enum energy_method method;
};
/* What an exchange of a meter left out: what the old one counted after it was last read, and the
 * new one before it was first read. In the amount's unit; multiplier: amount of one unit of the
 * registers. */
static inline double exchange_amount(double old_end, double old_read, double first_read,
                                     double new_start, double multiplier) {
    return (old_end - old_read + first_read - new_start) * multiplier;
}

/* Rows whose unit is another one get the parts as an amount. The slot is recovered at best. */
void slot_change_apply(const struct slot_change *c, struct feed_slot *f);

#endif
