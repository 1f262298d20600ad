/* From readings to alerts of accounts, transformers and points of supply: the store's core at work.
 */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/alerts.h"
#include "store/db.h"
#include "store_rig.h"

/* The small works as one account: 28,800 kW of 30,000 kW and 30,000 kVA, PV of 2,000 kW. */
static const struct contract_step contract = {INT32_MIN, 30000};
static const struct account account = {.id = "main",
                                       .contracts = &contract,
                                       .contract_count = 1,
                                       .billing_day = 1,
                                       .pf_standard = 0.90,
                                       .pf_quadrants = 1 | 8,
                                       .capacity_kva = 30000};
static struct metering_point point = {
    .id = "p1", .feed = GRID, .check_feed = SITE_NONE, .line_limit_kva = (double)NAN};
static struct transformer transformer = {.id = "t1", .kva = 30000, .feed = SITE_NONE};

static void supplied_init(struct rig *g) {
    memset(g, 0, sizeof *g);
    works_init(&g->works);
    g->works.site.accounts = (struct account *)&account;
    g->works.site.account_count = 1;
    g->works.site.metering_points = &point;
    g->works.site.metering_point_count = 1;
    g->works.site.transformers = &transformer;
    g->works.site.transformer_count = 1;
    g->works.devices[PV].rated_kw = 2000;
    assert_int_equal(rig_open(g, T0), ERR_OK);
    assert_int_equal(db_exec(g->writer.db, "PRAGMA synchronous=OFF"), ERR_OK);
}

static void run_at(struct rig *g, ms_t from, int seconds, double kw) {
    for (ms_t s = from; s < from + seconds * MS_PER_S; s += MS_PER_S) {
        core_reading(&g->core, works_grid(&g->works, s + 100, kw, grid_register(s), 50.0));
        core_second(&g->core, s + 500);
        rig_commit(g, s + 500);
    }
}

/* The n-th event of a rule, NULL: there is none. The caller decrefs *all. */
static json_t *event_of(const struct rig *g, const char *rule, size_t n, json_t **all) {
    *all = rig_messages(&g->works, OUTBOX_EVENT);
    for (size_t i = 0; i < json_array_size(*all); i++) {
        json_t *e = json_array_get(*all, i);
        const char *name = text_at(e, "rule");
        if (name && strcmp(name, rule) == 0 && n-- == 0)
            return e;
    }
    return NULL;
}

static void assert_event(const struct rig *g, const char *rule, size_t n, const char *object,
                         const char *severity, const char *state) {
    json_t *all, *e = event_of(g, rule, n, &all);
    if (!e)
        fail_msg("no event %zu of %s", n, rule);
    assert_string_equal(text_at(e, "object"), object);
    assert_string_equal(text_at(e, "severity"), severity);
    assert_string_equal(text_at(e, "state"), state);
    json_decref(all);
}

static void assert_no_event(const struct rig *g, const char *rule, size_t n) {
    json_t *all;
    assert_null(event_of(g, rule, n, &all));
    json_decref(all);
}

static void a_back_feed_is_told_and_a_silent_meter_changes_nothing(void **state) {
    struct rig g;
    json_t *all;
    (void)state;
    supplied_init(&g);
    run_at(&g, T0, 20, 500);
    run_at(&g, T0 + 20000, 2, -200); /* 10 % of the PV, 1 s so far */
    assert_no_event(&g, "A13", 0);
    run_at(&g, T0 + 22000, 1, -200);
    assert_event(&g, "A13", 0, "p1", "critical", "raised");
    json_t *e = event_of(&g, "A13", 0, &all);
    assert_near(number_at(e, "value"), -200, 0.5);
    assert_near(number_at(e, "threshold"), -100, 1e-9);
    assert_string_equal(text_at(e, "unit"), "kW");
    json_decref(all);
    run_at(&g, T0 + 23000, 10, -60); /* 3 %: critical is left at 0 only */
    rig_idle(&g, T0 + 33000, T0 + 93000);
    assert_no_event(&g, "A13", 1);
    run_at(&g, T0 + 93000, 10, 500);
    assert_event(&g, "A13", 1, "p1", "warning", "eased"); /* 2 s */
    assert_event(&g, "A13", 2, "p1", "warning", "cleared");
    rig_fini(&g);
}

static void where_export_is_allowed_nothing_flows_back(void **state) {
    struct rig g;
    (void)state;
    memset(&g, 0, sizeof g);
    supplied_init(&g);
    core_fini(&g.core);
    g.works.site.export_allowed = true;
    assert_int_equal(core_init(&g.core, &g.works.site, g.live, &g.writer, T0), ERR_OK);
    run_at(&g, T0, 30, -200);
    assert_no_event(&g, "A13", 0);
    rig_fini(&g);
}

static void demand_and_load_are_told_with_what_to_shed(void **state) {
    struct rig g;
    json_t *all;
    (void)state;
    supplied_init(&g);
    rig_run(&g, T0, T0 + 15 * MINUTE - 2000); /* fourteen minutes are known, then a minute held */
    assert_no_event(&g, "A01", 0);
    rig_run(&g, T0 + 15 * MINUTE - 2000, T0 + 15 * MINUTE + 40000);
    assert_event(&g, "A01", 0, "main", "warning", "raised"); /* 96 % */
    assert_no_event(&g, "A03", 0); /* 48 s of a minute are known, then fifteen minutes held */
    rig_run(&g, T0 + 15 * MINUTE + 40000, T0 + 17 * MINUTE);
    assert_event(&g, "A03", 0, "t1", "warning", "raised"); /* 96 % without reactive power */
    assert_no_event(&g, "A02", 0);
    json_t *e = event_of(&g, "A01", 0, &all);
    assert_near(number_at(e, "value"), GRID_KW, 20);
    assert_near(number_at(e, "threshold"), 27000, 1e-6);
    assert_non_null(strstr(text_at(e, "note"), "96.0 % of the contract of 30000 kW; shed 1800 kW"));
    json_decref(all);
    /* a meter that is silent freezes both */
    rig_idle(&g, T0 + 17 * MINUTE, T0 + 40 * MINUTE);
    assert_no_event(&g, "A01", 1);
    assert_no_event(&g, "A03", 1);
    /* and what it counted meanwhile comes at once: that is no demand of a quarter of an hour */
    rig_run(&g, T0 + 40 * MINUTE, T0 + 44 * MINUTE);
    struct live_site s;
    live_get_site(g.live, &s);
    assert_true(isnan(s.demand_kw));
    assert_no_event(&g, "A01", 1);
    rig_fini(&g);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_back_feed_is_told_and_a_silent_meter_changes_nothing),
        cmocka_unit_test(where_export_is_allowed_nothing_flows_back),
        cmocka_unit_test(demand_and_load_are_told_with_what_to_shed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
