/* What a configuration looked like when its rows were written: devices, points, feeds, in order.
 *
 * Stored once a configuration, so rows stay readable (and bodies byte-identical) after any reload.
 * Parsing gives a partial struct site that decode_reading() can work with: links, virtual points
 * and settings are not kept. Word order is normalised: high word first. */
#ifndef BUSBAR_STORE_LAYOUT_H
#define BUSBAR_STORE_LAYOUT_H

#include <stddef.h>
#include <stdint.h>

#include "base/pack.h"
#include "meter/site.h"

struct layout {
    struct site *site;   /* devices, points, feeds, id, gateway; the rest is zero */
    int64_t *device_no;  /* of each device: its row in table device, the same under any layout */
    int32_t *feed_order; /* all feeds, those of one device side by side */
    int32_t *feed_first; /* of each device: where its feeds start in feed_order */
    int32_t *feed_count;
};

/* device_no[site->device_count]. Overflow is in p. */
void layout_write(struct pack *p, const struct site *site, const int64_t *device_no);
int layout_parse(const void *bytes, size_t n, struct layout **ret); /* ERR_CORRUPT, ERR_NOMEM */
void layout_free(struct layout *l);

/* Writes a raw integer to the registers of a point: the inverse of decode_raw(). A string is left
 * alone. */
void layout_store_raw(const struct point_def *p, int64_t raw, uint16_t *registers);

/* The feeds of each device side by side: order[feed_count], first[device_count],
 * count[device_count]. */
void layout_group_feeds(const struct site *site, int32_t *order, int32_t *first, int32_t *count);

#endif
