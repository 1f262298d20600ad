/* Rows of version 1 (busbard 0.1.0): energies as kWh, gauges without first and last. Read only. */
#ifndef BUSBAR_SLOTS_SLOT_CODEC_V1_H
#define BUSBAR_SLOTS_SLOT_CODEC_V1_H

#include "slots/slot_codec.h"

#define SLOT_QUALITY_MASK  15u
#define SLOT_HAS_VALUE     16u
#define SLOT_IS_FLAT       32u
#define SLOT_FULL_COVERAGE 64u

unsigned slot_steps_of(double share, double steps);
double slot_get_coverage(struct unpack *u);
ms_t slot_get_time(struct unpack *u, ms_t start);

void slot_read_feed_v1(struct unpack *u, ms_t start, enum role role, struct feed_slot *ret);
void slot_read_gauge_v1(struct unpack *u, bool flat, struct slot_point *ret);

#endif
