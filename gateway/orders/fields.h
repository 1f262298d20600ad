/* Members of an order's JSON object, read with their checks. Each reader returns ERR_OK, or an
 * error with a sentence in why that names the member, what it has and what it must be. Inside
 * orders/. */
#ifndef BUSBAR_ORDERS_FIELDS_H
#define BUSBAR_ORDERS_FIELDS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/units.h"

struct fields {
    const json_t *object;
    char *why;
    size_t cap;
};

/* Writes why and gives err back. */
__attribute__((format(printf, 3, 4))) int fields_fail(const struct fields *f, int err,
                                                      const char *format, ...);
/* For a member that is not `what`: says whether it is missing, of another type, or what it has. */
int fields_wrong(const struct fields *f, const char *name, const char *what);

/* 1..max bytes without control characters into out[max + 1]. */
int fields_text(const struct fields *f, const char *name, char *out, size_t max);
/* The same; a member that is missing or null gives "". */
int fields_optional_text(const struct fields *f, const char *name, char *out, size_t max);
/* Position in words[count]; what lists them for people. */
int fields_word(const struct fields *f, const char *name, const char *const *words, size_t count,
                const char *what, int *ret);
int fields_integer(const struct fields *f, const char *name, int64_t low, int64_t high,
                   int64_t *ret);
/* A number or a decimal text, to 1e-8; low and high in whole units, both included. */
int fields_number(const struct fields *f, const char *name, int64_t low, int64_t high, double *ret);
int fields_day(const struct fields *f, const char *name, int32_t *ret_day);     /* 2000..2099 */
int fields_month(const struct fields *f, const char *name, int32_t *ret_month); /* 2000..2099 */
int fields_time(const struct fields *f, const char *name, ms_t *ret_utc_ms);    /* with offset */
int fields_device(const struct fields *f, const char *name, char *out, size_t max);

/* A number or a decimal text as 1e-8; false when it is none or has too many digits. */
bool value_e8(const json_t *value, int64_t *ret_e8);

/* Days 2000-01-01 and 2100-01-01. */
#define FIELDS_DAY_FIRST 10957
#define FIELDS_DAY_END   47482

#endif
