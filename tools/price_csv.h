/* A price list as csv: component,unit,month,version,price[,status], checked by the rules of the
 * order that carries it (orders/order.h).
 *
 * The first row names the columns, in any order; columns `source` and `note` are for people.
 * Separator: comma; fields may stand in double quotes; a byte order mark, CRLF, empty lines and
 * lines that begin with # are fine. One thread. */
#ifndef BUSBAR_TOOLS_PRICE_CSV_H
#define BUSBAR_TOOLS_PRICE_CSV_H

#include <stddef.h>
#include <stdio.h>

#include "orders/order.h"

#define PRICE_CSV_MAX  1048576 /* bytes of a file */
#define PRICE_ROWS_MAX 5000

struct price_line {
    int line;               /* in the file, from 1 */
    struct price_text text; /* points into price_csv.memory */
    struct price_row row;
};

struct price_csv {
    char *memory; /* the file, cut into texts */
    struct price_line *rows;
    size_t count;
    size_t wrong; /* rows that were reported */
};

/* Reads all of it and reports every wrong row to err as "FILE:LINE: reason". ERR_OK, also with
 * wrong rows; ERR_IO (reported), ERR_LIMIT (reported), ERR_SYNTAX (no usable first row, reported),
 * ERR_NOMEM. Free it in any case. */
int price_csv_read(struct price_csv *p, const char *file, FILE *err);
void price_csv_free(struct price_csv *p);

#endif
