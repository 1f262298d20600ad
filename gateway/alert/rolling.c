#include "alert/rolling.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

void rolling_init(struct rolling *r, ms_t window_ms) {
    memset(r, 0, sizeof *r);
    r->part_ms = window_ms / ROLLING_PARTS;
    r->part = INT64_MIN;
}

void rolling_take(struct rolling *r, double value, ms_t utc_ms) {
    int64_t part = floor_div(utc_ms, r->part_ms);
    if (r->part == INT64_MIN || part < r->part || part - r->part > ROLLING_PARTS) {
        rolling_init(r, r->part_ms * ROLLING_PARTS);
        r->part = part - 1;
    }
    size_t at = (size_t)(part - floor_div(part, ROLLING_PARTS) * ROLLING_PARTS);
    while (r->part < part) {
        r->part++;
        size_t next = (size_t)(r->part - floor_div(r->part, ROLLING_PARTS) * ROLLING_PARTS);
        r->sum[next] = 0.0;
        r->count[next] = 0;
    }
    if (isnan(value))
        return;
    r->sum[at] += value;
    r->count[at]++;
}

double rolling_mean(const struct rolling *r) {
    double sum = 0.0;
    int64_t count = 0;
    for (size_t i = 0; i < ROLLING_PARTS; i++) {
        sum += r->sum[i];
        count += r->count[i];
    }
    bool enough = r->part != INT64_MIN && count * MS_PER_S * 5 >= r->part_ms * ROLLING_PARTS * 4;
    return enough ? sum / (double)count : (double)NAN;
}
