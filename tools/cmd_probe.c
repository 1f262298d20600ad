/* `busbar probe`: reads every point of one device once and shows value, quality and raw words.
 *
 * Asks for what the gateway would ask for (the same planner), through another codec. A merged read
 * that the device refuses is split down to single points, so that only the points it lacks are
 * reported as exceptions. */
#include <getopt.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "commands.h"
#include "config/config.h"
#include "meter/decode.h"
#include "poll/plan.h"
#include "probe_link.h"
#include "sys/clock.h"

#define TIMEOUT_MS      1000
#define SILENT_MAX      2 /* requests without reply before the rest is given up */
#define ILLEGAL_ADDRESS 2
#define NO_PATH         10 /* a gateway in between speaks for a device that does not */
#define NO_RESPONSE     11
#define TEXT_MAX        (2 * POINT_STRING_MAX + 1)

struct options {
    const char *endpoint, *profile, *data_dir;
    int unit, timeout_ms;
    bool json;
};

struct probe {
    struct options opt;
    struct probe_endpoint at;
    struct probe_link *link;
    struct device device;
    struct plan plan;
    struct link_cost cost;
    struct reading *reading;
    struct sample *samples;
    uint8_t *exceptions; /* of each point; 0: none */
    size_t answers;      /* the device's replies, its exceptions too */
    int last_error;
};

static void print_usage(FILE *out) {
    fputs("usage: busbar probe ENDPOINT --unit N --profile NAME|FILE [--data DIR]\n"
          "                    [--timeout MS] [--json]\n"
          "\n"
          "Reads every point of a device once and prints values, quality and raw registers.\n"
          "\n"
          "  ENDPOINT   tcp:HOST:PORT          Modbus TCP\n"
          "             rtu:DEV[,9600[,8N1]]   serial line\n"
          "             rtutcp:HOST:PORT       RTU frames through a serial server\n"
          "  --unit N       unit id, 0 to 247, or 255 over tcp\n"
          "  --profile P    profile name, or a file (with a '/' or ending in .yaml)\n"
          "  --data DIR     folder that holds profiles/\n"
          "  --timeout MS   longest wait for a connection or a reply (1000)\n"
          "  --json         {\"unit\", \"points\": [{\"id\", \"value\", \"unit\", \"quality\", "
          "\"registers\"}]}\n",
          out);
}

static bool parse_number(const char *text, int low, int high, int *ret) {
    char *end;
    long v = strtol(text, &end, 10);

    if (end == text || *end != '\0' || v < low || v > high)
        return false;
    *ret = (int)v;
    return true;
}

static int usage_error(const char *what, const char *value) {
    fprintf(stderr, "busbar probe: %s%s%s; see busbar probe --help\n", what, value ? " " : "",
            value ? value : "");
    return EXIT_USAGE_ERROR;
}

/* EXIT_GOOD, an exit status, or -1 after --help. */
static int parse_options(int argc, char **argv, struct probe *p) {
    static const struct option longs[] = {
        {"unit", required_argument, NULL, 'u'},
        {"profile", required_argument, NULL, 'p'},
        {"data", required_argument, NULL, 'd'},
        {"timeout", required_argument, NULL, 't'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    struct options *o = &p->opt;
    int c;

    *o = (struct options){.unit = -1, .timeout_ms = TIMEOUT_MS};
    optind = 0; /* begin anew: the dispatcher may have parsed before */
    while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        if (c == 'u' &&
            (!parse_number(optarg, 0, 255, &o->unit) || (o->unit > 247 && o->unit != 255)))
            return usage_error("--unit is 0 to 247, or 255 over tcp, not", optarg);
        if (c == 't' && !parse_number(optarg, 1, 600000, &o->timeout_ms))
            return usage_error("--timeout is 1 to 600000 ms, not", optarg);
        if (c == 'p')
            o->profile = optarg;
        if (c == 'd')
            o->data_dir = optarg;
        if (c == 'j')
            o->json = true;
        if (c == 'h') {
            print_usage(stdout);
            return -1;
        }
        if (c == '?')
            return EXIT_USAGE_ERROR; /* getopt has said why */
    }
    if (argc - optind != 1)
        return usage_error("one ENDPOINT is needed", NULL);
    o->endpoint = argv[optind];
    if (o->unit < 0)
        return usage_error("--unit is needed", NULL);
    if (!o->profile)
        return usage_error("--profile is needed", NULL);
    if (probe_endpoint_parse(o->endpoint, &p->at) < 0)
        return usage_error("endpoint is tcp:HOST:PORT, rtu:DEV,9600,8E1 or rtutcp:HOST:PORT, not",
                           o->endpoint);
    if (o->unit == 255 && p->at.kind != LINK_TCP)
        return usage_error("unit 255 exists over tcp only, not on", o->endpoint);
    return EXIT_GOOD;
}

static int load_profile(struct probe *p, struct arena *arena) {
    struct config_errors errors;
    int rc;

    config_errors_init(&errors);
    rc = config_load_profile(p->opt.profile, NULL, p->opt.data_dir, arena, &errors,
                             &p->device.profile);
    config_errors_print(&errors, stderr);
    config_errors_free(&errors);
    return rc < 0 ? EXIT_CONFIG_ERROR : EXIT_GOOD;
}

/* The device as a site without ratios of its own would have it, and room for one poll. */
static int prepare(struct probe *p, struct arena *arena) {
    const struct device_profile *f = p->device.profile;
    size_t parts = plan_part_count(f);
    struct plan_part *part = arena_alloc(arena, parts, sizeof *part);
    struct plan_request *requests = arena_alloc(arena, parts, sizeof *requests);

    p->reading = arena_alloc(arena, 1, reading_size(f->point_count, f->image_registers));
    p->samples = arena_alloc(arena, f->point_count, sizeof *p->samples);
    p->exceptions = arena_alloc(arena, f->point_count, 1);
    if (!part || !requests || !p->reading || !p->samples || !p->exceptions) {
        fprintf(stderr, "busbar probe: %s; the profile is too large for this machine\n",
                err_str(ERR_NOMEM));
        return EXIT_OTHER;
    }
    p->device.ct_ratio = p->device.pt_ratio = (double)NAN;
    reading_init(p->reading, 0, f->point_count, f->image_registers);
    memset(reading_quality(p->reading), QUALITY_GOOD, f->point_count);
    p->cost = p->at.kind == LINK_RTU ? link_cost_serial((uint32_t)p->at.baud, f->request_gap_ms)
                                     : link_cost_tcp(f->request_gap_ms);
    if (plan_build(f, p->cost, &p->plan, part, requests, parts) < 0) {
        fprintf(stderr,
                "busbar probe: profile %s has a point longer than max_registers; raise it\n",
                f->name);
        return EXIT_CONFIG_ERROR;
    }
    return EXIT_GOOD;
}

static void pause_ms(uint32_t ms) {
    if (ms > 0)
        clock_sleep_until(clock_now().mono_us + (us_t)ms * US_PER_MS);
}

static void mark(struct probe *p, const struct plan_request *r, enum quality q, uint8_t exception) {
    for (size_t i = 0; i < r->count; i++) {
        const struct plan_part *part = &p->plan.parts[r->first + i];

        reading_quality(p->reading)[part->point] = (uint8_t)q;
        p->exceptions[part->point] = exception;
    }
}

static void keep(struct probe *p, const struct plan_request *r, const uint16_t *values) {
    for (size_t i = 0; i < r->count; i++) {
        const struct plan_part *part = &p->plan.parts[r->first + i];

        memcpy(reading_registers(p->reading) + part->image_offset,
               values + (part->register_no - r->read.start), part->registers * sizeof(uint16_t));
    }
}

/* Carries out request i; false when it was split and i is to be asked again. */
static bool read_request(struct probe *p, size_t i) {
    struct plan_request *r = &p->plan.requests[i];
    uint16_t values[PDU_BITS_MAX];
    uint8_t exception = 0;
    int rc = probe_link_read(p->link, &r->read, values, &exception);

    if (rc == ERR_OK) {
        p->answers++;
        keep(p, r, values);
    } else if (rc == ERR_EXCEPTION) {
        if (exception == NO_PATH || exception == NO_RESPONSE)
            p->last_error = rc;
        else
            p->answers++;
        if (exception == ILLEGAL_ADDRESS &&
            plan_split(&p->plan, &p->device.profile->limits, p->cost, i) == ERR_OK)
            return false;
        mark(p, r, QUALITY_EXCEPTION, exception);
    } else {
        p->last_error = rc;
        mark(p, r, QUALITY_MISSING, 0);
    }
    return true;
}

static int reconnect(struct probe *p) {
    int rc;

    probe_link_close(p->link);
    p->link = NULL;
    rc = probe_link_open(&p->at, (uint8_t)p->opt.unit, p->opt.timeout_ms, &p->link);
    if (rc == ERR_OK)
        pause_ms(p->device.profile->connect_gap_ms);
    else
        p->last_error = rc;
    return rc;
}

static void read_all(struct probe *p) {
    int silent = 0;

    for (size_t i = 0; i < p->plan.request_count;) {
        size_t answers = p->answers;

        if (silent >= SILENT_MAX || !p->link) {
            mark(p, &p->plan.requests[i++], QUALITY_MISSING, 0);
            continue;
        }
        if (i > 0)
            pause_ms(p->device.profile->request_gap_ms);
        if (read_request(p, i))
            i++;
        if (p->answers > answers) {
            silent = 0;
        } else if (++silent < SILENT_MAX) {
            reconnect(p); /* what comes late must not answer the next request */
        }
    }
}

static const char *next_step(int error, enum link_kind kind) {
    switch (error) {
    case ERR_REFUSED:
        return "check the port, and that the device serves Modbus there";
    case ERR_NOT_FOUND:
        return kind == LINK_RTU ? "check the device name (ls /dev/tty*)" : "check the host name";
    case ERR_TIMEOUT:
        return kind == LINK_RTU ? "check unit id, baud rate, parity and the wires A and B"
                                : "check address, unit id and cable, or raise --timeout";
    case ERR_EXCEPTION:
        return "the unit does not answer the gateway in between: check the unit id";
    case ERR_CRC:
        return "check baud rate and parity, and that no second master is on the line";
    case ERR_CLOSED:
        return "check the unit id, and that no other client holds the connection";
    default:
        return kind == LINK_RTU ? "check that you may open the device (group dialout)"
                                : "check address and network";
    }
}

static int unreachable(const struct probe *p) {
    fprintf(stderr, "busbar probe: %s unit %d: %s; %s\n", p->opt.endpoint, p->opt.unit,
            err_str(p->last_error), next_step(p->last_error, p->at.kind));
    return EXIT_UNREACHABLE;
}

static void point_id(const struct point_def *d, char *out, size_t cap) {
    snprintf(out, cap, "%s%s%s", d->channel ? d->channel : "", d->channel ? "." : "", d->name);
}

/* The words of point i, or none when they were not read. */
static size_t point_words(const struct probe *p, size_t i, const uint16_t **ret_words) {
    uint8_t q = reading_quality(p->reading)[i];
    const struct point_def *d = &p->device.profile->points[i];

    *ret_words = reading_registers(p->reading) + d->image_offset;
    return q == QUALITY_GOOD ? d->registers : 0;
}

/* A string that was read counts as good although it is no number. */
static enum quality point_quality(const struct probe *p, size_t i) {
    if (p->device.profile->points[i].type == POINT_STRING)
        return (enum quality)reading_quality(p->reading)[i];
    return (enum quality)p->samples[i].quality;
}

static void bit_names(const struct point_def *d, double value, char *out, size_t cap) {
    uint32_t bits = isnan(value) ? 0 : (uint32_t)value;
    size_t len = 0;

    out[0] = '\0';
    for (size_t i = 0; i < d->bit_count && len < cap; i++) {
        if (bits >> d->bits[i].bit & 1)
            len += (size_t)snprintf(out + len, cap - len, "%s%s", len > 0 ? "," : " ",
                                    d->bits[i].name);
    }
}

static json_t *json_point(const struct probe *p, size_t i) {
    const struct point_def *d = &p->device.profile->points[i];
    const uint16_t *words;
    size_t count = point_words(p, i, &words);
    double v = p->samples[i].value;
    json_t *value, *registers = json_array();
    char id[160], text[TEXT_MAX];

    point_id(d, id, sizeof id);
    if (d->type == POINT_STRING && count > 0) {
        decode_text(d, words, text, sizeof text);
        value = json_string(text);
    } else {
        value = isnan(v) ? json_null() : json_real(v);
    }
    for (size_t w = 0; w < count; w++) {
        snprintf(text, sizeof text, "0x%04X", words[w]);
        json_array_append_new(registers, json_string(text));
    }
    return json_pack("{s:s, s:o, s:s, s:s, s:o}", "id", id, "value", value, "unit", d->unit,
                     "quality", quality_str(point_quality(p, i)), "registers", registers);
}

static int print_json(const struct probe *p) {
    json_t *points = json_array();
    json_t *root;
    int rc;

    for (size_t i = 0; i < p->device.profile->point_count; i++)
        json_array_append_new(points, json_point(p, i));
    root = json_pack("{s:i, s:o}", "unit", p->opt.unit, "points", points);
    rc = root ? json_dumpf(root, stdout, JSON_REAL_PRECISION(12)) : -1;
    json_decref(root);
    if (rc < 0 || putchar('\n') == EOF || fflush(stdout) == EOF) {
        fprintf(stderr, "busbar probe: cannot write the result; check where stdout goes\n");
        return EXIT_IO_ERROR;
    }
    return EXIT_GOOD;
}

static void print_row(const struct probe *p, size_t i, int width) {
    const struct point_def *d = &p->device.profile->points[i];
    const uint16_t *words;
    size_t count = point_words(p, i, &words);
    double v = p->samples[i].value;
    char id[160], value[TEXT_MAX], names[512];

    point_id(d, id, sizeof id);
    names[0] = '\0';
    if (d->type == POINT_STRING && count > 0) {
        decode_text(d, words, value, sizeof value);
    } else if (isnan(v)) {
        snprintf(value, sizeof value, "-");
    } else {
        snprintf(value, sizeof value, "%.*g", d->type == POINT_F32 ? 8 : 12, v);
        bit_names(d, v, names, sizeof names);
    }
    printf("%-*s %14s %-5s %-12s", width, id, value, d->unit, quality_str(point_quality(p, i)));
    if (p->exceptions[i] > 0)
        printf(" exception %d: %s", p->exceptions[i], pdu_exception_str(p->exceptions[i]));
    for (size_t w = 0; w < count; w++)
        printf(" %04X", words[w]);
    printf("%s\n", names);
}

static int print_table(const struct probe *p) {
    int width = 2;

    for (size_t i = 0; i < p->device.profile->point_count; i++) {
        char id[160];

        point_id(&p->device.profile->points[i], id, sizeof id);
        if ((int)strlen(id) > width)
            width = (int)strlen(id);
    }
    printf("%-*s %14s %-5s %-12s %s\n", width, "id", "value", "unit", "quality", "registers");
    for (size_t i = 0; i < p->device.profile->point_count; i++)
        print_row(p, i, width);
    return fflush(stdout) == EOF ? EXIT_IO_ERROR : EXIT_GOOD;
}

int cmd_probe(int argc, char **argv) {
    struct probe p = {.last_error = ERR_TIMEOUT};
    struct arena *arena = NULL;
    int status = parse_options(argc, argv, &p);

    if (status != EXIT_GOOD)
        return status < 0 ? EXIT_GOOD : status;
    arena = arena_new();
    if (!arena)
        return EXIT_OTHER;
    status = load_profile(&p, arena);
    if (status != EXIT_GOOD)
        goto out;
    status = prepare(&p, arena);
    if (status != EXIT_GOOD)
        goto out;
    if (reconnect(&p) == ERR_OK)
        read_all(&p);
    if (p.answers == 0) {
        status = unreachable(&p);
        goto out;
    }
    p.reading->utc_ms = clock_now().utc_us / US_PER_MS;
    decode_reading(&p.device, p.reading, p.samples);
    status = p.opt.json ? print_json(&p) : print_table(&p);
out:
    probe_link_close(p.link);
    arena_free(arena);
    return status;
}
