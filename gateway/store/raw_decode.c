#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/err.h"
#include "base/pack.h"
#include "store/layout.h"
#include "store/raw_codec.h"
#include "store/raw_state.h"

struct raw_decoder {
    struct raw_state state;
    struct reading *reading; /* room for the largest device */
    uint8_t *plain;
    size_t plain_cap;
    bool broken; /* the chain lost a row: wait for the next key row */
};

struct raw_decoder *raw_decoder_new(const struct site *site) {
    struct raw_decoder *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    if (raw_state_init(&d->state, site) < 0) {
        free(d);
        return NULL;
    }
    size_t largest = reading_size(0, 0);
    for (size_t i = 0; i < site->device_count; i++) {
        const struct device_profile *p = site->devices[i].profile;
        size_t size = reading_size(p->point_count, p->image_registers);
        largest = size > largest ? size : largest;
    }
    d->reading = calloc(1, largest);
    if (!d->reading) {
        raw_decoder_free(d);
        return NULL;
    }
    d->broken = true;
    return d;
}

void raw_decoder_free(struct raw_decoder *d) {
    if (!d)
        return;
    raw_state_fini(&d->state);
    free(d->reading);
    free(d->plain);
    free(d);
}

static void get_delays(struct unpack *in, uint16_t *delay, size_t n) {
    int64_t value = 0;
    for (size_t i = 0; i < n && !in->bad;) {
        value += unpack_signed(in);
        uint64_t run = unpack_varint(in);
        if (run == 0 || run > n - i || value < 0 || value > UINT16_MAX) {
            in->bad = true;
            return;
        }
        while (run-- > 0)
            delay[i++] = (uint16_t)value;
    }
}

static void get_qualities(struct unpack *in, uint8_t *quality, size_t n) {
    for (size_t i = 0; i < n && !in->bad;) {
        unsigned value = unpack_u8(in);
        uint64_t run = unpack_varint(in);
        if (run == 0 || run > n - i || value >= QUALITY_COUNT) {
            in->bad = true;
            return;
        }
        memset(quality + i, (int)value, (size_t)run);
        i += (size_t)run;
    }
}

static void get_text(struct unpack *in, uint16_t *registers, size_t n, uint16_t *last) {
    unsigned changed = unpack_u8(in);
    if (changed) {
        const uint8_t *bytes = unpack_bytes(in, n * 2);
        for (size_t i = 0; bytes && i < n; i++)
            last[i] = (uint16_t)((unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1]);
    }
    memcpy(registers, last, n * sizeof *last);
}

static void get_values(struct raw_decoder *d, struct unpack *in, const struct device *dev,
                       uint16_t *text) {
    uint16_t *registers = reading_registers(d->reading);
    const uint8_t *quality = reading_quality(d->reading);
    int64_t *last = d->state.values + dev->point_base;
    for (size_t i = 0; i < dev->profile->point_count && !in->bad; i++) {
        const struct point_def *p = &dev->profile->points[i];
        bool was_read = raw_was_read(quality[i]);
        if (p->type == POINT_STRING) {
            if (was_read)
                get_text(in, registers + p->image_offset, p->registers, text);
            text += p->registers;
        } else if (was_read) {
            last[i] = (int64_t)((uint64_t)last[i] + (uint64_t)unpack_signed(in));
            layout_store_raw(p, last[i], registers + p->image_offset);
        }
    }
}

static int get_reading(struct raw_decoder *d, struct unpack *in, ms_t t, size_t *device) {
    uint64_t head = unpack_varint(in);
    uint64_t at = (uint64_t)*device + (uint64_t)unzigzag(head >> 4);
    if (in->bad || at >= d->state.site->device_count)
        return ERR_CORRUPT;
    *device = (size_t)at;
    const struct device *dev = &d->state.site->devices[at];
    size_t points = dev->profile->point_count;
    struct reading *r = d->reading;
    reading_init(r, (uint32_t)at, points, dev->profile->image_registers);
    r->kind = (uint8_t)(head & RAW_KIND_MASK);
    bool first;
    struct raw_device *state = raw_state_device(&d->state, (size_t)at, &first);
    ms_t interval = (ms_t)((uint64_t)state->interval_ms + (uint64_t)unpack_signed(in));
    r->utc_ms = (ms_t)((uint64_t)interval + (uint64_t)(first ? t : state->utc_ms));
    state->interval_ms = first ? 0 : interval;
    state->utc_ms = r->utc_ms;
    if (!(head & RAW_PLAIN_TIMES))
        get_delays(in, reading_delay(r), points);
    if (head & RAW_PLAIN_QUALITY)
        memset(reading_quality(r), r->kind == READING_POLL ? QUALITY_GOOD : QUALITY_MISSING,
               points);
    else
        get_qualities(in, reading_quality(r), points);
    if (r->kind == READING_POLL && !in->bad)
        get_values(d, in, dev, d->state.texts + state->text_offset);
    return in->bad ? ERR_CORRUPT : ERR_OK;
}

/* Points in at the plain bytes of the row. */
static int open_row(struct raw_decoder *d, struct unpack *in) {
    if (unpack_u8(in) != RAW_VERSION)
        return ERR_CORRUPT;
    unsigned packing = unpack_u8(in);
    bool key = packing & RAW_KEY;
    packing &= ~RAW_KEY;
    if (in->bad || packing > RAW_ZSTD || (d->broken && !key))
        return ERR_CORRUPT;
    if (key)
        d->state.chain++;
    if (packing == RAW_PLAIN)
        return ERR_OK;
    uint64_t plain = unpack_varint(in);
    if (in->bad || plain > RAW_ROW_MAX)
        return ERR_CORRUPT;
    if (plain > d->plain_cap) {
        uint8_t *larger = realloc(d->plain, (size_t)plain);
        if (!larger)
            return ERR_NOMEM;
        d->plain = larger;
        d->plain_cap = (size_t)plain;
    }
    size_t n = ZSTD_decompress(d->plain, (size_t)plain, in->at, (size_t)(in->end - in->at));
    if (ZSTD_isError(n) || n != plain)
        return ERR_CORRUPT;
    unpack_init(in, d->plain, n);
    return ERR_OK;
}

int raw_decoder_row(struct raw_decoder *d, const uint8_t *body, size_t n,
                    int (*on_reading)(void *arg, struct reading *r), void *arg) {
    struct unpack in;
    unpack_init(&in, body, n);
    int err = open_row(d, &in);
    ms_t t = unpack_signed(&in);
    if (err >= 0 && in.bad)
        err = ERR_CORRUPT;
    size_t device = 0;
    while (err >= 0 && in.at < in.end) {
        err = get_reading(d, &in, t, &device);
        if (err >= 0)
            err = on_reading(arg, d->reading);
    }
    d->broken = err == ERR_CORRUPT;
    return err < 0 ? err : ERR_OK;
}
