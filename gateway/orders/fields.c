#include "orders/fields.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "calc/calendar.h"
#include "orders/decimal.h"

#define MONTH_FIRST (2000 * 12)
#define MONTH_LAST  (2099 * 12 + 11)
#define SHOWN_MAX   40 /* bytes of a wrong value that a message repeats */
#define VALUE_END   1e10

int fields_fail(const struct fields *f, int err, const char *format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(f->why, f->cap, format, args);
    va_end(args);
    return err;
}

static const json_t *member(const struct fields *f, const char *name) {
    return json_object_get(f->object, name);
}

int fields_wrong(const struct fields *f, const char *name, const char *what) {
    const json_t *value = member(f, name);
    if (!value)
        return fields_fail(f, ERR_RANGE, "%s is missing; it is %s", name, what);
    if (json_is_string(value))
        return fields_fail(f, ERR_RANGE, "%s is \"%.*s\"; it must be %s", name, SHOWN_MAX,
                           json_string_value(value), what);
    if (json_is_integer(value))
        return fields_fail(f, ERR_RANGE, "%s is %lld; it must be %s", name,
                           (long long)json_integer_value(value), what);
    if (json_is_real(value))
        return fields_fail(f, ERR_RANGE, "%s is %g; it must be %s", name, json_real_value(value),
                           what);
    return fields_fail(f, ERR_RANGE, "%s is of another type; it must be %s", name, what);
}

/* ---- texts ------------------------------------------------------------------------------- */

static bool is_plain(const char *text) {
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7F)
            return false;
    }
    return true;
}

int fields_text(const struct fields *f, const char *name, char *out, size_t max) {
    const char *text = json_string_value(member(f, name));
    const size_t n = text ? strlen(text) : 0;
    if (n < 1 || n > max || !is_plain(text))
        return fields_fail(f, ERR_RANGE,
                           "%s is %s; it is a text of 1 to %zu bytes without control characters",
                           name, !member(f, name) ? "missing" : "not usable", max);
    memcpy(out, text, n + 1);
    return ERR_OK;
}

int fields_optional_text(const struct fields *f, const char *name, char *out, size_t max) {
    const json_t *value = member(f, name);
    const char *text = json_string_value(value);
    if (value && !json_is_null(value) && !(text && *text == '\0'))
        return fields_text(f, name, out, max);
    *out = '\0';
    return ERR_OK;
}

/* The characters of ids in a site file, and the dot before a channel. */
int fields_device(const struct fields *f, const char *name, char *out, size_t max) {
    static const char what[] = "a device of the site file, a-z 0-9 and -";
    const char *text = json_string_value(member(f, name));
    const size_t n = text ? strlen(text) : 0;
    if (n < 1 || n > max || strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-.") != n)
        return fields_wrong(f, name, what);
    memcpy(out, text, n + 1);
    return ERR_OK;
}

int fields_word(const struct fields *f, const char *name, const char *const *words, size_t count,
                const char *what, int *ret) {
    const char *text = json_string_value(member(f, name));
    for (size_t i = 0; text && i < count; i++) {
        if (strcmp(text, words[i]) == 0) {
            *ret = (int)i;
            return ERR_OK;
        }
    }
    return fields_wrong(f, name, what);
}

/* ---- numbers ----------------------------------------------------------------------------- */

int fields_integer(const struct fields *f, const char *name, int64_t low, int64_t high,
                   int64_t *ret) {
    const json_t *value = member(f, name);
    const int64_t v = json_integer_value(value);
    char what[80];
    if (json_is_integer(value) && v >= low && v <= high) {
        *ret = v;
        return ERR_OK;
    }
    snprintf(what, sizeof what, "a whole number from %lld to %lld", (long long)low,
             (long long)high);
    return fields_wrong(f, name, what);
}

bool value_e8(const json_t *value, int64_t *ret_e8) {
    if (json_is_string(value))
        return decimal_parse(json_string_value(value), ret_e8) == ERR_OK;
    if (!json_is_number(value))
        return false;
    const double v = json_number_value(value);
    if (!(fabs(v) < VALUE_END))
        return false;
    *ret_e8 = llround(v * DECIMAL_UNIT);
    return true;
}

int fields_number(const struct fields *f, const char *name, int64_t low, int64_t high,
                  double *ret) {
    int64_t v;
    char what[80];
    if (value_e8(member(f, name), &v) && v >= low * DECIMAL_UNIT && v <= high * DECIMAL_UNIT) {
        *ret = (double)v / DECIMAL_UNIT;
        return ERR_OK;
    }
    snprintf(what, sizeof what, "a decimal number from %lld to %lld, at most 8 decimals",
             (long long)low, (long long)high);
    return fields_wrong(f, name, what);
}

/* ---- dates ------------------------------------------------------------------------------- */

int fields_day(const struct fields *f, const char *name, int32_t *ret_day) {
    const char *text = json_string_value(member(f, name));
    int32_t day;
    if (!text || civil_day_parse(text, &day) < 0 || day < FIELDS_DAY_FIRST || day >= FIELDS_DAY_END)
        return fields_wrong(f, name, "a day from 2000 to 2099 such as \"2026-11-25\"");
    *ret_day = day;
    return ERR_OK;
}

int fields_month(const struct fields *f, const char *name, int32_t *ret_month) {
    const char *text = json_string_value(member(f, name));
    int32_t month;
    if (!text || civil_month_parse(text, &month) < 0 || month < MONTH_FIRST || month > MONTH_LAST)
        return fields_wrong(f, name, "a month from 2000 to 2099 such as \"2026-11\"");
    *ret_month = month;
    return ERR_OK;
}

/* A text that tells its own offset means the same whatever the local one is. */
int fields_time(const struct fields *f, const char *name, ms_t *ret_utc_ms) {
    const char *text = json_string_value(member(f, name));
    ms_t t, elsewhere;
    if (!text || iso8601_parse(text, 0, &t) < 0 || iso8601_parse(text, 3600, &elsewhere) < 0 ||
        t != elsewhere || t < FIELDS_DAY_FIRST * MS_PER_DAY || t >= FIELDS_DAY_END * MS_PER_DAY)
        return fields_wrong(f, name,
                            "a time with its offset such as \"2026-11-20T10:00:00+08:00\"");
    *ret_utc_ms = t;
    return ERR_OK;
}
