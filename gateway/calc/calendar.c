#include "calc/calendar.h"

#include <stddef.h>

#include "base/err.h"

#define DAYS_TO_1970 719468 /* from 0000-03-01 */
#define ERA_DAYS     146097 /* 400 years */

/* Proleptic Gregorian calendar with years that begin in March (H. Hinnant, "chrono-compatible
 * low-level date algorithms"). */
int32_t civil_day(int year, int month, int dom) {
    int64_t months = (int64_t)year * 12 + month - 1;
    int64_t y = floor_div(months, 12), m = months - y * 12 + 1;
    y -= m <= 2;
    int64_t era = floor_div(y, 400), yoe = y - era * 400;
    int64_t doy = (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + dom - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return (int32_t)(era * ERA_DAYS + doe - DAYS_TO_1970);
}

void civil_date(int32_t day, int *ret_year, int *ret_month, int *ret_dom) {
    int64_t z = (int64_t)day + DAYS_TO_1970;
    int64_t era = floor_div(z, ERA_DAYS), doe = z - era * ERA_DAYS;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    int64_t month = mp < 10 ? mp + 3 : mp - 9;
    *ret_dom = (int)(doy - (153 * mp + 2) / 5 + 1);
    *ret_month = (int)month;
    *ret_year = (int)(yoe + era * 400 + (month <= 2));
}

int civil_weekday(int32_t day) {
    return (int)((((int64_t)day + 3) % 7 + 7) % 7);
}

/* Exactly n digits; -1 when there are others. */
static int digits(const char *text, size_t n) {
    int value = 0;
    for (size_t i = 0; i < n; i++) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

int civil_month_parse(const char *text, int32_t *ret_month) {
    int year = digits(text, 4);
    if (year < 0 || text[4] != '-')
        return ERR_SYNTAX;
    int month = digits(text + 5, 2);
    if (month < 0 || text[7] != '\0')
        return ERR_SYNTAX;
    if (month < 1 || month > 12)
        return ERR_RANGE;
    *ret_month = year * 12 + month - 1;
    return ERR_OK;
}

int civil_day_parse(const char *text, int32_t *ret_day) {
    int year = digits(text, 4);
    if (year < 0 || text[4] != '-')
        return ERR_SYNTAX;
    int month = digits(text + 5, 2);
    if (month < 0 || text[7] != '-')
        return ERR_SYNTAX;
    int dom = digits(text + 8, 2);
    if (dom < 0 || text[10] != '\0')
        return ERR_SYNTAX;
    if (month < 1 || month > 12 || dom < 1 ||
        dom > civil_day(year, month + 1, 1) - civil_day(year, month, 1))
        return ERR_RANGE;
    *ret_day = civil_day(year, month, dom);
    return ERR_OK;
}

struct local_time local_time(ms_t utc_ms, utc_offset_fn *zone) {
    struct local_time t;
    ms_t local = utc_ms + (ms_t)zone(utc_ms) * MS_PER_S;
    t.day = (int32_t)floor_div(local, MS_PER_DAY);
    civil_date(t.day, &t.year, &t.month, &t.dom);
    t.weekday = civil_weekday(t.day);
    t.minute = (int)((local - (ms_t)t.day * MS_PER_DAY) / MS_PER_MIN);
    return t;
}

ms_t local_change(ms_t from, ms_t to, utc_offset_fn *zone) {
    const int offset = zone(from);
    while (to - from > 1) {
        ms_t middle = from + (to - from) / 2;
        if (zone(middle) == offset)
            from = middle;
        else
            to = middle;
    }
    return to;
}

ms_t local_midnight(int32_t day, utc_offset_fn *zone) {
    ms_t local = (ms_t)day * MS_PER_DAY;
    ms_t before = local - (ms_t)zone(local - MS_PER_DAY) * MS_PER_S;
    ms_t after = local - (ms_t)zone(local + MS_PER_DAY) * MS_PER_S;
    /* Of the two readings of the wall clock the first one that its own offset confirms; when
     * neither is, midnight was skipped between them, and the day begins with the new offset. */
    ms_t first = before < after ? before : after, second = before < after ? after : before;
    if (first + (ms_t)zone(first) * MS_PER_S == local)
        return first;
    if (second + (ms_t)zone(second) * MS_PER_S == local)
        return second;
    return local_change(first, second, zone);
}
