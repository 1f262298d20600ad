/* Whose cursors the writer keeps, where a new destination begins, and what may be pruned. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "store/db.h"
#include "store_rig.h"

static struct rig g;
static struct deliver_settings dests[DELIVER_MAX];

/* Ten records of minutes, seq 1 to 10. */
static void ten_rows(void) {
    memset(dests, 0, sizeof dests);
    rig_init(&g, T0);
    rig_run(&g, T0, T0 + 10 * MINUTE + 5000);
    assert_int_equal(g.writer.seq_next, 11);
}

static void configure(size_t count) {
    g.works.site.deliver = dests;
    g.works.site.deliver_count = count;
    assert_int_equal(writer_set_site(&g.writer, &g.works.site), ERR_OK);
}

/* What a reader sees. */
static uint64_t unacked(const char *dest) {
    struct reader *r;
    struct outbox_head head;
    assert_int_equal(reader_open(g.works.path, &r), ERR_OK);
    assert_int_equal(reader_head(r, dest, &head), ERR_OK);
    reader_close(r);
    return head.unacked;
}

static void a_new_destination_begins_where_it_says(void **state) {
    (void)state;
    ten_rows();
    dests[0] = (struct deliver_settings){.id = "now", .from = DELIVER_FROM_NOW};
    dests[1] = (struct deliver_settings){.id = "start", .from = DELIVER_FROM_START};
    dests[2] = (struct deliver_settings){
        .id = "fifth", .from = DELIVER_FROM_TIME, .from_utc_ms = T0 + 5 * MINUTE};
    dests[3] = (struct deliver_settings){
        .id = "future", .from = DELIVER_FROM_TIME, .from_utc_ms = T0 + 500 * MINUTE};
    dests[4] = (struct deliver_settings){
        .id = "past", .from = DELIVER_FROM_TIME, .from_utc_ms = T0 - 500 * MINUTE};
    dests[5] = (struct deliver_settings){.id = "a-name-of-thirty-two-bytes-12345",
                                         .from = DELIVER_FROM_NOW};
    configure(6);
    assert_int_equal(unacked("now"), 0); /* on disk at once */
    assert_int_equal(unacked("start"), 10);
    assert_int_equal(unacked("fifth"), 6); /* the record of the fifth minute comes at its end */
    assert_int_equal(unacked("future"), 0);
    assert_int_equal(unacked("past"), 10);
    assert_int_equal(unacked("a-name-of-thirty-two-bytes-12345"), 0);
    rig_fini(&g);
}

static void a_known_destination_goes_on_where_it_was(void **state) {
    (void)state;
    ten_rows();
    dests[0] = (struct deliver_settings){.id = "one", .from = DELIVER_FROM_START};
    configure(1);
    writer_ack(&g.writer, "one", g.writer.epoch, 1, 4);
    writer_ack(&g.writer, "one", g.writer.epoch, 7, 8);
    rig_commit(&g, T0);
    configure(0); /* taken out, and others come */
    for (size_t i = 0; i < DELIVER_MAX; i++) {
        static const char *const ids[] = {"a", "b", "c", "d", "e", "f", "g"};
        dests[i] = (struct deliver_settings){.id = ids[i], .from = DELIVER_FROM_NOW};
    }
    configure(DELIVER_MAX);
    dests[0] = (struct deliver_settings){.id = "one", .from = DELIVER_FROM_NOW};
    configure(1);
    assert_int_equal(unacked("one"), 4);
    writer_ack(&g.writer, "one", g.writer.epoch, 5, 6);
    rig_commit(&g, T0);
    assert_int_equal(unacked("one"), 2);
    /* and over a restart */
    rig_kill(&g);
    assert_int_equal(rig_open(&g, T0 + 11 * MINUTE), ERR_OK);
    writer_ack(&g.writer, "one", g.writer.epoch, 9, 10);
    rig_commit(&g, T0);
    assert_int_equal(unacked("one"), 0);
    rig_fini(&g);
}

static void a_reload_keeps_what_is_not_yet_on_disk(void **state) {
    (void)state;
    ten_rows();
    dests[0] = (struct deliver_settings){.id = "one", .from = DELIVER_FROM_START};
    dests[1] = (struct deliver_settings){.id = "two", .from = DELIVER_FROM_START};
    configure(1);
    writer_ack(&g.writer, "one", g.writer.epoch, 1, 10);
    writer_ack(&g.writer, "mqtt", g.writer.epoch, 1, 10);
    configure(2);
    rig_commit(&g, T0);
    assert_int_equal(unacked("one"), 0);
    assert_int_equal(unacked("mqtt"), 0);
    assert_int_equal(unacked("two"), 10);
    rig_fini(&g);
}

/* After a store was restored under a new epoch its rows are new to everybody. */
static void a_cursor_of_another_epoch_counts_for_nothing(void **state) {
    (void)state;
    ten_rows();
    dests[0] = (struct deliver_settings){.id = "one", .from = DELIVER_FROM_NOW};
    configure(1);
    assert_int_equal(db_exec(g.writer.db, "UPDATE meta SET value=value+1 WHERE key='epoch'"),
                     ERR_OK);
    rig_kill(&g);
    assert_int_equal(rig_open(&g, T0 + 11 * MINUTE), ERR_OK);
    assert_int_equal(unacked("one"), 10);
    rig_fini(&g);
}

static void the_slowest_destination_holds_the_rows(void **state) {
    (void)state;
    ten_rows();
    const ms_t epoch = g.writer.epoch;
    struct site *site = &g.works.site;
    bool before = site->mqtt.configured;
    site->mqtt.configured = false;
    assert_int_equal(writer_floor(&g.writer, site), UINT64_MAX);
    dests[0] = (struct deliver_settings){.id = "one", .from = DELIVER_FROM_START};
    dests[1] = (struct deliver_settings){.id = "two", .from = DELIVER_FROM_START};
    configure(2);
    assert_int_equal(writer_floor(&g.writer, site), 0);
    writer_ack(&g.writer, "one", epoch, 1, 9);
    writer_ack(&g.writer, "two", epoch, 1, 5);
    assert_int_equal(writer_floor(&g.writer, site), 5);
    site->mqtt.configured = true;
    assert_int_equal(writer_floor(&g.writer, site), 0);
    writer_ack(&g.writer, "mqtt", epoch, 1, 7);
    assert_int_equal(writer_floor(&g.writer, site), 5);
    configure(1); /* two is taken out: it holds nothing any more */
    assert_int_equal(writer_floor(&g.writer, site), 7);
    site->mqtt.configured = before;
    rig_fini(&g);
}

/* A webhook has a place of its own, and is not waited for. */
static void a_webhook_holds_nothing_back(void **state) {
    (void)state;
    ten_rows();
    struct webhook_settings hooks[] = {{.id = "a", .cursor = "alert/a"},
                                       {.id = "b", .cursor = "alert/b"}};
    struct site *site = &g.works.site;
    dests[0] = (struct deliver_settings){.id = "a", .from = DELIVER_FROM_START};
    site->notify.webhooks = hooks;
    site->notify.webhook_count = 2;
    configure(1);
    assert_int_equal(unacked("alert/a"), 0); /* it begins with what comes */
    assert_int_equal(unacked("a"), 10);
    rig_run(&g, T0 + 10 * MINUTE + 5000, T0 + 11 * MINUTE + 5000);
    assert_int_equal(unacked("alert/a"), 1);
    writer_ack(&g.writer, "alert/b", g.writer.epoch, 11, 11);
    writer_ack(&g.writer, "a", g.writer.epoch, 1, 11);
    writer_ack(&g.writer, "mqtt", g.writer.epoch, 1, 11);
    rig_commit(&g, T0);
    assert_int_equal(unacked("alert/a"), 1);
    assert_int_equal(unacked("alert/b"), 0);
    assert_int_equal(writer_floor(&g.writer, site), 11);
    /* taken out and back, over a restart: it goes on where it was */
    site->notify.webhook_count = 0;
    configure(1);
    rig_kill(&g);
    assert_int_equal(rig_open(&g, T0 + 12 * MINUTE), ERR_OK);
    site->notify.webhook_count = 2;
    configure(1);
    assert_int_equal(unacked("alert/a"), 1);
    assert_int_equal(unacked("alert/b"), 0);
    site->notify.webhook_count = 0;
    rig_fini(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_destination_begins_where_it_says),
        cmocka_unit_test(a_known_destination_goes_on_where_it_was),
        cmocka_unit_test(a_reload_keeps_what_is_not_yet_on_disk),
        cmocka_unit_test(a_cursor_of_another_epoch_counts_for_nothing),
        cmocka_unit_test(the_slowest_destination_holds_the_rows),
        cmocka_unit_test(a_webhook_holds_nothing_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
