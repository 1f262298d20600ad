/* More devices than are merged at a time: every one has its row of the hour, with its own values.
 */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/core.h"
#include "store/slot_code.h"
#include "store_fixture.h"

#define DEVICES 150
#define MINUTE  ((ms_t)60000)
#define HOUR    (60 * MINUTE)
#define T0      ((ms_t)1700000000000 / HOUR * HOUR)

struct many {
    struct works works; /* for its folder */
    struct point_def def;
    struct device_profile profile;
    struct device devices[DEVICES];
    struct site_point points[DEVICES];
    char ids[DEVICES][2][24];
    struct site site;
    struct writer writer;
    struct core core;
};

/* Each shows its own number, in volts; polled once a minute, so that the test is quick. */
static void many_init(struct many *m) {
    works_init(&m->works);
    m->def = works_point("voltage.l1", QUANTITY_VOLTAGE, POINT_U16, 1, 1.0, "V");
    works_profile(&m->profile, "meter", &m->def, 1);
    for (size_t i = 0; i < DEVICES; i++) {
        snprintf(m->ids[i][0], sizeof m->ids[i][0], "d%zu", i);
        snprintf(m->ids[i][1], sizeof m->ids[i][1], "d%zu.voltage.l1", i);
        m->devices[i] = m->works.devices[GRID];
        m->devices[i].id = m->devices[i].name = m->ids[i][0];
        m->devices[i].profile = &m->profile;
        m->devices[i].poll_ms = 60000;
        m->devices[i].point_base = (uint32_t)i;
        m->points[i] =
            (struct site_point){.id = m->ids[i][1], .device = (int32_t)i, .def = &m->def};
    }
    m->site = m->works.site;
    m->site.devices = m->devices;
    m->site.points = m->points;
    m->site.device_count = m->site.point_count = DEVICES;
    m->site.feed_count = 0;
    assert_int_equal(writer_open(&m->writer, m->works.path, T0), ERR_OK);
    assert_int_equal(writer_set_site(&m->writer, &m->site), ERR_OK);
    assert_int_equal(core_init(&m->core, &m->site, NULL, &m->writer, T0), ERR_OK);
}

static void many_fini(struct many *m) {
    core_fini(&m->core);
    writer_close(&m->writer);
    works_fini(&m->works);
}

static void poll_all(struct many *m, ms_t t) {
    for (size_t i = 0; i < DEVICES; i++) {
        struct reading *r = (struct reading *)(void *)m->works.memory;
        reading_init(r, (uint32_t)i, 1, 1);
        r->kind = READING_POLL;
        r->utc_ms = t;
        reading_registers(r)[0] = (uint16_t)(200 + i);
        reading_quality(r)[0] = QUALITY_GOOD;
        core_reading(&m->core, r);
    }
    bool news;
    core_second(&m->core, t + 20000);
    assert_int_equal(writer_commit(&m->writer, t + 20000, &news), ERR_OK);
}

static void every_device_has_its_hour(void **state) {
    (void)state;
    static struct many m;
    many_init(&m);
    for (ms_t t = T0; t <= T0 + HOUR + MINUTE; t += MINUTE)
        poll_all(&m, t);
    sqlite3_stmt *s = NULL;
    assert_int_equal(sqlite3_prepare_v2(m.writer.db,
                                        "SELECT device,body FROM slot WHERE period=3600 AND"
                                        " start=? ORDER BY device",
                                        -1, &s, NULL),
                     SQLITE_OK);
    sqlite3_bind_int64(s, 1, T0);
    for (size_t i = 0; i < DEVICES; i++) {
        struct unpack u;
        struct slot_head h;
        struct slot_point p;
        assert_int_equal(sqlite3_step(s), SQLITE_ROW);
        assert_int_equal(sqlite3_column_int64(s, 0), m.writer.device_no[i]);
        unpack_init(&u, sqlite3_column_blob(s, 1), (size_t)sqlite3_column_bytes(s, 1));
        assert_int_equal(slot_read_head(&u, &h), ERR_OK);
        assert_near(h.coverage, 1.0, 1e-4);
        assert_int_equal(slot_read_point_count(&u), 1);
        slot_read_point(&u, &h, true, &p);
        assert_near(p.mean, 200.0 + (double)i, 1e-9);
        assert_near(p.coverage, 1.0, 1e-9);
    }
    assert_int_equal(sqlite3_step(s), SQLITE_DONE);
    sqlite3_finalize(s);
    many_fini(&m);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_device_has_its_hour)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
