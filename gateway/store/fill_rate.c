#include "store/fill_rate.h"

#include <math.h>

static size_t oldest(const struct fill_rate *f) {
    return f->count < FILL_RATE_MARKS ? 0 : f->next;
}

void fill_rate_take(struct fill_rate *f, ms_t mono_ms, uint64_t used_bytes) {
    size_t last = (f->next + FILL_RATE_MARKS - 1) % FILL_RATE_MARKS;
    if (f->count > 0 && mono_ms - f->marks[last].mono_ms < FILL_RATE_SPACING_MS)
        return;
    f->marks[f->next].mono_ms = mono_ms;
    f->marks[f->next].bytes = used_bytes;
    f->next = (f->next + 1) % FILL_RATE_MARKS;
    f->count += f->count < FILL_RATE_MARKS;
}

double fill_rate_days(const struct fill_rate *f, ms_t mono_ms, uint64_t used_bytes,
                      uint64_t budget_bytes) {
    if (budget_bytes == 0 || f->count == 0)
        return (double)NAN;
    if (used_bytes >= budget_bytes)
        return 0.0;
    size_t first = oldest(f);
    double span_ms = (double)(mono_ms - f->marks[first].mono_ms);
    if (span_ms < (double)FILL_RATE_SPACING_MS)
        return (double)NAN;
    double grown = (double)used_bytes - (double)f->marks[first].bytes;
    if (grown <= 0.0)
        return (double)INFINITY;
    return (double)(budget_bytes - used_bytes) / grown * span_ms / (double)MS_PER_DAY;
}
