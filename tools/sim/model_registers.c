#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "calc/meter_clock.h"
#include "meter/decode.h"
#include "sim/model_registers.h"
#include "sim/model_values.h"

#define REGISTER_READ_MAX 125
#define BIT_READ_MAX      2000
#define ADDRESSES         65536u

/* Consecutive addresses of one function; values of bits are 0 or 1. */
struct segment {
    uint8_t function;
    uint16_t start;
    uint32_t count;
    uint16_t *values;
};

struct image {
    struct segment *segments;
    size_t segment_count;
    double *multiplier; /* one a point: ratio * 10^exponent */
    double *setting;    /* the value of ratio and exponent points, NAN for the others */
    uint64_t refreshed; /* plant step + 1; 0 = never */
    int32_t clock_ahead_s;
};

struct registers {
    const struct plant *plant;
    struct image *images;
    size_t image_count;
};

/* ---- layout ---- */

struct span {
    uint8_t function;
    uint32_t start, end;
};

static int by_address(const void *a, const void *b) {
    const struct span *x = a, *y = b;

    if (x->function != y->function)
        return x->function < y->function ? -1 : 1;
    return (x->start > y->start) - (x->start < y->start);
}

static size_t spans_of(const struct device_profile *profile, struct span *out) {
    size_t n = 0;

    for (size_t i = 0; i < profile->point_count; i++) {
        const struct point_def *d = &profile->points[i];
        uint32_t width = d->split ? 1u : d->registers;

        out[n++] = (struct span){d->function, d->register_no, d->register_no + width};
        if (d->split)
            out[n++] = (struct span){d->function, d->register_low, d->register_low + 1u};
    }
    if (profile->clock != NULL) {
        const struct point_def *d = &profile->clock->p;

        out[n++] =
            (struct span){d->function, d->register_no, (uint32_t)d->register_no + d->registers};
    }
    qsort(out, n, sizeof *out, by_address);
    return n;
}

static int layout(struct image *im, const struct device_profile *profile) {
    struct span *spans = calloc(2 * profile->point_count + 2, sizeof *spans);
    uint32_t gap = profile->limits.max_gap;
    size_t n, used = 0;

    if (spans == NULL)
        return -1;
    n = spans_of(profile, spans);
    for (size_t i = 0; i < n; i++) {
        struct span *last = used > 0 ? &spans[used - 1] : NULL;

        if (last != NULL && last->function == spans[i].function &&
            spans[i].start <= last->end + gap)
            last->end = spans[i].end > last->end ? spans[i].end : last->end;
        else
            spans[used++] = spans[i];
    }
    im->segments = calloc(used + 1, sizeof *im->segments);
    for (size_t i = 0; i < used && im->segments != NULL; i++) {
        uint32_t align = profile->limits.align > 1 ? profile->limits.align : 1u;
        uint32_t first = spans[i].start - spans[i].start % align;
        uint32_t end = spans[i].end + (align - spans[i].end % align) % align;
        struct segment *s = &im->segments[im->segment_count++];

        s->function = spans[i].function;
        s->start = (uint16_t)first;
        s->count = (end < ADDRESSES ? end : ADDRESSES) - first;
        s->values = calloc(s->count, sizeof *s->values);
        if (s->values == NULL) {
            free(spans);
            return -1;
        }
    }
    free(spans);
    return im->segments == NULL ? -1 : 0;
}

static uint16_t *cell(const struct image *im, uint8_t function, uint32_t address, uint32_t count) {
    for (size_t i = 0; i < im->segment_count; i++) {
        const struct segment *s = &im->segments[i];

        if (s->function == function && address >= s->start &&
            address + count <= s->start + s->count)
            return s->values + (address - s->start);
    }
    return NULL;
}

/* ---- values ---- */

/* A number as the device's own register would hold it, read back. */
static double as_stored(const struct point_def *d, double value) {
    uint16_t words[POINT_STRING_MAX] = {0};

    (void)encode_value(d, value, 1.0, words);
    return decode_scaled(d, decode_raw(d, words));
}

/* The smallest exponent that lets every register scaled by it hold its largest value. */
static double exponent_for(const struct plant *p, size_t device, size_t point) {
    const struct device_profile *profile = p->site->devices[device].profile;

    for (int e = -3; e < 10; e++) {
        bool fits = true;

        for (size_t i = 0; i < profile->point_count && fits; i++) {
            const struct point_def *d = &profile->points[i];
            uint16_t words[POINT_STRING_MAX] = {0};

            if (d->exponent_point == (int16_t)point)
                fits = encode_value(d, value_span(p, device, d), pow(10.0, e), words) >= 0;
        }
        if (fits)
            return e;
    }
    return 10.0;
}

/* A ratio that other points are multiplied by; a configured one wins, as in the gateway. */
static double ratio_of(const struct image *im, const struct device *d, bool ct) {
    double configured = ct ? d->ct_ratio : d->pt_ratio;
    int16_t own = ct ? d->profile->ct_ratio_point : d->profile->pt_ratio_point;

    if (isfinite(configured))
        return configured;
    return own >= 0 && isfinite(im->setting[own]) ? im->setting[own] : 1.0;
}

static void find_settings(struct image *im, const struct plant *p, size_t device) {
    const struct device_profile *profile = p->site->devices[device].profile;

    for (size_t i = 0; i < profile->point_count; i++)
        im->setting[i] = (double)NAN;
    for (size_t i = 0; i < profile->point_count; i++) {
        const struct point_def *d = &profile->points[i];

        if (d->quantity == QUANTITY_CT_RATIO || d->quantity == QUANTITY_PT_RATIO)
            im->setting[i] = as_stored(d, value_of_point(p, device, d));
        if (d->ratio == RATIO_POINT && !isfinite(im->setting[d->ratio_point])) {
            const struct point_def *ratio = &profile->points[d->ratio_point];

            im->setting[d->ratio_point] = as_stored(ratio, value_of_point(p, device, ratio));
        }
        if (d->exponent_point >= 0)
            im->setting[d->exponent_point] = exponent_for(p, device, (size_t)d->exponent_point);
    }
}

static void find_multipliers(struct image *im, const struct device *device) {
    const struct device_profile *profile = device->profile;

    for (size_t i = 0; i < profile->point_count; i++) {
        const struct point_def *d = &profile->points[i];
        double m = 1.0;

        if (d->ratio == RATIO_CT || d->ratio == RATIO_CT_PT)
            m *= ratio_of(im, device, true);
        if (d->ratio == RATIO_PT || d->ratio == RATIO_CT_PT)
            m *= ratio_of(im, device, false);
        if (d->ratio == RATIO_POINT)
            m *= im->setting[d->ratio_point];
        if (d->exponent_point >= 0)
            m *= pow(10.0, im->setting[d->exponent_point]);
        im->multiplier[i] = m;
    }
}

/* A counter that has passed its modulus starts again at 0. */
static double rolled(const struct point_def *d, double value, double multiplier) {
    return d->modulus > 0.0 ? fmod(value, d->modulus * fabs(d->scale) * multiplier) : value;
}

static void store_point(struct image *im, const struct plant *p, size_t device, size_t i) {
    const struct point_def *d = &p->site->devices[device].profile->points[i];
    uint16_t words[POINT_STRING_MAX] = {0};
    uint32_t width = d->split ? 1u : d->registers;
    uint16_t *at = cell(im, d->function, d->register_no, width);
    uint16_t *low = d->split ? cell(im, d->function, d->register_low, 1) : NULL;

    if (at == NULL || (d->split && low == NULL))
        return;
    words[0] = at[0]; /* the other byte of a shared register stays */
    if (d->type == POINT_STRING) {
        char text[2 * POINT_STRING_MAX + 1];

        value_text(p, device, d, text, sizeof text);
        encode_text(d, text, words);
    } else if (isfinite(im->setting[i])) {
        (void)encode_value(d, im->setting[i], 1.0, words);
    } else {
        double m = im->multiplier[i];

        /* out of range stores the nearest value, as a saturated register does */
        (void)encode_value(d, rolled(d, value_of_point(p, device, d), m), m, words);
    }
    memcpy(at, words, width * sizeof *words);
    if (d->split)
        low[0] = words[1];
}

/* It runs on while values are frozen, and is set at any time. */
static void store_clock(const struct registers *r, size_t device) {
    const struct plant *p = r->plant;
    const struct image *im = &r->images[device];
    const struct meter_clock *c = p->site->devices[device].profile->clock;
    uint16_t *at = c != NULL ? cell(im, c->p.function, c->p.register_no, c->p.registers) : NULL;
    int64_t utc_s = floor_div(p->now_ms, MS_PER_S);
    int64_t local_s = p->local.day * 86400 + (int64_t)floor(p->local.hour * 3600.0 + 0.001);

    if (at != NULL)
        meter_clock_write(c, (c->local ? local_s : utc_s) + im->clock_ahead_s, at);
}

static void refresh(struct registers *r, size_t device) {
    struct image *im = &r->images[device];
    uint64_t now = r->plant->steps + 1;

    if (im->refreshed == now)
        return;
    for (size_t i = 0; i < r->plant->site->devices[device].profile->point_count; i++)
        store_point(im, r->plant, device, i);
    im->refreshed = now;
}

/* ---- interface ---- */

struct registers *registers_new(const struct plant *plant) {
    const struct site *site = plant->site;
    struct registers *r = calloc(1, sizeof *r);

    if (r == NULL)
        return NULL;
    r->plant = plant;
    r->images = calloc(site->device_count + 1, sizeof *r->images);
    if (r->images == NULL)
        goto fail;
    r->image_count = site->device_count;
    for (size_t d = 0; d < site->device_count; d++) {
        const struct device_profile *profile = site->devices[d].profile;
        struct image *im = &r->images[d];

        im->multiplier = calloc(profile->point_count + 1, sizeof *im->multiplier);
        im->setting = calloc(profile->point_count + 1, sizeof *im->setting);
        if (im->multiplier == NULL || im->setting == NULL || layout(im, profile) < 0)
            goto fail;
        find_settings(im, plant, d);
        find_multipliers(im, &site->devices[d]);
    }
    return r;
fail:
    registers_free(r);
    return NULL;
}

void registers_free(struct registers *r) {
    if (r == NULL)
        return;
    for (size_t d = 0; d < r->image_count; d++) {
        struct image *im = &r->images[d];

        for (size_t i = 0; i < im->segment_count; i++)
            free(im->segments[i].values);
        free(im->segments);
        free(im->multiplier);
        free(im->setting);
    }
    free(r->images);
    free(r);
}

void registers_set_clock(struct registers *r, size_t device, int32_t ahead_s) {
    r->images[device].clock_ahead_s = ahead_s;
}

enum register_verdict registers_read(struct registers *r, size_t device, uint8_t function,
                                     uint16_t start, uint16_t count, bool frozen,
                                     const uint16_t **ret_values) {
    struct image *im = &r->images[device];
    const struct read_limits *limits = &r->plant->site->devices[device].profile->limits;
    bool bits = function == 1 || function == 2, known = false;
    uint32_t most = bits ? BIT_READ_MAX : REGISTER_READ_MAX;
    const uint16_t *values;

    for (size_t i = 0; i < im->segment_count; i++)
        known = known || im->segments[i].function == function;
    if (!known)
        return REGISTERS_FUNCTION;
    if (!bits && limits->max_registers > 0 && limits->max_registers < most)
        most = limits->max_registers;
    if (count == 0 || count > most)
        return REGISTERS_COUNT;
    if (!bits && limits->align > 1 && (start % limits->align != 0 || count % limits->align != 0))
        return REGISTERS_ADDRESS;
    values = cell(im, function, start, count);
    if (values == NULL)
        return REGISTERS_ADDRESS;
    if (!frozen || im->refreshed == 0)
        refresh(r, device);
    store_clock(r, device);
    *ret_values = values;
    return REGISTERS_OK;
}
