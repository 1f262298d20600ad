#include "base/quality.h"

const char *quality_str(enum quality q) {
    static const char words[QUALITY_COUNT][16] = {
        [QUALITY_GOOD] = "good",
        [QUALITY_ESTIMATED] = "estimated",
        [QUALITY_RECOVERED] = "recovered",
        [QUALITY_SUSPECT] = "suspect",
        [QUALITY_OUT_OF_RANGE] = "out_of_range",
        [QUALITY_EXCEPTION] = "exception",
        [QUALITY_STALE] = "stale",
        [QUALITY_MISSING] = "missing",
        [QUALITY_CLOCK_SUSPECT] = "clock_suspect",
    };
    /* A value from a damaged store is "missing", not a crash. */
    return (unsigned)q < QUALITY_COUNT ? words[q] : words[QUALITY_MISSING];
}
