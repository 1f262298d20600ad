/* The historian's thread: readings from a real ring to a real store, acknowledgements, events,
 * reload, stop. Waits for commits, never for a fixed time. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <time.h>

#include "store/db.h"
#include "store/historian.h"
#include "store_rig.h"

struct post {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int commits;
};

static void on_commit(void *arg) {
    struct post *p = arg;
    pthread_mutex_lock(&p->lock);
    p->commits++;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

/* Waits until more than n commits brought news; at most 20 s. */
static void wait_commit(struct post *p, int n) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 20;
    pthread_mutex_lock(&p->lock);
    int rc = 0;
    while (p->commits <= n && rc == 0)
        rc = pthread_cond_timedwait(&p->changed, &p->lock, &until);
    pthread_mutex_unlock(&p->lock);
    assert_int_equal(rc, 0);
}

struct scene {
    struct works works;
    struct post post;
    struct ring *ring;
    struct live *live;
    struct historian *historian;
    struct historian_options options;
};

static void scene_init(struct scene *s) {
    memset(s, 0, sizeof *s);
    works_init(&s->works);
    pthread_mutex_init(&s->post.lock, NULL);
    pthread_cond_init(&s->post.changed, NULL);
    s->ring = ring_new(100000);
    s->live = live_new(s->works.site.point_count);
    s->options = (struct historian_options){.site = &s->works.site,
                                            .site_version = 1,
                                            .version = "test",
                                            .readings = s->ring,
                                            .live = s->live,
                                            .on_commit = on_commit,
                                            .on_commit_arg = &s->post};
    assert_int_equal(historian_start(&s->options, &s->historian), ERR_OK);
}

static void scene_fini(struct scene *s) {
    historian_stop(s->historian);
    ring_free(s->ring);
    live_free(s->live);
    pthread_mutex_destroy(&s->post.lock);
    pthread_cond_destroy(&s->post.changed);
    works_fini(&s->works);
}

static void push(struct scene *s, const struct reading *r) {
    assert_int_equal(ring_push(s->ring, r, r->bytes), ERR_OK);
}

static void a_device_down_is_an_event_within_a_second(void **state) {
    (void)state;
    static struct scene s;
    scene_init(&s);
    ms_t t = clock_now().utc_us / 1000;
    push(&s, works_grid(&s.works, t, GRID_KW, 1.0, 0.0));
    struct reading *r = works_reading(&s.works, GRID, t + 1);
    r->kind = READING_DOWN;
    push(&s, r);
    wait_commit(&s.post, 0);
    ms_t after = clock_now().utc_us / 1000 - t;
    assert_true(after < 1000);
    json_t *events = rig_messages(&s.works, OUTBOX_EVENT);
    assert_string_equal(text_at(json_array_get(events, 0), "event"), "device_down");
    json_decref(events);
    scene_fini(&s);
}

static void events_and_acknowledgements_from_other_threads(void **state) {
    (void)state;
    static struct scene s;
    struct reader *r;
    struct outbox_head head;
    scene_init(&s);
    historian_event(s.historian, "broker_lost", NULL, "warning", "raised", "a note");
    wait_commit(&s.post, 0);
    assert_int_equal(reader_open(s.works.path, &r), ERR_OK);
    assert_int_equal(reader_head(r, "mqtt", &head), ERR_OK);
    assert_int_equal(head.unacked, 1);
    historian_ack(s.historian, "mqtt", head.epoch, 1, 1);
    wait_commit(&s.post, 1);
    assert_int_equal(reader_head(r, "mqtt", &head), ERR_OK);
    assert_int_equal(head.unacked, 0);
    reader_close(r);
    scene_fini(&s);
}

static int count_reading(void *arg, const struct site *site, struct reading *r) {
    (void)site;
    (void)r;
    ++*(size_t *)arg;
    return ERR_OK;
}

static void stop_writes_what_is_in_the_ring(void **state) {
    (void)state;
    static struct scene s;
    struct historian_stats stats;
    scene_init(&s);
    ms_t t = clock_now().utc_us / 1000;
    for (int i = 0; i < 50; i++)
        push(&s, works_pv(&s.works, t + i, PV_KW, 100.0 + i));
    struct reading *alien = works_pv(&s.works, t, PV_KW, 1.0);
    alien->site_version = 7;
    push(&s, alien); /* of another configuration: not taken */
    historian_stats(s.historian, &stats);
    assert_false(stats.failing);
    us_t begin = clock_now().mono_us;
    historian_stop(s.historian);
    assert_true(clock_now().mono_us - begin < 2 * US_PER_S);
    struct reader *r;
    size_t readings = 0;
    uint64_t bad;
    assert_int_equal(reader_open(s.works.path, &r), ERR_OK);
    assert_int_equal(reader_readings(r, &(struct raw_query){.from = 0, .to = t + 100000},
                                     count_reading, &readings, &bad),
                     ERR_OK);
    assert_int_equal(readings, 50);
    reader_close(r);
    assert_int_equal(historian_start(&s.options, &s.historian), ERR_OK); /* the lock is free */
    scene_fini(&s);
}

static void a_reload_swaps_the_site(void **state) {
    (void)state;
    static struct scene s;
    static struct works next;
    struct sample sample;
    scene_init(&s);
    next = s.works;
    works_points(&next);
    works_devices(&next);
    next.site.devices = next.devices;
    next.site.points = next.points;
    next.site.feeds = next.feeds;
    next.devices[BMS].id = next.feeds[BMS].id = "bms2";
    ms_t t = clock_now().utc_us / 1000;
    push(&s, works_bms(&s.works, t, 40.0));
    historian_set_site(s.historian, &next.site, 2);
    assert_false(live_get(s.live, GRID_POINTS + PV_POINTS, &sample));
    push(&s, works_bms(&s.works, t + 1, 41.0)); /* still of the old one: dropped */
    struct reading *r = works_bms(&next, t + 2, 42.0);
    r->site_version = 2;
    push(&s, r);
    historian_event(s.historian, "after", NULL, "info", "raised", "");
    wait_commit(&s.post, 0);
    assert_true(live_get(s.live, GRID_POINTS + PV_POINTS, &sample));
    assert_near(sample.value, 42.0, 1e-9);
    scene_fini(&s);
}

/* ---- orders ------------------------------------------------------------------------------- */

static size_t order_price(struct scene *s, int32_t version, char *reply, size_t cap) {
    struct order o = {.kind = ORDER_PRICES,
                      .prices = {.count = 1, .rows = {{.month = 24286, .version = version}}}};
    return historian_order(s->historian, &o, "mqtt", reply, cap);
}

static int64_t rows_of(const struct scene *s, const char *table) {
    sqlite3 *db;
    char sql[80];
    int64_t n = -1;
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", table);
    assert_int_equal(db_open(s->works.path, DB_READ, &db), ERR_OK);
    assert_int_equal(db_get_i64(db, sql, -1, &n), ERR_OK);
    db_close(db);
    return n;
}

static void what_was_read_before_an_order_is_on_disk_with_it(void **state) {
    (void)state;
    static struct scene s;
    char reply[ORDER_REPLY_MAX];
    scene_init(&s);
    push(&s, works_pv(&s.works, clock_now().utc_us / 1000, PV_KW, 100.0));
    size_t n = order_price(&s, 1, reply, sizeof reply);
    assert_string_equal(reply, "{\"ok\":true,\"days\":0}");
    assert_int_equal(n, strlen(reply));
    assert_int_equal(rows_of(&s, "price"), 1);
    assert_int_equal(rows_of(&s, "raw"), 1);
    scene_fini(&s);
}

struct customer {
    struct scene *scene;
    pthread_t thread;
    int32_t first;
    int done;
};

#define CUSTOMERS 4
#define EACH      5

static void *give_orders(void *arg) {
    struct customer *c = arg;
    char reply[ORDER_REPLY_MAX];
    for (int32_t i = 0; i < EACH; i++) {
        order_price(c->scene, c->first + i, reply, sizeof reply);
        c->done += strcmp(reply, "{\"ok\":true,\"days\":0}") == 0;
    }
    return NULL;
}

static void orders_of_several_threads_are_executed_one_by_one(void **state) {
    (void)state;
    static struct scene s;
    struct customer customers[CUSTOMERS];
    scene_init(&s);
    for (int i = 0; i < CUSTOMERS; i++) {
        customers[i] = (struct customer){.scene = &s, .first = 1 + EACH * i};
        assert_int_equal(pthread_create(&customers[i].thread, NULL, give_orders, &customers[i]), 0);
    }
    for (int i = 0; i < CUSTOMERS; i++) {
        pthread_join(customers[i].thread, NULL);
        assert_int_equal(customers[i].done, EACH);
    }
    assert_int_equal(rows_of(&s, "price"), CUSTOMERS * EACH);
    scene_fini(&s);
}

static void a_store_in_use_is_refused(void **state) {
    (void)state;
    static struct scene s;
    struct historian *second = NULL;
    scene_init(&s);
    assert_int_equal(historian_start(&s.options, &second), ERR_BUSY);
    assert_null(second);
    scene_fini(&s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_down_is_an_event_within_a_second),
        cmocka_unit_test(events_and_acknowledgements_from_other_threads),
        cmocka_unit_test(stop_writes_what_is_in_the_ring),
        cmocka_unit_test(a_reload_swaps_the_site),
        cmocka_unit_test(what_was_read_before_an_order_is_on_disk_with_it),
        cmocka_unit_test(orders_of_several_threads_are_executed_one_by_one),
        cmocka_unit_test(a_store_in_use_is_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
