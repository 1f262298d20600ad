/* When a new configuration is taken back: reads that got worse where the change could reach, or
 * nearly everywhere. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config/probation.h"

#define DEVICES 5
#define SPAN_MS 60000

/* Two links with two devices each, and one that is alone on a third. */
struct world {
    struct device_profile profile;
    struct link_def links[3];
    struct device devices[DEVICES];
    struct site site;
};

static void world_init(struct world *w) {
    static const char *const links[] = {"l0", "l1", "l2"};
    static const char *const ids[] = {"a", "b", "c", "d", "e"};
    *w = (struct world){.profile = {.name = "meter"}};
    for (int i = 0; i < 3; i++)
        w->links[i] = (struct link_def){.id = links[i], .host = "127.0.0.1", .port = 502};
    for (int i = 0; i < DEVICES; i++)
        w->devices[i] = (struct device){.id = ids[i],
                                        .link = i / 2,
                                        .unit = (uint8_t)(i + 1),
                                        .poll_ms = 1000,
                                        .enabled = true,
                                        .profile = &w->profile};
    w->site = (struct site){
        .links = w->links, .link_count = 3, .devices = w->devices, .device_count = DEVICES};
}

static struct world from, to;
static struct read_counts before[DEVICES], after[DEVICES];
static struct probation_verdict verdict;

static int setup(void **state) {
    (void)state;
    world_init(&from);
    world_init(&to);
    for (int i = 0; i < DEVICES; i++) {
        before[i] = (struct read_counts){.asked = 400, .good = 400};
        after[i] = (struct read_counts){.asked = 1800, .good = 1800};
    }
    return 0;
}

static void judge(void) {
    probation_judge(&from.site, before, &to.site, after, SPAN_MS, &verdict);
}

static void assert_verdict(bool roll_back, size_t compared, size_t worse, size_t touched) {
    judge();
    assert_int_equal(verdict.compared, compared);
    assert_int_equal(verdict.worse, worse);
    assert_int_equal(verdict.touched, touched);
    assert_int_equal(verdict.roll_back, roll_back);
}

static void good_reads_stay(void **state) {
    (void)state;
    to.devices[0].unit = 9;
    assert_verdict(false, 5, 0, 0);
    assert_null(verdict.names[0]);
}

static void one_changed_device_that_is_silent_is_enough(void **state) {
    (void)state;
    to.devices[2].unit = 9;
    after[2].good = 0;
    assert_verdict(true, 5, 1, 1);
    assert_string_equal(verdict.names[0], "c");
    assert_null(verdict.names[1]);
}

static void worse_means_below_half_of_what_it_was(void **state) {
    (void)state;
    to.devices[2].unit = 9;
    after[2].good = 900;
    assert_verdict(false, 5, 0, 0);
    after[2].good = 899;
    assert_verdict(true, 5, 1, 1);
    before[2].good = 300; /* 3 of 4 before: 0.49 is still more than half of it */
    assert_verdict(false, 5, 0, 0);
}

static void a_device_elsewhere_is_a_coincidence(void **state) {
    (void)state;
    to.devices[0].unit = 9;
    after[4].good = 0;
    assert_verdict(false, 5, 1, 0);
    assert_string_equal(verdict.names[0], "e");
}

static void most_devices_are_none(void **state) {
    (void)state;
    after[0].good = after[3].good = 0;
    assert_verdict(false, 5, 2, 0);
    after[4].good = 0;
    assert_verdict(true, 5, 3, 0);
}

static void a_neighbour_on_the_link_is_reached(void **state) {
    (void)state;
    to.devices[3].poll_ms = 100; /* takes the line from c */
    after[2].good = 0;
    assert_verdict(true, 5, 1, 1);
    setup(NULL);
    to.site.device_count = 4; /* e goes: nobody else is on its link */
    after[2].good = 0;
    assert_verdict(false, 4, 1, 0);
    setup(NULL);
    to.devices[4].link = 1; /* e comes to the link of c and d */
    after[2].good = 0;
    assert_verdict(true, 5, 1, 1);
    setup(NULL);
    to.links[1].baud = 19200;
    after[2].good = 0;
    assert_verdict(true, 5, 1, 1);
}

static void what_cannot_be_compared_is_not(void **state) {
    (void)state;
    for (int i = 0; i < DEVICES; i++) {
        to.devices[i].unit = (uint8_t)(to.devices[i].unit + 10);
        after[i].good = 0;
    }
    before[0].good = 199;                /* was silent for more than half */
    before[1] = (struct read_counts){0}; /* was not asked */
    to.devices[2].enabled = false;       /* is not asked any more */
    to.devices[3].id = "new";            /* another device */
    after[4] = (struct read_counts){0};  /* its poll has not come yet */
    to.devices[4].poll_ms = SPAN_MS;
    assert_verdict(false, 1, 0, 0);
    to.devices[4].poll_ms = SPAN_MS / 2; /* twice due, never asked */
    assert_verdict(true, 1, 1, 1);
}

static void names_end_where_the_list_does(void **state) {
    (void)state;
    for (int i = 0; i < DEVICES; i++)
        after[i].good = 0;
    assert_verdict(true, 5, 5, 0);
    assert_string_equal(verdict.names[4], "e");
    assert_null(verdict.names[5]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(good_reads_stay, setup),
        cmocka_unit_test_setup(one_changed_device_that_is_silent_is_enough, setup),
        cmocka_unit_test_setup(worse_means_below_half_of_what_it_was, setup),
        cmocka_unit_test_setup(a_device_elsewhere_is_a_coincidence, setup),
        cmocka_unit_test_setup(most_devices_are_none, setup),
        cmocka_unit_test_setup(a_neighbour_on_the_link_is_reached, setup),
        cmocka_unit_test_setup(what_cannot_be_compared_is_not, setup),
        cmocka_unit_test_setup(names_end_where_the_list_does, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
