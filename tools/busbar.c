/* `busbar`, the engineer's tool: busbar COMMAND ARGUMENTS. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} commands[] = {
    {"check", cmd_check, "checks a site file and shows what it will do"},
    {"diff", cmd_diff, "what a new site file would change, before it is activated"},
    {"probe", cmd_probe, "reads one device once and shows every point"},
    {"sim", cmd_sim, "serves every device of a site file, physically consistent"},
    {"export", cmd_export, "writes stored readings, records and events as csv or ndjson"},
    {"import", cmd_import, "brings a price list to the running daemon"},
    {"meter", cmd_meter, "tells the daemon of an exchanged meter or transformer"},
    {"alerts", cmd_alerts, "the ledger of alerts: shows, acknowledges, closes, exports"},
    {"recompute", cmd_recompute, "has costs and carbon computed again from a day on"},
    {"file-month", cmd_file_month, "freezes a month that was reported"},
    {"backup", cmd_backup, "copies the store while the daemon runs, and checks the copy"},
    {"restore", cmd_restore, "puts a backup in the place of the store"},
    {"passwd", cmd_passwd, "users of the gateway's page"},
    {"advise", cmd_advise, "contract demand, spare capacity and power factor, from the store"},
    {"request", cmd_request, "a page for the grid company: capacity, voltage, interruptions"},
};

#define COMMANDS (sizeof commands / sizeof commands[0])

static void print_help(FILE *out) {
    (void)fputs("usage: busbar COMMAND [ARGUMENTS]\n\n", out);
    for (size_t i = 0; i < COMMANDS; i++)
        (void)fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].summary);
    (void)fputs("\nbusbar COMMAND --help says more; busbar --version shows the version.\n", out);
}

/* Letters that a typing slip shares with the command: same start, or at most one letter wrong,
 * missing, doubled or swapped with its neighbour. */
static bool looks_like(const char *typed, const char *name) {
    size_t a = strlen(typed), b = strlen(name), head = 0, tail = 0;

    while (head < a && head < b && typed[head] == name[head])
        head++;
    while (tail < a - head && tail < b - head && typed[a - 1 - tail] == name[b - 1 - tail])
        tail++;
    if (head >= 2 && (head == a || head == b))
        return true;
    a -= head + tail;
    b -= head + tail;
    return (a <= 1 && b <= 1) ||
           (a == 2 && b == 2 && typed[head] == name[head + 1] && typed[head + 1] == name[head]);
}

static int unknown(const char *typed) {
    for (size_t i = 0; i < COMMANDS; i++) {
        if (looks_like(typed, commands[i].name)) {
            (void)fprintf(stderr, "busbar: no command '%s'; did you mean 'busbar %s'?\n", typed,
                          commands[i].name);
            return EXIT_USAGE_ERROR;
        }
    }
    (void)fprintf(stderr, "busbar: no command '%s'; busbar --help lists them\n", typed);
    return EXIT_USAGE_ERROR;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        print_help(stderr);
        return EXIT_USAGE_ERROR;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
        strcmp(argv[1], "help") == 0) {
        print_help(stdout);
        return EXIT_GOOD;
    }
    if (strcmp(argv[1], "--version") == 0) {
        (void)puts("busbar " BUSBAR_VERSION);
        return EXIT_GOOD;
    }
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    }
    return unknown(argv[1]);
}
