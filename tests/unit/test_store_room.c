/* A full and a read-only disk under the store's core: what is kept, what makes room, what is said,
 * and that everything goes on by itself. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/resource.h>
#include <sys/stat.h>

#include "store/upkeep.h"
#include "store_damage.h"

static struct retention retention;

static int64_t number_of(sqlite3 *db, const char *sql) {
    int64_t n = -1;
    assert_int_equal(db_get_i64(db, sql, -1, &n), ERR_OK);
    return n;
}

/* As the historian: a second with readings, its commit and what follows from it. */
static int run_second(struct rig *g, struct upkeep *u, ms_t s) {
    const struct instant now = {.utc_us = s * 1000 + 500000, .mono_us = s * 1000};
    bool news;
    rig_poll_all(g, s + 100);
    core_second(&g->core, s + 500);
    int err = writer_commit(&g->writer, s + 500, &news);
    if (upkeep_after_commit(u, err, &now))
        err = writer_commit(&g->writer, s + 500, &news);
    upkeep_second(u, &now);
    return err;
}

static int count_events(const struct works *w, const char *event, const char *state) {
    json_t *events = rig_messages(w, OUTBOX_EVENT);
    int n = 0;
    for (size_t i = 0; i < json_array_size(events); i++) {
        const json_t *e = json_array_get(events, i);
        n += strcmp(text_at(e, "event"), event) == 0 && strcmp(text_at(e, "state"), state) == 0;
    }
    json_decref(events);
    return n;
}

static void check_minutes(struct rig *g, size_t count) {
    json_t *minutes = rig_messages(&g->works, OUTBOX_RECORD_1M); /* checks that seq is dense */
    assert_int_equal(json_array_size(minutes), count);
    for (size_t i = 1; i < count; i++)
        assert_near(number_at(json_array_get(minutes, i), "energy_kwh/import"), 480.0, 1e-6);
    json_decref(minutes);
}

/* The file may not grow: the oldest raw readings make room inside it, all else is stored. */
static void the_oldest_raw_readings_make_room(void **state) {
    (void)state;
    static struct rig g;
    struct upkeep u;
    char sql[64];
    rig_init(&g, T0);
    upkeep_init(&u, &g.core, &retention);
    for (ms_t s = T0; s < T0 + 30 * MINUTE; s += 1000)
        assert_int_equal(run_second(&g, &u, s), ERR_OK);
    int64_t oldest = number_of(g.writer.db, "SELECT min(t) FROM raw");
    snprintf(sql, sizeof sql, "PRAGMA max_page_count=%d",
             (int)number_of(g.writer.db, "PRAGMA page_count"));
    assert_int_equal(db_exec(g.writer.db, sql), ERR_OK);
    int failed = 0;
    for (ms_t s = T0 + 30 * MINUTE; s < T0 + 40 * MINUTE + 5000; s += 1000)
        failed += run_second(&g, &u, s) != ERR_OK;
    assert_true(g.writer.failures >= 1);
    assert_true(failed < 5);
    assert_true(number_of(g.writer.db, "SELECT min(t) FROM raw") > oldest);
    assert_int_equal(number_of(g.writer.db, "SELECT max(t) FROM raw") / 1000,
                     (T0 + 40 * MINUTE + 4000) / 1000);
    assert_true(count_events(&g.works, "store_full", "raised") >= 1);
    check_minutes(&g, 40);
    upkeep_fini(&u);
    rig_fini(&g);
}

/* Nothing can be written at all; then it can. */
static void a_read_only_store_is_kept_in_memory_and_goes_on(void **state) {
    (void)state;
    static struct rig g;
    struct upkeep u;
    rig_init(&g, T0);
    upkeep_init(&u, &g.core, &retention);
    for (ms_t s = T0; s < T0 + 50000; s += 1000)
        assert_int_equal(run_second(&g, &u, s), ERR_OK);
    assert_int_equal(db_exec(g.writer.db, "PRAGMA query_only=ON"), ERR_OK);
    for (ms_t s = T0 + 50000; s < T0 + 130000; s += 1000)
        assert_int_equal(run_second(&g, &u, s), ERR_IO);
    assert_int_equal(u.state, STORE_UNWRITABLE);
    struct live_site site;
    live_get_site(g.live, &site);
    assert_int_equal(site.utc_ms, T0 + 129000); /* live values went on */
    assert_int_equal(db_exec(g.writer.db, "PRAGMA query_only=OFF"), ERR_OK);
    for (ms_t s = T0 + 130000; s < T0 + 3 * MINUTE + 5000; s += 1000)
        assert_int_equal(run_second(&g, &u, s), ERR_OK);
    assert_int_equal(u.state, STORE_GOOD);
    assert_int_equal(count_events(&g.works, "store_unwritable", "raised"), 1);
    assert_int_equal(count_events(&g.works, "store_unwritable", "cleared"), 1);
    assert_int_equal(number_of(g.writer.db, "SELECT count(*) FROM raw"), 185);
    check_minutes(&g, 3);
    upkeep_fini(&u);
    rig_fini(&g);
}

/* Memory fills up: raw readings go first, then slots; records, events and all energy stay. */
static void what_finds_no_room_in_memory_goes_in_the_stated_order(void **state) {
    (void)state;
    static struct rig g;
    struct upkeep u;
    rig_init(&g, T0);
    upkeep_init(&u, &g.core, &retention);
    g.writer.pending.cap = 24000; /* instead of hours of waiting */
    for (ms_t s = T0; s < T0 + 30000; s += 1000)
        assert_int_equal(run_second(&g, &u, s), ERR_OK);
    assert_int_equal(db_exec(g.writer.db, "PRAGMA query_only=ON"), ERR_OK);
    for (ms_t s = T0 + 30000; s < T0 + 12 * MINUTE; s += 1000)
        run_second(&g, &u, s);
    assert_true(g.writer.pending.refused > 100);
    assert_int_equal(db_exec(g.writer.db, "PRAGMA query_only=OFF"), ERR_OK);
    for (ms_t s = T0 + 12 * MINUTE; s < T0 + 15 * MINUTE + 5000; s += 1000)
        run_second(&g, &u, s);
    int64_t raw = number_of(g.writer.db, "SELECT count(*) FROM raw");
    assert_true(raw > 200 && raw < 15 * 60);
    json_t *minutes = rig_messages(&g.works, OUTBOX_RECORD_1M);
    assert_int_equal(json_array_size(minutes), 15); /* each minute has its record */
    double sum = 0;
    for (size_t i = 0; i < 15; i++) {
        double kwh = number_at(json_array_get(minutes, i), "energy_kwh/import");
        sum += isnan(kwh) ? 0 : kwh;
    }
    json_decref(minutes);
    assert_near(sum, 15 * 480.0, 1.0);
    upkeep_fini(&u);
    rig_fini(&g);
}

static void the_reserve_is_given_back_and_made_again(void **state) {
    (void)state;
    struct works w;
    struct room r;
    struct stat s;
    char name[128];
    works_init(&w);
    snprintf(name, sizeof name, "%s.reserve", w.path);
    room_init(&r, w.path);
    assert_false(r.held);
    assert_true(r.total > 0 && r.available > 0);
    assert_true(room_hold(&r));
    assert_int_equal(stat(name, &s), 0);
    assert_int_equal(s.st_size, r.reserve);
    assert_true((uint64_t)s.st_blocks * 512 >= r.reserve); /* really there, no hole */
    room_init(&r, w.path);                                 /* the next start finds it */
    assert_true(r.held);
    assert_true(room_release(&r));
    assert_int_equal(stat(name, &s), -1);
    assert_false(room_release(&r));
    r.reserve = r.available; /* it would take the last there is */
    assert_false(room_hold(&r));
    works_fini(&w);
}

static void little_space_is_told_by_bytes_and_by_share(void **state) {
    (void)state;
    const uint64_t mb = 1 << 20;
    struct room r = {.total = 1000 * mb, .available = 63 * mb};
    assert_true(room_is_low(&r));
    r.available = 65 * mb;
    assert_false(room_is_low(&r));
    r = (struct room){.total = 10000 * mb, .available = 499 * mb};
    assert_true(room_is_low(&r));
    r.available = 501 * mb;
    assert_false(room_is_low(&r));
    r = (struct room){.total = 1000000 * mb, .available = 1025 * mb};
    assert_false(room_is_low(&r));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oldest_raw_readings_make_room),
        cmocka_unit_test(a_read_only_store_is_kept_in_memory_and_goes_on),
        cmocka_unit_test(what_finds_no_room_in_memory_goes_in_the_stated_order),
        cmocka_unit_test(the_reserve_is_given_back_and_made_again),
        cmocka_unit_test(little_space_is_told_by_bytes_and_by_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
