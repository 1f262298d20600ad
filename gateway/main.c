/* busbard: wires the shells together. Reads like a table of contents.
 *
 * The main thread waits for signals: SIGHUP reloads, SIGTERM and SIGINT stop. Once a second it
 * looks whether all threads beat, and how a new configuration does (reload.h). */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acquire/acquire.h"
#include "base/err.h"
#include "config/summary.h"
#include "control/address.h"
#include "control/control.h"
#include "gateway.h"
#include "meter/reading.h"
#include "orders/order.h"
#include "publish/deliver.h"
#include "publish/publish.h"
#include "reload.h"
#include "store/historian.h"
#include "store/live.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "sys/notify.h"
#include "sys/ring.h"
#include "sys/watchdog.h"
#include "web/web.h"

enum { EXIT_USAGE = 64, EXIT_IO = 74, EXIT_CONFIG = 78 };

#define RING_SECONDS   8
#define RING_MIN_BYTES ((size_t)256 * 1024)
#define RING_MAX_BYTES ((size_t)4 * 1024 * 1024)

static void print_help(void) {
    puts("usage: busbard --config FILE [--data DIR] [--page DIR] [--check]\n"
         "       busbard --version | --help\n\n"
         "Reads the meters, inverters, PCS and BMS of a site over Modbus, stores and publishes\n"
         "accountable records.\n\n"
         "  --config FILE  the site file (YAML)\n"
         "  --data DIR     folder with profiles/ (beside the site file's own)\n"
         "  --page DIR     folder of the officers' page (" BUSBAR_DATA_DIR "/page)\n"
         "  --check        check the site file, print a summary and leave\n\n"
         "Signals: SIGHUP reloads the site file, SIGTERM and SIGINT stop.\n"
         "Exit status: 0 good, 64 usage, 74 input/output, 78 configuration.");
}

/* ---- the callbacks that join the shells -------------------------------------------------- */

static void on_commit(void *arg) {
    struct gateway *g = arg;
    pthread_mutex_lock(&g->publish_lock);
    publish_wake(g->publish);
    deliver_wake(g->deliver);
    pthread_mutex_unlock(&g->publish_lock);
}

static void on_ack(void *arg, const char *dest, ms_t epoch, uint64_t from, uint64_t to) {
    const struct gateway *g = arg;
    historian_ack(g->historian, dest, epoch, from, to);
}

static void on_replayed(void *arg, int64_t id, uint64_t done) {
    const struct gateway *g = arg;
    historian_replayed(g->historian, id, done);
}

static void on_event(void *arg, const char *event, const char *object, const char *severity,
                     const char *state, const char *note) {
    const struct gateway *g = arg;
    historian_event(g->historian, event, object, severity, state, note);
}

static void destination_figures(const struct gateway *g, struct metrics *ret) {
    struct deliver_stats https[DELIVER_MAX];
    if (g->publish) {
        struct publish_stats p;
        publish_stats(g->publish, &p);
        ret->destination[ret->destinations++] =
            (struct metrics_destination){.id = "mqtt",
                                         .connected = p.connected,
                                         .in_flight = p.in_flight,
                                         .sent = p.sent,
                                         .acknowledged = p.acknowledged,
                                         .refused = p.refused,
                                         .reconnects = p.reconnects};
    }
    _Static_assert(sizeof https[0].id <= METRICS_NAME_MAX, "its id fits");
    _Static_assert(sizeof https[0].last_error == METRICS_ERROR_MAX, "its error fits");
    size_t n = g->deliver ? deliver_stats(g->deliver, https, DELIVER_MAX) : 0;
    for (size_t i = 0; i < n && ret->destinations < METRICS_DESTINATIONS_MAX; i++) {
        struct metrics_destination *d = &ret->destination[ret->destinations++];
        *d = (struct metrics_destination){.connected = https[i].connected,
                                          .sent = https[i].rows,
                                          .acknowledged = https[i].rows,
                                          .refused = https[i].failures};
        memcpy(d->id, https[i].id, sizeof https[i].id);
        memcpy(d->error, https[i].last_error, sizeof d->error);
    }
}

static void webhook_figures(const struct gateway *g, struct metrics *ret) {
    struct webhook_stats hooks[METRICS_WEBHOOKS_MAX];
    _Static_assert(METRICS_WEBHOOKS_MAX == WEBHOOKS_MAX, "each has a place");
    _Static_assert(sizeof hooks[0].id <= METRICS_NAME_MAX, "its id fits");
    ret->webhooks = g->deliver ? deliver_webhook_stats(g->deliver, hooks, WEBHOOKS_MAX) : 0;
    for (size_t i = 0; i < ret->webhooks; i++) {
        struct metrics_webhook *w = &ret->webhook[i];
        *w = (struct metrics_webhook){.connected = hooks[i].connected,
                                      .messages = hooks[i].messages,
                                      .alerts = hooks[i].alerts,
                                      .failures = hooks[i].failures,
                                      .waiting = hooks[i].waiting,
                                      .oldest_utc_ms = hooks[i].oldest_utc_ms};
        memcpy(w->id, hooks[i].id, sizeof hooks[i].id);
    }
}

/* What /metrics says that web cannot know; on its thread, which ends before historian and publish.
 */
static void on_stats(void *arg, struct metrics *ret) {
    struct gateway *g = arg;
    struct historian_stats h;
    historian_stats(g->historian, &h);
    ret->uptime_s = (double)(clock_now().mono_us - g->started_mono_us) / US_PER_S;
    ret->readings = h.readings;
    ret->refused_readings = h.refused_readings;
    ret->ring_refused = ring_refused(g->readings);
    ret->samples = h.samples;
    ret->late_samples = h.late_samples;
    ret->commits = h.commits;
    ret->slots = h.slots;
    ret->records = h.records;
    ret->thinned_raw = h.thinned_raw;
    ret->thinned_records = h.thinned_records;
    ret->db_bytes = h.db_bytes;
    ret->budget_bytes = h.budget_bytes;
    ret->days_until_full = h.days_until_full;
    ret->last_commit_s = (double)h.last_commit_us / US_PER_S;
    ret->store_failing = h.failing;
    ret->refused_blocks = h.refused_blocks;
    ret->replacements = h.replacements;
    ret->disk_free_bytes = h.disk_free_bytes;
    ret->disk_full = h.disk_full;
    destination_figures(g, ret);
    webhook_figures(g, ret);
}

/* Orders of officers, and of the platform beyond those that publish answers itself. */
static size_t run_order(void *arg, const struct order *order, const char *actor, char *reply,
                        size_t cap) {
    struct gateway *g = arg;
    ms_t now = clock_now().utc_us / US_PER_MS;
    pthread_mutex_lock(&g->site_lock);
    const struct order_self self = {.version = BUSBAR_VERSION,
                                    .site = g->site->id,
                                    .gateway = g->site->gateway,
                                    .config_hash = g->site->config_hash};
    size_t n = order_answer(order, &self, now, clock_utc_offset_s(now), reply, cap);
    pthread_mutex_unlock(&g->site_lock);
    if (n > 0)
        return n;
    return historian_order(g->historian, order, actor, reply, cap);
}

/* ---- start and stop ------------------------------------------------------------------------- */

static size_t ring_bytes(const struct site *site) {
    size_t burst = 0;
    for (size_t i = 0; i < site->device_count; i++) {
        const struct device_profile *p = site->devices[i].profile;
        burst += reading_size(p->point_count, p->image_registers) + 16;
    }
    size_t want = burst * RING_SECONDS;
    if (want < RING_MIN_BYTES)
        return RING_MIN_BYTES;
    return want > RING_MAX_BYTES ? RING_MAX_BYTES : want;
}

int start_publish(struct gateway *g) {
    const struct publish_options options = {.site = g->site,
                                            .version = BUSBAR_VERSION,
                                            .live = g->live,
                                            .ack = on_ack,
                                            .replayed = on_replayed,
                                            .event = on_event,
                                            .order = run_order,
                                            .arg = g};
    struct publish *p = NULL;
    int rc = publish_start(&options, &p);
    pthread_mutex_lock(&g->publish_lock);
    g->publish = p;
    pthread_mutex_unlock(&g->publish_lock);
    return rc;
}

void stop_publish(struct gateway *g) {
    pthread_mutex_lock(&g->publish_lock);
    struct publish *p = g->publish;
    g->publish = NULL;
    pthread_mutex_unlock(&g->publish_lock);
    publish_stop(p);
}

/* Without it the other deliveries go on: every row is kept for it. */
void start_deliver(struct gateway *g) {
    const struct deliver_options options = {
        .site = g->site, .version = BUSBAR_VERSION, .ack = on_ack, .event = on_event, .arg = g};
    struct deliver *d = NULL;
    if (deliver_start(&options, &d) < 0)
        log_error("deliver: cannot start: out of memory; nothing is lost, restart busbard");
    pthread_mutex_lock(&g->publish_lock);
    g->deliver = d;
    pthread_mutex_unlock(&g->publish_lock);
}

void stop_deliver(struct gateway *g) {
    pthread_mutex_lock(&g->publish_lock);
    struct deliver *d = g->deliver;
    g->deliver = NULL;
    pthread_mutex_unlock(&g->publish_lock);
    deliver_stop(d);
}

/* Measuring goes on without it: the log says what is missing. */
static void start_control(struct gateway *g) {
    char path[PATH_MAX];
    const struct control_options options = {.path = path, .order = run_order, .arg = g};
    if (control_path(g->site->store.path, path, sizeof path) < 0)
        log_error("store.path is too long for a control socket; orders of busbar are not taken");
    else
        control_start(&options, &g->control);
}

/* The one that was given; else the installed one where there is one. */
static const char *page_folder(const struct gateway *g) {
    static const char installed[] = BUSBAR_DATA_DIR "/page";
    return g->page_dir ? g->page_dir : access(installed, F_OK) == 0 ? installed : NULL;
}

/* Without the page the gateway goes on: web_start() has said why. */
void start_web(struct gateway *g) {
    const struct web_options options = {.site = g->site,
                                        .version = BUSBAR_VERSION,
                                        .page = page_folder(g),
                                        .order = run_order,
                                        .order_arg = g,
                                        .live = g->live,
                                        .stats = on_stats,
                                        .stats_arg = g};
    if (web_start(&options, &g->web) == ERR_OK)
        log_info("web: listens on %s",
                 g->site->web.listen ? g->site->web.listen : WEB_LISTEN_DEFAULT);
}

void stop_web(struct gateway *g) {
    web_stop(g->web);
    g->web = NULL;
}

static int start(struct gateway *g) {
    const struct historian_options options = {.site = g->site,
                                              .site_version = g->site_version,
                                              .version = BUSBAR_VERSION,
                                              .readings = g->readings,
                                              .live = g->live,
                                              .on_commit = on_commit,
                                              .on_commit_arg = g};
    int rc = historian_start(&options, &g->historian);
    if (rc < 0)
        return rc;
    rc = acquire_start(g->site, g->site_version, g->readings, &g->acquire);
    if (rc < 0)
        return rc;
    start_control(g);
    rc = start_publish(g);
    if (rc == ERR_OK) {
        start_deliver(g);
        start_web(g);
    }
    return rc;
}

static void stop(struct gateway *g) {
    control_stop(g->control);
    g->control = NULL;
    acquire_stop(g->acquire);
    g->acquire = NULL;
    stop_web(g);
    stop_deliver(g);
    stop_publish(g);
    historian_stop(g->historian);
    g->historian = NULL;
}

static void block_signals(sigset_t *set) {
    sigemptyset(set);
    sigaddset(set, SIGHUP);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    pthread_sigmask(SIG_BLOCK, set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file at its limit is a full disk, no reason to end */
}

static void say_ready(const struct gateway *g) {
    char status[160];
    (void)snprintf(status, sizeof status, "site %s, %zu devices, configuration %s", g->site->id,
                   g->site->device_count, g->site->config_hash);
    notify_ready(status);
}

/* Until a signal ends it. */
static int serve(struct gateway *g, const sigset_t *signals) {
    static const struct timespec second = {.tv_sec = 1};
    struct watchdog watchdog;
    watchdog_init(&watchdog);
    say_ready(g);
    for (int rc = ERR_OK; rc == ERR_OK;) {
        watchdog_turn(&watchdog, clock_now().mono_us);
        int sig = sigtimedwait(signals, NULL, &second);
        if (sig == SIGTERM || sig == SIGINT) {
            log_info("stopping on signal %d", sig);
            return ERR_OK;
        }
        if (sig == SIGHUP)
            notify_reloading();
        rc = sig == SIGHUP ? reload(g) : reload_turn(g);
        if (sig == SIGHUP && rc == ERR_OK)
            say_ready(g);
        if (rc < 0)
            return rc;
    }
    return ERR_OK;
}

static int run(struct gateway *g, const sigset_t *signals) {
    g->started_mono_us = clock_now().mono_us;
    g->readings = ring_new(ring_bytes(g->site));
    g->live = live_new(g->site->point_count);
    if (!g->readings || !g->live) {
        log_error("out of memory at start: %zu points", g->site->point_count);
        return EXIT_FAILURE;
    }
    int rc = start(g);
    if (rc == ERR_OK)
        log_info("busbard %s: site %s, gateway %s, %zu links, %zu devices, %zu points, "
                 "configuration %s",
                 BUSBAR_VERSION, g->site->id, g->site->gateway, g->site->link_count,
                 g->site->device_count, g->site->point_count, g->site->config_hash);
    if (rc == ERR_OK)
        rc = serve(g, signals);
    notify_stopping();
    stop(g);
    reload_fini(g);
    return rc == ERR_OK ? EXIT_SUCCESS : EXIT_IO;
}

/* False: there is nothing to run; *ret_status says with what to exit. */
static bool read_options(int argc, char **argv, struct gateway *g, bool *ret_check,
                         int *ret_status) {
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"data", required_argument, NULL, 'd'},
                                            {"page", required_argument, NULL, 'p'},
                                            {"check", no_argument, NULL, 'k'},
                                            {"version", no_argument, NULL, 'v'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    *ret_status = EXIT_SUCCESS;
    for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (o) {
        case 'c':
            g->config_file = optarg;
            break;
        case 'd':
            g->data_dir = optarg;
            break;
        case 'p':
            g->page_dir = optarg;
            break;
        case 'k':
            *ret_check = true;
            break;
        case 'v':
            puts("busbard " BUSBAR_VERSION);
            return false;
        case 'h':
            print_help();
            return false;
        default:
            *ret_status = EXIT_USAGE;
            return false;
        }
    }
    if (!g->config_file || optind < argc) {
        fputs("busbard: --config FILE is needed and nothing else; see busbard --help\n", stderr);
        *ret_status = EXIT_USAGE;
        return false;
    }
    return true;
}

int main(int argc, char **argv) {
    struct gateway g = {.site_version = 1};
    sigset_t signals;
    bool check = false;
    int status;
    block_signals(&signals); /* one that comes before anybody waits for it is not lost */
    if (!read_options(argc, argv, &g, &check, &status))
        return status;
    if (load_site(&g, &g.site) < 0)
        return EXIT_CONFIG;
    if (check) {
        config_summary_print(g.site, stdout);
    } else if (clock_set_zone(g.site->timezone) < 0) {
        fprintf(stderr,
                "busbard: time zone \"%s\" is not in the zone database; install tzdata or correct "
                "site.timezone\n",
                g.site->timezone);
        status = EXIT_CONFIG;
    } else {
        pthread_mutex_init(&g.publish_lock, NULL);
        pthread_mutex_init(&g.site_lock, NULL);
        status = run(&g, &signals);
        pthread_mutex_destroy(&g.site_lock);
        pthread_mutex_destroy(&g.publish_lock);
    }
    live_free(g.live);
    ring_free(g.readings);
    site_free(g.site);
    return status;
}
