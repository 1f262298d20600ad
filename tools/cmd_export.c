/* `busbar export`: writes stored readings, records or events to standard output. Reads the store
 * while busbard writes it. */
#include <errno.h>
#include <getopt.h>
#include <string.h>
#include <time.h>

#include "alerts_view.h"
#include "base/err.h"
#include "commands.h"
#include "export.h"
#include "sys/clock.h"
#include "zone_time.h"

enum what { WHAT_NONE, WHAT_READINGS, WHAT_RECORDS, WHAT_EVENTS, WHAT_ALERTS };

struct options {
    struct export_job job;
    enum what what;
    const char *from, *to, *format;
    bool help;
};

static void print_usage(FILE *out) {
    fputs("usage: busbar export --db FILE --what readings|records|events|alerts\n"
          "                     [--from TIME] [--to TIME] [--format csv|ndjson]\n"
          "                     [--point ID]\n"
          "\n"
          "Writes what the store holds to standard output, oldest first.\n"
          "\n"
          "  --db FILE      the store (store.path of the site file)\n"
          "  --what readings   every value read: time, point, value, unit, quality\n"
          "  --what records    1-minute and 15-minute records; ndjson has them whole\n"
          "  --what events     devices down and up, counters, alerts\n"
          "  --what alerts     the ledger of alerts, newest first (busbar alerts export)\n"
          "  --from, --to   2026-11-24, 2026-11-24T08:00 or with +08:00; from is included, to is\n"
          "                 not; a time without offset is local (TZ); default: everything\n"
          "  --format F     csv (default) or ndjson\n"
          "  --point ID     of readings only those of one device (grid) or one point\n"
          "                 (grid.active_power.total)\n",
          out);
}

static int usage_error(const char *what, const char *value) {
    fprintf(stderr, "busbar export: %s%s%s; see busbar export --help\n", what, value ? " " : "",
            value ? value : "");
    return EXIT_USAGE_ERROR;
}

static int parse_what(const char *word, enum what *ret) {
    static const char *const words[] = {"", "readings", "records", "events", "alerts"};
    for (int i = WHAT_READINGS; i <= WHAT_ALERTS; i++)
        if (strcmp(word, words[i]) == 0) {
            *ret = (enum what)i;
            return EXIT_GOOD;
        }
    return usage_error("--what is readings, records, events or alerts, not", word);
}

static int parse_time(const char *option, const char *text, ms_t *ret) {
    if (zone_time_parse(text, ret) == ERR_OK)
        return EXIT_GOOD;
    fprintf(stderr,
            "busbar export: %s '%s' is no date or ISO 8601 time; see busbar export --help\n",
            option, text);
    return EXIT_USAGE_ERROR;
}

static int parse_words(int argc, char **argv, struct options *o) {
    static const struct option options[] = {
        {"db", required_argument, NULL, 'd'},     {"what", required_argument, NULL, 'w'},
        {"from", required_argument, NULL, 'f'},   {"to", required_argument, NULL, 't'},
        {"format", required_argument, NULL, 'o'}, {"point", required_argument, NULL, 'p'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0}};
    int c, status = EXIT_GOOD;
    optind = 1;
    opterr = 0;
    while (status == EXIT_GOOD && (c = getopt_long(argc, argv, ":h", options, NULL)) != -1)
        switch (c) {
        case 'd':
            o->job.db = optarg;
            break;
        case 'w':
            status = parse_what(optarg, &o->what);
            break;
        case 'f':
            o->from = optarg;
            break;
        case 't':
            o->to = optarg;
            break;
        case 'o':
            o->format = optarg;
            break;
        case 'p':
            o->job.point = optarg;
            break;
        case 'h':
            o->help = true;
            break;
        case ':':
            status = usage_error("a value is missing after", argv[optind - 1]);
            break;
        default:
            status = usage_error("unknown option", argv[optind - 1]);
        }
    if (status == EXIT_GOOD && optind < argc)
        status = usage_error("unexpected word", argv[optind]);
    return status;
}

static int parse(int argc, char **argv, struct options *o) {
    o->job = (struct export_job){.from = 0, .to = INT64_MAX / 2, .csv = true, .out = stdout};
    int status = parse_words(argc, argv, o);
    if (status != EXIT_GOOD || o->help)
        return status;
    if (!o->job.db)
        return usage_error("--db is missing", NULL);
    if (o->what == WHAT_NONE)
        return usage_error("--what is missing", NULL);
    if (o->format && strcmp(o->format, "csv") != 0 && strcmp(o->format, "ndjson") != 0)
        return usage_error("--format is csv or ndjson, not", o->format);
    if (o->job.point && o->what != WHAT_READINGS)
        return usage_error("--point is for --what readings", NULL);
    o->job.csv = !o->format || strcmp(o->format, "csv") == 0;
    if (o->from)
        status = parse_time("--from", o->from, &o->job.from);
    if (status == EXIT_GOOD && o->to)
        status = parse_time("--to", o->to, &o->job.to);
    if (status == EXIT_GOOD && o->job.from > o->job.to)
        status = usage_error("--from lies after --to", NULL);
    return status;
}

static int export_alerts(const struct export_job *job) {
    struct alert_query q = alert_query_all(clock_now().utc_us / US_PER_MS);
    q.from = job->from;
    q.to = job->to;
    int err = job->csv ? alerts_csv(job->reader, &q, ALERTS_EN, false, job->out)
                       : alerts_ndjson(job->reader, &q, job->out);
    if (err >= 0)
        return EXIT_GOOD;
    fprintf(stderr, "busbar export: %s: cannot read the alerts: %s; check the disk\n", job->db,
            err_str(err));
    return EXIT_IO_ERROR;
}

static int export_what(const struct options *o) {
    if (o->what == WHAT_READINGS)
        return export_readings(&o->job);
    return o->what == WHAT_ALERTS ? export_alerts(&o->job)
                                  : export_messages(&o->job, o->what == WHAT_EVENTS);
}

int cmd_export(int argc, char **argv) {
    struct options o = {.what = WHAT_NONE};
    tzset();
    int status = parse(argc, argv, &o);
    if (status != EXIT_GOOD)
        return status;
    if (o.help) {
        print_usage(stdout);
        return EXIT_GOOD;
    }
    if (reader_open(o.job.db, &o.job.reader) < 0)
        return EXIT_IO_ERROR; /* the log has said why */
    status = export_what(&o);
    if (fflush(stdout) != 0 && status == EXIT_GOOD) {
        fprintf(stderr, "busbar export: cannot write the output: %s; check its disk or reader\n",
                strerror(errno));
        status = EXIT_IO_ERROR;
    }
    reader_close(o.job.reader);
    return status;
}
