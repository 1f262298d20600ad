/* `busbar alerts`: the ledger of alerts (台账). Reads the store while busbard writes it; what
 * changes an alert goes to busbard as an order (alerts_orders.c). */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "alerts_orders.h"
#include "alerts_view.h"
#include "base/err.h"
#include "commands.h"
#include "control_client.h"
#include "sys/clock.h"
#include "zone_time.h"

enum form { FORM_LIST, FORM_SHOW, FORM_EXPORT };

struct options {
    struct control_call call;
    enum form form;
    struct alert_query query;
    const char *from, *to, *lang, *format;
    bool all, overdue, bom;
};

static const char usage[] =
    "usage: busbar alerts [list] --config FILE [--all|--overdue] [--rule CODE] [--object ID]\n"
    "                     [--from TIME] [--to TIME] [--lang en|zh]\n"
    "       busbar alerts show N --config FILE [--lang en|zh]\n"
    "       busbar alerts ack N --config FILE --by NAME [--note TEXT]\n"
    "       busbar alerts refuse N --config FILE --by NAME --reason TEXT\n"
    "       busbar alerts assign N --config FILE --by NAME --owner NAME [--due DATE]\n"
    "                     [--note TEXT]\n"
    "       busbar alerts measure N --config FILE --by NAME --code CODE --text TEXT [--at TIME]\n"
    "       busbar alerts close N --config FILE --verifier NAME [--note TEXT]\n"
    "       busbar alerts enter --config FILE --by NAME --rule CODE --object TEXT --text TEXT\n"
    "                     [--severity info|warning|major|critical] [--at TIME]\n"
    "       busbar alerts export --config FILE [--format csv|ndjson] [--bom] [the filters of\n"
    "                     list] [--lang en|zh]\n"
    "\n"
    "The ledger of alerts. An alert whose condition is gone is cleared; it is closed by somebody\n"
    "who verifies that a measure was taken and that it has stayed away (alerts.close_after_days\n"
    "of the site file, 7).\n"
    "\n"
    "  list           open alerts, newest first: neither refused nor closed\n"
    "  --all          refused and closed ones too; export always has them unless --overdue\n"
    "  --overdue      open ones whose due date is over\n"
    "  --rule, --object  only those of a rule (A03), of an object (t1)\n"
    "  --from, --to   raised in that time: 2026-11-24, 2026-11-24T08:00 or with +08:00\n"
    "  show N         one alert with its steps and the values before them\n"
    "  ack N          somebody has seen it; takes a refusal back\n"
    "  refuse N       it is no problem, for the reason given\n"
    "  assign N       who looks after it, and by when (2026-12-01)\n"
    "  measure N      what was done: a code (replace_fan) and words; --at when, default now\n"
    "  close N        closes the case (--verifier: who has verified the measure)\n"
    "  enter          a problem that was found on foot; --severity warning by default\n"
    "  export         all alerts on standard output; csv (default, RFC 4180) or ndjson, which\n"
    "                 has the steps too; --bom marks the csv as UTF-8 for spreadsheets\n"
    "  --lang L       en (default) or zh; ndjson has both\n"
    "\n" CONTROL_HELP "list, show and export read the store and need no daemon.\n";

/* ---- options ------------------------------------------------------------------------------ */

static int parse_words(int argc, char **argv, struct options *o) {
    const struct {
        const char *name;
        const char **value;
    } texts[] = {{"config", &o->call.config},
                 {"data", &o->call.data_dir},
                 {"db", &o->call.db},
                 {"rule", &o->query.rule},
                 {"object", &o->query.object},
                 {"from", &o->from},
                 {"to", &o->to},
                 {"lang", &o->lang},
                 {"format", &o->format}};
    enum { TEXTS = sizeof texts / sizeof texts[0] };
    struct option longs[TEXTS + 5] = {{"help", no_argument, NULL, 'h'},
                                      {"all", no_argument, NULL, 'a'},
                                      {"overdue", no_argument, NULL, 'o'},
                                      {"bom", no_argument, NULL, 'b'}};
    for (int i = 0; i < TEXTS; i++)
        longs[i + 4] = (struct option){texts[i].name, required_argument, NULL, 256 + i};
    optind = 0; /* begin anew */
    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, ":h", longs, NULL)) != -1;) {
        if (c >= 256)
            *texts[c - 256].value = optarg;
        else if (c == 'h')
            o->call.help = true;
        else if (c == 'a')
            o->all = true;
        else if (c == 'o')
            o->overdue = true;
        else if (c == 'b')
            o->bom = true;
        else
            return control_usage_error(&o->call,
                                       c == ':' ? "a value is missing after" : "unknown option",
                                       argv[optind - 1]);
    }
    if (o->form == FORM_SHOW && optind < argc)
        o->call.word = argv[optind++];
    return optind < argc ? control_usage_error(&o->call, "unexpected word", argv[optind])
                         : EXIT_GOOD;
}

static int check_words(struct options *o) {
    const struct control_call *c = &o->call;
    char *end = NULL;
    if (!c->config && !c->db)
        return control_usage_error(c, "give --config FILE or --db FILE", NULL);
    if (o->lang && strcmp(o->lang, "en") != 0 && strcmp(o->lang, "zh") != 0)
        return control_usage_error(c, "--lang is en or zh, not", o->lang);
    if (o->format && strcmp(o->format, "csv") != 0 && strcmp(o->format, "ndjson") != 0)
        return control_usage_error(c, "--format is csv or ndjson, not", o->format);
    if ((o->format || o->bom) && o->form != FORM_EXPORT)
        return control_usage_error(c, "--format and --bom are for export", NULL);
    if (o->bom && o->format && strcmp(o->format, "csv") != 0)
        return control_usage_error(c, "--bom is for --format csv", NULL);
    if (o->all && o->overdue)
        return control_usage_error(c, "give --all or --overdue, not both", NULL);
    if (o->form == FORM_SHOW) {
        o->query.id = c->word ? strtol(c->word, &end, 10) : 0;
        if (o->query.id <= 0 || *end != '\0')
            return control_usage_error(c, "the number of an alert is missing, as the list shows it",
                                       c->word);
    }
    o->query.choice = o->overdue                       ? ALERTS_OVERDUE
                      : o->all || o->form != FORM_LIST ? ALERTS_ALL
                                                       : ALERTS_OPEN;
    return EXIT_GOOD;
}

/* In the site's time zone, or TZ. */
static int parse_time(const struct options *o, const char *option, const char *text, ms_t *ret) {
    if (!text || zone_time_parse(text, ret) == ERR_OK)
        return EXIT_GOOD;
    fprintf(stderr, "busbar %s: %s '%s' is no date or ISO 8601 time; see busbar alerts --help\n",
            o->call.command, option, text);
    return EXIT_USAGE_ERROR;
}

static int parse_range(struct options *o) {
    int status = parse_time(o, "--from", o->from, &o->query.from);
    if (status == EXIT_GOOD)
        status = parse_time(o, "--to", o->to, &o->query.to);
    if (status == EXIT_GOOD && o->query.from > o->query.to)
        status = control_usage_error(&o->call, "--from lies after --to", NULL);
    return status;
}

/* ---- output ------------------------------------------------------------------------------- */

static int write_out(const struct options *o, struct reader *r) {
    enum alerts_lang lang = o->lang && strcmp(o->lang, "zh") == 0 ? ALERTS_ZH : ALERTS_EN;
    if (o->form == FORM_LIST)
        return alerts_list(r, &o->query, lang, stdout);
    if (o->form == FORM_SHOW)
        return alerts_show(r, &o->query, lang, stdout);
    if (o->format && strcmp(o->format, "ndjson") == 0)
        return alerts_ndjson(r, &o->query, stdout);
    return alerts_csv(r, &o->query, lang, o->bom, stdout);
}

static int print(const struct options *o) {
    const char *store = o->call.db ? o->call.db : o->call.store;
    struct reader *r = NULL;
    if (reader_open(store, &r) < 0)
        return EXIT_IO_ERROR; /* the log has said why */
    int err = write_out(o, r), status = EXIT_GOOD;
    if (err == ERR_NOT_FOUND) {
        fprintf(stderr, "busbar %s: there is no alert %lld; busbar alerts --all lists them\n",
                o->call.command, (long long)o->query.id);
        status = EXIT_OTHER;
    } else if (err < 0) {
        fprintf(stderr, "busbar %s: %s: cannot read the alerts: %s; check the disk\n",
                o->call.command, store, err_str(err));
        status = EXIT_IO_ERROR;
    }
    if ((fflush(stdout) != 0 || ferror(stdout)) && status == EXIT_GOOD) {
        fprintf(stderr, "busbar %s: cannot write the output: %s; check its disk or reader\n",
                o->call.command, strerror(errno));
        status = EXIT_IO_ERROR;
    }
    reader_close(r);
    return status;
}

static int read_ledger(struct options *o, int argc, char **argv) {
    int status = parse_words(argc, argv, o);
    if (status == EXIT_GOOD && o->call.help)
        fputs(usage, stdout);
    if (status != EXIT_GOOD || o->call.help)
        return status;
    status = check_words(o);
    if (status == EXIT_GOOD)
        status = control_find(&o->call);
    if (status == EXIT_GOOD)
        status = parse_range(o);
    return status == EXIT_GOOD ? print(o) : status;
}

int cmd_alerts(int argc, char **argv) {
    static const char *const forms[] = {
        [FORM_LIST] = "list", [FORM_SHOW] = "show", [FORM_EXPORT] = "export"};
    static const char *const commands[] = {
        [FORM_LIST] = "alerts", [FORM_SHOW] = "alerts show", [FORM_EXPORT] = "alerts export"};
    struct options o = {.form = FORM_LIST};
    bool worded = argc > 1 && argv[1][0] != '-';
    int status = EXIT_GOOD;
    if (worded && alerts_order(argc - 1, argv + 1, usage, &status))
        return status;
    size_t form = 0;
    while (worded && form < sizeof forms / sizeof forms[0] && strcmp(argv[1], forms[form]) != 0)
        form++;
    if (form == sizeof forms / sizeof forms[0]) {
        fprintf(stderr,
                "busbar alerts: '%s' is none of list, show, ack, refuse, assign, measure, close, "
                "enter, export; see busbar alerts --help\n",
                argv[1]);
        return EXIT_USAGE_ERROR;
    }
    o.form = (enum form)form;
    o.call.command = commands[form];
    o.query = alert_query_all(clock_now().utc_us / US_PER_MS);
    return read_ledger(&o, worded ? argc - 1 : argc, worded ? argv + 1 : argv);
}
