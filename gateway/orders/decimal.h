/* Decimal texts, exact to 1e-8: prices and registers as people and platforms write them. Pure. */
#ifndef BUSBAR_ORDERS_DECIMAL_H
#define BUSBAR_ORDERS_DECIMAL_H

#include <stdint.h>

#define DECIMAL_UNIT       100000000 /* 1e-8 */
#define DECIMAL_INT_DIGITS 10

/* "-12.5": a sign or none, 1 to 10 digits, then none or a point and 1 to 8 digits. No exponent, no
 * grouping, no blanks. ERR_OK, ERR_SYNTAX, or ERR_LIMIT for more digits than that. */
int decimal_parse(const char *text, int64_t *ret_e8);

#endif
