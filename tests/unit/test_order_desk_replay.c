/* The order "replay" on the store: what is opened, widened, refused, expired; and how the table
 * follows what the publisher says. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "order_rig.h"
#include "store/replay.h"
#include "store/retention.h"

static struct scene scene;
static uint64_t head;

static int begin(void **state) {
    (void)state;
    assert_int_equal(clock_set_zone("UTC"), ERR_OK);
    scene_begin(&scene, T0, 5000);
    scene.rig.works.site.mqtt.configured = true;
    scene_run(&scene, T0 + 31 * MINUTE);
    scene_settle(&scene);
    core_flush(&scene.rig.core);
    rig_commit(&scene.rig, scene.now);
    head = scene.rig.writer.seq_next - 1;
    assert_true(head > 31);
    return 0;
}

static int end(void **state) {
    (void)state;
    scene_end(&scene);
    return 0;
}

static struct order replay_order(uint64_t from, uint64_t to) {
    return (struct order){
        .kind = ORDER_REPLAY,
        .replay = {.epoch = scene.rig.writer.epoch, .from_seq = from, .to_seq = to}};
}

static void run(const struct order *o, const char *expected) {
    char text[ORDER_REPLY_MAX];
    const struct order_desk desk = scene_desk(&scene);
    order_desk_run(&desk, o, "mqtt", text, sizeof text);
    assert_string_equal(text, expected);
}

static void ask(uint64_t from, uint64_t to) {
    const struct order o = replay_order(from, to);
    assert_done(&scene, &o, "rows", (int)(to - from + 1));
}

/* Open ranges as the publisher finds them: "done-to,...". */
static const char *open_ranges(void) {
    static char text[REPLAYS_MAX * 24];
    struct replay_range r[REPLAYS_MAX];
    struct reader *reader;
    assert_int_equal(reader_open(scene.rig.writer.path, &reader), ERR_OK);
    int n = reader_replays(reader, "mqtt", r, REPLAYS_MAX);
    assert_true(n >= 0);
    text[0] = '\0';
    for (int i = 0; i < n; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%d-%d", i > 0 ? "," : "",
                 (int)r[i].done, (int)r[i].to);
    reader_close(reader);
    return text;
}

static void age(const char *where, ms_t by) {
    char sql[200];
    snprintf(sql, sizeof sql, "UPDATE outbox SET t=%lld WHERE %s", (long long)(scene.now - by),
             where);
    assert_int_equal(db_exec(scene.rig.writer.db, sql), ERR_OK);
}

static void a_range_is_open_before_the_reply(void **state) {
    (void)state;
    const struct order o = replay_order(3, 9);
    run(&o, "{\"ok\":true,\"from_seq\":3,\"to_seq\":9,\"rows\":7,\"expired\":0}");
    assert_string_equal(open_ranges(), "2-9");
    scene_kill(&scene);
    assert_string_equal(open_ranges(), "2-9");
}

static void its_rows_are_those_of_the_outbox(void **state) {
    (void)state;
    ask(3, 9);
    struct reader *reader;
    struct replay_range range;
    struct outbox_row rows[20], all[20];
    assert_int_equal(reader_open(scene.rig.writer.path, &reader), ERR_OK);
    assert_int_equal(reader_replays(reader, "mqtt", &range, 1), 1);
    writer_ack(&scene.rig.writer, "mqtt", scene.rig.writer.epoch, 1, head); /* no matter */
    assert_int_equal(reader_outbox(reader, "mqtt", 4, all, 5), 5);
    rig_commit(&scene.rig, scene.now);
    assert_int_equal(reader_outbox(reader, "mqtt", 4, rows, 20), 0);
    assert_int_equal(reader_replay_rows(reader, &range, 4, rows, 20), 5);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(rows[i].seq, all[i].seq);
        assert_int_equal(rows[i].kind, all[i].kind);
        assert_int_equal(rows[i].key, all[i].key);
    }
    assert_int_equal(reader_replay_rows(reader, &range, 4, rows, 2), 2);
    reader_close(reader);
}

static void what_cannot_be_is_refused_in_words(void **state) {
    (void)state;
    char words[80];
    struct order o = replay_order(1, head + 1);
    snprintf(words, sizeof words, "beyond the last message, %d; ask", (int)head);
    assert_refused(&scene, &o, words);
    o = replay_order(1, 2);
    o.replay.epoch--;
    snprintf(words, sizeof words, "which is %lld", (long long)scene.rig.writer.epoch);
    assert_refused(&scene, &o, words);
    scene.rig.works.site.mqtt.configured = false;
    o = replay_order(1, 2);
    assert_refused(&scene, &o, "configure mqtt.url first");
    assert_string_equal(open_ranges(), "");
}

static void what_is_beyond_the_reach_is_expired(void **state) {
    (void)state;
    age("seq<=4", RETENTION_1M_MS + 1); /* all of them 1m records */
    age("seq IN (8,9)", RETENTION_1M_MS);
    age("seq=11", RETENTION_LONG_MS + 1);
    assert_int_equal(db_exec(scene.rig.writer.db, "DELETE FROM outbox WHERE seq=1"), ERR_OK);
    struct order o = replay_order(1, 12);
    run(&o, "{\"ok\":true,\"from_seq\":5,\"to_seq\":12,\"rows\":7,\"expired\":5,"
            "\"expired_ranges\":[[1,4],[11,11]],\"expired_unnamed\":0}");
    o = replay_order(1, 4);
    assert_refused(&scene, &o, "expired: nothing of 1 to 4 is kept any more");
}

static void an_event_or_a_quarter_is_kept_longer(void **state) {
    (void)state;
    char sql[100];
    snprintf(sql, sizeof sql, "UPDATE outbox SET kind=%d WHERE seq=2", (int)OUTBOX_RECORD_15M);
    assert_int_equal(db_exec(scene.rig.writer.db, sql), ERR_OK);
    assert_int_equal(db_exec(scene.rig.writer.db, "UPDATE outbox SET kind=1 WHERE seq=3"), ERR_OK);
    age("seq<=4", RETENTION_LONG_MS);
    const struct order o = replay_order(1, 4);
    run(&o, "{\"ok\":true,\"from_seq\":2,\"to_seq\":3,\"rows\":2,\"expired\":2,"
            "\"expired_ranges\":[[1,1],[4,4]],\"expired_unnamed\":0}");
}

static void long_lists_of_expired_ranges_are_cut(void **state) {
    (void)state;
    age("seq%2=0", RETENTION_LONG_MS + 1);
    char sql[200];
    for (uint64_t i = head; i < 100; i++) {
        snprintf(sql, sizeof sql, "INSERT INTO outbox VALUES(%d,2,0,0,1,1,%lld)", (int)i + 1,
                 i % 2 == 0 ? (long long)scene.now : 0LL);
        assert_int_equal(db_exec(scene.rig.writer.db, sql), ERR_OK);
    }
    scene.rig.writer.seq_next = 101;
    struct order o = replay_order(1, 100);
    json_t *reply = scene_order(&scene, &o);
    assert_int_equal((int)number_at(reply, "rows"), 50);
    assert_int_equal((int)number_at(reply, "expired"), 50);
    assert_int_equal(json_array_size(json_object_get(reply, "expired_ranges")), 32);
    assert_int_equal((int)number_at(reply, "expired_unnamed"), 18);
    json_decref(reply);
}

static void a_range_that_begins_in_an_open_one_widens_it(void **state) {
    (void)state;
    ask(3, 9);
    ask(5, 7); /* inside */
    assert_string_equal(open_ranges(), "2-9");
    ask(10, 12); /* touches its end */
    assert_string_equal(open_ranges(), "2-12");
    ask(14, 15);
    ask(1, 2); /* before it */
    assert_string_equal(open_ranges(), "2-12,13-15,0-2");
}

static void rows_that_were_sent_already_can_be_asked_for_again(void **state) {
    (void)state;
    ask(3, 9);
    writer_replayed(&scene.rig.writer, 1, 5); /* known in memory alone */
    ask(4, 9);
    assert_string_equal(open_ranges(), "5-9,3-9");
}

static void the_table_follows_what_was_delivered(void **state) {
    (void)state;
    ask(3, 9);
    ask(20, 21);
    writer_replayed(&scene.rig.writer, 1, 6);
    writer_replayed(&scene.rig.writer, 1, 5); /* never back */
    rig_commit(&scene.rig, scene.now);
    assert_string_equal(open_ranges(), "6-9,19-21");
    uint64_t floor;
    assert_int_equal(replay_floor(&scene.rig.writer, &floor), ERR_OK);
    assert_int_equal(floor, 6);
    writer_replayed(&scene.rig.writer, 1, 9);
    writer_replayed(&scene.rig.writer, 2, 21);
    rig_commit(&scene.rig, scene.now);
    assert_string_equal(open_ranges(), "");
    assert_int_equal(scene_count(&scene, "SELECT count(*) FROM replay"), 0);
    assert_int_equal(replay_floor(&scene.rig.writer, &floor), ERR_OK);
    assert_true(floor == UINT64_MAX);
    assert_false(replay_moved(&scene.rig.writer));
    ask(1, 1);
    assert_int_equal(scene_count(&scene, "SELECT id FROM replay"), 3); /* no id twice */
}

static void sixteen_may_be_open(void **state) {
    (void)state;
    for (uint64_t i = 0; i < REPLAYS_MAX - 1; i++)
        ask(30 - 2 * i, 30 - 2 * i);
    ask(1, 1);
    struct order o = replay_order(3, 3); /* touches one: no place needed */
    assert_done(&scene, &o, "rows", 1);
    o = replay_order(head, head);
    assert_refused(&scene, &o, "16 ranges wait already; ask again");
}

static void ranges_of_another_epoch_make_room(void **state) {
    (void)state;
    for (uint64_t i = 0; i < REPLAYS_MAX; i++)
        assert_int_equal(db_exec(scene.rig.writer.db,
                                 "INSERT INTO replay(dest,epoch,from_seq,to_seq,done,t)"
                                 " VALUES('mqtt',7,1,9,0,0)"),
                         ERR_OK);
    assert_string_equal(open_ranges(), "");
    ask(1, 2);
    assert_int_equal(scene_count(&scene, "SELECT count(*) FROM replay"), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_range_is_open_before_the_reply, begin, end),
        cmocka_unit_test_setup_teardown(its_rows_are_those_of_the_outbox, begin, end),
        cmocka_unit_test_setup_teardown(what_cannot_be_is_refused_in_words, begin, end),
        cmocka_unit_test_setup_teardown(what_is_beyond_the_reach_is_expired, begin, end),
        cmocka_unit_test_setup_teardown(an_event_or_a_quarter_is_kept_longer, begin, end),
        cmocka_unit_test_setup_teardown(long_lists_of_expired_ranges_are_cut, begin, end),
        cmocka_unit_test_setup_teardown(a_range_that_begins_in_an_open_one_widens_it, begin, end),
        cmocka_unit_test_setup_teardown(rows_that_were_sent_already_can_be_asked_for_again, begin,
                                        end),
        cmocka_unit_test_setup_teardown(the_table_follows_what_was_delivered, begin, end),
        cmocka_unit_test_setup_teardown(sixteen_may_be_open, begin, end),
        cmocka_unit_test_setup_teardown(ranges_of_another_epoch_make_room, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
