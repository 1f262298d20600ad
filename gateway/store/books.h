/* Prices and curves that were pushed or imported, from the store into memory. They are few:
 * hundreds of rows. Historian thread. */
#ifndef BUSBAR_STORE_BOOKS_H
#define BUSBAR_STORE_BOOKS_H

#include <sqlite3.h>

#include "calc/settle.h"

struct books_store {
    struct books books; /* points into the arrays */
    struct price_row *rows;
    struct price_curve *curves;
    struct factor_curve *factors;
};

/* b: all zero, or loaded before; on failure it stays as it was. */
int books_load(struct books_store *b, sqlite3 *db, ms_t now_ms);
void books_free(struct books_store *b);

/* Write through to the table; load again afterwards. Points of a curve: 1e-8 CNY/kWh, or kg/kWh. */
int books_put_price(sqlite3 *db, const struct price_row *row, ms_t now_ms);
int books_put_price_curve(sqlite3 *db, const struct price_curve *c, ms_t now_ms);
int books_put_factor_curve(sqlite3 *db, const struct factor_curve *c, ms_t now_ms);

#endif
