/* The ledger outlives what happens to its file: a damaged store that is salvaged, a backup. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "alert_rig.h"
#include "store/backup.h"
#include "store_damage.h"

#define AT (T0 + 2 * MINUTE)

static struct scene scene;
static struct ledger before, after;

static void raise_on(const char *object, ms_t at) {
    struct alert_change c = change_of(ALERT_RAISED, ALERT_WARNING, 85.0, at);
    snprintf(c.object, sizeof c.object, "%s", object);
    c.before.count = 1;
    c.before.t[0] = at - MINUTE;
    c.before.value[0] = 79.5;
    take_change(&scene.rig, &c);
}

/* Two alerts, of which the second has two steps. */
static int begin(void **state) {
    (void)state;
    assert_int_equal(clock_set_zone("UTC"), ERR_OK);
    scene_begin(&scene, T0, 5000);
    scene_run(&scene, AT);
    raise_on("t2", AT);
    raise_on("t1", AT + 1000);
    const struct alert_change c = change_of(ALERT_ESCALATED, ALERT_CRITICAL, 101.0, AT + 2000);
    take_change(&scene.rig, &c);
    ledger_read(&scene.rig.works, &before);
    assert_int_equal(before.entries, 2);
    assert_int_equal(before.entry.id, 2);
    assert_int_equal(before.step_count, 2);
    return 0;
}

static int end(void **state) {
    (void)state;
    scene_end(&scene);
    return 0;
}

/* Every byte of what a reader sees is the same. */
static void assert_same(void) {
    assert_int_equal(after.entries, before.entries);
    assert_int_equal(after.step_count, before.step_count);
    assert_memory_equal(&after.entry, &before.entry, sizeof before.entry);
    assert_memory_equal(after.steps, before.steps, sizeof before.steps);
}

static void damage_and_reopen(void) {
    settle_file(scene.rig.writer.db);
    rig_kill(&scene.rig);
    damage_page(scene.rig.works.path, 1);
    assert_int_equal(rig_open(&scene.rig, AT + MINUTE), ERR_OK);
    assert_true(scene.rig.writer.epoch >= AT); /* it is another file */
}

static void a_salvaged_store_has_the_ledger(void **state) {
    (void)state;
    ms_t epoch = scene.rig.writer.epoch;
    damage_and_reopen();
    ledger_read(&scene.rig.works, &after);
    assert_same();
    assert_int_equal(after.steps[0].epoch, epoch); /* whose seqs the evidence are */
    raise_on("t1", AT + MINUTE);
    ledger_read(&scene.rig.works, &after);
    assert_int_equal(after.entries, 2); /* it is there already */
    raise_on("t3", AT + 2 * MINUTE);
    ledger_read(&scene.rig.works, &after);
    assert_int_equal(after.entry.id, 3);
}

static void the_number_of_a_lost_row_is_not_given_again(void **state) {
    (void)state;
    assert_int_equal(db_exec(scene.rig.writer.db, "DELETE FROM alert WHERE id=2"), ERR_OK);
    damage_and_reopen();
    raise_on("t1", AT + MINUTE);
    ledger_read(&scene.rig.works, &after);
    assert_int_equal(after.entry.id, 3);
    assert_int_equal(after.step_count, 1); /* not the history of another */
}

static void a_backup_has_the_ledger(void **state) {
    (void)state;
    struct backup_facts facts;
    struct works copy = scene.rig.works;
    snprintf(copy.path, sizeof copy.path, "%s/copy.db", copy.folder);
    assert_int_equal(backup_copy(scene.rig.writer.db, copy.path, 0, &facts), ERR_OK);
    ledger_read(&copy, &after);
    assert_same();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_salvaged_store_has_the_ledger, begin, end),
        cmocka_unit_test_setup_teardown(the_number_of_a_lost_row_is_not_given_again, begin, end),
        cmocka_unit_test_setup_teardown(a_backup_has_the_ledger, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
