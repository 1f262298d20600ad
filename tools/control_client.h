/* What the commands that change state share: their options, and the way of an order to the daemon
 * and of its answer to the user. One thread, blocking. */
#ifndef BUSBAR_TOOLS_CONTROL_CLIENT_H
#define BUSBAR_TOOLS_CONTROL_CLIENT_H

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define CONTROL_OPTIONS_MAX 12

/* --name VALUE of one command. */
struct control_option {
    const char *name;
    const char **value;
    bool required;
};

/* Every command has --config FILE [--data DIR], or --db FILE, and --help. */
struct control_call {
    const char *command; /* "meter change": for messages */
    const char *config, *data_dir, *db;
    const char *word; /* the one word without an option; NULL when none was given */
    bool takes_word, help;
    char store[PATH_MAX]; /* of control_find() */
};

/* Fills the values. An exit status; messages go to stderr. */
int control_options(struct control_call *c, int argc, char **argv, const struct control_option *own,
                    size_t count);
/* control_options() and control_find() in one. False: *ret_status is the exit status; help was
 * shown or a message. */
bool control_begin(struct control_call *c, int argc, char **argv, const struct control_option *own,
                   size_t count, const char *usage, int *ret_status);
int control_usage_error(const struct control_call *c, const char *what, const char *value);
/* Finds the store, and with --config takes the site's time zone. An exit status. */
int control_find(struct control_call *c);
/* A time as typed, with its offset for the order; NULL after a message. */
json_t *control_time(const struct control_call *c, const char *option, const char *text);

/* Checks the order by the daemon's own rules, sends it, waits for the answer, prints it in words.
 * Takes the order over; NULL: it could not be made. An exit status: 0 done, 1 refused, 64 not an
 * order, 69 no daemon and no --config, 74 the connection broke or the store is taken. quiet: prints
 * nothing when it is done. */
int control_send(const struct control_call *c, json_t *order, bool quiet);

/* The help text's lines on --config, --data and --db. */
#define CONTROL_HELP                                                                               \
    "  --config FILE  the site file of the running busbard\n"                                      \
    "  --data DIR     folder with profiles/, as given to busbard\n"                                \
    "  --db FILE      its store instead of the site file (times without offset are then of TZ)\n"  \
    "\nThe running daemon executes it; without one, and with --config, busbar takes the store's\n" \
    "lock and does it itself.\n"                                                                   \
    "Exit status: 0 done, 1 refused, 64 usage, 69 no daemon is running (with --db),\n"             \
    "74 input/output, or another process holds the store, 78 configuration.\n"

#endif
