/* Chunks of raw readings: nothing may crash or read beyond the end; what is accepted can be read
 * whole, or one point of it, and both say the same. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "harness.h"
#include "store/chunk.h"

enum { POWER, ENERGY, STATE, SERIAL, POINTS };

static struct point_def defs[POINTS] = {
    {.name = "power", .type = POINT_F32, .registers = 2, .image_offset = 0},
    {.name = "energy", .type = POINT_U64, .registers = 4, .image_offset = 2},
    {.name = "state", .type = POINT_I16, .registers = 1, .image_offset = 6},
    {.name = "serial", .type = POINT_STRING, .registers = 3, .image_offset = 7},
};
static struct device_profile profile = {
    .name = "meter", .points = defs, .point_count = POINTS, .image_registers = 10};
static struct device devices[2] = {{.id = "a", .profile = &profile, .poll_ms = 1000},
                                   {.id = "b", .profile = &profile, .poll_ms = 200}};
static struct site site = {.devices = devices, .device_count = 2};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const bool wanted[POINTS] = {[ENERGY] = true};
    struct chunk *all = NULL, *one = NULL;
    if (chunk_open(data, size, &site, NULL, &all) < 0)
        return 0;
    if (chunk_open(data, size, &site, wanted, &one) < 0)
        abort(); /* it reads less of the same */
    for (size_t i = 0; i < chunk_readings(all); i++) {
        struct reading *a = chunk_reading(all, i), *b = chunk_reading(one, i);
        if (a->device >= site.device_count || a->utc_ms != b->utc_ms ||
            memcmp(reading_registers(a) + 2, reading_registers(b) + 2, 8) != 0)
            abort();
    }
    chunk_free(all);
    chunk_free(one);
    return 0;
}
