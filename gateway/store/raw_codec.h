/* One raw row: every reading of (about) one second, lossless.
 *
 * A row belongs to a chain: its first row starts from nothing (the key row), the others hold
 * differences to the previous reading of each device. Bytes of a row:
 *   u8 version, u8 packing (0 plain, 1 zstd + varint plain length; + 128: key row), then
 *   signed base time, UTC ms, then readings:
 *   varint (zigzag(device - previous device) << 4 | kind 2 bits | PLAIN_TIMES | PLAIN_QUALITY)
 *   signed time: first of the chain: utc - base time; else change of the interval
 *   delays: runs (signed ms difference, varint length) unless PLAIN_TIMES
 *   qualities: runs (u8 quality, varint length) unless PLAIN_QUALITY (all good, or all missing for
 *   a reading of a device that is down)
 *   of a poll, for each point that was read: signed raw integer difference; a string: u8 0 = as
 *   before, 1 + its registers.
 * One encoder or decoder belongs to one thread. No I/O. */
#ifndef BUSBAR_STORE_RAW_CODEC_H
#define BUSBAR_STORE_RAW_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "meter/reading.h"
#include "meter/site.h"

#define RAW_CHAIN_MAX_MS 75000 /* a chain's first row is at most this long before its last */

struct raw_encoder;

struct raw_encoder *raw_encoder_new(const struct site *site); /* NULL without memory */
void raw_encoder_free(struct raw_encoder *e);
/* Starts a row with base time t; key starts a new chain. */
void raw_encoder_begin(struct raw_encoder *e, ms_t t, bool key);
/* Adds a reading. ERR_FULL: finish this row and begin another first. */
int raw_encoder_add(struct raw_encoder *e, struct reading *r);
size_t raw_encoder_readings(const struct raw_encoder *e); /* in the row so far */
/* The row's bytes, valid until the next begin. */
void raw_encoder_finish(struct raw_encoder *e, const uint8_t **ret_body, size_t *ret_n);

struct raw_decoder;

/* site: of a parsed layout; must outlive the decoder. */
struct raw_decoder *raw_decoder_new(const struct site *site);
void raw_decoder_free(struct raw_decoder *d);
/* Calls on_reading for each reading of a row; it may return < 0 to stop with that code. Rows of a
 * chain come in their order; rows before the first key row, and after a broken one, are
 * ERR_CORRUPT, as impossible bytes are. */
int raw_decoder_row(struct raw_decoder *d, const uint8_t *body, size_t n,
                    int (*on_reading)(void *arg, struct reading *r), void *arg);

#endif
