/* Raw rows give back every reading as it was: times, delays, qualities, integers, strings; through
 * a stored layout, whose registers stand in another order than the device's. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/layout.h"
#include "store/raw_codec.h"
#include "store_fixture.h"

#define T0       1700000000000
#define SECONDS  130
#define KEY_EACH 60

struct want {
    struct works *w;
    size_t next;
};

static double soc_at(size_t s) {
    return 20.0 + (double)(s % 50) / 10.0;
}

/* Reading i of second s: what both sides of the test agree on. */
static struct reading *make(struct works *w, size_t s, size_t i) {
    ms_t t = T0 + (ms_t)s * 1000 + (ms_t)((s * 7 + i * 13) % 40);
    struct reading *r;
    if (i == GRID && s % 17 == 3) { /* exception on one point */
        r = works_grid(w, t, 0.0, 5.0, 0.0);
        reading_quality(r)[G_CURRENT] = QUALITY_EXCEPTION;
        reading_registers(r)[w->grid_points[G_CURRENT].image_offset] = 0;
        reading_registers(r)[w->grid_points[G_CURRENT].image_offset + 1] = 0;
    } else if (i == GRID) {
        r = works_grid(w, t, -500.0 + (double)s, 1000.0 + (double)s / 100, 3.0);
        reading_delay(r)[G_CURRENT] = (uint16_t)(s % 9);
    } else if (i == PV && s % 23 == 5) {
        r = works_reading(w, PV, t);
        r->kind = READING_DOWN;
    } else if (i == PV) {
        r = works_pv(w, t, 3.25 * (double)s, 1e6 + (double)s);
    } else {
        r = works_bms(w, t, soc_at(s));
        if (s % 11 == 0)
            reading_quality(r)[B_SOC] = QUALITY_OUT_OF_RANGE;
    }
    return r;
}

static int check(void *arg, struct reading *got) {
    struct want *want = arg;
    struct works *w = want->w;
    struct reading *r = make(w, want->next / 3, want->next % 3);
    want->next++;
    assert_int_equal(got->device, r->device);
    assert_int_equal(got->utc_ms, r->utc_ms);
    assert_int_equal(got->kind, r->kind);
    const struct device_profile *p = &w->profiles[r->device];
    for (size_t i = 0; i < p->point_count; i++) {
        const struct point_def *d = &p->points[i];
        struct point_def stored = *d;
        stored.word_order = WORD_ORDER_BIG;
        assert_int_equal(reading_delay(got)[i], reading_delay(r)[i]);
        assert_int_equal(reading_quality(got)[i], reading_quality(r)[i]);
        assert_int_equal(decode_raw(&stored, reading_registers(got) + d->image_offset),
                         decode_raw(d, reading_registers(r) + d->image_offset));
        if (d->type == POINT_STRING && reading_quality(r)[i] == QUALITY_GOOD)
            assert_memory_equal(reading_registers(got) + d->image_offset,
                                reading_registers(r) + d->image_offset, d->registers * 2u);
    }
    return ERR_OK;
}

static struct layout *stored_layout(const struct works *w) {
    static uint8_t bytes[8192];
    struct pack p;
    struct layout *l = NULL;
    int64_t numbers[WORKS_DEVICES] = {11, 7, 9};
    pack_init(&p, bytes, sizeof bytes);
    layout_write(&p, &w->site, numbers);
    assert_false(p.overflow);
    assert_int_equal(layout_parse(bytes, p.len, &l), ERR_OK);
    return l;
}

static void rows_give_back_every_reading(void **state) {
    (void)state;
    struct works w;
    works_init(&w);
    struct layout *l = stored_layout(&w);
    struct raw_encoder *e = raw_encoder_new(&w.site);
    struct raw_decoder *d = raw_decoder_new(l->site);
    struct want want = {.w = &w};
    size_t key_bytes = 0, delta_bytes = 0;
    for (size_t s = 0; s < SECONDS; s++) {
        raw_encoder_begin(e, T0 + (ms_t)s * 1000, s % KEY_EACH == 0);
        for (size_t i = 0; i < 3; i++)
            assert_int_equal(raw_encoder_add(e, make(&w, s, i)), ERR_OK);
        assert_int_equal(raw_encoder_readings(e), 3);
        const uint8_t *body;
        size_t n;
        raw_encoder_finish(e, &body, &n);
        *(s % KEY_EACH == 0 ? &key_bytes : &delta_bytes) += n;
        assert_int_equal(raw_decoder_row(d, body, n, check, &want), ERR_OK);
    }
    assert_int_equal(want.next, SECONDS * 3);
    assert_true(delta_bytes / (SECONDS - 3) < key_bytes / 3);
    raw_encoder_free(e);
    raw_decoder_free(d);
    layout_free(l);
    works_fini(&w);
}

static int count(void *arg, struct reading *r) {
    (void)r;
    ++*(size_t *)arg;
    return ERR_OK;
}

static void a_broken_chain_waits_for_its_next_key_row(void **state) {
    (void)state;
    struct works w;
    works_init(&w);
    struct raw_encoder *e = raw_encoder_new(&w.site);
    struct raw_decoder *d = raw_decoder_new(&w.site);
    const uint8_t *body;
    size_t n, seen = 0;
    int results[4];
    for (size_t s = 0; s < 4; s++) {
        raw_encoder_begin(e, T0, s == 0 || s == 3);
        raw_encoder_add(e, make(&w, s, BMS));
        raw_encoder_finish(e, &body, &n);
        results[s] = raw_decoder_row(d, body, s == 1 ? n - 1 : n, count, &seen);
    }
    assert_int_equal(results[0], ERR_OK);
    assert_int_equal(results[1], ERR_CORRUPT); /* cut short */
    assert_int_equal(results[2], ERR_CORRUPT); /* built on what is lost */
    assert_int_equal(results[3], ERR_OK);
    assert_int_equal(seen, 2);
    raw_encoder_free(e);
    raw_decoder_free(d);
    works_fini(&w);
}

/* Every prefix and many single-byte changes of a row and of a layout: refused or read, never more.
 */
static void damaged_bytes_are_survived(void **state) {
    (void)state;
    struct works w;
    works_init(&w);
    struct raw_encoder *e = raw_encoder_new(&w.site);
    raw_encoder_begin(e, T0, true);
    for (size_t i = 0; i < 3; i++)
        raw_encoder_add(e, make(&w, 3, i));
    const uint8_t *body;
    size_t n, seen = 0;
    raw_encoder_finish(e, &body, &n);
    uint8_t *copy = malloc(n);
    for (size_t i = 0; i < n; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            struct raw_decoder *d = raw_decoder_new(&w.site);
            memcpy(copy, body, n);
            copy[i] = (uint8_t)(copy[i] ^ 1u << bit);
            int err = raw_decoder_row(d, copy, n, count, &seen);
            assert_true(err == ERR_OK || err == ERR_CORRUPT);
            err = raw_decoder_row(d, copy, i, count, &seen);
            assert_true(err == ERR_OK || err == ERR_CORRUPT);
            raw_decoder_free(d);
        }
    assert_true(seen > 0);
    free(copy);
    raw_encoder_free(e);
    works_fini(&w);
}

static void a_full_row_asks_for_another(void **state) {
    (void)state;
    struct works w;
    works_init(&w);
    struct raw_encoder *e = raw_encoder_new(&w.site);
    raw_encoder_begin(e, T0, true);
    size_t n = 0;
    while (n < 100000 && raw_encoder_add(e, make(&w, n, GRID)) == ERR_OK)
        n++;
    assert_true(n > 100 && n < 100000);
    raw_encoder_begin(e, T0, false);
    assert_int_equal(raw_encoder_add(e, make(&w, n, GRID)), ERR_OK);
    raw_encoder_free(e);
    works_fini(&w);
}

static void a_layout_keeps_names_numbers_and_feeds(void **state) {
    (void)state;
    struct works w;
    works_init(&w);
    w.pv_points[P_POWER].channel = "pv";
    w.pv_points[P_POWER].unavailable_count = 1;
    w.pv_points[P_POWER].unavailable[0] = 0x80000000;
    struct layout *l = stored_layout(&w);
    assert_string_equal(l->site->id, "works");
    assert_string_equal(l->site->points[G_IMPORT].id, "grid.energy_import");
    assert_string_equal(l->site->points[GRID_POINTS].id, "pv1.pv.active_power.total");
    assert_int_equal(l->device_no[PV], 7);
    assert_near(l->site->devices[GRID].ct_ratio, 80.0, 0);
    assert_int_equal(l->site->feeds[BMS].role, ROLE_BATTERY);
    assert_int_equal(l->feed_count[BMS], 1);
    assert_int_equal(l->site->points[GRID_POINTS].def->unavailable[0], 0x80000000);
    layout_free(l);
    uint8_t bytes[4096];
    struct pack p;
    int64_t numbers[WORKS_DEVICES] = {1, 2, 3};
    pack_init(&p, bytes, sizeof bytes);
    layout_write(&p, &w.site, numbers);
    for (size_t n = 0; n < p.len; n++)
        assert_int_equal(layout_parse(bytes, n, &l), ERR_CORRUPT);
    works_fini(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(rows_give_back_every_reading),
                                       cmocka_unit_test(a_broken_chain_waits_for_its_next_key_row),
                                       cmocka_unit_test(damaged_bytes_are_survived),
                                       cmocka_unit_test(a_full_row_asks_for_another),
                                       cmocka_unit_test(a_layout_keeps_names_numbers_and_feeds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
