/* One column of a chunk: integers in time, as bytes. Internal to the chunk's files. No I/O. */
#ifndef BUSBAR_STORE_CHUNK_COLUMN_H
#define BUSBAR_STORE_CHUNK_COLUMN_H

#include <stddef.h>
#include <stdint.h>

#define ZSTD_STATIC_LINKING_ONLY
#include <zstd.h>

#include "base/pack.h"

/* Memory for the planes of one column of n integers, and what zstd makes of one. */
struct column_scratch {
    uint64_t *codes;
    uint8_t *plane, *packed;
    size_t n, packed_cap;
    ZSTD_CCtx *zstd;
};

/* Memory to read columns with: it grows, and is kept from chunk to chunk. */
struct column_reader {
    uint64_t *codes;
    uint8_t *plane;
    size_t cap;
    ZSTD_DCtx *zstd;
};

/* The integers of a column by device, and the devices whose values are asked for. */
struct column_runs {
    size_t *starts; /* of each device: its first integer */
    size_t count, n;
    size_t from, to; /* the devices asked for; all: 0 .. count */
};

int column_scratch_init(struct column_scratch *s, size_t n); /* ERR_NOMEM */
void column_scratch_fini(struct column_scratch *s);
/* Bytes that a column of n integers takes at most. */
size_t column_bytes_max(size_t n);

/* first[i] != 0: the integer begins a device. */
void column_write(struct pack *out, struct column_scratch *s, const int64_t *values,
                  const uint8_t *first, size_t n);
int column_reader_init(struct column_reader *r); /* ERR_NOMEM */
void column_reader_fini(struct column_reader *r);
/* Room for columns of n integers. ERR_NOMEM. */
int column_reader_grow(struct column_reader *r, size_t n);
/* Integers of the devices asked for: their number. values: room for as many. */
size_t column_runs_asked(const struct column_runs *runs);
/* n is no more than the reader has room for. Bad bytes show in in. */
void column_read(struct unpack *in, struct column_reader *r, int64_t *values,
                 const struct column_runs *runs);
void column_skip(struct unpack *in);

/* Bytes of any kind, compressed where that helps: varint plain length, plane. */
void bytes_write(struct pack *out, struct column_scratch *s, const uint8_t *bytes, size_t n);
/* ret_bytes: on the heap, the caller frees them; NULL (and bad) when they are not as said. */
uint8_t *bytes_read(struct unpack *in, struct column_reader *r, size_t max, size_t *ret_n);

#endif
