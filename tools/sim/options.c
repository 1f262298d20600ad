#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "commands.h"
#include "sim/options.h"

static const char help[] =
    "usage: busbar sim SITE.yaml [options]\n"
    "\n"
    "Serves every device of a site file with its real register map on loopback TCP ports and "
    "ptys:\n"
    "a simulated substation whose powers, balances and counters agree at every instant.\n"
    "\n"
    "  --listen HOST[:BASE]  address and first TCP port (127.0.0.1, free ports)\n"
    "  --pty-dir DIR         symbolic links DIR/<link id> to the ptys of serial lines\n"
    "                        (beside --write-site)\n"
    "  --write-site FILE     the site file rewritten to these addresses, once all are served\n"
    "  --mqtt URL, --store PATH  rewritten in it as well\n"
    "  --data DIR            where profiles are looked for besides the site file's folder\n"
    "  --truth FILE          one JSON line a simulated second: true powers and counters\n"
    "  --speed N             simulated time runs N times faster (1)\n"
    "  --start TIME          simulated time at the start, ISO 8601 (now)\n"
    "  --seed N              same seed and start, same values (1)\n"
    "  --for SECONDS         stop after so many real seconds\n"
    "  --faults FILE         YAML list of {at_s, for_s, device or link, fault, code, ms, bytes,\n"
    "                        kw, ramp_s};\n"
    "                        faults: silent exception wrong_unit wrong_transaction truncated\n"
    "                        oversized trickle reset refuse bad_crc late freeze_value vanish_pty\n"
    "                        clock output extra_load load reversed_ct\n"
    "\n"
    "SIGUSR1 prints statistics as a JSON line, SIGUSR2 reads the faults file again, SIGTERM "
    "stops.\n";

static int usage(const char *what, const char *value) {
    (void)fprintf(stderr, "busbar sim: %s '%s'; see busbar sim --help\n", what, value);
    return EXIT_USAGE_ERROR;
}

/* HOST, HOST:BASE, [V6]:BASE */
static int parse_listen(const char *text, struct sim_options *o) {
    const char *colon = strrchr(text, ':'), *host = text;
    size_t length = strlen(text);

    if (text[0] == '[') {
        const char *close = strchr(text, ']');

        if (close == NULL || (close[1] != '\0' && close[1] != ':'))
            return usage("bad address for --listen", text);
        host = text + 1;
        length = (size_t)(close - host);
        colon = close[1] == ':' ? close + 1 : NULL;
    } else if (colon != NULL) {
        length = (size_t)(colon - text);
    }
    if (length == 0 || length >= sizeof o->host)
        return usage("bad address for --listen", text);
    memcpy(o->host, host, length);
    o->host[length] = '\0';
    o->base_port = 0;
    if (colon != NULL) {
        char *end;
        unsigned long port = strtoul(colon + 1, &end, 10);

        if (end == colon + 1 || *end != '\0' || port > UINT16_MAX)
            return usage("bad port for --listen", text);
        o->base_port = (uint16_t)port;
    }
    return SIM_OPTIONS_RUN;
}

static int parse_number(const char *name, const char *text, double most, double *ret) {
    char *end;
    double v = strtod(text, &end);

    if (end == text || *end != '\0' || !isfinite(v) || v <= 0.0 || v > most)
        return usage(name, text);
    *ret = v;
    return SIM_OPTIONS_RUN;
}

static int parse_seed(const char *text, uint64_t *ret) {
    char *end;

    errno = 0;
    *ret = strtoull(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || text[0] == '-')
        return usage("--seed wants a whole number, not", text);
    return SIM_OPTIONS_RUN;
}

static int parse_start(const char *text, struct sim_options *o) {
    if (iso8601_parse(text, 0, &o->start_ms) < 0)
        return usage("--start wants a time such as 2026-06-21T08:00:00+08:00, not", text);
    o->has_start = true;
    return SIM_OPTIONS_RUN;
}

static int parse_pty_dir(const char *text, struct sim_options *o) {
    if (text[0] == '\0' || strlen(text) >= sizeof o->pty_dir)
        return usage("--pty-dir is empty or too long:", text);
    (void)snprintf(o->pty_dir, sizeof o->pty_dir, "%s", text);
    return SIM_OPTIONS_RUN;
}

/* The folder of --write-site, when no other was given. */
static int default_pty_dir(struct sim_options *o) {
    const char *slash;
    size_t length;

    if (o->pty_dir[0] != '\0' || o->write_site == NULL)
        return SIM_OPTIONS_RUN;
    slash = strrchr(o->write_site, '/');
    length = slash == NULL ? 0 : (size_t)(slash - o->write_site);
    if (length >= sizeof o->pty_dir)
        return usage("path too long:", o->write_site);
    memcpy(o->pty_dir, o->write_site, length);
    if (length == 0)
        o->pty_dir[length++] = slash == NULL ? '.' : '/';
    o->pty_dir[length] = '\0';
    return SIM_OPTIONS_RUN;
}

enum option_id {
    OPT_HELP,
    OPT_LISTEN,
    OPT_PTY_DIR,
    OPT_WRITE_SITE,
    OPT_MQTT,
    OPT_STORE,
    OPT_DATA,
    OPT_TRUTH,
    OPT_SPEED,
    OPT_START,
    OPT_SEED,
    OPT_FOR,
    OPT_FAULTS,
    OPT_COUNT
};

static const struct option table[] = {{"help", no_argument, NULL, OPT_HELP},
                                      {"listen", required_argument, NULL, OPT_LISTEN},
                                      {"pty-dir", required_argument, NULL, OPT_PTY_DIR},
                                      {"write-site", required_argument, NULL, OPT_WRITE_SITE},
                                      {"mqtt", required_argument, NULL, OPT_MQTT},
                                      {"store", required_argument, NULL, OPT_STORE},
                                      {"data", required_argument, NULL, OPT_DATA},
                                      {"truth", required_argument, NULL, OPT_TRUTH},
                                      {"speed", required_argument, NULL, OPT_SPEED},
                                      {"start", required_argument, NULL, OPT_START},
                                      {"seed", required_argument, NULL, OPT_SEED},
                                      {"for", required_argument, NULL, OPT_FOR},
                                      {"faults", required_argument, NULL, OPT_FAULTS},
                                      {NULL, 0, NULL, 0}};

static int take_option(int which, const char *value, struct sim_options *o) {
    const char **texts[OPT_COUNT] = {
        [OPT_WRITE_SITE] = &o->write_site, [OPT_MQTT] = &o->mqtt_url, [OPT_STORE] = &o->store_path,
        [OPT_DATA] = &o->data_dir,         [OPT_TRUTH] = &o->truth,   [OPT_FAULTS] = &o->faults};

    if (which == OPT_HELP) {
        (void)fputs(help, stdout);
        return EXIT_GOOD;
    }
    if (which < 0 || which >= OPT_COUNT) {
        (void)fputs("busbar sim: unknown or incomplete option; see busbar sim --help\n", stderr);
        return EXIT_USAGE_ERROR;
    }
    if (texts[which] != NULL) {
        *texts[which] = value;
        return SIM_OPTIONS_RUN;
    }
    switch (which) {
    case OPT_LISTEN:
        return parse_listen(value, o);
    case OPT_PTY_DIR:
        return parse_pty_dir(value, o);
    case OPT_SPEED:
        return parse_number("--speed wants a number above 0, not", value, 100000.0, &o->speed);
    case OPT_FOR:
        return parse_number("--for wants seconds, not", value, 1e9, &o->for_s);
    case OPT_START:
        return parse_start(value, o);
    default:
        return parse_seed(value, &o->seed);
    }
}

int sim_options_parse(int argc, char **argv, struct sim_options *ret) {
    struct sim_options o = {
        .host = "127.0.0.1", .speed = 1.0, .for_s = (double)INFINITY, .seed = 1};
    int which, status = SIM_OPTIONS_RUN;

    opterr = 0;
    optind = 1;
    while (status == SIM_OPTIONS_RUN && (which = getopt_long(argc, argv, "", table, NULL)) != -1)
        status = take_option(which, optarg, &o);
    if (status == SIM_OPTIONS_RUN && optind + 1 != argc)
        status = usage("want one site file, not", optind < argc ? argv[optind + 1] : "none");
    if (status == SIM_OPTIONS_RUN) {
        o.site_file = argv[optind];
        status = default_pty_dir(&o);
    }
    if (status == SIM_OPTIONS_RUN)
        *ret = o;
    return status;
}
