/* One energy counted twice: what the site file shows is refused at its place, and what may be right
 * loads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config_fixture.h"

/* A busbar: incomer, two feeders, a sub-feeder, sources, storage with its battery, a hybrid, a
 * coupler with a feeder behind it. */
static const char base[] =
    "site: {id: demo, district: area-1}\n"
    "links: [{id: l, tcp: 127.0.0.1}]\n"
    "devices:\n"
    "  - {id: grid, link: l, unit: 1, profile: meter4q, role: grid, meter_no: \"1\"}\n"
    "  - {id: f1, link: l, unit: 2, profile: meter4q, role: load, parent: grid}\n"
    "  - {id: f2, link: l, unit: 3, profile: meter4q, role: load, parent: grid, sign: -1}\n"
    "  - {id: sub, link: l, unit: 4, profile: meter4q, role: load, parent: f1}\n"
    "  - {id: pv, link: l, unit: 5, profile: meter4q, role: pv, parent: f1}\n"
    "  - {id: string, link: l, unit: 6, profile: meter4q, role: pv, parent: pv}\n"
    "  - {id: pcs, link: l, unit: 7, profile: pcs, role: storage}\n"
    "  - {id: bms, link: l, unit: 8, profile: pcs, role: battery, parent: pcs}\n"
    "  - {id: hybrid, link: l, unit: 9, profile: hybrid, role: storage, parent: grid}\n"
    "  - {id: tie, link: l, unit: 10, profile: meter4q, role: tie, parent: f2}\n"
    "  - {id: far, link: l, unit: 11, profile: meter4q, role: generator, parent: tie}\n"
    "virtual:\n"
    "  - {id: v, role: load, sum: [+grid.active_power, -f1.active_power, +pv.active_power]}\n";

/* Loads the base with a change; the changed text has no mark. */
static void accept(const char *find, const char *with, size_t warnings, struct site **ret) {
    struct config_errors e;
    const char *at = strstr(base, find);
    char text[4096];
    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - base), base, with, at + strlen(find));
    config_errors_init(&e);
    int result = load_text(text, &e, ret);
    if (result < 0 || e.total != warnings) {
        config_errors_print(&e, stderr);
    }
    assert_int_equal(result, ERR_OK);
    assert_int_equal(e.total, warnings);
    config_errors_free(&e);
}

static void accepted(const char *find, const char *with) {
    struct site *s = NULL;
    accept(find, with, 0, &s);
    site_free(s);
}

static void refused(const struct mistake *m, size_t n) {
    for (size_t i = 0; i < n; i++, m++) {
        struct config_errors e;
        struct site *s = NULL;
        size_t line, column;
        char *text = mistake_text(base, m, &line, &column);
        config_errors_init(&e);
        assert_int_equal(load_text(text, &e, &s), ERR_SYNTAX);
        assert_one_error(&e, "s.yaml", line, column, m);
        config_errors_free(&e);
        free(text);
    }
}

#define REFUSED(list) refused(list, sizeof(list) / sizeof((list)[0]))

static bool counted(const struct site *s, const char *id) {
    for (size_t i = 0; i < s->feed_count; i++) {
        if (strcmp(s->feeds[i].id, id) == 0) {
            return s->feeds[i].counted;
        }
    }
    fail_msg("no feed %s", id);
    return false;
}

static void a_sound_tree_loads(void **state) {
    (void)state;
    struct site *s = NULL;
    accept("", "", 0, &s);
    assert_true(counted(s, "grid") && counted(s, "f1") && counted(s, "f2") && counted(s, "pv"));
    assert_true(counted(s, "pcs") && counted(s, "hybrid.storage") && counted(s, "far"));
    assert_false(counted(s, "sub") || counted(s, "string")); /* details */
    assert_false(counted(s, "bms") || counted(s, "tie") || counted(s, "hybrid.grid"));
    site_free(s);
}

static void a_detail_that_asks_to_count(void **state) {
    (void)state;
    static const struct mistake list[] = {
        {"role: load, parent: f1}", "role: load, parent: f1, counted: ^true}",
         "'sub' is inside 'f1' of the same role: counted: true would count one energy twice; take "
         "it away, or give 'f1' counted: false"},
        {"role: pv, parent: pv}", "role: pv, parent: pv, counted: ^true}",
         "'string' is inside 'pv'"},
        {"role: tie, parent: f2}", "role: grid, parent: grid, counted: ^true}",
         "'tie' is inside 'grid' of the same role"},
    };
    REFUSED(list);
}

#define PVS                                                                                        \
    "role: pv, parent: f1}\n"                                                                      \
    "  - {id: string, link: l, unit: 6, profile: meter4q, role: pv, parent: pv}\n"

/* A parent that is in no sum itself may leave it to its details, when they ask for it. */
static void details_instead_of_their_parent(void **state) {
    (void)state;
    struct site *s = NULL;
    accept(PVS,
           "role: pv, parent: f1, counted: false}\n"
           "  - {id: string, link: l, unit: 6, profile: meter4q, role: pv, parent: pv}\n",
           0, &s);
    assert_false(counted(s, "pv") || counted(s, "string"));
    site_free(s);
    accept(PVS,
           "role: pv, parent: f1, counted: false}\n"
           "  - {id: string, link: l, unit: 6, profile: meter4q, role: pv, parent: pv,\n"
           "     counted: true}\n",
           0, &s);
    assert_false(counted(s, "pv"));
    assert_true(counted(s, "string"));
    site_free(s);
}

static void a_detail_of_such_a_detail(void **state) {
    (void)state;
    static const struct mistake list[] = {
        {PVS,
         "role: pv, parent: f1, counted: false}\n"
         "  - {id: string, link: l, unit: 6, profile: meter4q, role: pv, parent: pv,\n"
         "     counted: true}\n"
         "  - {id: panel, link: l, unit: 20, profile: meter4q, role: pv, parent: string,\n"
         "     counted: ^true}\n",
         "'panel' is inside 'string' of the same role"},
    };
    REFUSED(list);
}

static void the_same_role_further_up(void **state) {
    (void)state;
    static const struct mistake list[] = {
        {"role: generator, parent: tie", "role: load, parent: ^tie",
         "'far' is counted, and 'f2' of the same role above 'tie' too: one energy would count "
         "twice; give one of the two counted: false"},
        {"role: tie, parent: f2}\n  - {id: far, link: l, unit: 11, profile: meter4q, role: "
         "generator",
         "role: tie, parent: grid}\n"
         "  - {id: far, link: l, unit: 11, profile: meter4q, role: grid, parent: ^tie}\n"
         "  - {id: x, link: l, unit: 12, profile: meter4q, role: generator",
         "'far' is counted, and 'grid' of the same role above 'tie' too"},
    };
    REFUSED(list);
    accepted("role: generator, parent: tie", "role: load, parent: tie, counted: false");
    accepted("role: generator, parent: tie", "role: load, parent: tie, enabled: false");
    accepted("role: tie, parent: f2}\n  - {id: far, link: l, unit: 11, profile: meter4q, role: "
             "generator",
             "role: tie, parent: grid}\n  - {id: far, link: l, unit: 11, profile: meter4q, role: "
             "load");
}

static void roles_that_are_in_no_sum(void **state) {
    (void)state;
    static const struct mistake list[] = {
        {"role: tie, parent: f2", "role: tie, parent: f2, counted: ^true",
         "a tie carries what other meters count: counted: true would count it twice"},
        {"role: battery, parent: pcs", "role: battery, parent: pcs, counted: ^true",
         "a battery stands behind its converter (role storage), which is counted"},
        {"role: battery, parent: pcs", "role: battery, counted: ^true", "behind its converter"},
    };
    REFUSED(list);
    accepted("role: tie, parent: f2", "role: tie, parent: f2, counted: false");
}

static void what_cannot_stand_there(void **state) {
    (void)state;
    static const struct mistake list[] = {
        {"role: load, parent: f1", "role: load, parent: ^pv", "a load cannot stand below a pv"},
        {"role: pv, parent: pv", "role: storage, parent: ^pv", "a storage cannot stand below a pv"},
        {"role: load, parent: f1", "role: grid, parent: ^f1", "a grid cannot stand below a load"},
    };
    REFUSED(list);
}

static void one_meter_as_two_devices(void **state) {
    (void)state;
    static const struct mistake list[] = {
        {"role: load, parent: grid, sign: -1}\n",
         "role: load, parent: grid, sign: -1}\n"
         "  - {id: g2, link: l, unit: 20, profile: meter4q, role: grid, meter_no: ^\"1\"}\n",
         "meter_no '1' is device 'grid' already, in line 4, and both are counted: one meter would "
         "count twice"},
    };
    REFUSED(list);
    /* a detail and another role are in another sum */
    accepted("role: load, parent: grid, sign: -1}\n",
             "role: load, parent: grid, sign: -1, meter_no: \"1\"}\n"
             "  - {id: g2, link: l, unit: 20, profile: meter4q, role: grid, parent: grid,\n"
             "     meter_no: \"1\"}\n");
    /* the channels of one device are one meter */
    accepted("role: storage, parent: grid}", "role: storage, parent: grid, meter_no: \"1\"}");
}

static void a_hybrid_beside_the_incomer(void **state) {
    (void)state;
    struct site *s = NULL;
    accept("profile: hybrid, role: storage, parent: grid", "profile: hybrid, role: storage", 1, &s);
    assert_true(counted(s, "hybrid.grid")); /* warned of, not refused: it may be an incomer of its
                                               own */
    site_free(s);
    accept("role: grid, meter_no: \"1\"}", "role: grid, counted: false}", 0, &s);
    site_free(s);
}

#define SUM "[+grid.active_power, -f1.active_power, +pv.active_power]"

static void a_sum_of_a_whole_and_its_part(void **state) {
    (void)state;
    static const struct mistake list[] = {
        {SUM, "[+f1.active_power, ^+sub.active_power]",
         "'sub.active_power.total' is a part of 'f1.active_power.total' in this sum: one energy "
         "would count twice; take one of them out, or turn its sign"},
        {SUM, "[^+sub.active_power, +f1.active_power]", "is a part of 'f1.active_power.total'"},
        {SUM, "[+grid.active_power, -f1.active_power, ^-sub.active_power]",
         "'sub.active_power.total' is a part of 'f1"},
        {SUM, "[+grid.active_power, ^f1.active_power]", "is a part of 'grid.active_power.total'"},
        /* through the coupler; f2 and tie: both are meters of what is used below */
        {SUM, "[+f2.active_power, ^+tie.active_power]", "is a part of 'f2.active_power.total'"},
        {SUM, "[+pv.active_power, ^+string.active_power]", "is a part of 'pv"},
        {SUM, "[+pcs.active_power, ^+bms.active_power]", "is a part of 'pcs"},
        {SUM, "[+f1.energy_import, ^+sub.energy_import]", "is a part of 'f1.energy_import'"},
        {SUM, "[+grid.active_power, ^+hybrid.grid.active_power]", "is a part of 'grid"},
        {SUM, "[+f1.active_power, ^+f1.active_power.l1]",
         "'f1.active_power.l1' is a part of 'f1.active_power.total'"},
        {SUM, "[+f1.active_power.l1, ^+f1.active_power]",
         "'f1.active_power.total' is a part of 'f1.active_power.l1'"},
        {SUM, "[+f1.active_power.l1, ^+sub.active_power.l1]", "is a part of 'f1.active_power.l1'"},
        {SUM, "[+f1.active_power.l1, ^+sub.active_power]", "is a part of 'f1.active_power.l1'"},
        {SUM, "[+f1.reactive_power, ^+sub.reactive_power]",
         "is a part of 'f1.reactive_power.total'"},
        {SUM, "[+f1.energy_export_day, ^+sub.energy_export_day]", "is a part of"},
    };
    REFUSED(list);
}

/* The device's own sign turns a power, not what the sum says. */
static void signs_are_those_of_the_sum(void **state) {
    (void)state;
    accepted(SUM, "[+f2.active_power, -tie.active_power]");
    accepted(SUM, "[-f2.active_power, +tie.active_power]");
    static const struct mistake list[] = {
        {SUM, "[-f2.active_power, ^-tie.active_power]", "is a part of 'f2.active_power.total'"},
    };
    REFUSED(list);
}

static void sums_that_are_right(void **state) {
    (void)state;
    accepted(SUM, "[+f1.active_power, -sub.active_power]");      /* the rest of a feeder */
    accepted(SUM, "[+f1.active_power, +f2.active_power]");       /* side by side */
    accepted(SUM, "[+f1.active_power, +pv.active_power]");       /* gross feeder */
    accepted(SUM, "[+f2.active_power, +far.active_power]");      /* the same, through the coupler */
    accepted(SUM, "[+f1.active_power.l1, +f1.active_power.l2]"); /* two phases */
    accepted(SUM, "[+f1.active_power.l1, +sub.active_power.l2]");
    accepted(SUM, "[+f1.energy_import, +sub.energy_export]");      /* two quantities */
    accepted(SUM, "[+f1.energy_import, +sub.energy_import_peak]"); /* a tariff's register */
    accepted(SUM, "[+f1.energy_import, +f1.energy_import_peak]");
    accepted(SUM, "[+hybrid.temperature]"); /* of no channel */
    accepted(SUM, "[+bms.active_power]");
}

static void sums_of_one_kind(void **state) {
    (void)state;
    static const struct mistake list[] = {
        {SUM, "[+f1.energy_import, ^+f2.energy_export_day]",
         "'f2.energy_export_day' is a momentary value, the sum began with a rising counter; sum "
         "points of one kind"},
        {SUM, "[+f1.energy_export_day, ^+f2.energy_import]",
         "is a rising counter, the sum began with a momentary value"},
        {SUM, "[+f1.energy_import, ^+f2.reactive_energy_import]",
         "is in 'kvarh', the sum in 'kWh'; sum points of one unit"},
        {SUM, "[+f1.active_power, ^+f2.state]", "'f2.state' is a state or setting"},
        {SUM, "[^+f2.state]", "'f2.state' is a state or setting"},
    };
    REFUSED(list);
}

static void both_site_files_load(void **state) {
    (void)state;
    static const char *const files[] = {CONFIG_DATA "/full.yaml",
                                        TEST_SOURCE_DIR "/config/sites/demo.yaml"};
    static const char *const data[] = {CONFIG_DATA, TEST_SOURCE_DIR "/config"};
    for (size_t i = 0; i < 2; i++) {
        struct config_errors e;
        struct site *s = NULL;
        config_errors_init(&e);
        assert_int_equal(config_load_site(files[i], data[i], &e, &s), ERR_OK);
        assert_int_equal(s->account_count, 1);
        assert_int_equal(s->metering_point_count, 1);
        assert_string_equal(s->feeds[s->metering_points[0].feed].id, "grid");
        assert_true(s->contract_demand_kw > 3199 && s->contract_demand_kw < 3201); /* 3200 kW */
        site_free(s);
        config_errors_free(&e);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_tree_loads),
        cmocka_unit_test(a_detail_that_asks_to_count),
        cmocka_unit_test(details_instead_of_their_parent),
        cmocka_unit_test(a_detail_of_such_a_detail),
        cmocka_unit_test(the_same_role_further_up),
        cmocka_unit_test(roles_that_are_in_no_sum),
        cmocka_unit_test(what_cannot_stand_there),
        cmocka_unit_test(one_meter_as_two_devices),
        cmocka_unit_test(a_hybrid_beside_the_incomer),
        cmocka_unit_test(a_sum_of_a_whole_and_its_part),
        cmocka_unit_test(signs_are_those_of_the_sum),
        cmocka_unit_test(sums_that_are_right),
        cmocka_unit_test(sums_of_one_kind),
        cmocka_unit_test(both_site_files_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
