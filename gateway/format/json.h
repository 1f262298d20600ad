/* Members of a JSON object, for the bodies of this layer. Pure.
 *
 * Each function writes `"name":value` with a leading comma unless the object was just opened, so a
 * body reads as a list of its members. */
#ifndef BUSBAR_FORMAT_JSON_H
#define BUSBAR_FORMAT_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/units.h"
#include "calc/balance.h"

enum json_decimals {
    DECIMALS_POWER = 3, /* kW, kWh, kg, ms */
    DECIMALS_RATIO = 4,
    DECIMALS_FINE = 6 /* registers, multipliers, alert values */
};

void json_key(struct buf *b, const char *name); /* comma where one is due, then "name":, a
                                                     word of the contract: nothing to escape */
void json_text(struct buf *b, const char *name, const char *text); /* NULL: null */
void json_decimal(struct buf *b, const char *name, double v, enum json_decimals decimals);
void json_i64(struct buf *b, const char *name, int64_t v);
void json_u64(struct buf *b, const char *name, uint64_t v);
void json_bool(struct buf *b, const char *name, bool v);
void json_time(struct buf *b, const char *name, ms_t utc_ms, int utc_offset_s); /* 0: null */
void json_open(struct buf *b, const char *name);                                /* "name":{ */
void json_close(struct buf *b);                                                 /* } */
/* An array of objects: json_open_list, then json_item and json_close for each, then
 * json_close_list. */
void json_open_list(struct buf *b, const char *name); /* "name":[ */
void json_item(struct buf *b);                        /* {, with a comma unless it is the first */
void json_close_list(struct buf *b);                  /* ] */
/* A time as a value without a name; 0: null. */
void json_put_time(struct buf *b, ms_t utc_ms, int utc_offset_s);

#endif
