/* `busbar check`: reads a site file as the gateway would, prints what it would do or what is wrong.
 */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "commands.h"
#include "config/summary.h"

static const char usage[] =
    "usage: busbar check FILE [--data DIR]\n"
    "Reads a site file and all it names; prints links, devices, planned requests, the time budget\n"
    "of each serial line and which numbers stay empty. DIR holds profiles/, tariffs/, carbon/.\n"
    "Exit status: 0 good (warnings included), 64 usage, 78 errors in the configuration.\n";

int cmd_check(int argc, char **argv) {
    const char *file = NULL, *data_dir = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            fputs(usage, stdout);
            return EXIT_GOOD;
        }
        if (strcmp(argv[i], "--data") == 0 && i + 1 < argc) {
            data_dir = argv[++i];
        } else if (argv[i][0] == '-' || file != NULL) {
            fprintf(stderr, "busbar check: '%s' is not expected here; try --help\n", argv[i]);
            return EXIT_USAGE_ERROR;
        } else {
            file = argv[i];
        }
    }
    if (file == NULL) {
        fprintf(stderr, "busbar check: which site file? try --help\n");
        return EXIT_USAGE_ERROR;
    }
    switch (config_check(file, data_dir, stdout, stderr)) {
    case ERR_OK:
        return EXIT_GOOD;
    case ERR_NOMEM:
        return EXIT_OTHER;
    default:
        return EXIT_CONFIG_ERROR;
    }
}
