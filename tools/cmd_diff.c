/* `busbar diff`: what a new site file would change, before it is activated. */
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "commands.h"
#include "config/config.h"
#include "config/diff.h"

static const char usage[] =
    "usage: busbar diff --config NEW --against OLD [--data DIR]\n"
    "Checks both site files as the gateway would and says what NEW changes by meaning: devices,\n"
    "links, points, accounts, tariffs and settings that were added (+), removed (-), changed (~).\n"
    "The rest of the output is one line with both fingerprints. DIR holds profiles/, tariffs/,\n"
    "carbon/.\n"
    "Exit status: 0 good, with or without differences, 64 usage, 78 errors in one of the files.\n";

struct arguments {
    const char *config, *against, *data_dir;
};

/* EXIT_GOOD, or what to leave with; *ret_help: help was asked for. */
static int parse(int argc, char **argv, struct arguments *ret, bool *ret_help) {
    for (int i = 1; i < argc; i++) {
        const char **to = strcmp(argv[i], "--config") == 0    ? &ret->config
                          : strcmp(argv[i], "--against") == 0 ? &ret->against
                          : strcmp(argv[i], "--data") == 0    ? &ret->data_dir
                                                              : NULL;
        *ret_help = strcmp(argv[i], "--help") == 0;
        if (*ret_help)
            return EXIT_GOOD;
        if (to == NULL || i + 1 == argc) {
            fprintf(stderr, "busbar diff: '%s' is not expected here; try --help\n", argv[i]);
            return EXIT_USAGE_ERROR;
        }
        *to = argv[++i];
    }
    if (ret->config != NULL && ret->against != NULL)
        return EXIT_GOOD;
    fputs("busbar diff: which two site files? give --config NEW --against OLD\n", stderr);
    return EXIT_USAGE_ERROR;
}

static int load(const char *file, const char *data_dir, struct site **ret) {
    struct config_errors errors;
    config_errors_init(&errors);
    int rc = config_load_site(file, data_dir, &errors, ret);
    if (rc < 0)
        config_errors_print(&errors, stderr);
    config_errors_free(&errors);
    return rc;
}

static void print_line(void *arg, const char *line) {
    (void)arg;
    puts(line);
}

int cmd_diff(int argc, char **argv) {
    struct arguments a = {0};
    struct site *from = NULL, *to = NULL;
    bool help = false;
    int status = parse(argc, argv, &a, &help);
    if (help)
        fputs(usage, stdout);
    if (help || status != EXIT_GOOD)
        return status;
    status = EXIT_CONFIG_ERROR;
    if (load(a.against, a.data_dir, &from) == ERR_OK && load(a.config, a.data_dir, &to) == ERR_OK) {
        size_t n = site_diff(from, to, print_line, NULL);
        printf("%zu difference%s, configuration %s -> %s\n", n, n == 1 ? "" : "s",
               from->config_hash, to->config_hash);
        status = EXIT_GOOD;
    }
    site_free(from);
    site_free(to);
    return status;
}
