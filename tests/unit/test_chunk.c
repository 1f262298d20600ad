/* Chunks give back every reading as it was, whatever it was: 300 random sites' worth of readings;
 * one point can be read without the others; damaged bytes are refused. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "chance.h"
#include "store/chunk.h"
#include "store/layout.h"
#include "store_fixture.h"

#define T0       1700000000000
#define DEVICES  3 /* of one profile */
#define READINGS 400
#define ROUNDS   300

/* Three incomers of the small works, as a stored layout knows them. */
static struct layout *three_grids(struct works *w) {
    static struct device devices[DEVICES];
    static char ids[DEVICES][8];
    static uint8_t bytes[8192];
    for (size_t i = 0; i < DEVICES; i++) {
        devices[i] = w->devices[GRID];
        snprintf(ids[i], sizeof ids[i], "g%zu", i);
        devices[i].id = ids[i];
        devices[i].poll_ms = i == 1 ? 200 : 1000;
    }
    struct site site = w->site;
    site.devices = devices;
    site.device_count = DEVICES;
    site.feed_count = 0;
    int64_t numbers[DEVICES] = {3, 4, 5};
    struct pack p;
    struct layout *l = NULL;
    pack_init(&p, bytes, sizeof bytes);
    layout_write(&p, &site, numbers);
    assert_false(p.overflow);
    assert_int_equal(layout_parse(bytes, p.len, &l), ERR_OK);
    return l;
}

static struct chunk_reader *reader;
static struct reading *kept[READINGS];
static int64_t value[DEVICES][GRID_POINTS];
static ms_t clock_ms[DEVICES];

static int64_t next_value(int64_t v) {
    switch (random_below(6)) {
    case 0:
        return v;
    case 1:
        return one_in(20) ? (int64_t)chance_next() : v + 1;
    default:
        return v + random_below(200) - 100;
    }
}

static void fill_points(struct reading *r, const struct device_profile *p) {
    for (size_t k = 0; k < p->point_count; k++) {
        uint16_t *registers = reading_registers(r) + p->points[k].image_offset;
        reading_quality(r)[k] =
            one_in(50) ? (uint8_t)random_below(QUALITY_COUNT) : (uint8_t)QUALITY_GOOD;
        reading_delay(r)[k] = one_in(10) ? (uint16_t)random_below(500) : 0;
        unsigned q = reading_quality(r)[k];
        if (q >= QUALITY_EXCEPTION && q <= QUALITY_MISSING)
            continue; /* not read: no registers */
        if (p->points[k].type == POINT_STRING) {
            registers[0] = (uint16_t)(one_in(100) ? 0x4142 : 0x4344);
            continue;
        }
        value[r->device][k] = next_value(value[r->device][k]);
        layout_store_raw(&p->points[k], value[r->device][k], registers);
    }
}

static struct reading *random_reading(const struct site *site) {
    uint32_t device = (uint32_t)random_below(DEVICES);
    const struct device_profile *p = site->devices[device].profile;
    struct reading *r = calloc(1, reading_size(p->point_count, p->image_registers));
    reading_init(r, device, p->point_count, p->image_registers);
    clock_ms[device] += (ms_t)site->devices[device].poll_ms + random_below(5) - 2;
    if (one_in(100))
        clock_ms[device] += random_long(7200000) - 3600000;
    r->utc_ms = clock_ms[device];
    r->kind = (uint8_t)(one_in(40) ? 1 + random_below(2) : READING_POLL);
    if (r->kind == READING_POLL)
        fill_points(r, p);
    return r;
}

/* The readings of a device in a chunk, one after another in the order they came. */
static void check_chunk(struct chunk *c, const struct site *site, size_t *at) {
    for (size_t i = 0; i < chunk_readings(c); i++) {
        uint32_t device = chunk_device(c, i);
        while (at[device] < READINGS && kept[at[device]]->device != device)
            at[device]++;
        assert_true(at[device] < READINGS);
        struct reading *want = kept[at[device]++], *got = chunk_reading(c, i);
        const struct device_profile *p = site->devices[device].profile;
        assert_int_equal(got->utc_ms, want->utc_ms);
        assert_int_equal(chunk_time(c, i), want->utc_ms);
        assert_int_equal(got->device, device);
        assert_int_equal(got->kind, want->kind);
        assert_memory_equal(reading_quality(got), reading_quality(want), p->point_count);
        assert_memory_equal(reading_delay(got), reading_delay(want), p->point_count * 2);
        assert_memory_equal(reading_registers(got), reading_registers(want),
                            p->image_registers * 2u);
    }
}

static struct chunk_encoder *encode_round(const struct site *site) {
    const struct device_profile *p = site->devices[0].profile;
    struct chunk_encoder *e = chunk_encoder_new(site, p, READINGS);
    assert_non_null(e);
    for (size_t d = 0; d < DEVICES; d++)
        clock_ms[d] = T0 + random_long(1000);
    for (size_t i = 0; i < READINGS; i++) {
        kept[i] = random_reading(site);
        assert_int_equal(chunk_encoder_add(e, kept[i]), ERR_OK);
    }
    return e;
}

static void forget_round(void) {
    for (size_t i = 0; i < READINGS; i++)
        free(kept[i]);
}

static void every_reading_comes_back(void **state) {
    (void)state;
    struct works w;
    works_init(&w);
    struct layout *l = three_grids(&w);
    chance_state = number_from("BUSBAR_SEED", CHANCE_SEED);
    for (int round = 0; round < ROUNDS; round++) {
        struct chunk_encoder *e = encode_round(l->site);
        assert_int_equal(chunk_encoder_add(e, kept[0]), ERR_FULL);
        size_t at[DEVICES] = {0}, readings = 0;
        struct chunk_bytes bytes;
        while (chunk_encoder_next(e, &bytes) == ERR_OK) {
            struct chunk *c = NULL;
            assert_int_equal(chunk_open(reader, bytes.body, bytes.n, l->site, NULL, &c), ERR_OK);
            check_chunk(c, l->site, at);
            readings += chunk_readings(c);
            chunk_free(c);
            free(bytes.body);
        }
        assert_int_equal(readings, READINGS);
        chunk_encoder_free(e);
        forget_round();
    }
    layout_free(l);
    works_fini(&w);
}

static void one_point_is_read_without_the_others(void **state) {
    (void)state;
    struct works w;
    works_init(&w);
    struct layout *l = three_grids(&w);
    const struct device_profile *p = l->site->devices[0].profile;
    chance_state = CHANCE_SEED;
    struct chunk_encoder *e = encode_round(l->site);
    struct chunk_bytes bytes;
    struct chunk *all = NULL, *one = NULL;
    const bool wanted[GRID_POINTS] = {[G_IMPORT] = true};
    const struct chunk_part part = {wanted, -1};
    assert_int_equal(chunk_encoder_next(e, &bytes), ERR_OK);
    assert_int_equal(chunk_open(reader, bytes.body, bytes.n, l->site, NULL, &all), ERR_OK);
    assert_int_equal(chunk_open(reader, bytes.body, bytes.n, l->site, &part, &one), ERR_OK);
    size_t offset = p->points[G_IMPORT].image_offset, n = p->points[G_IMPORT].registers;
    for (size_t i = 0; i < chunk_readings(all); i++) {
        struct reading *a = chunk_reading(all, i), *b = chunk_reading(one, i);
        assert_memory_equal(reading_registers(a) + offset, reading_registers(b) + offset, n * 2);
        assert_int_equal(reading_quality(a)[G_IMPORT], reading_quality(b)[G_IMPORT]);
        assert_int_equal(reading_quality(b)[G_POWER], QUALITY_MISSING);
    }
    chunk_free(all);
    chunk_free(one);
    free(bytes.body);
    chunk_encoder_free(e);
    forget_round();
    layout_free(l);
    works_fini(&w);
}

static void one_device_is_read_without_the_others(void **state) {
    (void)state;
    struct works w;
    works_init(&w);
    struct layout *l = three_grids(&w);
    const struct device_profile *p = l->site->devices[0].profile;
    chance_state = number_from("BUSBAR_SEED", CHANCE_SEED);
    for (int round = 0; round < ROUNDS; round++) {
        struct chunk_encoder *e = encode_round(l->site);
        struct chunk_bytes bytes;
        while (chunk_encoder_next(e, &bytes) == ERR_OK) {
            struct chunk *all = NULL, *part = NULL;
            size_t seen = 0;
            assert_int_equal(chunk_open(reader, bytes.body, bytes.n, l->site, NULL, &all), ERR_OK);
            for (int64_t d = 0; d < DEVICES; d++) {
                const struct chunk_part of_device = {NULL, d};
                assert_int_equal(
                    chunk_open(reader, bytes.body, bytes.n, l->site, &of_device, &part), ERR_OK);
                for (size_t i = 0; i < chunk_readings(part); i++, seen++) {
                    struct reading *a = chunk_reading(all, seen), *b = chunk_reading(part, i);
                    assert_int_equal(chunk_device(part, i), d);
                    assert_int_equal(chunk_time(part, i), chunk_time(all, seen));
                    assert_memory_equal(a, b, reading_size(p->point_count, p->image_registers));
                }
                chunk_free(part);
            }
            assert_int_equal(seen, chunk_readings(all));
            chunk_free(all);
            free(bytes.body);
        }
        chunk_encoder_free(e);
        forget_round();
    }
    layout_free(l);
    works_fini(&w);
}

static void damaged_bytes_are_refused_or_read_as_something(void **state) {
    (void)state;
    struct works w;
    works_init(&w);
    struct layout *l = three_grids(&w);
    chance_state = CHANCE_SEED;
    struct chunk_encoder *e = encode_round(l->site);
    struct chunk_bytes bytes;
    size_t refused = 0;
    const bool wanted[GRID_POINTS] = {[G_IMPORT] = true};
    const struct chunk_part part = {wanted, -1};
    assert_int_equal(chunk_encoder_next(e, &bytes), ERR_OK);
    for (size_t n = 0; n < bytes.n; n += 7) { /* cut short: always refused */
        struct chunk *c = NULL;
        assert_int_equal(chunk_open(reader, bytes.body, n, l->site, NULL, &c), ERR_CORRUPT);
    }
    for (int i = 0; i < 2000; i++) {
        struct chunk *c = NULL;
        size_t at = (size_t)random_long((int64_t)bytes.n);
        uint8_t was = bytes.body[at];
        bytes.body[at] ^= (uint8_t)(1 + random_below(255));
        int err = chunk_open(reader, bytes.body, bytes.n, l->site, NULL, &c);
        assert_true(err == ERR_OK || err == ERR_CORRUPT);
        for (size_t k = 0; err == ERR_OK && k < chunk_readings(c); k++)
            assert_true(chunk_reading(c, k)->device < DEVICES);
        if (err == ERR_OK) { /* who reads one point passes over the others without stumbling */
            chunk_free(c);
            assert_int_equal(chunk_open(reader, bytes.body, bytes.n, l->site, &part, &c), ERR_OK);
        }
        for (int64_t d = 0; d < DEVICES && err == ERR_OK; d++) { /* nor who reads one device */
            const struct chunk_part of_device = {wanted, d};
            chunk_free(c);
            c = NULL;
            assert_int_equal(chunk_open(reader, bytes.body, bytes.n, l->site, &of_device, &c),
                             ERR_OK);
            for (size_t k = 0; k < chunk_readings(c); k++)
                assert_int_equal(chunk_reading(c, k)->device, d);
        }
        refused += err != ERR_OK;
        chunk_free(c);
        bytes.body[at] = was;
    }
    assert_true(refused > 0);
    free(bytes.body);
    chunk_encoder_free(e);
    forget_round();
    layout_free(l);
    works_fini(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_reading_comes_back),
        cmocka_unit_test(one_point_is_read_without_the_others),
        cmocka_unit_test(one_device_is_read_without_the_others),
        cmocka_unit_test(damaged_bytes_are_refused_or_read_as_something),
    };
    reader = chunk_reader_new();
    int failed = reader ? cmocka_run_group_tests(tests, NULL, NULL) : 1;
    chunk_reader_free(reader);
    return failed;
}
