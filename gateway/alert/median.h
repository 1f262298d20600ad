/* The middle of a few numbers. Pure. */
#ifndef BUSBAR_ALERT_MEDIAN_H
#define BUSBAR_ALERT_MEDIAN_H

#include <stddef.h>

/* Sorts values; of an even number the mean of the two in the middle. NAN without any. For some
 * hundreds of values: the time grows with their square. */
double median_of(double *values, size_t n);

#endif
