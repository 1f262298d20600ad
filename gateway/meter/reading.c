#include "meter/reading.h"

#include <string.h>

size_t reading_size(size_t point_count, size_t register_count) {
    size_t bytes = sizeof(struct reading) + 2 * point_count + 2 * register_count + point_count;

    return (bytes + 7) & ~(size_t)7;
}

void reading_init(struct reading *r, uint32_t device, size_t point_count, size_t register_count) {
    size_t bytes = reading_size(point_count, register_count);

    memset(r, 0, bytes);
    r->bytes = (uint32_t)bytes;
    r->device = device;
    r->point_count = (uint16_t)point_count;
    r->register_count = (uint16_t)register_count;
    memset(reading_quality(r), QUALITY_MISSING, point_count);
}
