/* A web server on a loopback port of its own, over a store that holds 16 minutes of the small
 * works, among them one closed quarter. */
#ifndef BUSBAR_TESTS_WEB_RIG_H
#define BUSBAR_TESTS_WEB_RIG_H

#include "alert/settings.h"
#include "http_client.h"
#include "sys/clock.h"
#include "unit/store_rig.h"
#include "web/web.h"

static struct rig rig;
static struct web *web;
static uint16_t port;
static const struct contract_step contract = {.from_day = INT32_MIN, .kw = 40000.0};
static struct account account = {.id = "main",
                                 .contracts = &contract,
                                 .contract_count = 1,
                                 .billing_day = 1,
                                 .pf_standard = 0.9,
                                 .capacity_kva = (double)NAN};
static struct metering_point metering_point = {
    .id = "p1", .feed = GRID, .check_feed = SITE_NONE, .line_limit_kva = (double)NAN};

static struct link_def link_a = {.id = "a"};
static struct alert_settings no_alerts; /* the rules are not what is asked for here */

static inline int start_on(const char *listen, struct web **ret) {
    const struct web_options o = {.site = &rig.works.site, .version = "9.9", .live = rig.live};
    rig.works.site.web.listen = listen;
    return web_start(&o, ret);
}

static inline int web_rig_init(void **state) {
    (void)state;
    assert_int_equal(clock_set_zone("UTC"), ERR_OK);
    works_init(&rig.works);
    rig.works.site.alerts = &no_alerts;
    rig.works.site.accounts = &account;
    rig.works.site.account_count = 1;
    rig.works.site.metering_points = &metering_point;
    rig.works.site.metering_point_count = 1;
    rig.works.site.mqtt.configured = true;
    rig.works.site.links = &link_a;
    rig.works.site.link_count = 1;
    assert_int_equal(rig_open(&rig, T0), ERR_OK);
    rig_run(&rig, T0, T0 + 16 * MINUTE + 5000);
    assert_int_equal(start_on("127.0.0.1:0", &web), ERR_OK);
    port = web_port(web);
    assert_int_not_equal(port, 0);
    return 0;
}

static inline int web_rig_fini(void **state) {
    (void)state;
    web_stop(web);
    rig_fini(&rig);
    return 0;
}

static inline void live_now(double grid_kw) {
    struct live_site l;
    live_get_site(rig.live, &l);
    l.utc_ms = clock_now().utc_us / US_PER_MS;
    l.power_kw[SITE_GRID] = grid_kw;
    l.demand_kw = 123.5;
    l.demand_shed_kw = 17.25;
    l.contract_kw = 3200.0;
    live_put_site(rig.live, &l);
}

static inline void assert_goes_on(void) {
    json_t *j = http_json(port, "/api/v1/live");
    json_decref(j);
}

static inline void assert_error(struct reply r, int status, const char *word) {
    assert_int_equal(r.status, status);
    json_t *j = json_loads(r.body, 0, NULL);
    assert_non_null(j);
    assert_int_equal(json_object_size(j), 1);
    assert_non_null(strstr(text_at(j, "error"), word));
    assert_non_null(strstr(text_at(j, "error"), "; "));
    json_decref(j);
    reply_free(&r);
}

#endif
