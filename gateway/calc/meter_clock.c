#include "calc/meter_clock.h"

#include <math.h>

#include "calc/calendar.h"
#include "meter/decode.h"

#define S_PER_DAY 86400
#define CENTURY   2000 /* of a year of two digits */

enum { YEAR, MONTH, DAY, HOUR, MINUTE, SECOND };

static bool read_date(const uint16_t *r, int64_t *ret_s) {
    int year = r[YEAR] < 100 ? r[YEAR] + CENTURY : r[YEAR], y, month, day;
    if (r[MONTH] < 1 || r[MONTH] > 12 || r[HOUR] > 23 || r[MINUTE] > 59 || r[SECOND] > 59)
        return false;
    int32_t date = civil_day(year, r[MONTH], r[DAY]);
    civil_date(date, &y, &month, &day);
    if (y != year || month != r[MONTH] || day != r[DAY])
        return false;
    *ret_s = (int64_t)date * S_PER_DAY + r[HOUR] * 3600 + r[MINUTE] * 60 + r[SECOND];
    return true;
}

bool meter_clock_read(const struct meter_clock *c, const uint16_t *registers, int64_t *ret_s) {
    if (c->form == METER_CLOCK_DATE)
        return read_date(registers, ret_s);
    int64_t raw = decode_raw(&c->p, registers);
    if (isnan(decode_scaled(&c->p, raw)))
        return false;
    *ret_s = raw;
    return true;
}

void meter_clock_write(const struct meter_clock *c, int64_t shown_s, uint16_t *registers) {
    if (c->form == METER_CLOCK_EPOCH) {
        (void)encode_value(&c->p, (double)shown_s, 1.0, registers);
        return;
    }
    int year, month, day;
    int64_t date = floor_div(shown_s, S_PER_DAY), s = shown_s - date * S_PER_DAY;
    civil_date((int32_t)date, &year, &month, &day);
    registers[YEAR] = (uint16_t)year;
    registers[MONTH] = (uint16_t)month;
    registers[DAY] = (uint16_t)day;
    registers[HOUR] = (uint16_t)(s / 3600);
    registers[MINUTE] = (uint16_t)(s / 60 % 60);
    registers[SECOND] = (uint16_t)(s % 60);
}

double meter_clock_offset_s(const struct meter_clock *c, int64_t shown_s, ms_t at,
                            int utc_offset_s) {
    int64_t own_s = shown_s - (c->local ? utc_offset_s : 0);
    return (double)(own_s - floor_div(at, MS_PER_S));
}
