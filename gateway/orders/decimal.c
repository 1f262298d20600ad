#include "orders/decimal.h"

#include <stdbool.h>

#include "base/err.h"

#define DECIMALS 8

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

int decimal_parse(const char *text, int64_t *ret_e8) {
    const bool negative = *text == '-';
    const char *p = text + negative;
    int64_t v = 0;
    int whole = 0, places = 0;
    bool limit = false;
    for (; is_digit(*p); p++) {
        limit |= ++whole > DECIMAL_INT_DIGITS;
        v = limit ? 0 : v * 10 + (*p - '0');
    }
    bool wrong = whole == 0;
    if (*p == '.') {
        wrong |= !is_digit(p[1]);
        for (p++; is_digit(*p); p++) {
            limit |= places == DECIMALS;
            if (!limit) {
                v = v * 10 + (*p - '0');
                places++;
            }
        }
    }
    if (wrong || *p != '\0')
        return ERR_SYNTAX;
    if (limit)
        return ERR_LIMIT;
    for (; places < DECIMALS; places++)
        v *= 10;
    *ret_e8 = negative ? -v : v;
    return ERR_OK;
}
