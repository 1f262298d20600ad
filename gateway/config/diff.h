/* What is different between two checked sites, in words: one line for each thing that was added
 * ("+ device pv3: link dtu, unit 4, ..."), removed ("- device bms") or changed ("~ device pv1:
 * unit 3 -> 4"). By meaning, not by text: comments, order and defaults written out are no
 * difference. Files of secrets are named, never read. No I/O, no clock. */
#ifndef BUSBAR_CONFIG_DIFF_H
#define BUSBAR_CONFIG_DIFF_H

#include <stdbool.h>
#include <stddef.h>

#include "meter/site.h"

#define DIFF_LINE_MAX 512 /* a longer line ends with "..." */

typedef void diff_line_fn(void *arg, const char *line);

/* Calls fn for each difference; returns their number. fn may be NULL. */
size_t site_diff(const struct site *from, const struct site *to, diff_line_fn *fn, void *arg);

/* The same points in the same registers, read in the same way. */
bool profile_same(const struct device_profile *a, const struct device_profile *b);

#endif
