/* What a point of a device shows at this instant: plant -> value in the point's own unit, before
 * ratios are divided out. Every device reads positive in its role's own direction (a meter on a
 * source is wired so), unless the site file says sign: -1. No I/O. */
#ifndef BUSBAR_SIM_MODEL_VALUES_H
#define BUSBAR_SIM_MODEL_VALUES_H

#include "sim/model_plant.h"

/* The value of a numeric point; settings and states have plausible constants. Ratio and exponent
 * points are the caller's business: it holds the multipliers. */
double value_of_point(const struct plant *p, size_t device, const struct point_def *def);

/* Largest magnitude that the value will plausibly reach: picks exponents of scaled registers. */
double value_span(const struct plant *p, size_t device, const struct point_def *def);

/* The text of a string point, at most cap - 1 characters. */
void value_text(const struct plant *p, size_t device, const struct point_def *def, char *out,
                size_t cap);

#endif
