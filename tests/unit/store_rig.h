/* The store's core at work on the small works, with the test's own clock: one reading of each
 * device a second, 100 ms after the full second, and a commit at the half. */
#ifndef BUSBAR_TESTS_STORE_RIG_H
#define BUSBAR_TESTS_STORE_RIG_H

#include <inttypes.h>
#include <jansson.h>

#include "store/core.h"
#include "store/reader.h"
#include "store_fixture.h"

#define MINUTE     ((ms_t)60000)
#define QUARTER    (15 * MINUTE)
#define T0         ((ms_t)1700000100000 / QUARTER * QUARTER) /* the start of a quarter */
#define GRID_KW    28800.0                                   /* 8 kWh a second */
#define GRID_STEP  0.1                                       /* register (CT 80) a second */
#define PV_KW      1800.0                                    /* 0.5 kWh a second */
#define BODIES_MAX 4000

struct rig {
    struct works works;
    struct writer writer;
    struct core core;
    struct live *live;
    bool news; /* any commit since the last look */
};

static inline double grid_register(ms_t t) {
    return 1000.0 + GRID_STEP * (double)((t - T0) / 1000 + 100000);
}

static inline double pv_register(ms_t t) {
    return 0.5 * (double)((t - T0) / 1000 + 4000);
}

static inline int rig_open(struct rig *g, ms_t now) {
    int err = writer_open(&g->writer, g->works.path, now);
    if (err < 0)
        return err;
    assert_int_equal(writer_set_site(&g->writer, &g->works.site), ERR_OK);
    g->live = live_new(g->works.site.point_count);
    assert_non_null(g->live);
    assert_int_equal(core_init(&g->core, &g->works.site, g->live, &g->writer, now), ERR_OK);
    return ERR_OK;
}

static inline void rig_init(struct rig *g, ms_t now) {
    memset(g, 0, sizeof *g);
    works_init(&g->works);
    assert_int_equal(rig_open(g, now), ERR_OK);
}

/* Ends as kill -9 would: what was not committed is gone. */
static inline void rig_kill(struct rig *g) {
    core_fini(&g->core);
    writer_close(&g->writer);
    live_free(g->live);
    g->live = NULL;
}

static inline void rig_fini(struct rig *g) {
    rig_kill(g);
    works_fini(&g->works);
}

static inline void rig_commit(struct rig *g, ms_t now) {
    bool news = false;
    assert_int_equal(writer_commit(&g->writer, now, &news), ERR_OK);
    g->news = g->news || news;
}

static inline void rig_poll_all(struct rig *g, ms_t t) {
    struct works *w = &g->works;
    core_reading(&g->core, works_grid(w, t, GRID_KW, grid_register(t), 50.0));
    core_reading(&g->core, works_pv(w, t, PV_KW, pv_register(t)));
    core_reading(&g->core, works_bms(w, t, 50.0));
}

/* Seconds [from, to) with good readings of all devices. */
static inline void rig_run(struct rig *g, ms_t from, ms_t to) {
    for (ms_t s = from; s < to; s += 1000) {
        rig_poll_all(g, s + 100);
        core_second(&g->core, s + 500);
        rig_commit(g, s + 500);
    }
}

/* Seconds without any reading. */
static inline void rig_idle(struct rig *g, ms_t from, ms_t to) {
    for (ms_t s = from; s < to; s += 1000) {
        core_second(&g->core, s + 500);
        rig_commit(g, s + 500);
    }
}

/* All bodies of the outbox as text, in order of seq; the caller frees each. */
static inline size_t rig_bodies(const struct works *w, char **bodies, struct outbox_row *rows) {
    struct reader *r;
    static char memory[BODY_MAX];
    struct buf b;
    assert_int_equal(reader_open(w->path, &r), ERR_OK);
    int n = reader_outbox(r, "test", 0, rows, BODIES_MAX);
    assert_true(n >= 0 && n < BODIES_MAX);
    buf_init(&b, memory, sizeof memory);
    for (int i = 0; i < n; i++) {
        assert_int_equal(reader_body(r, &rows[i], &b), ERR_OK);
        bodies[i] = strdup(b.data);
    }
    reader_close(r);
    return (size_t)n;
}

/* The bodies of one kind, parsed: a JSON array; decref it. seq is checked to be dense from 1. */
static inline json_t *rig_messages(const struct works *w, enum outbox_kind kind) {
    static char *bodies[BODIES_MAX];
    static struct outbox_row rows[BODIES_MAX];
    size_t n = rig_bodies(w, bodies, rows);
    json_t *all = json_array();
    for (size_t i = 0; i < n; i++) {
        json_error_t error;
        json_t *m = json_loads(bodies[i], 0, &error);
        assert_non_null(m);
        assert_int_equal(rows[i].seq, i + 1);
        assert_int_equal(json_integer_value(json_object_get(m, "seq")), i + 1);
        if (rows[i].kind == kind)
            json_array_append(all, m);
        json_decref(m);
        free(bodies[i]);
    }
    return all;
}

/* The events but those of alerts. */
static inline json_t *rig_plain_events(const struct works *w) {
    json_t *events = rig_messages(w, OUTBOX_EVENT);
    for (size_t i = json_array_size(events); i-- > 0;) {
        const json_t *event = json_object_get(json_array_get(events, i), "event");
        if (strcmp(json_string_value(event), "alert") == 0)
            json_array_remove(events, i);
    }
    return events;
}

/* The number at "a/b/c" of a message; NAN for null. */
static inline double number_at(const json_t *m, const char *path) {
    char part[64];
    while (*path) {
        size_t n = strcspn(path, "/");
        assert_true(n < sizeof part);
        memcpy(part, path, n);
        part[n] = '\0';
        m = json_is_array(m) ? json_array_get(m, (size_t)strtol(part, NULL, 10))
                             : json_object_get(m, part);
        if (!m)
            fail_msg("nothing at %s", path);
        path += n + (path[n] == '/');
    }
    return json_is_null(m) ? (double)NAN : json_number_value(m);
}

static inline const char *text_at(const json_t *m, const char *key) {
    return json_string_value(json_object_get(m, key));
}

#endif
