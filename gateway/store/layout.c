#include "store/layout.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define LAYOUT_VERSION 1
#define COUNT_MAX      1000000 /* of anything in a layout: more is corruption */

void layout_group_feeds(const struct site *site, int32_t *order, int32_t *first, int32_t *count) {
    memset(count, 0, site->device_count * sizeof *count);
    for (size_t i = 0; i < site->feed_count; i++)
        count[site->feeds[i].device]++;
    int32_t at = 0;
    for (size_t d = 0; d < site->device_count; d++) {
        first[d] = at;
        at += count[d];
        count[d] = 0;
    }
    for (size_t i = 0; i < site->feed_count; i++) {
        int32_t d = site->feeds[i].device;
        order[first[d] + count[d]++] = (int32_t)i;
    }
}

static void write_point(struct pack *p, const struct point_def *d) {
    pack_text(p, d->name);
    pack_text(p, d->channel);
    pack_text(p, d->unit);
    pack_text(p, d->quantity_name);
    pack_u8(p, (unsigned)d->quantity);
    pack_u8(p, (unsigned)d->phase);
    pack_u8(p, (unsigned)d->type);
    pack_u8(p, d->function);
    pack_u8(p, d->registers);
    pack_signed(p, d->sign);
    pack_u8(p, (unsigned)d->ratio);
    pack_signed(p, d->ratio_point);
    pack_signed(p, d->exponent_point);
    pack_u8(p, d->unavailable_count);
    for (size_t i = 0; i < d->unavailable_count; i++)
        pack_varint(p, d->unavailable[i]);
    pack_f64(p, d->scale);
    pack_f64(p, d->offset);
    pack_f64(p, d->min);
    pack_f64(p, d->max);
}

static void write_profile(struct pack *p, const struct device_profile *profile) {
    pack_text(p, profile->name);
    pack_signed(p, profile->ct_ratio_point);
    pack_signed(p, profile->pt_ratio_point);
    pack_varint(p, profile->point_count);
    for (size_t i = 0; i < profile->point_count; i++)
        write_point(p, &profile->points[i]);
}

/* Index of a device's profile among the different ones, in order of first use. */
static size_t profile_index(const struct site *site, size_t device) {
    size_t different = 0;
    for (size_t d = 0; d <= device; d++) {
        size_t first = 0;
        while (site->devices[first].profile != site->devices[d].profile)
            first++;
        if (site->devices[d].profile == site->devices[device].profile)
            return different;
        different += first == d;
    }
    return different;
}

void layout_write(struct pack *p, const struct site *site, const int64_t *device_no) {
    pack_u8(p, LAYOUT_VERSION);
    pack_text(p, site->id);
    pack_text(p, site->gateway);
    size_t profiles = 0;
    for (size_t d = 0; d < site->device_count; d++) {
        size_t i = profile_index(site, d);
        profiles = i + 1 > profiles ? i + 1 : profiles;
    }
    pack_varint(p, profiles);
    for (size_t d = 0, next = 0; d < site->device_count; d++)
        if (profile_index(site, d) == next) {
            write_profile(p, site->devices[d].profile);
            next++;
        }
    pack_varint(p, site->device_count);
    for (size_t d = 0; d < site->device_count; d++) {
        const struct device *dev = &site->devices[d];
        pack_text(p, dev->id);
        pack_varint(p, (uint64_t)device_no[d]);
        pack_varint(p, profile_index(site, d));
        pack_u8(p, (unsigned)dev->role);
        pack_signed(p, dev->sign);
        pack_varint(p, dev->poll_ms);
        pack_f64(p, dev->ct_ratio);
        pack_f64(p, dev->pt_ratio);
    }
    pack_varint(p, site->feed_count);
    for (size_t i = 0; i < site->feed_count; i++) {
        pack_text(p, site->feeds[i].id);
        pack_u8(p, (unsigned)site->feeds[i].role);
        pack_varint(p, (uint64_t)site->feeds[i].device);
    }
}

/* Everything allocated lives in the arena; a lack of memory shows as a bad parse with no_memory. */
struct parser {
    struct unpack in;
    struct arena *arena;
    bool no_memory;
};

static void *take(struct parser *p, size_t count, size_t size) {
    void *memory = p->in.bad ? NULL : arena_alloc(p->arena, count > 0 ? count : 1, size);
    if (!memory && !p->in.bad) {
        p->no_memory = true;
        p->in.bad = true;
    }
    return memory;
}

static const char *read_text(struct parser *p) {
    const char *text;
    size_t n;
    if (!unpack_text(&p->in, &text, &n))
        return NULL;
    char *copy = arena_strndup(p->arena, text, n);
    if (!copy)
        p->no_memory = p->in.bad = true;
    return copy;
}

static const char *read_name(struct parser *p) {
    const char *text = read_text(p);
    if (!text)
        p->in.bad = true;
    return text ? text : "";
}

static size_t read_count(struct parser *p, size_t max) {
    uint64_t n = unpack_varint(&p->in);
    if (n <= max)
        return (size_t)n;
    p->in.bad = true;
    return 0;
}

/* Of things of which each has a byte at least: memory is asked for what can be there only. */
static size_t read_items(struct parser *p, size_t max) {
    size_t n = read_count(p, max);
    if (n <= (size_t)(p->in.end - p->in.at))
        return n;
    p->in.bad = true;
    return 0;
}

static int read_small(struct parser *p, int min, int max) {
    int64_t v = unpack_signed(&p->in);
    if (v >= min && v <= max)
        return (int)v;
    p->in.bad = true;
    return min;
}

static unsigned read_enum(struct parser *p, unsigned count) {
    unsigned v = unpack_u8(&p->in);
    if (v < count)
        return v;
    p->in.bad = true;
    return 0;
}

static void read_point(struct parser *p, struct point_def *d, size_t point_count) {
    int last = (int)point_count - 1;
    d->name = read_name(p);
    d->channel = read_text(p);
    d->unit = read_name(p);
    d->quantity_name = read_text(p);
    d->quantity = (enum quantity)read_enum(p, 256);
    if (d->quantity >= QUANTITY_COUNT)
        d->quantity = QUANTITY_OTHER; /* a newer program knew more */
    d->phase = (enum phase)read_enum(p, PHASE_COUNT);
    d->type = (enum point_type)read_enum(p, POINT_TYPE_COUNT);
    d->function = (uint8_t)read_enum(p, 5);
    d->registers = (uint8_t)read_enum(p, POINT_STRING_MAX + 1);
    d->sign = (int8_t)read_small(p, -1, 1);
    d->ratio = (enum ratio_kind)read_enum(p, RATIO_POINT + 1);
    d->ratio_point = (int16_t)read_small(p, POINT_NONE, last);
    d->exponent_point = (int16_t)read_small(p, POINT_NONE, last);
    d->unavailable_count = (uint8_t)read_enum(p, POINT_UNAVAILABLE_MAX + 1);
    for (size_t i = 0; i < d->unavailable_count; i++)
        d->unavailable[i] = unpack_varint(&p->in);
    d->scale = unpack_f64(&p->in);
    d->offset = unpack_f64(&p->in);
    d->min = unpack_f64(&p->in);
    d->max = unpack_f64(&p->in);
    d->word_order = WORD_ORDER_BIG;
}

static void check_registers(struct parser *p, const struct point_def *d) {
    size_t need = 1;
    if (d->type == POINT_U32 || d->type == POINT_I32 || d->type == POINT_F32 ||
        d->type == POINT_BITS32)
        need = 2;
    if (d->type == POINT_U64 || d->type == POINT_I64 || d->type == POINT_F64)
        need = 4;
    if (d->registers < need)
        p->in.bad = true;
}

static void read_profile(struct parser *p, struct device_profile *profile) {
    profile->name = read_name(p);
    int64_t ct = unpack_signed(&p->in), pt = unpack_signed(&p->in);
    profile->point_count = read_items(p, INT16_MAX);
    int64_t count = (int64_t)profile->point_count;
    if (ct < POINT_NONE || ct >= count || pt < POINT_NONE || pt >= count)
        p->in.bad = true;
    profile->ct_ratio_point = (int16_t)ct;
    profile->pt_ratio_point = (int16_t)pt;
    profile->points = take(p, profile->point_count, sizeof *profile->points);
    size_t image = 0;
    for (size_t i = 0; i < profile->point_count && !p->in.bad; i++) {
        struct point_def *d = &profile->points[i];
        read_point(p, d, profile->point_count);
        check_registers(p, d);
        d->image_offset = (uint16_t)image;
        image += d->registers;
        if (image > UINT16_MAX)
            p->in.bad = true;
    }
    profile->image_registers = (uint16_t)image;
}

static const char *point_id(struct parser *p, const char *device, const struct point_def *d) {
    const char *channel = d->channel ? d->channel : "";
    size_t n = strlen(device) + strlen(channel) + strlen(d->name) + 3;
    char *id = take(p, n, 1);
    if (!id)
        return "";
    size_t at = strlen(device);
    memcpy(id, device, at);
    id[at++] = '.';
    if (d->channel) {
        memcpy(id + at, channel, strlen(channel));
        at += strlen(channel);
        id[at++] = '.';
    }
    memcpy(id + at, d->name, strlen(d->name));
    return id;
}

static void read_devices(struct parser *p, struct layout *l, const struct device_profile *profiles,
                         size_t profile_count) {
    struct site *s = l->site;
    s->device_count = read_items(p, COUNT_MAX);
    s->devices = take(p, s->device_count, sizeof *s->devices);
    l->device_no = take(p, s->device_count, sizeof *l->device_no);
    for (size_t i = 0; i < s->device_count && !p->in.bad; i++) {
        struct device *d = &s->devices[i];
        d->id = read_name(p);
        l->device_no[i] = (int64_t)unpack_varint(&p->in);
        size_t profile = read_count(p, profile_count);
        if (profile >= profile_count) {
            p->in.bad = true;
            return;
        }
        d->profile = &profiles[profile];
        d->role = (enum role)read_enum(p, ROLE_COUNT);
        d->sign = (int8_t)read_small(p, -1, 1);
        d->poll_ms = (uint32_t)read_count(p, UINT32_MAX);
        d->ct_ratio = unpack_f64(&p->in);
        d->pt_ratio = unpack_f64(&p->in);
        d->point_base = (uint32_t)s->point_count;
        s->point_count += d->profile->point_count;
        if (s->point_count > COUNT_MAX)
            p->in.bad = true;
    }
}

static void name_points(struct parser *p, struct site *s) {
    s->points = take(p, s->point_count, sizeof *s->points);
    for (size_t i = 0; i < s->device_count && !p->in.bad; i++) {
        const struct device *d = &s->devices[i];
        for (size_t k = 0; k < d->profile->point_count && !p->in.bad; k++) {
            struct site_point *point = &s->points[d->point_base + k];
            point->def = &d->profile->points[k];
            point->device = (int32_t)i;
            point->id = point_id(p, d->id, point->def);
        }
    }
}

static void read_feeds(struct parser *p, struct layout *l) {
    struct site *s = l->site;
    s->feed_count = read_items(p, COUNT_MAX);
    s->feeds = take(p, s->feed_count, sizeof *s->feeds);
    for (size_t i = 0; i < s->feed_count && !p->in.bad; i++) {
        s->feeds[i].id = read_name(p);
        s->feeds[i].role = (enum role)read_enum(p, ROLE_COUNT);
        s->feeds[i].device = (int32_t)read_count(p, COUNT_MAX);
        if ((size_t)s->feeds[i].device >= s->device_count)
            p->in.bad = true;
    }
    l->feed_order = take(p, s->feed_count, sizeof *l->feed_order);
    l->feed_first = take(p, s->device_count, sizeof *l->feed_first);
    l->feed_count = take(p, s->device_count, sizeof *l->feed_count);
    if (!p->in.bad)
        layout_group_feeds(s, l->feed_order, l->feed_first, l->feed_count);
}

int layout_parse(const void *bytes, size_t n, struct layout **ret) {
    struct parser p = {.arena = arena_new()};
    if (!p.arena)
        return ERR_NOMEM;
    unpack_init(&p.in, bytes, n);
    struct layout *l = take(&p, 1, sizeof *l);
    struct site *s = take(&p, 1, sizeof *s);
    if (!l || !s) {
        arena_free(p.arena);
        return ERR_NOMEM;
    }
    l->site = s;
    s->arena = p.arena;
    if (unpack_u8(&p.in) != LAYOUT_VERSION)
        p.in.bad = true;
    s->id = read_name(&p);
    s->gateway = read_name(&p);
    size_t profile_count = read_items(&p, COUNT_MAX);
    struct device_profile *profiles = take(&p, profile_count, sizeof *profiles);
    for (size_t i = 0; i < profile_count && !p.in.bad; i++)
        read_profile(&p, &profiles[i]);
    if (!p.in.bad)
        read_devices(&p, l, profiles, profile_count);
    if (!p.in.bad)
        name_points(&p, s);
    if (!p.in.bad)
        read_feeds(&p, l);
    if (p.in.bad) {
        arena_free(p.arena);
        return p.no_memory ? ERR_NOMEM : ERR_CORRUPT;
    }
    *ret = l;
    return ERR_OK;
}

void layout_free(struct layout *l) {
    if (l)
        arena_free(l->site->arena);
}

void layout_store_raw(const struct point_def *p, int64_t raw, uint16_t *registers) {
    uint64_t bits = (uint64_t)raw;
    if (p->type == POINT_STRING)
        return;
    if (p->type == POINT_BYTE_HIGH) {
        registers[0] = (uint16_t)((bits & 0xff) << 8);
        return;
    }
    unsigned words = 1;
    if (p->type == POINT_U32 || p->type == POINT_I32 || p->type == POINT_F32 ||
        p->type == POINT_BITS32)
        words = 2;
    if (p->type == POINT_U64 || p->type == POINT_I64 || p->type == POINT_F64)
        words = 4;
    bool high_first = p->split || p->word_order == WORD_ORDER_BIG;
    for (unsigned w = 0; w < words; w++)
        registers[high_first ? words - 1 - w : w] = (uint16_t)(bits >> (16 * w));
}
