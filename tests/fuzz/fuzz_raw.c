/* Any bytes as stored readings: a layout and rows of one chain under it, each with its length (2
 * bytes, low one first) before it. Nothing may crash, hang, leak or read beyond the end; a reading
 * that is given out fits its device, and what follows a row that is refused is refused up to the
 * next key. */
#include <string.h>

#include "base/err.h"
#include "harness.h"
#include "store/layout.h"
#include "store/raw_codec.h"

struct given {
    const struct site *site;
    uint64_t readings, sum;
};

/* Looks at every byte: a sanitizer sees what is not set or not there. */
static int on_reading(void *arg, struct reading *r) {
    struct given *g = arg;
    require(r->device < g->site->device_count && r->kind < 16);
    const struct device_profile *p = g->site->devices[r->device].profile;
    require(r->point_count == p->point_count && r->register_count == p->image_registers);
    for (size_t i = 0; i < p->point_count; i++) {
        require(reading_quality(r)[i] < QUALITY_COUNT);
        g->sum += reading_delay(r)[i];
    }
    for (size_t i = 0; i < p->image_registers; i++)
        g->sum += reading_registers(r)[i];
    g->readings++;
    return ERR_OK;
}

/* The next piece; false at the end. It lies in a heap block of its own. */
static bool next_piece(const uint8_t **data, size_t *size, uint8_t **ret, size_t *ret_n) {
    if (*size < 2)
        return false;
    size_t n = (size_t)((*data)[0] | (*data)[1] << 8);
    n = n < *size - 2 ? n : *size - 2;
    *ret = malloc(n + 1);
    require(*ret != NULL);
    memcpy(*ret, *data + 2, n);
    *ret_n = n;
    *data += n + 2;
    *size -= n + 2;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t *piece;
    size_t n;
    struct layout *layout = NULL;
    if (!next_piece(&data, &size, &piece, &n))
        return 0;
    int err = layout_parse(piece, n, &layout);
    free(piece);
    if (err < 0)
        return 0;
    struct raw_decoder *d = raw_decoder_new(layout->site);
    struct given given = {.site = layout->site};
    require(d != NULL);
    while (next_piece(&data, &size, &piece, &n)) {
        (void)raw_decoder_row(d, piece, n, on_reading, &given);
        free(piece);
    }
    raw_decoder_free(d);
    layout_free(layout);
    return 0;
}
