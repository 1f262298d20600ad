#include "base/units.h"

#include <stdbool.h>

#include "base/err.h"

#define S_PER_DAY      86400
#define OFFSET_MAX_MIN (24 * 60 - 1)

struct date {
    int64_t year;
    int month, day;
};

/* Days since 1970-01-01 and back, proleptic Gregorian calendar. The year is counted from March so
 * that the leap day comes last. Source: H. Hinnant, "chrono-Compatible Low-Level Date Algorithms",
 * days_from_civil and civil_from_days. */
static int64_t days_from_date(struct date d) {
    const int64_t y = d.year - (d.month <= 2);
    const int64_t era = floor_div(y, 400);
    const int64_t year_of_era = y - era * 400;
    const int64_t day_of_year = (153 * (d.month + (d.month > 2 ? -3 : 9)) + 2) / 5 + d.day - 1;
    const int64_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static struct date date_from_days(int64_t days) {
    const int64_t z = days + 719468;
    const int64_t era = floor_div(z, 146097);
    const int64_t day_of_era = z - era * 146097;
    const int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const int64_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int64_t march_month = (5 * day_of_year + 2) / 153;
    struct date d;
    d.day = (int)(day_of_year - (153 * march_month + 2) / 5 + 1);
    d.month = (int)(march_month < 10 ? march_month + 3 : march_month - 9);
    d.year = year_of_era + era * 400 + (d.month <= 2);
    return d;
}

/* Writes at least width digits; returns the place after them. */
static char *put_digits(char *out, int64_t v, int width) {
    char reversed[20];
    int n = 0;
    do {
        reversed[n++] = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0 || n < width);
    while (n > 0)
        *out++ = reversed[--n];
    return out;
}

size_t iso8601_format(char out[ISO8601_MAX], ms_t utc_ms, int offset_s) {
    int offset_min = offset_s / 60; /* the text has no room for seconds of an offset */
    if (offset_min > OFFSET_MAX_MIN)
        offset_min = OFFSET_MAX_MIN;
    if (offset_min < -OFFSET_MAX_MIN)
        offset_min = -OFFSET_MAX_MIN;
    const int64_t utc_s = floor_div(utc_ms, MS_PER_S);
    const int64_t milli = (utc_ms % MS_PER_S + MS_PER_S) % MS_PER_S;
    const int64_t local_s = utc_s + (int64_t)offset_min * 60;
    const int64_t days = floor_div(local_s, S_PER_DAY);
    const int64_t second = local_s - days * S_PER_DAY;
    const struct date d = date_from_days(days);
    char *p = out;

    if (d.year < 0 || d.year > 9999)
        *p++ = d.year < 0 ? '-' : '+'; /* ISO 8601 expanded year */
    p = put_digits(p, d.year < 0 ? -d.year : d.year, 4);
    *p++ = '-';
    p = put_digits(p, d.month, 2);
    *p++ = '-';
    p = put_digits(p, d.day, 2);
    *p++ = 'T';
    p = put_digits(p, second / 3600, 2);
    *p++ = ':';
    p = put_digits(p, second / 60 % 60, 2);
    *p++ = ':';
    p = put_digits(p, second % 60, 2);
    if (milli != 0) {
        *p++ = '.';
        p = put_digits(p, milli, 3);
    }
    *p++ = offset_min < 0 ? '-' : '+';
    if (offset_min < 0)
        offset_min = -offset_min;
    p = put_digits(p, offset_min / 60, 2);
    *p++ = ':';
    p = put_digits(p, offset_min % 60, 2);
    *p = '\0';
    return (size_t)(p - out);
}

/* Takes exactly width digits off the text. */
static bool take_digits(const char **text, int width, int *ret_v) {
    int v = 0;
    for (int i = 0; i < width; i++) {
        const char c = (*text)[i];
        if (c < '0' || c > '9')
            return false;
        v = v * 10 + (c - '0');
    }
    *text += width;
    *ret_v = v;
    return true;
}

static bool take_char(const char **text, char c) {
    if (**text != c)
        return false;
    ++*text;
    return true;
}

static int month_days(int64_t year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

static int parse_date(const char **text, int64_t *ret_days) {
    int year, month, day;
    if (!take_digits(text, 4, &year) || !take_char(text, '-') || !take_digits(text, 2, &month) ||
        !take_char(text, '-') || !take_digits(text, 2, &day))
        return ERR_SYNTAX;
    if (month < 1 || month > 12 || day < 1 || day > month_days(year, month))
        return ERR_RANGE;
    *ret_days = days_from_date((struct date){.year = year, .month = month, .day = day});
    return ERR_OK;
}

/* hh:mm, hh:mm:ss or hh:mm:ss.fraction; digits below a millisecond are dropped. */
static int parse_time(const char **text, ms_t *ret_ms) {
    int hour, minute, second = 0, milli = 0;
    if (!take_digits(text, 2, &hour) || !take_char(text, ':') || !take_digits(text, 2, &minute))
        return ERR_SYNTAX;
    if (take_char(text, ':')) {
        if (!take_digits(text, 2, &second))
            return ERR_SYNTAX;
        if (take_char(text, '.')) {
            int digit;
            int weight = 100;
            if (!take_digits(text, 1, &digit))
                return ERR_SYNTAX;
            do {
                milli += digit * weight;
                weight /= 10;
            } while (take_digits(text, 1, &digit));
        }
    }
    if (hour > 23 || minute > 59 || second > 59)
        return ERR_RANGE;
    *ret_ms = ((hour * 60 + minute) * (ms_t)60 + second) * MS_PER_S + milli;
    return ERR_OK;
}

/* "Z", "+08:00" or "+0800"; nothing leaves the offset as it is. */
static int parse_offset(const char **text, int *offset_s) {
    if (take_char(text, 'Z')) {
        *offset_s = 0;
        return ERR_OK;
    }
    const char sign = **text;
    if (sign != '+' && sign != '-')
        return ERR_OK;
    ++*text;
    int hour, minute;
    if (!take_digits(text, 2, &hour))
        return ERR_SYNTAX;
    take_char(text, ':');
    if (!take_digits(text, 2, &minute))
        return ERR_SYNTAX;
    if (hour > 23 || minute > 59)
        return ERR_RANGE;
    *offset_s = (hour * 60 + minute) * (sign == '-' ? -60 : 60);
    return ERR_OK;
}

int iso8601_parse(const char *text, int offset_s, ms_t *ret_utc_ms) {
    int64_t days;
    ms_t time_ms = 0;
    int rc = parse_date(&text, &days);
    if (rc == ERR_OK && (take_char(&text, 'T') || take_char(&text, ' '))) {
        rc = parse_time(&text, &time_ms);
        if (rc == ERR_OK)
            rc = parse_offset(&text, &offset_s);
    }
    if (rc != ERR_OK)
        return rc;
    if (*text != '\0')
        return ERR_SYNTAX;
    *ret_utc_ms = (days * S_PER_DAY - offset_s) * MS_PER_S + time_ms;
    return ERR_OK;
}
