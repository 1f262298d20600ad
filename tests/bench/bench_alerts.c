/* CPU that the alert rules cost a second: every rule on every object of a site of 200 devices, one
 * value each, nothing raised, and the look at each reading of its devices. Usage: bench_alerts
 * [SECONDS]. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "config/config.h"
#include "store/alert_devices.h"
#include "store/core.h"

#define DEVICES 200
#define T0      ((ms_t)1700000100000)

static const char *role_of(int i) {
    return i == 0 ? "grid" : i % 5 == 1 ? "pv" : i % 10 == 2 ? "storage" : "load";
}

static int write_site(const char *path) {
    FILE *f = fopen(path, "w");
    if (!f)
        return -1;
    fprintf(f, "site: {id: bench, district: d, contract_demand_kw: 3200, transformer_kva: 4000}\n"
               "links: [{id: l, tcp: \"127.0.0.1:502\"}]\ndevices:\n");
    for (int i = 0; i < DEVICES; i++)
        fprintf(f,
                "  - {id: d%d, link: l, unit: %d, profile: eastron-sdm630, role: %s, rated_kw: "
                "100, flexible: %s}\n",
                i, i + 1, role_of(i), i % 3 == 0 ? "true" : "false");
    return fclose(f);
}

static double cpu_s(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* One value for every watch that is not fed by the supply; returns their number. */
static uint64_t feed_all(struct core *c, ms_t at) {
    uint64_t n = 0;
    for (int r = 0; r < ALERT_RULES; r++) {
        enum alert_rule_id rule = (enum alert_rule_id)r;
        for (size_t i = 0; i < alert_object_count(c->site, alert_rule(rule)->object); i++) {
            const struct alert_limits *l = alerts_limits(c->alerts, rule, i);
            if (!l)
                continue;
            const struct alert_signal s = {.value = alert_limits_between(l), .at = at};
            alerts_signal(c->alerts, rule, i, &s);
            n++;
        }
    }
    return n;
}

/* A good reading of every device, as the aggregate hands it on. */
static void read_all(struct core *c, ms_t at, struct sample *samples) {
    size_t most = c->site->devices[0].profile->point_count;
    for (size_t i = 0; i < most; i++)
        samples[i] = (struct sample){.utc_ms = at, .value = (double)(at / MS_PER_S + (ms_t)i)};
    for (size_t i = 0; i < c->site->device_count; i++) {
        const struct reading r = {.device = (uint32_t)i, .utc_ms = at, .kind = READING_POLL};
        alert_devices_reading(c->signals, &r, samples);
    }
}

static int run(struct core *c, int seconds) {
    const struct live_site site = {.utc_ms = T0};
    struct sample *samples = calloc(c->site->devices[0].profile->point_count + 1, sizeof *samples);
    double *feed_kw = calloc(c->site->feed_count, sizeof *feed_kw), began = cpu_s();
    uint64_t signals = 0;
    if (!feed_kw || !samples)
        return 1;
    for (size_t i = 0; i < c->site->feed_count; i++)
        feed_kw[i] = c->tick.feed_kw[i] = 50.0;
    for (int s = 0; s < seconds; s++) {
        ms_t at = T0 + s * MS_PER_S;
        live_demand_accounts(&c->demand, &c->aggregate, at, feed_kw);
        const struct alert_scene scene = {.site = c->site,
                                          .aggregate = &c->aggregate,
                                          .live = c->live,
                                          .feed_kw = feed_kw,
                                          .demand = c->demand.account,
                                          .at = at};
        alerts_second(c->alerts, at);
        alert_supply_second(&c->alert_supply, c->alerts, &scene);
        read_all(c, at, samples);
        alert_devices_second(c->signals, at, &site);
        signals += feed_all(c, at);
    }
    double ms = (cpu_s() - began) * 1000.0 / seconds;
    printf("%d devices, %" PRIu64 " watches: %.3f ms CPU a second\n", DEVICES,
           signals / (uint64_t)seconds, ms);
    free(feed_kw);
    free(samples);
    return 0;
}

static int bench(const char *folder, int seconds) {
    char site_path[128], db_path[128];
    struct config_errors e;
    struct site *site = NULL;
    static struct writer writer;
    static struct core core;
    snprintf(site_path, sizeof site_path, "%s/site.yaml", folder);
    snprintf(db_path, sizeof db_path, "%s/busbar.db", folder);
    config_errors_init(&e);
    if (write_site(site_path) != 0 ||
        config_load_site(site_path, BENCH_DATA_DIR, &e, &site) != ERR_OK) {
        config_errors_print(&e, stderr);
        return 1;
    }
    struct live *live = live_new(site->point_count);
    int err = live ? writer_open(&writer, db_path, T0) : ERR_NOMEM;
    if (err == ERR_OK)
        err = writer_set_site(&writer, site);
    if (err == ERR_OK)
        err = core_init(&core, site, live, &writer, T0);
    if (err < 0) {
        fprintf(stderr, "bench_alerts: %s\n", err_str(err));
        return 1;
    }
    int result = run(&core, seconds);
    core_fini(&core);
    writer_close(&writer);
    live_free(live);
    site_free(site);
    config_errors_free(&e);
    return result;
}

int main(int argc, char **argv) {
    char folder[] = "/tmp/busbar-bench-XXXXXX";
    int seconds = argc > 1 ? atoi(argv[1]) : 2000;
    if (seconds < 1 || !mkdtemp(folder)) {
        fprintf(stderr, "usage: bench_alerts [SECONDS]\n");
        return 64;
    }
    int result = bench(folder, seconds);
    static const char *const files[] = {"site.yaml", "busbar.db", "busbar.db-wal", "busbar.db-shm",
                                        "busbar.db-journal"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        unlink(path);
    }
    rmdir(folder);
    return result;
}
