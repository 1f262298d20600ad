#include "control_client.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "commands.h"
#include "config/config.h"
#include "control/address.h"
#include "offline_order.h"
#include "orders/order.h"
#include "sys/clock.h"
#include "zone_time.h"

#define CONNECT_WAIT_S 10
#define ANSWER_WAIT_S  120 /* recomputing months takes its time */

/* ---- options ----------------------------------------------------------------------------- */

int control_usage_error(const struct control_call *c, const char *what, const char *value) {
    fprintf(stderr, "busbar %s: %s%s%s; see busbar %s --help\n", c->command, what, value ? " " : "",
            value ? value : "", c->command);
    return EXIT_USAGE_ERROR;
}

static int check_given(const struct control_call *c, const struct control_option *own,
                       size_t count) {
    char name[40];
    if (!c->config == !c->db)
        return control_usage_error(c, "give --config FILE or --db FILE", NULL);
    for (size_t i = 0; i < count; i++) {
        snprintf(name, sizeof name, "--%s", own[i].name);
        if (own[i].required && !*own[i].value)
            return control_usage_error(c, "an option is missing:", name);
    }
    return EXIT_GOOD;
}

int control_options(struct control_call *c, int argc, char **argv, const struct control_option *own,
                    size_t count) {
    const struct control_option common[] = {
        {"config", &c->config, false}, {"data", &c->data_dir, false}, {"db", &c->db, false}};
    enum { COMMON = sizeof common / sizeof common[0] };
    struct option longs[CONTROL_OPTIONS_MAX + COMMON + 2] = {{"help", no_argument, NULL, 'h'}};
    const char **value[CONTROL_OPTIONS_MAX + COMMON];
    for (size_t i = 0; i < COMMON + count; i++) {
        const struct control_option *o = i < COMMON ? &common[i] : &own[i - COMMON];
        longs[i + 1] = (struct option){o->name, required_argument, NULL, 256 + (int)i};
        value[i] = o->value;
    }
    optind = 0; /* begin anew */
    opterr = 0;
    for (int o; (o = getopt_long(argc, argv, ":", longs, NULL)) != -1;) {
        if (o >= 256)
            *value[o - 256] = optarg;
        else if (o == 'h')
            c->help = true;
        else
            return control_usage_error(c, o == ':' ? "a value is missing after" : "unknown option",
                                       argv[optind - 1]);
    }
    if (c->help)
        return EXIT_GOOD;
    if (c->takes_word && optind < argc)
        c->word = argv[optind++];
    if (optind < argc)
        return control_usage_error(c, "unexpected word", argv[optind]);
    return check_given(c, own, count);
}

/* ---- the store --------------------------------------------------------------------------- */

static int load_config(struct control_call *c) {
    struct config_errors errors;
    struct site *site = NULL;
    config_errors_init(&errors);
    int rc = config_load_site(c->config, c->data_dir, &errors, &site);
    if (rc < 0)
        config_errors_print(&errors, stderr);
    config_errors_free(&errors);
    if (rc < 0)
        return EXIT_CONFIG_ERROR;
    int status = EXIT_GOOD;
    if (clock_set_zone(site->timezone) < 0) {
        fprintf(stderr, "busbar %s: %s: unknown time zone '%s'; install tzdata\n", c->command,
                c->config, site->timezone);
        status = EXIT_CONFIG_ERROR;
    }
    snprintf(c->store, sizeof c->store, "%s", site->store.path);
    site_free(site);
    return status;
}

int control_find(struct control_call *c) {
    tzset();
    if (c->config)
        return load_config(c);
    snprintf(c->store, sizeof c->store, "%s", c->db);
    return EXIT_GOOD;
}

bool control_begin(struct control_call *c, int argc, char **argv, const struct control_option *own,
                   size_t count, const char *usage, int *ret_status) {
    int status = control_options(c, argc, argv, own, count);
    if (status == EXIT_GOOD && c->help)
        fputs(usage, stdout);
    else if (status == EXIT_GOOD)
        status = control_find(c);
    *ret_status = status;
    return status == EXIT_GOOD && !c->help;
}

json_t *control_time(const struct control_call *c, const char *option, const char *text) {
    ms_t t;
    char written[ISO8601_MAX];
    if (zone_time_parse(text, &t) < 0) {
        fprintf(stderr, "busbar %s: %s '%s' is no date or ISO 8601 time; see busbar %s --help\n",
                c->command, option, text, c->command);
        return NULL;
    }
    iso8601_format(written, t, clock_utc_offset_s(t));
    return json_string(written);
}

/* ---- the order --------------------------------------------------------------------------- */

/* Said by whoever can do without it, or cannot. */
static int no_daemon(const struct control_call *c) {
    fprintf(stderr,
            "busbar %s: busbard is not running on %s; start it, or give --config FILE to work on "
            "the store itself\n",
            c->command, c->store);
    return EXIT_UNREACHABLE;
}

/* EXIT_UNREACHABLE without a message: nobody listens. */
static int dial(const struct control_call *c, int *ret_fd) {
    struct control_address a;
    char path[PATH_MAX];
    int rc = control_path(c->store, path, sizeof path);
    if (rc == ERR_OK)
        rc = control_address_init(&a, path);
    if (rc < 0)
        return EXIT_UNREACHABLE;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct timeval wait = {.tv_sec = CONNECT_WAIT_S}, answer = {.tv_sec = ANSWER_WAIT_S};
    int error = fd < 0 ? errno : 0;
    if (error == 0) {
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &answer, sizeof answer);
        if (connect(fd, (const struct sockaddr *)&a.name, sizeof a.name) < 0)
            error = errno;
    }
    control_address_fini(&a);
    if (error == 0) {
        *ret_fd = fd;
        return EXIT_GOOD;
    }
    if (fd >= 0)
        close(fd);
    if (error == ENOENT || error == ECONNREFUSED || error == ENOTDIR)
        return EXIT_UNREACHABLE;
    fprintf(stderr, "busbar %s: socket %s: %s; %s\n", c->command, path, strerror(error),
            error == EACCES ? "run this as busbard's user or a member of its group"
                            : "repeat, and look at busbard's log");
    return EXIT_IO_ERROR;
}

static bool send_line(int fd, const char *text, size_t n) {
    while (n > 0) {
        ssize_t sent = send(fd, text, n, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent <= 0)
            return false;
        text += sent;
        n -= (size_t)sent;
    }
    return true;
}

/* Up to the line's end. */
static bool receive_line(int fd, char *out, size_t cap) {
    size_t have = 0;
    while (have + 1 < cap) {
        ssize_t n = recv(fd, out + have, cap - 1 - have, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        have += (size_t)n;
        if (out[have - 1] == '\n') {
            out[have] = '\0';
            return true;
        }
    }
    return false;
}

static void print_done(json_t *reply) {
    const char *name;
    json_t *value;
    puts("done");
    json_object_foreach(reply, name, value) {
        char *text = json_is_string(value) ? NULL : json_dumps(value, JSON_ENCODE_ANY);
        if (strcmp(name, "ok") != 0)
            printf("  %s: %s\n", name, text ? text : json_string_value(value));
        free(text);
    }
}

static int print_reply(const struct control_call *c, const char *line, bool quiet) {
    json_t *reply = json_loads(line, 0, NULL);
    const char *why = json_string_value(json_object_get(reply, "error"));
    int status = EXIT_OTHER;
    if (json_is_true(json_object_get(reply, "ok"))) {
        status = EXIT_GOOD;
        if (!quiet)
            print_done(reply);
    } else if (why) {
        fprintf(stderr, "busbar %s: refused: %s\n", c->command, why);
    } else {
        fprintf(stderr,
                "busbar %s: busbard gave an answer without meaning; is it of another "
                "version?\n",
                c->command);
    }
    json_decref(reply);
    return status;
}

static int exchange(const struct control_call *c, const char *text, size_t n, bool quiet) {
    char line[ORDER_REPLY_MAX + 2];
    int fd = -1;
    int status = dial(c, &fd);
    if (status != EXIT_GOOD)
        return status;
    if (send_line(fd, text, n) && receive_line(fd, line, sizeof line)) {
        status = print_reply(c, line, quiet);
    } else {
        fprintf(stderr,
                "busbar %s: busbard gave no answer; look at its log to see whether the order was "
                "executed before you repeat it\n",
                c->command);
        status = EXIT_IO_ERROR;
    }
    close(fd);
    return status;
}

/* Nobody else writes: the tool takes the store's lock and does it itself. */
static int execute_here(const struct control_call *c, const struct order *order, bool quiet) {
    char reply[ORDER_REPLY_MAX];
    struct config_errors errors;
    struct site *site = NULL;
    if (!c->config)
        return no_daemon(c);
    config_errors_init(&errors);
    int rc = config_load_site(c->config, c->data_dir, &errors, &site);
    config_errors_free(&errors); /* control_find() has shown them */
    if (rc < 0)
        return EXIT_CONFIG_ERROR;
    rc = offline_order(site, order, reply, sizeof reply);
    site_free(site);
    if (rc == ERR_OK)
        return print_reply(c, reply, quiet);
    fprintf(stderr, "busbar %s: store %s: %s; %s\n", c->command, c->store, err_str(rc),
            rc == ERR_NOT_FOUND ? "busbard makes it at its first start" : "see the message above");
    return EXIT_IO_ERROR;
}

int control_send(const struct control_call *c, json_t *order, bool quiet) {
    char why[ORDER_WHY_MAX];
    int status = EXIT_OTHER;
    struct order *checked = malloc(sizeof *checked);
    char *text = order ? json_dumps(order, JSON_COMPACT) : NULL;
    json_decref(order);
    if (!text || !checked) {
        fprintf(stderr, "busbar %s: no order can be made of this: is all of it UTF-8 text?\n",
                c->command);
    } else if (order_parse(text, strlen(text), checked, why, sizeof why) < 0) {
        fprintf(stderr, "busbar %s: %s\n", c->command, why);
        status = EXIT_USAGE_ERROR;
    } else {
        const size_t n = strlen(text);
        text[n] = '\n'; /* in place of the NUL: the line is sent by its length */
        status = exchange(c, text, n + 1, quiet);
        if (status == EXIT_UNREACHABLE)
            status = execute_here(c, checked, quiet);
    }
    free(text);
    free(checked);
    return status;
}
