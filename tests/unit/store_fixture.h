/* A small works for the store's tests: an incomer with counters, an inverter whose counter is a
 * float, a battery without counters; readings with known values; a folder for the database. */
#ifndef BUSBAR_TESTS_STORE_FIXTURE_H
#define BUSBAR_TESTS_STORE_FIXTURE_H

#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "meter/decode.h"
#include "meter/reading.h"
#include "meter/site.h"

/* In double, unlike cmocka's own. */
#define assert_near(got, want, within) assert_near_at(got, want, within, __FILE__, __LINE__)
static inline void assert_near_at(double got, double want, double within, const char *file,
                                  int line) {
    if (!(fabs(got - want) <= within)) {
        print_error("got %.9g, want %.9g\n", got, want);
        _fail(file, line);
    }
}

enum works_device { GRID, PV, BMS, WORKS_DEVICES };
enum grid_point { G_VOLTAGE, G_POWER, G_IMPORT, G_EXPORT, G_CURRENT, G_SERIAL, GRID_POINTS };
enum pv_point { P_POWER, P_EXPORT, PV_POINTS };
enum bms_point { B_SOC, BMS_POINTS };

struct works {
    struct point_def grid_points[GRID_POINTS], pv_points[PV_POINTS], bms_points[BMS_POINTS];
    struct device_profile profiles[WORKS_DEVICES];
    struct device devices[WORKS_DEVICES];
    struct site_point points[GRID_POINTS + PV_POINTS + BMS_POINTS];
    char ids[GRID_POINTS + PV_POINTS + BMS_POINTS][64];
    struct feed feeds[WORKS_DEVICES];
    struct site site;
    char folder[64], path[96];
    uint64_t memory[64]; /* of one reading */
};

static inline struct point_def works_point(const char *name, enum quantity q, enum point_type type,
                                           uint8_t registers, double scale, const char *unit) {
    return (struct point_def){.name = name,
                              .unit = unit,
                              .quantity = q,
                              .quantity_name = quantity_str(q),
                              .type = type,
                              .function = 3,
                              .registers = registers,
                              .scale = scale,
                              .sign = 1,
                              .ratio_point = POINT_NONE,
                              .exponent_point = POINT_NONE,
                              .min = -INFINITY,
                              .max = INFINITY};
}

static inline void works_profile(struct device_profile *profile, const char *name,
                                 struct point_def *points, size_t count) {
    *profile = (struct device_profile){.name = name,
                                       .points = points,
                                       .point_count = count,
                                       .ct_ratio_point = POINT_NONE,
                                       .pt_ratio_point = POINT_NONE};
    for (size_t i = 0; i < count; i++) {
        points[i].image_offset = profile->image_registers;
        profile->image_registers = (uint16_t)(profile->image_registers + points[i].registers);
    }
}

static inline void works_points(struct works *w) {
    w->grid_points[G_VOLTAGE] = works_point("voltage.l1", QUANTITY_VOLTAGE, POINT_U16, 1, 0.1, "V");
    w->grid_points[G_POWER] =
        works_point("active_power.total", QUANTITY_ACTIVE_POWER, POINT_I32, 2, 0.001, "kW");
    w->grid_points[G_IMPORT] =
        works_point("energy_import", QUANTITY_ENERGY_IMPORT, POINT_U32, 2, 0.01, "kWh");
    w->grid_points[G_EXPORT] =
        works_point("energy_export", QUANTITY_ENERGY_EXPORT, POINT_U32, 2, 0.01, "kWh");
    w->grid_points[G_IMPORT].word_order = WORD_ORDER_LITTLE;
    w->grid_points[G_CURRENT] = works_point("current.l1", QUANTITY_CURRENT, POINT_F32, 2, 1.0, "A");
    w->grid_points[G_SERIAL] = works_point("serial", QUANTITY_SERIAL, POINT_STRING, 4, 1.0, "");
    w->grid_points[G_IMPORT].ratio = w->grid_points[G_EXPORT].ratio = RATIO_CT;
    w->grid_points[G_POWER].ratio = RATIO_CT;
    w->pv_points[P_POWER] =
        works_point("active_power.total", QUANTITY_ACTIVE_POWER, POINT_I32, 2, 1.0, "W");
    w->pv_points[P_EXPORT] =
        works_point("energy_export", QUANTITY_ENERGY_EXPORT, POINT_F32, 2, 1.0, "kWh");
    w->bms_points[B_SOC] = works_point("soc", QUANTITY_SOC, POINT_U16, 1, 0.1, "%");
    works_profile(&w->profiles[GRID], "meter", w->grid_points, GRID_POINTS);
    works_profile(&w->profiles[PV], "inverter", w->pv_points, PV_POINTS);
    works_profile(&w->profiles[BMS], "bms", w->bms_points, BMS_POINTS);
}

static inline void works_devices(struct works *w) {
    static const char *const ids[] = {"grid", "pv1", "bms"};
    static const enum role roles[] = {ROLE_GRID, ROLE_PV, ROLE_BATTERY};
    uint32_t base = 0;
    for (size_t d = 0; d < WORKS_DEVICES; d++) {
        w->devices[d] = (struct device){.id = ids[d],
                                        .name = ids[d],
                                        .profile = &w->profiles[d],
                                        .role = roles[d],
                                        .parent = SITE_NONE,
                                        .poll_ms = 1000,
                                        .sign = 1,
                                        .ct_ratio = d == GRID ? 80.0 : (double)NAN,
                                        .pt_ratio = (double)NAN,
                                        .rated_kw = (double)NAN,
                                        .capacity_kwh = (double)NAN,
                                        .soc_min = (double)NAN,
                                        .soc_max = (double)NAN,
                                        .round_trip_pct = (double)NAN,
                                        .enabled = true,
                                        .counted = true,
                                        .point_base = base};
        for (uint32_t i = 0; i < w->profiles[d].point_count; i++, base++) {
            snprintf(w->ids[base], sizeof w->ids[base], "%s.%s", ids[d],
                     w->profiles[d].points[i].name);
            w->points[base] = (struct site_point){
                .id = w->ids[base], .device = (int32_t)d, .def = &w->profiles[d].points[i]};
        }
        w->feeds[d] =
            (struct feed){.id = ids[d],
                          .role = roles[d],
                          .device = (int32_t)d,
                          .parent = SITE_NONE,
                          .power = SITE_NONE,
                          .power_phase = {SITE_NONE, SITE_NONE, SITE_NONE},
                          .forward = SITE_NONE,
                          .reverse = SITE_NONE,
                          .reactive_quadrant = {SITE_NONE, SITE_NONE, SITE_NONE, SITE_NONE},
                          .reactive_import = SITE_NONE,
                          .reactive_export = SITE_NONE,
                          .reactive_power = SITE_NONE,
                          .soc = SITE_NONE,
                          .power_sign = 1.0,
                          .counted = d != BMS};
    }
    w->feeds[GRID].power = G_POWER;
    w->feeds[GRID].forward = G_IMPORT;
    w->feeds[GRID].reverse = G_EXPORT;
    w->feeds[PV].power = GRID_POINTS + P_POWER;
    w->feeds[PV].forward = GRID_POINTS + P_EXPORT;
    w->feeds[BMS].soc = GRID_POINTS + PV_POINTS + B_SOC;
}

static inline void works_init(struct works *w) {
    memset(w, 0, sizeof *w);
    works_points(w);
    works_devices(w);
    snprintf(w->folder, sizeof w->folder, "/tmp/busbar-store-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    snprintf(w->path, sizeof w->path, "%s/busbar.db", w->folder);
    w->site = (struct site){.id = "works",
                            .gateway = "gw1",
                            .district = "test",
                            .timezone = "UTC",
                            .devices = w->devices,
                            .device_count = WORKS_DEVICES,
                            .points = w->points,
                            .point_count = GRID_POINTS + PV_POINTS + BMS_POINTS,
                            .feeds = w->feeds,
                            .feed_count = WORKS_DEVICES,
                            .store = {.path = w->path}};
}

static inline int works_remove(const char *path, const struct stat *s, int type, struct FTW *ftw) {
    (void)s;
    (void)type;
    (void)ftw;
    return remove(path);
}

static inline void works_fini(struct works *w) {
    assert_int_equal(nftw(w->folder, works_remove, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/* An empty poll of a device at t: all points missing. */
static inline struct reading *works_reading(struct works *w, enum works_device d, ms_t t) {
    const struct device_profile *p = &w->profiles[d];
    struct reading *r = (struct reading *)(void *)w->memory;
    assert_true(reading_size(p->point_count, p->image_registers) <= sizeof w->memory);
    reading_init(r, (uint32_t)d, p->point_count, p->image_registers);
    r->utc_ms = t;
    r->kind = READING_POLL;
    r->site_version = 1;
    return r;
}

/* Puts the value (as the site shows it, multiplier included) into a point and makes it good. */
static inline void works_set(struct works *w, struct reading *r, size_t point, double value) {
    const struct point_def *def = &w->profiles[r->device].points[point];
    double multiplier = def->ratio == RATIO_CT ? w->devices[r->device].ct_ratio : 1.0;
    assert_int_equal(encode_value(def, value, multiplier, reading_registers(r) + def->image_offset),
                     ERR_OK);
    reading_quality(r)[point] = QUALITY_GOOD;
}

/* A good poll of the incomer. Registers in kWh before the CT ratio of 80. */
static inline struct reading *works_grid(struct works *w, ms_t t, double kw, double import_register,
                                         double export_register) {
    struct reading *r = works_reading(w, GRID, t);
    works_set(w, r, G_VOLTAGE, 231.5);
    works_set(w, r, G_POWER, kw);
    works_set(w, r, G_IMPORT, import_register * 80.0);
    works_set(w, r, G_EXPORT, export_register * 80.0);
    works_set(w, r, G_CURRENT, 12.25 + kw / 1000.0 + 0.001 * (double)(t / 1000 % 7)); /* alive */
    encode_text(&w->grid_points[G_SERIAL], "SN-1234",
                reading_registers(r) + w->grid_points[G_SERIAL].image_offset);
    reading_quality(r)[G_SERIAL] = QUALITY_GOOD;
    return r;
}

static inline struct reading *works_pv(struct works *w, ms_t t, double kw, double export_kwh) {
    struct reading *r = works_reading(w, PV, t);
    works_set(w, r, P_POWER, kw * 1000.0);
    works_set(w, r, P_EXPORT, export_kwh);
    return r;
}

static inline struct reading *works_bms(struct works *w, ms_t t, double soc_pct) {
    struct reading *r = works_reading(w, BMS, t);
    works_set(w, r, B_SOC, soc_pct);
    return r;
}

#endif
