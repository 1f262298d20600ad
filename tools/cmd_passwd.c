/* `busbar passwd`: users of the gateway's page. */
#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/err.h"
#include "commands.h"
#include "web/users.h"

static const char usage[] =
    "usage: busbar passwd --file FILE NAME [--role viewer|operator]\n"
    "       busbar passwd --file FILE --delete NAME\n"
    "       busbar passwd --file FILE --list\n"
    "\n"
    "Sets the password of a user of the gateway's page, and makes the user and the file where "
    "there\n"
    "are none. The password is asked for twice on a terminal, else read as one line from standard\n"
    "input. busbard sees the change at once; what the user had open must log in again.\n"
    "\n"
    "  --file FILE  the users file (web.users_file)\n"
    "  --role ROLE  viewer sees everything; operator also acknowledges and closes alerts.\n"
    "               A new user is a viewer; one that there is keeps the role\n"
    "  --delete     takes the user away\n"
    "  --list       names and roles\n"
    "\n"
    "Exit status: 0 done, 64 usage, 74 input/output, 1 the password is too short or not the "
    "same.\n";

struct passwd_call {
    const char *file, *name, *role;
    bool remove, list;
};

static int misused(const char *words, const char *what) {
    fprintf(stderr, "busbar passwd: %s%s; see busbar passwd --help\n", words, what);
    return EXIT_USAGE_ERROR;
}

static int parse(int argc, char **argv, struct passwd_call *ret) {
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        const char **value = strcmp(word, "--file") == 0   ? &ret->file
                             : strcmp(word, "--role") == 0 ? &ret->role
                                                           : NULL;
        if (value && i + 1 == argc)
            return misused("no value for ", word);
        if (value)
            *value = argv[++i];
        else if (strcmp(word, "--delete") == 0)
            ret->remove = true;
        else if (strcmp(word, "--list") == 0)
            ret->list = true;
        else if (word[0] == '-' || ret->name)
            return misused("unknown word ", word);
        else
            ret->name = word;
    }
    if (!ret->file)
        return misused("--file is missing", "");
    if (ret->list ? ret->name != NULL : ret->name == NULL)
        return misused("one NAME, or --list", "");
    if (ret->name && user_name_check(ret->name) < 0)
        return misused("a name has 1 to 32 letters, digits, dots, dashes or underscores, not ",
                       ret->name);
    return EXIT_GOOD;
}

/* ---- the password --------------------------------------------------------------------------- */

static bool read_line(const char *prompt, char *out, size_t cap) {
    if (prompt)
        fputs(prompt, stderr);
    bool got = fgets(out, (int)cap, stdin) != NULL;
    if (prompt)
        fputs("\n", stderr);
    if (got)
        out[strcspn(out, "\r\n")] = '\0';
    return got;
}

/* On a terminal twice and unseen. */
static int ask(char *out, size_t cap) {
    char again[PASSWORD_MAX + 8] = "";
    if (!isatty(STDIN_FILENO))
        return read_line(NULL, out, cap) ? EXIT_GOOD : EXIT_IO_ERROR;
    struct termios before, quiet;
    tcgetattr(STDIN_FILENO, &before);
    quiet = before;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    bool got = read_line("new password: ", out, cap) && read_line("again: ", again, sizeof again);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    bool same = got && strcmp(out, again) == 0;
    sodium_memzero(again, sizeof again);
    if (!got)
        return EXIT_IO_ERROR;
    if (same)
        return EXIT_GOOD;
    fputs("busbar passwd: the two are not the same; nothing was changed\n", stderr);
    return EXIT_OTHER;
}

static int set_password(struct user *one) {
    char password[PASSWORD_MAX + 8] = "";
    int status = ask(password, sizeof password);
    int err = status == EXIT_GOOD ? user_hash(password, one->hash) : ERR_OK;
    sodium_memzero(password, sizeof password);
    if (status == EXIT_IO_ERROR)
        fputs("busbar passwd: no password came on standard input; nothing was changed\n", stderr);
    if (err == ERR_RANGE)
        fprintf(stderr,
                "busbar passwd: a password has %d to %d bytes; choose another; nothing was "
                "changed\n",
                PASSWORD_MIN, PASSWORD_MAX);
    else if (err < 0)
        fputs("busbar passwd: no memory for the hash; nothing was changed\n", stderr);
    return err < 0 ? EXIT_OTHER : status;
}

/* ---- the file ------------------------------------------------------------------------------- */

static int load(const struct passwd_call *c, struct users *u) {
    char why[1400];
    if (access(c->file, F_OK) != 0 && errno == ENOENT && !c->list && !c->remove)
        return EXIT_GOOD; /* the first user makes the file */
    if (users_load(c->file, u, why, sizeof why) == ERR_OK)
        return EXIT_GOOD;
    fprintf(stderr, "busbar passwd: %s\n", why);
    return EXIT_IO_ERROR;
}

static int save(const struct passwd_call *c, const struct users *u) {
    char why[1400];
    if (users_save(c->file, u, why, sizeof why) == ERR_OK)
        return EXIT_GOOD;
    fprintf(stderr, "busbar passwd: %s\n", why);
    return EXIT_IO_ERROR;
}

static int list(const struct users *u) {
    for (size_t i = 0; i < u->count; i++)
        printf("%s %s\n", u->list[i].name, user_role_str(u->list[i].role));
    return EXIT_GOOD;
}

static int take_away(const struct passwd_call *c, struct users *u) {
    for (size_t i = 0; i < u->count; i++) {
        if (strcmp(u->list[i].name, c->name) == 0) {
            u->list[i] = u->list[--u->count];
            return save(c, u);
        }
    }
    fprintf(stderr, "busbar passwd: %s has no user %s; see busbar passwd --file %s --list\n",
            c->file, c->name, c->file);
    return EXIT_OTHER;
}

static int change(const struct passwd_call *c, struct users *u) {
    struct user one = {.role = USER_VIEWER};
    const struct user *before = users_find(u, c->name);
    if (before)
        one = *before;
    snprintf(one.name, sizeof one.name, "%s", c->name);
    if (c->role && user_role_parse(c->role, &one.role) < 0)
        return misused("a role is viewer or operator, not ", c->role);
    int status = set_password(&one);
    if (status == EXIT_GOOD && users_put(u, &one) < 0) {
        fprintf(stderr, "busbar passwd: %s holds %d users, its most; take one away first\n",
                c->file, USERS_MAX);
        status = EXIT_OTHER;
    }
    return status == EXIT_GOOD ? save(c, u) : status;
}

int cmd_passwd(int argc, char **argv) {
    struct passwd_call c = {0};
    static struct users u;
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return EXIT_GOOD;
    }
    int status = parse(argc, argv, &c);
    if (status == EXIT_GOOD)
        status = load(&c, &u);
    if (status != EXIT_GOOD)
        return status;
    return c.list ? list(&u) : c.remove ? take_away(&c, &u) : change(&c, &u);
}
