/* The platform's alerts on the small works: the grid's power as the test says, alerts through the
 * desk, what the ledger and the events say of them. The clock is UTC; T0 is Tuesday 2023-11-14
 * 22:15 (python: datetime.fromtimestamp(1700000100, utc)). */
#ifndef BUSBAR_TESTS_PLATFORM_RIG_H
#define BUSBAR_TESTS_PLATFORM_RIG_H

#include "order_rig.h"
#include "store/alert_platform.h"

static struct scene scene;
static double import_kwh, load_pv_kw;

static inline int begin_platform(void **state) {
    (void)state;
    assert_int_equal(clock_set_zone("UTC"), ERR_OK);
    scene_begin(&scene, T0, 10000);
    import_kwh = 80.0 * 1000.0; /* the register shows 1/80 of it */
    load_pv_kw = 1800.0;
    return 0;
}

static inline int end_platform(void **state) {
    (void)state;
    scene_end(&scene);
    return 0;
}

/* Polls all devices every step until `to`; one core_second a step. */
static inline void run_at(double grid_kw, ms_t to) {
    struct works *w = &scene.rig.works;
    for (; scene.now < to; scene.now += scene.step) {
        ms_t t = scene.now + 100;
        core_reading(&scene.rig.core, works_grid(w, t, grid_kw, import_kwh / 80.0, 50.0));
        core_reading(&scene.rig.core, works_pv(w, t, load_pv_kw, pv_register(t)));
        core_reading(&scene.rig.core, works_bms(w, t, 50.0));
        import_kwh += grid_kw * (double)scene.step / 3600000.0;
        core_second(&scene.rig.core, scene.now + 500);
        rig_commit(&scene.rig, scene.now + 500);
    }
}

static inline struct order alert_order(const char *id, const char *code, ms_t until) {
    struct order o = {.kind = ORDER_PLATFORM_ALERT,
                      .platform_alert = {.severity = ALERT_MAJOR,
                                         .text_zh = "压减负荷",
                                         .text_en = "Cut the load",
                                         .valid_until = until,
                                         .expected_kw = 3000.0}};
    snprintf(o.platform_alert.id, sizeof o.platform_alert.id, "%s", id);
    snprintf(o.platform_alert.code, sizeof o.platform_alert.code, "%s", code);
    return o;
}

/* The number that the desk gives the alert; 0: refused with these words. */
static inline int give(const struct order *o, const char *refused) {
    json_t *reply = scene_order(&scene, o);
    if (!json_is_true(json_object_get(reply, "ok")))
        fail_msg("failed: %s", text_at(reply, "error"));
    const char *why = text_at(reply, "refused");
    if (refused && (!why || !strstr(why, refused)))
        fail_msg("refused with \"%s\", not with \"%s\"", why ? why : "nothing", refused);
    if (!refused && why)
        fail_msg("refused with \"%s\"", why);
    int n = refused ? 0 : (int)number_at(reply, "alert");
    json_decref(reply);
    return n;
}

/* Events of that name and state ("": null), an array; decref it. */
static inline json_t *events_of(const char *name, const char *state) {
    json_t *all = rig_messages(&scene.rig.works, OUTBOX_EVENT), *found = json_array();
    for (size_t i = 0; i < json_array_size(all); i++) {
        json_t *m = json_array_get(all, i);
        const char *has = text_at(m, "state");
        if (strcmp(text_at(m, "event"), name) == 0 && strcmp(has ? has : "", state) == 0)
            json_array_append(found, m);
    }
    json_decref(all);
    return found;
}

static inline size_t count_events(const char *name, const char *state) {
    json_t *all = events_of(name, state);
    size_t n = json_array_size(all);
    json_decref(all);
    return n;
}

#endif
