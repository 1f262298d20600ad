/* Any bytes as a device profile. Nothing may crash, hang or leak; a refusal has a message; what is
 * accepted has all its points inside its register image, and any registers decode to a value with a
 * quality. */
#include <math.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "config/profile_load.h"
#include "harness.h"
#include "meter/decode.h"

static void check_profile(const struct device_profile *p, const uint8_t *data, size_t size) {
    uint16_t *image = calloc((size_t)p->image_registers + 1, sizeof *image);
    require(image != NULL && p->point_count > 0);
    for (size_t i = 0; size > 0 && i < p->image_registers; i++)
        image[i] = (uint16_t)(data[2 * i % size] << 8 | data[(2 * i + 1) % size]);
    for (size_t i = 0; i < p->point_count; i++) {
        const struct point_def *def = &p->points[i];
        require(def->name != NULL && def->registers > 0);
        require(def->image_offset + def->registers <= p->image_registers);
        require(isfinite(def->scale) && isfinite(def->offset));
        (void)decode_raw(def, image + def->image_offset);
    }
    free(image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct config_errors e;
    struct arena *arena = arena_new();
    const struct device_profile *profile = NULL;
    config_errors_init(&e);
    struct load l = {NULL, NULL, arena, arena, &e, 0, HASH_START};
    int result = profile_from_memory(&l, "fuzz.yaml", "fuzz", (const char *)data, size, &profile);
    require((result == ERR_OK) == !messages_failed(&e));
    require((result == ERR_OK) == (profile != NULL));
    if (profile != NULL)
        check_profile(profile, data, size);
    arena_free(arena);
    config_errors_free(&e);
    return 0;
}
