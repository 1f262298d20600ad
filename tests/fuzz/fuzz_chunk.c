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

/* Readings of part are among those of all, from place at on. */
static void check_part(struct chunk *all, struct chunk *part, size_t at) {
    for (size_t i = 0; i < chunk_readings(part); i++) {
        struct reading *a = chunk_reading(all, at + i), *b = chunk_reading(part, i);
        if (a->device >= site.device_count || a->device != b->device || a->utc_ms != b->utc_ms ||
            memcmp(reading_registers(a) + 2, reading_registers(b) + 2, 8) != 0)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const bool wanted[POINTS] = {[ENERGY] = true};
    static struct chunk_reader *reader;
    if (!reader && !(reader = chunk_reader_new()))
        abort();
    struct chunk *all = NULL;
    if (chunk_open(reader, data, size, &site, NULL, &all) < 0)
        return 0;
    for (int64_t device = -1; device < (int64_t)site.device_count; device++) {
        struct chunk *part = NULL;
        const struct chunk_part what = {wanted, device};
        if (chunk_open(reader, data, size, &site, &what, &part) < 0)
            abort(); /* it reads less of the same */
        size_t at = 0;
        while (device >= 0 && at < chunk_readings(all) && chunk_device(all, at) < device)
            at++;
        size_t end = at;
        while (end < chunk_readings(all) && (device < 0 || chunk_device(all, end) == device))
            end++;
        if (chunk_readings(part) != end - at)
            abort();
        check_part(all, part, at);
        chunk_free(part);
    }
    chunk_free(all);
    return 0;
}
