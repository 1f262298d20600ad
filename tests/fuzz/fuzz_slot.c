/* Blobs of the store, by the first byte: slot rows (s), facts (f), counter checkpoints (c), layouts
 * (l). Nothing may crash or read beyond the end; what is accepted is written again, read and
 * written once more: the two are equal. A row is merged, facts are merged and become a record. */
#include <math.h>
#include <string.h>

#include "base/err.h"
#include "harness.h"
#include "slots/slot_merge.h"
#include "store/aggregate.h"
#include "store/facts_codec.h"
#include "store/layout.h"

#define START ((ms_t)1700000000000 / MS_PER_HOUR * MS_PER_HOUR)

/* ---- a meter with all kinds of counters and points ---------------------------------------- */

enum { POWER, IMPORT, EXPORT, Q1, Q4, SERIAL, POINTS };

static struct point_def defs[POINTS];
static struct device_profile profile = {.name = "meter",
                                        .points = defs,
                                        .point_count = POINTS,
                                        .ct_ratio_point = POINT_NONE,
                                        .pt_ratio_point = POINT_NONE};
static struct device device = {.id = "m",
                               .profile = &profile,
                               .role = ROLE_GRID,
                               .parent = SITE_NONE,
                               .poll_ms = 1000,
                               .sign = 1,
                               .ct_ratio = (double)NAN,
                               .pt_ratio = (double)NAN,
                               .rated_kw = 1000.0,
                               .enabled = true,
                               .counted = true};
static struct site_point points[POINTS];
static struct feed feed = {.id = "m",
                           .role = ROLE_GRID,
                           .parent = SITE_NONE,
                           .power = POWER,
                           .power_phase = {SITE_NONE, SITE_NONE, SITE_NONE},
                           .forward = IMPORT,
                           .reverse = EXPORT,
                           .reactive_quadrant = {Q1, SITE_NONE, SITE_NONE, Q4},
                           .reactive_import = SITE_NONE,
                           .reactive_export = SITE_NONE,
                           .reactive_power = SITE_NONE,
                           .soc = SITE_NONE,
                           .power_sign = 1.0,
                           .counted = true};
static struct metering_point metering = {.id = "p", .check_feed = SITE_NONE};
static struct account account = {.id = "a", .billing_day = 1, .capacity_kva = 1000.0};
static struct transformer transformer = {.id = "t", .kva = 1000.0, .feed = SITE_NONE};
static struct carbon_book book = {.id = "b", .province = "A", .country = "C"};
static struct site site = {.id = "s",
                           .gateway = "g",
                           .devices = &device,
                           .device_count = 1,
                           .points = points,
                           .point_count = POINTS,
                           .feeds = &feed,
                           .feed_count = 1,
                           .accounts = &account,
                           .account_count = 1,
                           .metering_points = &metering,
                           .metering_point_count = 1,
                           .transformers = &transformer,
                           .transformer_count = 1,
                           .carbon_book = &book};

static void define(int i, enum quantity q, enum point_type type, const char *unit) {
    defs[i] = (struct point_def){.name = quantity_str(q),
                                 .unit = unit,
                                 .quantity = q,
                                 .quantity_name = quantity_str(q),
                                 .type = type,
                                 .registers = type == POINT_STRING ? 4 : 2,
                                 .image_offset = (uint16_t)(4 * i),
                                 .scale = 0.01,
                                 .sign = 1,
                                 .ratio_point = POINT_NONE,
                                 .exponent_point = POINT_NONE};
    points[i] = (struct site_point){.id = defs[i].name, .def = &defs[i]};
}

static void define_meter(void) {
    define(POWER, QUANTITY_ACTIVE_POWER, POINT_I32, "kW");
    define(IMPORT, QUANTITY_ENERGY_IMPORT, POINT_U32, "kWh");
    define(EXPORT, QUANTITY_ENERGY_EXPORT, POINT_F32, "kWh");
    define(Q1, QUANTITY_REACTIVE_ENERGY_Q1, POINT_U32, "kvarh");
    define(Q4, QUANTITY_REACTIVE_ENERGY_Q4, POINT_U32, "kvarh");
    define(SERIAL, QUANTITY_SERIAL, POINT_STRING, "");
    profile.image_registers = 4 * POINTS;
}

/* ---- slot rows ---------------------------------------------------------------------------- */

/* Reads a row and writes it again; false: it is none. */
static bool copy_row(const uint8_t *data, size_t size, struct pack *out) {
    struct unpack u;
    struct slot_head h;
    unpack_init(&u, data, size);
    if (slot_read_head(&u, &h) < 0)
        return false;
    slot_write_head(out, &h);
    for (size_t i = 0; i < h.feed_count && !u.bad; i++) {
        struct feed_slot f;
        struct record_device shown;
        slot_read_feed(&u, &h, START, ROLE_PV, &f);
        feed_slot_show(&f, ROLE_PV, &shown);
        slot_write_feed(out, START, &f);
    }
    size_t n = slot_read_point_count(&u);
    slot_write_point_count(out, n);
    for (size_t i = 0; i < n && !u.bad; i++) {
        struct slot_point p;
        slot_read_point(&u, &h, i % 2 == 0, &p);
        require(p.quality < QUALITY_COUNT && p.coverage >= 0.0 && p.coverage <= 1.0);
        slot_write_point(out, &p);
    }
    return !u.bad;
}

static void merge_row(const uint8_t *data, size_t size) {
    static const int32_t feeds[] = {0};
    static uint8_t bytes[4000];
    struct slot_merge m;
    struct pack p;
    struct arena *arena = arena_new();
    require(slot_merge_init(&m, arena, &site, 0, feeds, 1, START, START + MS_PER_HOUR) == ERR_OK);
    for (int i = 0; i < 4; i++) {
        ms_t start = START + i * 15 * MS_PER_MIN;
        slot_merge_row(&m, start, start + 15 * MS_PER_MIN, data, size);
    }
    double boundary_ms = slot_merge_boundary_ms(&m);
    require(isnan(boundary_ms) || boundary_ms >= 0.0);
    require(m.coverage >= 0.0 && m.coverage <= 1.0);
    pack_init(&p, bytes, sizeof bytes);
    slot_merge_write(&m, 1, &p);
    require(!p.overflow);
    arena_free(arena);
}

static void copy_pack(const struct pack *from, uint8_t *memory, size_t cap, struct pack *to) {
    pack_init(to, memory, cap);
    require(!from->overflow && copy_row(from->data, from->len, to));
}

/* A row of version 1 knows less of a gauge: what is added with its first writing settles with the
 * second. */
static void as_row(const uint8_t *data, size_t size) {
    size_t cap = 64 * size + 4000;
    uint8_t *first = malloc(cap), *second = malloc(cap);
    struct pack a, b;
    require(first != NULL && second != NULL);
    pack_init(&a, first, cap);
    if (copy_row(data, size, &a)) {
        copy_pack(&a, second, cap, &b);
        copy_pack(&b, first, cap, &a);
        require(a.len == b.len && memcmp(first, second, a.len) == 0);
    }
    merge_row(data, size);
    free(first);
    free(second);
}

/* ---- facts -------------------------------------------------------------------------------- */

static int utc_zone(ms_t utc_ms) {
    (void)utc_ms;
    return 0;
}

static void record_of(struct slot_facts *f) {
    static char text[RECORD_SITE_MAX];
    static struct month_facts month;
    struct buf b;
    buf_init(&b, text, sizeof text);
    const struct record_source source = {.site = &site,
                                         .facts = f,
                                         .month = f->period >= SLOT_1D ? &month : NULL,
                                         .account = f->period == SLOT_BILL ? 0 : -1,
                                         .clock_state = "synced",
                                         .acknowledged = UINT32_MAX};
    record_site_write(&b, &source, utc_zone);
    require(buf_ok(&b));
}

static void as_facts(const uint8_t *data, size_t size) {
    static struct slot_facts f, again, sum;
    static uint8_t first[FACTS_BYTES_MAX], second[FACTS_BYTES_MAX];
    struct pack a, b;
    if (facts_read(data, size, &site, &f) < 0)
        return;
    pack_init(&a, first, sizeof first);
    pack_init(&b, second, sizeof second);
    facts_write(&a, &site, &f);
    require(!a.overflow && facts_read(first, a.len, &site, &again) == ERR_OK);
    facts_write(&b, &site, &again);
    require(a.len == b.len && memcmp(first, second, a.len) == 0);
    facts_init(&sum, &site, SLOT_1D, START, START + MS_PER_DAY);
    facts_merge(&sum, &f);
    facts_merge(&sum, &again);
    record_of(&f);
    record_of(&sum);
}

/* ---- checkpoints -------------------------------------------------------------------------- */

static void as_checkpoint(const uint8_t *data, size_t size) {
    struct aggregate a, b;
    uint8_t first[4000], second[4000];
    const struct aggregate_sink none = {0};
    require(aggregate_init(&a, &site, 1, NULL, &none, START) == ERR_OK);
    require(aggregate_init(&b, &site, 1, NULL, &none, START) == ERR_OK);
    if (aggregate_restore(&a, 0, data, size) == ERR_OK) {
        size_t n = aggregate_save(&a, 0, first, sizeof first);
        require(n < sizeof first && aggregate_restore(&b, 0, first, n) == ERR_OK);
        require(aggregate_save(&b, 0, second, sizeof second) == n);
        require(memcmp(first, second, n) == 0);
    }
    aggregate_fini(&a);
    aggregate_fini(&b);
}

/* ---- layouts ------------------------------------------------------------------------------ */

static size_t copy_layout(const uint8_t *data, size_t size, uint8_t *out, size_t cap) {
    struct layout *l = NULL;
    struct pack p;
    int err = layout_parse(data, size, &l);
    require((err == ERR_OK) == (l != NULL));
    if (err < 0)
        return 0;
    pack_init(&p, out, cap);
    layout_write(&p, l->site, l->device_no);
    require(!p.overflow);
    layout_free(l);
    return p.len;
}

static void as_layout(const uint8_t *data, size_t size) {
    size_t cap = 64 * size + 4000;
    uint8_t *first = malloc(cap), *second = malloc(cap);
    require(first != NULL && second != NULL);
    size_t n = copy_layout(data, size, first, cap);
    if (n > 0)
        require(copy_layout(first, n, second, cap) == n && memcmp(first, second, n) == 0);
    free(first);
    free(second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    define_meter();
    if (data[0] == 's')
        as_row(data + 1, size - 1);
    else if (data[0] == 'f')
        as_facts(data + 1, size - 1);
    else if (data[0] == 'c')
        as_checkpoint(data + 1, size - 1);
    else if (data[0] == 'l')
        as_layout(data + 1, size - 1);
    return 0;
}
