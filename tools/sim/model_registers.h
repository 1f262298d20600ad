/* Plant -> the registers that each device serves, laid out by its profile.
 *
 * Owns one image a device, refreshed only when it is asked for. Gaps that the profile allows to be
 * bridged read as 0; everything else outside the points is a hole. One thread. */
#ifndef BUSBAR_SIM_MODEL_REGISTERS_H
#define BUSBAR_SIM_MODEL_REGISTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/model_plant.h"

struct registers;

enum register_verdict {
    REGISTERS_OK = 0,
    REGISTERS_FUNCTION = 1, /* the values are Modbus exception codes */
    REGISTERS_ADDRESS = 2,
    REGISTERS_COUNT = 3
};

struct registers *registers_new(const struct plant *plant); /* NULL without memory */
void registers_free(struct registers *r);

/* How far that device's own clock is ahead, where it has one; from now on. */
void registers_set_clock(struct registers *r, size_t device, int32_t ahead_s);
/* Values for a read request of that device, or the exception a real one would answer. *ret_values
 * stays valid until the next call. While frozen, the device's values stay as they are. */
enum register_verdict registers_read(struct registers *r, size_t device, uint8_t function,
                                     uint16_t start, uint16_t count, bool frozen,
                                     const uint16_t **ret_values);

#endif
