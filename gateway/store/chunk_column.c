#include "store/chunk_column.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define LEVEL        3
#define LENGTH_BYTES 4

/* What an integer is told against: the one before of its device, or the device's first. Noise
 * around a mean is smaller against a fixed value, everything that drifts against the last one. */
enum mode { MODE_STEPS, MODE_FIXED };
enum { PLANE_ZERO, PLANE_PLAIN, PLANE_ZSTD };

int column_scratch_init(struct column_scratch *s, size_t n) {
    memset(s, 0, sizeof *s);
    s->n = n;
    s->packed_cap = ZSTD_compressBound(n);
    s->codes = calloc(n + 1, sizeof *s->codes);
    s->plane = malloc(n + 1);
    s->packed = malloc(s->packed_cap);
    s->zstd = ZSTD_createCCtx();
    if (!s->codes || !s->plane || !s->packed || !s->zstd) {
        column_scratch_fini(s);
        return ERR_NOMEM;
    }
    ZSTD_CCtx_setParameter(s->zstd, ZSTD_c_compressionLevel, LEVEL);
    ZSTD_CCtx_setParameter(s->zstd, ZSTD_c_contentSizeFlag, 0);
    return ERR_OK;
}

void column_scratch_fini(struct column_scratch *s) {
    free(s->codes);
    free(s->plane);
    free(s->packed);
    ZSTD_freeCCtx(s->zstd);
    memset(s, 0, sizeof *s);
}

int column_reader_init(struct column_reader *r) {
    memset(r, 0, sizeof *r);
    r->zstd = ZSTD_createDCtx();
    return r->zstd ? ERR_OK : ERR_NOMEM;
}

void column_reader_fini(struct column_reader *r) {
    free(r->codes);
    free(r->plane);
    ZSTD_freeDCtx(r->zstd);
    memset(r, 0, sizeof *r);
}

int column_reader_grow(struct column_reader *r, size_t n) {
    if (n <= r->cap)
        return ERR_OK;
    uint64_t *codes = realloc(r->codes, n * sizeof *codes);
    r->codes = codes ? codes : r->codes;
    uint8_t *plane = realloc(r->plane, n);
    r->plane = plane ? plane : r->plane;
    if (!codes || !plane)
        return ERR_NOMEM;
    r->cap = n;
    return ERR_OK;
}

size_t column_bytes_max(size_t n) {
    return LENGTH_BYTES + 2 + 8 * (n + 11);
}

static unsigned bits_of(uint64_t v) {
    return v == 0 ? 0 : 64 - (unsigned)__builtin_clzll(v);
}

static uint64_t code(int64_t value, int64_t before) {
    return zigzag((int64_t)((uint64_t)value - (uint64_t)before));
}

/* Bits that the column needs in a mode: what tells which is the shorter. */
static uint64_t weigh(const int64_t *values, const uint8_t *first, size_t n, enum mode mode) {
    uint64_t bits = 0;
    int64_t fixed = 0;
    for (size_t i = 0; i < n; i++) {
        if (first[i])
            fixed = values[i];
        else
            bits += bits_of(code(values[i], mode == MODE_FIXED ? fixed : values[i - 1]));
    }
    return bits;
}

static uint64_t encode(struct column_scratch *s, const int64_t *values, const uint8_t *first,
                       size_t n, enum mode mode) {
    uint64_t all = 0;
    int64_t fixed = 0, last_first = 0;
    for (size_t i = 0; i < n; i++) {
        int64_t before = mode == MODE_FIXED ? fixed : i > 0 ? values[i - 1] : 0;
        if (first[i]) {
            before = last_first;
            fixed = last_first = values[i];
        }
        s->codes[i] = code(values[i], before);
        all |= s->codes[i];
    }
    return all;
}

static void write_plane(struct pack *out, struct column_scratch *s, const uint8_t *plane,
                        size_t n) {
    size_t zeros = 0;
    while (zeros < n && plane[zeros] == 0)
        zeros++;
    if (zeros == n) {
        pack_u8(out, PLANE_ZERO);
        return;
    }
    size_t packed = ZSTD_compress2(s->zstd, s->packed, s->packed_cap, plane, n);
    if (ZSTD_isError(packed) || packed + 3 >= n) {
        pack_u8(out, PLANE_PLAIN);
        pack_bytes(out, plane, n);
        return;
    }
    pack_u8(out, PLANE_ZSTD);
    pack_varint(out, packed);
    pack_bytes(out, s->packed, packed);
}

/* The n bytes of a plane: into room, or in place. NULL when they are not as said. */
static const uint8_t *read_plane(struct unpack *in, ZSTD_DCtx *zstd, uint8_t *room, size_t n) {
    unsigned packing = unpack_u8(in);
    if (packing == PLANE_PLAIN)
        return unpack_bytes(in, n);
    if (packing == PLANE_ZERO && !in->bad) {
        memset(room, 0, n);
        return room;
    }
    uint64_t packed = packing == PLANE_ZSTD ? unpack_varint(in) : 0;
    const uint8_t *bytes = packed > 0 && packed <= SIZE_MAX ? unpack_bytes(in, packed) : NULL;
    size_t got = bytes ? ZSTD_decompressDCtx(zstd, room, n, bytes, packed) : 0;
    if (!bytes || ZSTD_isError(got) || got != n) {
        in->bad = true;
        return NULL;
    }
    return room;
}

/* Bytes of a column behind its length, low byte first: what is not wanted is passed over. */
static void put_length(uint8_t *to, size_t n) {
    for (int i = 0; i < LENGTH_BYTES; i++)
        to[i] = (uint8_t)(n >> (8 * i));
}

static size_t read_length(struct unpack *in) {
    const uint8_t *bytes = unpack_bytes(in, LENGTH_BYTES);
    size_t n = 0;
    for (int i = LENGTH_BYTES - 1; bytes && i >= 0; i--)
        n = n << 8 | bytes[i];
    return n;
}

void column_write(struct pack *out, struct column_scratch *s, const int64_t *values,
                  const uint8_t *first, size_t n) {
    enum mode mode = weigh(values, first, n, MODE_FIXED) < weigh(values, first, n, MODE_STEPS)
                         ? MODE_FIXED
                         : MODE_STEPS;
    unsigned width = (bits_of(encode(s, values, first, n, mode)) + 7) / 8;
    static const uint8_t later[LENGTH_BYTES];
    size_t at = out->len;
    pack_bytes(out, later, sizeof later);
    pack_u8(out, mode);
    pack_u8(out, width);
    for (unsigned w = 0; w < width; w++) {
        for (size_t i = 0; i < n; i++)
            s->plane[i] = (uint8_t)(s->codes[i] >> (8 * w));
        write_plane(out, s, s->plane, n);
    }
    if (!out->overflow)
        put_length(out->data + at, out->len - at - LENGTH_BYTES);
}

static size_t run_start(const struct column_runs *runs, size_t i) {
    return i < runs->count ? runs->starts[i] : runs->n;
}

size_t column_runs_asked(const struct column_runs *runs) {
    return run_start(runs, runs->to) - run_start(runs, runs->from);
}

/* Byte w of the integers asked for, and of the first integers before them: all that these need. */
static void take_plane(uint64_t *codes, const struct column_runs *runs, const uint8_t *plane,
                       unsigned w) {
    size_t end = run_start(runs, runs->to);
    for (size_t d = 0; d < runs->from; d++)
        codes[runs->starts[d]] |= (uint64_t)plane[runs->starts[d]] << (8 * w);
    for (size_t i = run_start(runs, runs->from); i < end; i++)
        codes[i] |= (uint64_t)plane[i] << (8 * w);
}

static void clear_codes(uint64_t *codes, const struct column_runs *runs) {
    for (size_t d = 0; d < runs->from; d++)
        codes[runs->starts[d]] = 0;
    memset(codes + run_start(runs, runs->from), 0, column_runs_asked(runs) * sizeof *codes);
}

static void decode(const uint64_t *codes, int64_t *values, const struct column_runs *runs,
                   enum mode mode) {
    uint64_t first = 0;
    for (size_t d = 0; d < runs->to; d++) {
        size_t begin = runs->starts[d], end = run_start(runs, d + 1);
        uint64_t last = first += (uint64_t)unzigzag(codes[begin]);
        if (d < runs->from)
            continue;
        *values++ = (int64_t)first;
        for (size_t i = begin + 1; i < end; i++) {
            last = (mode == MODE_FIXED ? first : last) + (uint64_t)unzigzag(codes[i]);
            *values++ = (int64_t)last;
        }
    }
}

void column_read(struct unpack *in, struct column_reader *r, int64_t *values,
                 const struct column_runs *runs) {
    size_t length = read_length(in);
    const uint8_t *begin = in->at;
    unsigned mode = unpack_u8(in), width = unpack_u8(in);
    if (mode > MODE_FIXED || width > 8)
        in->bad = true;
    clear_codes(r->codes, runs);
    for (unsigned w = 0; w < width && !in->bad; w++) {
        const uint8_t *plane = read_plane(in, r->zstd, r->plane, runs->n);
        if (plane)
            take_plane(r->codes, runs, plane, w);
    }
    if ((size_t)(in->at - begin) != length)
        in->bad = true; /* who passes over it would go on elsewhere */
    if (!in->bad)
        decode(r->codes, values, runs, (enum mode)mode);
}

void column_skip(struct unpack *in) {
    unpack_bytes(in, read_length(in));
}

void bytes_write(struct pack *out, struct column_scratch *s, const uint8_t *bytes, size_t n) {
    size_t bound = ZSTD_compressBound(n);
    uint8_t *larger = bound > s->packed_cap ? realloc(s->packed, bound) : s->packed;
    if (!larger) {
        out->overflow = true;
        return;
    }
    s->packed = larger;
    s->packed_cap = bound > s->packed_cap ? bound : s->packed_cap;
    pack_varint(out, n);
    write_plane(out, s, bytes, n);
}

uint8_t *bytes_read(struct unpack *in, struct column_reader *r, size_t max, size_t *ret_n) {
    uint64_t n = unpack_varint(in);
    uint8_t *room = in->bad || n > max ? NULL : malloc((size_t)n + 1);
    const uint8_t *bytes = room ? read_plane(in, r->zstd, room, (size_t)n) : NULL;
    if (!bytes) {
        free(room);
        in->bad = true;
        return NULL;
    }
    if (bytes != room)
        memcpy(room, bytes, (size_t)n);
    *ret_n = (size_t)n;
    return room;
}
