/* `busbar request`: a page for the grid company, from the store. Reads the store while busbard
 * writes it. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "commands.h"
#include "request.h"
#include "site_options.h"
#include "sys/clock.h"

struct options {
    const char *config, *data_dir, *db, *account, *from, *to, *lang, *html, *csv, *measure;
    bool help;
};

static const char usage[] =
    "usage: busbar request --config FILE [--data DIR] [--db FILE] [--account ID]\n"
    "                      [--from DATE] [--to DATE] [--measure ALERT] [--lang zh|en]\n"
    "                      [--html FILE] [--csv FILE]\n"
    "\n"
    "A page for the grid company, to print and sign (a page for each account): how loaded\n"
    "transformers, incomers and lines were, the curve of the worst day, the voltage\n"
    "qualification rate, interruptions and sags seen by the meters, and how good the data is.\n"
    "With --measure also 30 days before against 30 days after that measure.\n"
    "Nothing is written but the page, and busbard may run.\n"
    "\n"
    "  --config FILE    the site file: accounts, transformers, metering points\n"
    "  --data DIR       folder with profiles/ and tariffs/, as given to busbard\n"
    "  --db FILE        the store, when it is not the site file's store.path\n"
    "  --account ID     one account only\n"
    "  --from, --to     2026-11-01; from is included, to is not; default: the running month,\n"
    "                   with --measure from its 30 days before to its 30 days after\n"
    "  --measure ALERT  number of the alert whose measure is compared\n"
    "  --lang L         zh (default) or en\n"
    "  --html FILE      where the page goes, - is standard output (default)\n"
    "  --csv FILE       all figures, one a row\n"
    "\n"
    "Exit status: 0 good, 1 nothing is recorded in the range, or no such measure, 64 usage,\n"
    "74 the store cannot be read or a file not written, 78 configuration.\n";

static int usage_error(const char *what, const char *value) {
    fprintf(stderr, "busbar request: %s%s%s; see busbar request --help\n", what, value ? " " : "",
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
                 {"lang", &o->lang},       {"html", &o->html},     {"csv", &o->csv},
                 {"measure", &o->measure}};
    enum { TEXTS = sizeof texts / sizeof texts[0] };
    struct option longs[TEXTS + 2] = {{"help", no_argument, NULL, 'h'}};
    for (int i = 0; i < TEXTS; i++)
        longs[i + 1] = (struct option){texts[i].name, required_argument, NULL, 256 + i};
    optind = 0; /* begin anew */
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, ":h", longs, NULL)) != -1;) {
        if (c >= 256)
            *texts[c - 256].value = optarg;
        else if (c == 'h')
            o->help = true;
        else
            return usage_error(c == ':' ? "a value is missing after" : "unknown option",
                               argv[optind - 1]);
    }
    return optind < argc ? usage_error("unexpected word", argv[optind]) : EXIT_GOOD;
}

static int check_words(const struct options *o, int64_t *ret_measure) {
    if (!o->config)
        return usage_error("--config is missing", NULL);
    if (o->lang && strcmp(o->lang, "zh") != 0 && strcmp(o->lang, "en") != 0)
        return usage_error("--lang is zh or en, not", o->lang);
    if (o->html && o->csv && strcmp(o->html, "-") == 0 && strcmp(o->csv, "-") == 0)
        return usage_error("--html and --csv cannot both go to standard output", NULL);
    if (!o->measure)
        return EXIT_GOOD;
    char *end;
    *ret_measure = strtoll(o->measure, &end, 10);
    return *end == '\0' && *ret_measure > 0
               ? EXIT_GOOD
               : usage_error("--measure is the number of an alert, not", o->measure);
}

/* Without --from: the running month; with a measure the range is its own. */
static int parse_range(const struct options *o, struct request_options *ret) {
    ret->now = clock_now().utc_us / US_PER_MS;
    if (o->measure && !o->from && !o->to)
        return EXIT_GOOD;
    ret->to = ret->now;
    int status = o->to ? site_option_date("request", "--to", o->to, &ret->to) : EXIT_GOOD;
    if (ret->to > ret->now)
        ret->to = ret->now;
    struct local_time t = local_time(ret->to - 1, clock_utc_offset_s);
    ret->from = local_midnight(civil_day(t.year, t.month, 1), clock_utc_offset_s);
    if (status == EXIT_GOOD && o->from)
        status = site_option_date("request", "--from", o->from, &ret->from);
    if (status == EXIT_GOOD && ret->from >= ret->to)
        status = usage_error("--from does not lie before --to or now", NULL);
    return status;
}

/* ---- the page ----------------------------------------------------------------------------- */

static void html_zh(const struct request *r, FILE *out) {
    request_html(r, ADVISE_ZH, out);
}

static void html_en(const struct request *r, FILE *out) {
    request_html(r, ADVISE_EN, out);
}

static int write_file(const char *name, const struct request *r,
                      void (*write)(const struct request *r, FILE *out)) {
    bool standard = strcmp(name, "-") == 0;
    FILE *out = standard ? stdout : fopen(name, "w");
    bool good = out != NULL;
    if (out) {
        write(r, out);
        good = fflush(out) == 0 && !ferror(out);
        if (!standard)
            good = fclose(out) == 0 && good;
    }
    if (good)
        return EXIT_GOOD;
    fprintf(stderr, "busbar request: cannot write %s: %s; check its folder and disk\n",
            standard ? "the output" : name, strerror(errno));
    return EXIT_IO_ERROR;
}

static int print(const struct options *o, const struct request *r, const char *db) {
    bool english = o->lang && strcmp(o->lang, "en") == 0;
    int status = EXIT_GOOD;
    if (r->quarters == 0 && r->dip_count == 0) {
        char from[REQUEST_TIME_MAX], to[REQUEST_TIME_MAX];
        request_put_time(r->options.from, from);
        request_put_time(r->options.to, to);
        fprintf(stderr,
                "busbar request: %s holds no records from %s to %s; give another range, or let "
                "busbard run first\n",
                db, from, to);
        return EXIT_OTHER;
    }
    if (o->html || !o->csv)
        status = write_file(o->html ? o->html : "-", r, english ? html_en : html_zh);
    if (status == EXIT_GOOD && o->csv)
        status = write_file(o->csv, r, request_csv);
    return status;
}

static int refuse(const struct options *o, const char *db, int err) {
    if (o->measure && err == ERR_NOT_FOUND) {
        fprintf(stderr, "busbar request: no alert %s in %s; busbar alerts lists them\n", o->measure,
                db);
        return EXIT_OTHER;
    }
    if (o->measure && err == ERR_RANGE) {
        fprintf(stderr,
                "busbar request: alert %s has no measure yet; enter it with busbar alerts first\n",
                o->measure);
        return EXIT_OTHER;
    }
    fprintf(stderr, "busbar request: %s: cannot read the records: %s; check the disk\n", db,
            err_str(err));
    return EXIT_IO_ERROR;
}

static int run(const struct options *o, const struct site *site,
               const struct request_options *range) {
    const char *db = o->db ? o->db : site->store.path;
    struct reader *reader = NULL;
    if (reader_open(db, &reader) < 0)
        return EXIT_IO_ERROR; /* the log has said why */
    int status;
    struct request *request = malloc(sizeof *request);
    int err = request ? request_make(reader, site, range, request) : ERR_NOMEM;
    if (err == ERR_OK) {
        status = print(o, request, db);
        request_free(request);
    } else {
        status = refuse(o, db, err);
    }
    free(request);
    reader_close(reader);
    return status;
}

int cmd_request(int argc, char **argv) {
    struct options o = {.help = false};
    struct request_options range = {.account = -1};
    struct site *site = NULL;
    int status = parse_words(argc, argv, &o);
    if (status == EXIT_GOOD && o.help)
        fputs(usage, stdout);
    if (status != EXIT_GOOD || o.help)
        return status;
    status = check_words(&o, &range.measure);
    if (status == EXIT_GOOD)
        status = site_option_load("request", o.config, o.data_dir, &site);
    if (status == EXIT_GOOD)
        status = site_option_account("request", site, o.config, o.account, &range.account);
    if (status == EXIT_GOOD)
        status = parse_range(&o, &range);
    if (status == EXIT_GOOD)
        status = run(&o, site, &range);
    site_free(site);
    return status;
}
