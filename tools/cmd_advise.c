/* `busbar advise`: contract demand, spare capacity and power factor, from the store. Reads the
 * store while busbard writes it. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "advise.h"
#include "base/err.h"
#include "commands.h"
#include "site_options.h"
#include "sys/clock.h"

#define MONTHS  12
#define STEP_KW 50.0

struct options {
    const char *config, *data_dir, *db, *account, *from, *to, *step, *lang;
    bool json, help;
};

static const char usage[] =
    "usage: busbar advise --config FILE [--data DIR] [--db FILE] [--account ID]\n"
    "                     [--from DATE] [--to DATE] [--step-kw N] [--json] [--lang en|zh]\n"
    "\n"
    "What to talk about with the grid company, from the stored records of each account:\n"
    "every contract demand with its basic charge over the recorded billing months, against\n"
    "billing by actual demand and by capacity; how much capacity transformers, incomers and\n"
    "lines have left; the running month's power factor and what the next step takes.\n"
    "Nothing is written, and busbard may run.\n"
    "\n"
    "  --config FILE  the site file: accounts, transformers, tariff\n"
    "  --data DIR     folder with profiles/ and tariffs/, as given to busbard\n"
    "  --db FILE      the store, when it is not the site file's store.path\n"
    "  --account ID   one account only\n"
    "  --from, --to   2026-01-01; from is included, to is not; billing months that end in the\n"
    "                 range count; default: the last 12 months, up to now\n"
    "  --step-kw N    step between two contracts, default 50\n"
    "  --json         one JSON object instead of tables\n"
    "  --lang L       en (default) or zh; JSON is always English\n"
    "\n"
    "Exit status: 0 good, 1 nothing is recorded in the range, 64 usage, 74 the store cannot be\n"
    "read, 78 configuration.\n";

static int usage_error(const char *what, const char *value) {
    fprintf(stderr, "busbar advise: %s%s%s; see busbar advise --help\n", what, value ? " " : "",
            value ? value : "");
    return EXIT_USAGE_ERROR;
}

/* ---- options ------------------------------------------------------------------------------ */

static int parse_words(int argc, char **argv, struct options *o) {
    const struct {
        const char *name;
        const char **value;
    } texts[] = {{"config", &o->config},   {"data", &o->data_dir}, {"db", &o->db},
                 {"account", &o->account}, {"from", &o->from},     {"to", &o->to},
                 {"step-kw", &o->step},    {"lang", &o->lang}};
    enum { TEXTS = sizeof texts / sizeof texts[0] };
    struct option longs[TEXTS + 3] = {{"help", no_argument, NULL, 'h'},
                                      {"json", no_argument, NULL, 'j'}};
    for (int i = 0; i < TEXTS; i++)
        longs[i + 2] = (struct option){texts[i].name, required_argument, NULL, 256 + i};
    optind = 0; /* begin anew */
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, ":h", longs, NULL)) != -1;) {
        if (c >= 256)
            *texts[c - 256].value = optarg;
        else if (c == 'h')
            o->help = true;
        else if (c == 'j')
            o->json = true;
        else
            return usage_error(c == ':' ? "a value is missing after" : "unknown option",
                               argv[optind - 1]);
    }
    return optind < argc ? usage_error("unexpected word", argv[optind]) : EXIT_GOOD;
}

static int check_words(const struct options *o, double *ret_step_kw) {
    char *end = NULL;
    if (!o->config)
        return usage_error("--config is missing", NULL);
    if (o->lang && strcmp(o->lang, "en") != 0 && strcmp(o->lang, "zh") != 0)
        return usage_error("--lang is en or zh, not", o->lang);
    double step_kw = o->step ? strtod(o->step, &end) : STEP_KW;
    if (o->step && (end == o->step || *end != '\0' || !(step_kw > 0.0) || isinf(step_kw)))
        return usage_error("--step-kw is a number of kW above 0, not", o->step);
    *ret_step_kw = step_kw;
    return EXIT_GOOD;
}

/* In the site's time zone. Without --from as many whole months as a year has, before this one. */
static int parse_range(const struct options *o, struct advise_options *ret) {
    ms_t now = clock_now().utc_us / US_PER_MS;
    ret->to = now;
    int status = o->to ? site_option_date("advise", "--to", o->to, &ret->to) : EXIT_GOOD;
    if (ret->to > now)
        ret->to = now;
    struct local_time t = local_time(ret->to - 1, clock_utc_offset_s);
    ret->from = local_midnight(civil_day(t.year, t.month - MONTHS, 1), clock_utc_offset_s);
    if (status == EXIT_GOOD && o->from)
        status = site_option_date("advise", "--from", o->from, &ret->from);
    if (status == EXIT_GOOD && ret->from >= ret->to)
        status = usage_error("--from does not lie before --to or now", NULL);
    return status;
}

/* ---- the advice --------------------------------------------------------------------------- */

static int print(const struct options *o, const struct advise *a, const char *db) {
    int err = ERR_OK;
    if (!advise_has_anything(a)) {
        char from[ISO8601_MAX], to[ISO8601_MAX];
        iso8601_format(from, a->options.from, clock_utc_offset_s(a->options.from));
        iso8601_format(to, a->options.to, clock_utc_offset_s(a->options.to));
        fprintf(stderr,
                "busbar advise: %s holds no records from %s to %s; give another range, or let "
                "busbard run first\n",
                db, from, to);
        return EXIT_OTHER;
    }
    if (o->json)
        err = advise_json(a, stdout);
    else
        advise_text(a, o->lang && strcmp(o->lang, "zh") == 0 ? ADVISE_ZH : ADVISE_EN, stdout);
    if (err == ERR_OK && fflush(stdout) == 0 && !ferror(stdout))
        return EXIT_GOOD;
    fprintf(stderr, "busbar advise: cannot write the output: %s; check its disk or reader\n",
            err < 0 ? err_str(err) : strerror(errno));
    return EXIT_IO_ERROR;
}

static int run(const struct options *o, const struct site *site, struct advise_options *range) {
    const char *db = o->db ? o->db : site->store.path;
    struct reader *reader = NULL;
    if (reader_open(db, &reader) < 0)
        return EXIT_IO_ERROR; /* the log has said why */
    int status = EXIT_IO_ERROR;
    struct advise *advise = malloc(sizeof *advise);
    int err = advise ? advise_make(reader, site, range, advise) : ERR_NOMEM;
    if (err == ERR_OK) {
        status = print(o, advise, db);
        advise_free(advise);
    } else {
        fprintf(stderr, "busbar advise: %s: cannot read the records: %s; check the disk\n", db,
                err_str(err));
    }
    free(advise);
    reader_close(reader);
    return status;
}

int cmd_advise(int argc, char **argv) {
    struct options o = {.json = false};
    struct advise_options range = {.account = -1};
    struct site *site = NULL;
    int status = parse_words(argc, argv, &o);
    if (status == EXIT_GOOD && o.help)
        fputs(usage, stdout);
    if (status != EXIT_GOOD || o.help)
        return status;
    status = check_words(&o, &range.step_kw);
    if (status == EXIT_GOOD)
        status = site_option_load("advise", o.config, o.data_dir, &site);
    if (status == EXIT_GOOD)
        status = site_option_account("advise", site, o.config, o.account, &range.account);
    if (status == EXIT_GOOD)
        status = parse_range(&o, &range);
    if (status == EXIT_GOOD)
        status = run(&o, site, &range);
    site_free(site);
    return status;
}
