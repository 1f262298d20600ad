/* A small works built by hand, for tests of the simulator's model: no files, no configuration. */
#ifndef BUSBAR_TESTS_SIM_FIXTURE_H
#define BUSBAR_TESTS_SIM_FIXTURE_H

#include <math.h>
#include <string.h>

#include "sim/model_plant.h"

#define CHINA_S 28800
#define NOON_MS 1782275400500 /* 2026-06-24T12:30:00.500+08:00 */

enum works { GRID, FEEDER1, SUB1, FEEDER2, PV1, PV2, PCS, BMS, WORKS };

static inline struct point_def works_point(const char *name, enum quantity q, enum phase phase,
                                           const char *unit) {
    return (struct point_def){.name = name,
                              .quantity = q,
                              .quantity_name = quantity_str(q),
                              .phase = phase,
                              .unit = unit,
                              .type = POINT_I32,
                              .function = 3,
                              .registers = 2,
                              .scale = 1.0,
                              .sign = 1,
                              .ratio_point = POINT_NONE,
                              .exponent_point = POINT_NONE,
                              .min = -(double)INFINITY,
                              .max = (double)INFINITY};
}

struct works_site {
    struct site site;
    struct device devices[WORKS];
    struct point_def power[1];
    struct device_profile meter, inverter;
};

static inline void works_device(struct works_site *w, enum works i, const char *id, enum role role,
                                int32_t parent, double rated_kw) {
    w->devices[i] = (struct device){.id = id,
                                    .unit = (uint8_t)(i + 1),
                                    .profile = role_is_source(role) ? &w->inverter : &w->meter,
                                    .role = role,
                                    .parent = parent,
                                    .sign = 1,
                                    .ct_ratio = (double)NAN,
                                    .pt_ratio = (double)NAN,
                                    .rated_kw = rated_kw,
                                    .rated_kwp = (double)NAN,
                                    .capacity_kwh = (double)NAN,
                                    .soc_min = 10.0,
                                    .soc_max = 95.0,
                                    .enabled = true,
                                    .counted = true};
}

/* grid - feeder1 (sub1, pv1 below it), feeder2, pv2, pcs - bms. */
static inline void works_init(struct works_site *w) {
    memset(w, 0, sizeof *w);
    w->power[0] = works_point("active_power.total", QUANTITY_ACTIVE_POWER, PHASE_TOTAL, "W");
    w->meter = (struct device_profile){.name = "meter",
                                       .limits = {125, 0, 1},
                                       .points = w->power,
                                       .point_count = 1,
                                       .ct_ratio_point = POINT_NONE,
                                       .pt_ratio_point = POINT_NONE};
    w->inverter = w->meter;
    w->inverter.source_convention = true;
    works_device(w, GRID, "grid", ROLE_GRID, SITE_NONE, 1500.0);
    works_device(w, FEEDER1, "feeder1", ROLE_LOAD, SITE_NONE, 600.0);
    works_device(w, SUB1, "sub1", ROLE_LOAD, FEEDER1, 300.0);
    works_device(w, FEEDER2, "feeder2", ROLE_LOAD, SITE_NONE, 400.0);
    works_device(w, PV1, "pv1", ROLE_PV, FEEDER1, 200.0);
    works_device(w, PV2, "pv2", ROLE_PV, SITE_NONE, 300.0);
    works_device(w, PCS, "pcs", ROLE_STORAGE, SITE_NONE, 150.0);
    works_device(w, BMS, "bms", ROLE_BATTERY, PCS, 150.0);
    w->devices[BMS].capacity_kwh = 300.0;
    w->site = (struct site){.devices = w->devices, .device_count = WORKS};
}

#endif
