/* The sections of a record's site side, each in the file of its subject; record_site_write() puts
 * them in order. A section of which the site has nothing writes nothing. Pure. */
#ifndef BUSBAR_FORMAT_RECORD_SECTIONS_H
#define BUSBAR_FORMAT_RECORD_SECTIONS_H

#include <stdbool.h>

#include "format/json.h"
#include "format/record.h"

/* How many of them there are to write: what the facts hold, never beyond the site's own list. */
size_t record_point_count(const struct record_source *r);
size_t record_account_count(const struct record_source *r);
size_t record_transformer_count(const struct record_source *r);
/* False for an account that is not the bill's. */
bool record_takes_account(const struct record_source *r, size_t account);

void record_power_write(struct buf *b, const char *name, const struct power_stat *p);
/* A time with the offset that the zone had then; 0: null. */
void record_time_write(struct buf *b, const char *name, ms_t at, utc_offset_fn *zone);

/* record_site.c */
void record_points_write(struct buf *b, const struct record_source *r, utc_offset_fn *zone);
void record_demand_write(struct buf *b, const struct record_source *r, utc_offset_fn *zone);
void record_transformers_write(struct buf *b, const struct record_source *r);
/* record_carbon.c */
void record_carbon_write(struct buf *b, const struct record_source *r);
/* record_money.c */
void record_tariff_write(struct buf *b, const struct record_source *r, utc_offset_fn *zone);
void record_month_write(struct buf *b, const struct record_source *r); /* only with r->month */
/* record_ratios.c */
void record_ratios_write(struct buf *b, const struct record_source *r, utc_offset_fn *zone);
void record_storage_write(struct buf *b, const struct record_source *r);
void record_balance_write(struct buf *b, const struct record_source *r);
void record_virtuals_write(struct buf *b, const struct record_source *r);
void record_completeness_write(struct buf *b, const struct record_source *r);

#endif
