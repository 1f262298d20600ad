#include "zone_time.h"

#include "base/err.h"
#include "sys/clock.h"

int zone_time_parse(const char *text, ms_t *ret_utc_ms) {
    ms_t t = 0;
    int offset_s = clock_utc_offset_s(clock_now().utc_us / US_PER_MS);
    int err = ERR_OK;
    for (int i = 0; i < 2 && err == ERR_OK; i++) {
        err = iso8601_parse(text, offset_s, &t);
        if (err == ERR_OK)
            offset_s = clock_utc_offset_s(t);
    }
    if (err == ERR_OK)
        *ret_utc_ms = t;
    return err;
}
