#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/err.h"
#include "base/pack.h"
#include "meter/decode.h"
#include "store/raw_codec.h"
#include "store/raw_state.h"

#define ZSTD_LEVEL      1
#define ZSTD_WINDOW_LOG 17
#define ROW_ROOM        16384 /* beyond one usual reading of every device */

struct raw_encoder {
    struct raw_state state;
    struct pack out; /* plain row, after room for the head */
    uint8_t *packed; /* compressed row */
    size_t packed_cap;
    ZSTD_CCtx *zstd;
    ms_t t;
    unsigned key; /* RAW_KEY or 0 */
    size_t last_device, readings;
};

#define HEAD_ROOM 2 /* version, packing */

static size_t plain_capacity(const struct raw_state *s) {
    size_t usual = 0; /* a key row: about 5 bytes a point */
    for (size_t i = 0; i < s->site->device_count; i++)
        usual +=
            24 + s->site->devices[i].profile->point_count * 6 + s->devices[i].text_registers * 2;
    return HEAD_ROOM + usual + s->reading_max + ROW_ROOM;
}

struct raw_encoder *raw_encoder_new(const struct site *site) {
    struct raw_encoder *e = calloc(1, sizeof *e);
    if (!e)
        return NULL;
    if (raw_state_init(&e->state, site) < 0) {
        free(e);
        return NULL;
    }
    size_t cap = plain_capacity(&e->state);
    e->packed_cap = cap;
    e->packed = malloc(cap);
    e->zstd = ZSTD_createCCtx();
    void *plain = malloc(cap);
    pack_init(&e->out, plain, plain ? cap : 0);
    if (!e->packed || !e->zstd || !plain) {
        raw_encoder_free(e);
        return NULL;
    }
    ZSTD_CCtx_setParameter(e->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL);
    ZSTD_CCtx_setParameter(e->zstd, ZSTD_c_windowLog, ZSTD_WINDOW_LOG);
    ZSTD_CCtx_setParameter(e->zstd, ZSTD_c_contentSizeFlag, 0);
    return e;
}

void raw_encoder_free(struct raw_encoder *e) {
    if (!e)
        return;
    raw_state_fini(&e->state);
    ZSTD_freeCCtx(e->zstd);
    free(e->out.data);
    free(e->packed);
    free(e);
}

void raw_encoder_begin(struct raw_encoder *e, ms_t t, bool key) {
    if (key)
        e->state.chain++;
    e->t = t;
    e->last_device = 0;
    e->readings = 0;
    e->out.len = 0;
    e->out.overflow = false;
    pack_u8(&e->out, RAW_VERSION);
    e->key = key ? RAW_KEY : 0;
    pack_u8(&e->out, RAW_PLAIN | e->key);
    pack_signed(&e->out, t);
}

size_t raw_encoder_readings(const struct raw_encoder *e) {
    return e->readings;
}

static bool all_equal(const uint8_t *bytes, size_t n, uint8_t value) {
    for (size_t i = 0; i < n; i++)
        if (bytes[i] != value)
            return false;
    return true;
}

static bool all_zero(const uint16_t *words, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (words[i] != 0)
            return false;
    return true;
}

static void put_delays(struct pack *out, const uint16_t *delay, size_t n) {
    int64_t previous = 0;
    for (size_t i = 0; i < n;) {
        size_t run = 1;
        while (i + run < n && delay[i + run] == delay[i])
            run++;
        pack_signed(out, (int64_t)delay[i] - previous);
        pack_varint(out, run);
        previous = delay[i];
        i += run;
    }
}

static void put_qualities(struct pack *out, const uint8_t *quality, size_t n) {
    for (size_t i = 0; i < n;) {
        size_t run = 1;
        while (i + run < n && quality[i + run] == quality[i])
            run++;
        pack_u8(out, quality[i]);
        pack_varint(out, run);
        i += run;
    }
}

static void put_text(struct pack *out, const uint16_t *registers, size_t n, uint16_t *last) {
    bool changed = memcmp(registers, last, n * sizeof *last) != 0;
    pack_u8(out, changed);
    for (size_t i = 0; changed && i < n; i++) {
        pack_u8(out, registers[i] >> 8);
        pack_u8(out, registers[i] & 0xff);
        last[i] = registers[i];
    }
}

static void put_values(struct raw_encoder *e, const struct device *d, struct reading *r,
                       uint16_t *text) {
    const uint16_t *registers = reading_registers(r);
    const uint8_t *quality = reading_quality(r);
    int64_t *last = e->state.values + d->point_base;
    for (size_t i = 0; i < d->profile->point_count; i++) {
        const struct point_def *p = &d->profile->points[i];
        if (p->type == POINT_STRING) {
            if (raw_was_read(quality[i]))
                put_text(&e->out, registers + p->image_offset, p->registers, text);
            text += p->registers;
        } else if (raw_was_read(quality[i])) {
            int64_t raw = decode_raw(p, registers + p->image_offset);
            pack_signed(&e->out, (int64_t)((uint64_t)raw - (uint64_t)last[i]));
            last[i] = raw;
        }
    }
}

int raw_encoder_add(struct raw_encoder *e, struct reading *r) {
    const struct device *d = &e->state.site->devices[r->device];
    if (e->out.cap - e->out.len < e->state.reading_max)
        return ERR_FULL;
    bool first;
    struct raw_device *state = raw_state_device(&e->state, r->device, &first);
    size_t points = d->profile->point_count;
    unsigned flags = r->kind & RAW_KIND_MASK;
    uint8_t plain = r->kind == READING_POLL ? QUALITY_GOOD : QUALITY_MISSING;
    if (all_zero(reading_delay(r), points))
        flags |= RAW_PLAIN_TIMES;
    if (all_equal(reading_quality(r), points, plain))
        flags |= RAW_PLAIN_QUALITY;
    int64_t step = (int64_t)r->device - (int64_t)e->last_device;
    pack_varint(&e->out, zigzag(step) << 4 | flags);
    ms_t interval = r->utc_ms - (first ? e->t : state->utc_ms);
    pack_signed(&e->out, interval - state->interval_ms);
    state->interval_ms = first ? 0 : interval;
    state->utc_ms = r->utc_ms;
    if (!(flags & RAW_PLAIN_TIMES))
        put_delays(&e->out, reading_delay(r), points);
    if (!(flags & RAW_PLAIN_QUALITY))
        put_qualities(&e->out, reading_quality(r), points);
    if (r->kind == READING_POLL)
        put_values(e, d, r, e->state.texts + state->text_offset);
    e->last_device = r->device;
    e->readings++;
    return ERR_OK;
}

void raw_encoder_finish(struct raw_encoder *e, const uint8_t **ret_body, size_t *ret_n) {
    struct pack head;
    pack_init(&head, e->packed, e->packed_cap);
    pack_u8(&head, RAW_VERSION);
    pack_u8(&head, RAW_ZSTD | e->key);
    size_t plain = e->out.len - HEAD_ROOM;
    pack_varint(&head, plain);
    size_t n = ZSTD_compress2(e->zstd, e->packed + head.len, e->packed_cap - head.len,
                              e->out.data + HEAD_ROOM, plain);
    if (ZSTD_isError(n) || head.len + n >= e->out.len) {
        *ret_body = e->out.data;
        *ret_n = e->out.len;
        return;
    }
    *ret_body = e->packed;
    *ret_n = head.len + n;
}
