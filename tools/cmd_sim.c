/* `busbar sim`: serves every device of a site file, physically consistent. One thread. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/err.h"
#include "commands.h"
#include "config/config.h"
#include "sim/options.h"
#include "sim/rewrite.h"
#include "sim/serve.h"
#include "sim/truth.h"
#include "sys/clock.h"

#define HALF_SECOND_MS  500
#define TRUTH_PERIOD_US 95000 /* a line each 100 ms real at most */
#define STEPS_PER_TURN  2000  /* clients are served between so many steps */
#define MESSAGE_MAX     1024

struct sim {
    struct sim_options options;
    struct site *site;
    struct plant *plant;
    struct registers *registers;
    struct faults faults;
    struct serve *serve;
    FILE *truth;
    int signals;
    ms_t base_ms;  /* simulated time at */
    us_t base_us;  /* this instant of the monotonic clock */
    us_t truth_us; /* when the last line was written */
    bool behind;   /* has been told that the machine cannot keep the speed */
};

static int fail(int status, const char *message) {
    (void)fprintf(stderr, "busbar sim: %s\n", message);
    return status;
}

/* ---- time ---- */

static ms_t simulated_ms(const struct sim *s, us_t now_us) {
    return s->base_ms + (ms_t)((double)(now_us - s->base_us) / US_PER_MS * s->options.speed);
}

static us_t real_us(const struct sim *s, ms_t simulated) {
    return s->base_us + (us_t)((double)(simulated - s->base_ms) * US_PER_MS / s->options.speed) + 1;
}

static int write_truth(struct sim *s, us_t now_us, bool at_once) {
    if (s->truth == NULL || (!at_once && now_us - s->truth_us < TRUTH_PERIOD_US))
        return EXIT_GOOD;
    s->truth_us = now_us;
    if (truth_write(s->truth, s->plant) < 0) {
        (void)fprintf(stderr, "busbar sim: %s: %s; choose another --truth file\n", s->options.truth,
                      strerror(errno));
        return EXIT_IO_ERROR;
    }
    return EXIT_GOOD;
}

/* Lets simulated time catch up with the clock. */
static int advance(struct sim *s, us_t now_us) {
    ms_t target = simulated_ms(s, now_us);
    int status = EXIT_GOOD;

    faults_disturb(&s->faults, s->plant, (double)now_us / US_PER_S);
    for (int i = 0; i < STEPS_PER_TURN && status == EXIT_GOOD; i++) {
        if (s->plant->now_ms + PLANT_STEP_MS > target)
            return EXIT_GOOD;
        plant_step(s->plant, clock_utc_offset_s(s->plant->now_ms + PLANT_STEP_MS));
        status = write_truth(s, now_us, false);
    }
    if (!s->behind && target - s->plant->now_ms > 5 * (ms_t)(s->options.speed * MS_PER_S)) {
        s->behind = true;
        (void)fprintf(stderr,
                      "busbar sim: this machine cannot keep --speed %g for %zu devices; "
                      "simulated time lags, choose a lower speed\n",
                      s->options.speed, s->site->device_count);
    }
    return status;
}

/* ---- setting up ---- */

static int load_site(struct sim *s) {
    struct config_errors errors;
    int rc;

    config_errors_init(&errors);
    rc = config_load_site(s->options.site_file, s->options.data_dir, &errors, &s->site);
    config_errors_print(&errors, stderr);
    config_errors_free(&errors);
    if (rc != ERR_OK)
        return EXIT_CONFIG_ERROR;
    for (size_t i = 0; i < s->site->link_count; i++) {
        if (s->site->links[i].kind == LINK_RTU && s->options.pty_dir[0] == '\0')
            return fail(EXIT_USAGE_ERROR, "the site has serial lines; give --pty-dir DIR (or "
                                          "--write-site) so that their ptys have a place");
    }
    if (clock_set_zone(s->site->timezone) < 0) {
        (void)fprintf(stderr, "busbar sim: %s: unknown time zone '%s'; install tzdata\n",
                      s->options.site_file, s->site->timezone);
        return EXIT_CONFIG_ERROR;
    }
    return EXIT_GOOD;
}

static int load_faults(struct sim *s) {
    char message[MESSAGE_MAX];

    if (s->options.faults == NULL)
        return EXIT_GOOD;
    if (faults_load(&s->faults, s->options.faults, s->site, message, sizeof message) < 0)
        return fail(EXIT_CONFIG_ERROR, message);
    s->faults.since_s = (double)clock_now().mono_us / US_PER_S;
    (void)printf("faults: %zu\n", s->faults.count);
    return EXIT_GOOD;
}

/* Powers change at the half second: gateways poll on the full one and see one instant. */
static int start_plant(struct sim *s) {
    struct instant now = clock_now();
    ms_t start;

    s->base_us = now.mono_us;
    s->base_ms = s->options.has_start ? s->options.start_ms : floor_div(now.utc_us, US_PER_MS);
    start = floor_div(s->base_ms - HALF_SECOND_MS, MS_PER_S) * MS_PER_S + HALF_SECOND_MS;
    s->plant = plant_new(s->site, s->options.seed, start, clock_utc_offset_s(start));
    s->registers = s->plant != NULL ? registers_new(s->plant) : NULL;
    if (s->registers == NULL)
        return fail(EXIT_OTHER, "out of memory");
    if (s->options.truth == NULL)
        return EXIT_GOOD;
    s->truth = fopen(s->options.truth, "w");
    if (s->truth == NULL) {
        (void)fprintf(stderr, "busbar sim: %s: %s; choose another --truth file\n", s->options.truth,
                      strerror(errno));
        return EXIT_IO_ERROR;
    }
    return write_truth(s, now.mono_us, true);
}

static int start_serving(struct sim *s) {
    struct serve_options o = {
        .host = s->options.host, .base_port = s->options.base_port, .pty_dir = s->options.pty_dir};
    char message[MESSAGE_MAX];
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
    if (serve_open(s->site, s->registers, &s->faults, &o, message, sizeof message, &s->serve) < 0)
        return fail(EXIT_IO_ERROR, message);
    return EXIT_GOOD;
}

static int catch_signals(struct sim *s) {
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    (void)signal(SIGPIPE, SIG_IGN); /* whoever read our output may leave */
    if (sigprocmask(SIG_BLOCK, &set, NULL) == 0)
        s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return s->signals >= 0 ? EXIT_GOOD : fail(EXIT_OTHER, strerror(errno));
}

/* Says where everything is, and writes the site file that leads there. */
static int announce(struct sim *s) {
    size_t n = s->site->link_count;
    struct rewrite_link *links = calloc(n + 1, sizeof *links);
    char(*addresses)[320] = calloc(n + 1, sizeof *addresses);
    struct rewrite change = {.links = links,
                             .link_count = n,
                             .mqtt_url = s->options.mqtt_url,
                             .store_path = s->options.store_path};
    char message[MESSAGE_MAX];
    int status = EXIT_GOOD;

    if (links == NULL || addresses == NULL) {
        status = fail(EXIT_OTHER, "out of memory");
        goto out;
    }
    for (size_t i = 0; i < n; i++) {
        endpoint_address(serve_endpoint(s->serve, i), addresses[i], sizeof addresses[i]);
        links[i] = (struct rewrite_link){s->site->links[i].id, addresses[i]};
        (void)printf("link %s at %s\n", links[i].id, addresses[i]);
    }
    if (s->options.write_site != NULL && rewrite_site(s->options.site_file, s->options.write_site,
                                                      &change, message, sizeof message) < 0) {
        status = fail(EXIT_IO_ERROR, message);
        goto out;
    }
    (void)printf("ready: %zu devices on %zu links, seed %" PRIu64 ", speed %g\n",
                 s->site->device_count, n, s->options.seed, s->options.speed);
    (void)fflush(stdout);
out:
    free(addresses);
    free(links);
    return status;
}

/* ---- running ---- */

/* True when it is time to go. */
static bool take_signals(struct sim *s) {
    struct signalfd_siginfo info;
    bool stop = false;

    while (read(s->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGUSR1)
            serve_print_statistics(s->serve, stdout);
        else if (info.ssi_signo == SIGUSR2)
            (void)load_faults(s); /* a bad file has been reported: the old faults stay */
        else
            stop = true;
        (void)fflush(stdout);
    }
    return stop;
}

static int run(struct sim *s) {
    us_t now = clock_now().mono_us, end = INT64_MAX;
    int status = EXIT_GOOD;

    if (isfinite(s->options.for_s))
        end = now + (us_t)(s->options.for_s * US_PER_S);
    while (status == EXIT_GOOD && now < end && !take_signals(s)) {
        us_t next = real_us(s, s->plant->now_ms + PLANT_STEP_MS);

        serve_turn(s->serve, next < end ? next : end, s->signals);
        now = clock_now().mono_us;
        status = advance(s, now);
    }
    if (status == EXIT_GOOD)
        status = write_truth(s, now, true);
    return status;
}

int cmd_sim(int argc, char **argv) {
    static int (*const stages[])(struct sim *) = {
        load_site, start_plant, load_faults, catch_signals, start_serving, announce, run};
    struct sim s = {.signals = -1};
    int status = sim_options_parse(argc, argv, &s.options);

    if (status != SIM_OPTIONS_RUN)
        return status;
    status = EXIT_GOOD;
    for (size_t i = 0; i < sizeof stages / sizeof stages[0] && status == EXIT_GOOD; i++)
        status = stages[i](&s);
    serve_close(s.serve);
    if (s.truth != NULL)
        (void)fclose(s.truth);
    if (s.signals >= 0)
        (void)close(s.signals);
    faults_free(&s.faults);
    registers_free(s.registers);
    plant_free(s.plant);
    site_free(s.site);
    return status;
}
