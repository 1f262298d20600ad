#include <math.h>

#include "sim/model_noise.h"
#include "sim/model_sun.h"

#define LATITUDE_DEG 35.0
#define PI           3.14159265358979323846
#define RADIANS(d)   ((d)*PI / 180.0)
#define MS_PER_HOUR  3600000
#define MS_PER_DAY   86400000

enum { STREAM_CLOUDS = 0x50, STREAM_AIR = 0x60 };

/* Day number of 1 January of the civil year that holds the day (proleptic Gregorian calendar). */
static int64_t year_start(int64_t day) {
    int64_t z = day + 719468; /* days since 0000-03-01 */
    int64_t era = floor_div(z, 146097);
    int64_t in_era = z - era * 146097;
    int64_t y = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int64_t in_year = in_era - (365 * y + y / 4 - y / 100); /* from 1 March */
    int64_t year = y + era * 400 + (in_year >= 306);
    int64_t before = year - 1;

    return before * 365 + floor_div(before, 4) - floor_div(before, 100) + floor_div(before, 400) -
           719162;
}

struct local_time local_time_of(ms_t utc_ms, int utc_offset_s) {
    ms_t local = utc_ms + (ms_t)utc_offset_s * MS_PER_S;
    int64_t day = floor_div(local, MS_PER_DAY);

    return (struct local_time){
        .day = day,
        .day_of_year = (int)(day - year_start(day)) + 1,
        .weekday = (int)((day + 3) - 7 * floor_div(day + 3, 7)), /* 1970-01-01 was a Thursday */
        .hour = (double)(local - day * MS_PER_DAY) / MS_PER_HOUR,
    };
}

double sun_clear_w_m2(const struct local_time *at) {
    double declination = RADIANS(23.45) * sin(2.0 * PI * (284 + at->day_of_year) / 365.0);
    double hour_angle = RADIANS(15.0 * (at->hour - 12.0));
    double cos_z = sin(RADIANS(LATITUDE_DEG)) * sin(declination) +
                   cos(RADIANS(LATITUDE_DEG)) * cos(declination) * cos(hour_angle);

    if (cos_z <= 0.0)
        return 0.0;
    return 1098.0 * cos_z * exp(-0.057 / cos_z);
}

double sun_clouds(uint64_t seed, ms_t utc_ms) {
    double n = 0.6 * noise_smooth(seed, STREAM_CLOUDS, utc_ms, 90 * MS_PER_MIN) +
               0.3 * noise_smooth(seed, STREAM_CLOUDS + 1, utc_ms, 10 * MS_PER_MIN) +
               0.1 * noise_smooth(seed, STREAM_CLOUDS + 2, utc_ms, MS_PER_MIN);
    double cover = (n + 0.1) / 0.8;

    cover = fmin(1.0, fmax(0.0, cover));
    return 1.0 - 0.8 * cover * cover * (3.0 - 2.0 * cover);
}

double air_temperature_c(uint64_t seed, ms_t utc_ms, const struct local_time *at) {
    double season = -13.0 * cos(2.0 * PI * (at->day_of_year - 20) / 365.0);
    double day = 5.0 * cos(2.0 * PI * (at->hour - 15.0) / 24.0);

    return 15.0 + season + day + 2.0 * noise_smooth(seed, STREAM_AIR, utc_ms, 6 * MS_PER_HOUR);
}

double pv_output_kw(double irradiance_w_m2, double air_c, double rated_kwp, double rated_kw) {
    double cell_c = air_c + 0.03 * irradiance_w_m2;
    double dc_kw = rated_kwp * irradiance_w_m2 / 1000.0 * (1.0 - 0.0035 * (cell_c - 25.0));

    return fmin(rated_kw, fmax(0.0, 0.92 * dc_kw));
}
