/* The meters of load/gen_readings.h as a site of up to METERS_DEVICES: one incomer that measures
 * what the others sum up to, PV and loads, 30 points each, one account with a metering point; and
 * their readings, second by second.
 *
 * The site is loaded from files in a temporary folder, where its store belongs too; the folder is
 * removed by meters_free(). One thread. */
#ifndef BUSBAR_BENCH_METERS_H
#define BUSBAR_BENCH_METERS_H

#include <stdbool.h>
#include <stdint.h>

#include "meter/reading.h"
#include "meter/site.h"

#define METERS_DEVICES 1000
#define METERS_POINTS  30

struct meters;

/* minute_devices: 1m records say devices too. */
int meters_new(const char *data_dir, ms_t start_ms, size_t devices, bool minute_devices,
               struct meters **ret);
void meters_free(struct meters *m);

const struct site *meters_site(const struct meters *m);
/* Leaves out what lies between: the next second is n later. */
void meters_skip(struct meters *m, int n);
/* Goes to the next second, which begins at *ret_ms. */
void meters_second(struct meters *m, ms_t *ret_ms);
/* The reading of a device in this second. */
struct reading *meters_reading(struct meters *m, size_t device);

#endif
