/* `busbar import prices`: a price list from a csv file to the daemon. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "commands.h"
#include "control_client.h"
#include "price_csv.h"

#define BATCH 400 /* rows of one order: the longest ones stay below its 64 KiB */

static const char usage[] =
    "usage: busbar import prices --config FILE LIST.csv\n"
    "\n"
    "Brings the monthly prices of electricity to the daemon, for costs and bills. The first row "
    "of\n"
    "the list names its columns:\n"
    "\n"
    "  component  energy, losses, transmission, system_operation, funds, export (CNY/kWh),\n"
    "             demand, actual_demand (CNY/kW a month), capacity (CNY/kVA a month)\n"
    "  unit       as above\n"
    "  month      2026-11\n"
    "  version    1, 2, ...: the highest one counts\n"
    "  price      0.3821, up to 8 decimals\n"
    "  status     verified or unverified; may be left out: unverified\n"
    "\n"
    "Columns source and note are for people. Every wrong row is reported with its line; then\n"
    "nothing is sent.\n"
    "\n" CONTROL_HELP;

static bool add_row(json_t *rows, const struct price_text *t) {
    json_t *row = json_pack("{s:s, s:s, s:s, s:s, s:I, s:s}", "month", t->month, "component",
                            t->component, "unit", t->unit, "price", t->price, "version",
                            (json_int_t)t->version, "status", t->status ? t->status : "unverified");
    return json_array_append_new(rows, row) == 0;
}

static int send_batch(const struct control_call *c, const struct price_line *rows, size_t n) {
    json_t *list = json_array();
    bool good = list != NULL;
    for (size_t i = 0; i < n && good; i++)
        good = add_row(list, &rows[i].text);
    json_t *order = good ? json_pack("{s:s, s:O}", "cmd", "prices", "rows", list) : NULL;
    json_decref(list);
    return control_send(c, order, true);
}

static int send_all(const struct control_call *c, const struct price_csv *p) {
    for (size_t done = 0; done < p->count; done += BATCH) {
        const size_t n = p->count - done < BATCH ? p->count - done : BATCH;
        int status = send_batch(c, p->rows + done, n);
        if (status == EXIT_GOOD)
            continue;
        if (done > 0)
            fprintf(stderr,
                    "busbar %s: %s: the rows up to line %d are stored, those from line %d on are "
                    "not\n",
                    c->command, c->word, p->rows[done - 1].line, p->rows[done].line);
        return status;
    }
    printf("done\n  rows: %zu\n", p->count);
    return EXIT_GOOD;
}

static int import_file(const struct control_call *c) {
    struct price_csv p;
    int status = EXIT_OTHER;
    int rc = price_csv_read(&p, c->word, stderr);
    if (rc == ERR_NOMEM)
        fprintf(stderr, "busbar %s: out of memory\n", c->command);
    else if (rc == ERR_IO)
        status = EXIT_IO_ERROR;
    else if (rc == ERR_OK && p.wrong > 0)
        fprintf(stderr, "busbar %s: %s: %zu rows are wrong; correct them, nothing was sent\n",
                c->command, c->word, p.wrong);
    else if (rc == ERR_OK && p.count == 0)
        fprintf(stderr, "busbar %s: %s: no rows below the first one; nothing was sent\n",
                c->command, c->word);
    else if (rc == ERR_OK)
        status = send_all(c, &p);
    price_csv_free(&p);
    return status;
}

int cmd_import(int argc, char **argv) {
    struct control_call c = {.command = "import prices", .takes_word = true};
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "--help") == 0) {
        fputs(usage, stdout);
        return EXIT_GOOD;
    }
    if (strcmp(what, "prices") != 0) {
        fprintf(stderr, "busbar import: import what? only prices is known; see busbar import "
                        "--help\n");
        return EXIT_USAGE_ERROR;
    }
    int status = control_options(&c, argc - 1, argv + 1, NULL, 0);
    if (status == EXIT_GOOD && c.help)
        fputs(usage, stdout);
    if (status != EXIT_GOOD || c.help)
        return status;
    if (!c.word)
        return control_usage_error(&c, "which file?", NULL);
    status = control_find(&c);
    return status == EXIT_GOOD ? import_file(&c) : status;
}
