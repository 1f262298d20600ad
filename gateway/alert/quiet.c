#include "alert/quiet.h"

#define DAY_MIN       1440
#define WEEK_DAYS     7
#define EPOCH_WEEKDAY 3 /* 1970-01-01 was a Thursday; Monday is 0 */

static bool begins(const struct quiet_span *q, int64_t day) {
    int64_t weekday = (day + EPOCH_WEEKDAY) % WEEK_DAYS;
    return (q->days >> (weekday < 0 ? weekday + WEEK_DAYS : weekday) & 1U) != 0;
}

static bool covers(const struct quiet_span *q, int64_t day, int64_t minute) {
    if (q->from_min < q->to_min)
        return minute >= q->from_min && minute < q->to_min && begins(q, day);
    return (minute >= q->from_min && begins(q, day)) || (minute < q->to_min && begins(q, day - 1));
}

bool quiet_holds(const struct quiet_span *spans, size_t n, ms_t local_ms, uint8_t severity) {
    int64_t minutes = floor_div(local_ms, MS_PER_MIN);
    int64_t day = floor_div(minutes, DAY_MIN);
    for (size_t i = 0; i < n; i++) {
        if (severity < spans[i].below && covers(&spans[i], day, minutes - day * DAY_MIN))
            return true;
    }
    return false;
}
