/* Who may use the page: the users file that `busbar passwd` writes.
 *
 * One user a line, NAME:ROLE:HASH, hash being argon2id as libsodium writes it; lines that begin
 * with # are kept. The file must be closed to others. Blocking file I/O; a check of a password
 * takes tens of milliseconds and 19 MiB on purpose. Any thread, one at a time. */
#ifndef BUSBAR_WEB_USERS_H
#define BUSBAR_WEB_USERS_H

#include <stddef.h>
#include <stdint.h>

#define USER_NAME_MAX  32
#define USER_HASH_MAX  128 /* with its NUL: crypto_pwhash_STRBYTES */
#define USERS_MAX      64
#define PASSWORD_MIN   10 /* bytes */
#define PASSWORD_MAX   256
#define USER_STAMP_LEN 8

enum user_role { USER_VIEWER, USER_OPERATOR };
const char *user_role_str(enum user_role r); /* "viewer", "operator" */
int user_role_parse(const char *text, enum user_role *ret);

struct user {
    char name[USER_NAME_MAX + 1];
    enum user_role role;
    char hash[USER_HASH_MAX];
};

struct users {
    size_t count;
    struct user list[USERS_MAX];
};

/* Letters, digits, dot, dash, underscore; 1 to USER_NAME_MAX bytes. */
int user_name_check(const char *name);

/* ERR_IO, ERR_REFUSED (others may read it), ERR_SYNTAX, ERR_LIMIT, each with file, line and the
 * next step in why. */
int users_load(const char *path, struct users *ret, char *why, size_t why_cap);
/* Writes the file anew with mode 0600, all or nothing. */
int users_save(const char *path, const struct users *u, char *why, size_t why_cap);

const struct user *users_find(const struct users *u, const char *name); /* NULL: nobody */
/* Adds the user or changes role and hash. ERR_LIMIT: USERS_MAX are there. */
int users_put(struct users *u, const struct user *one);

/* ERR_RANGE: shorter than PASSWORD_MIN or longer than PASSWORD_MAX; ERR_NOMEM. */
int user_hash(const char *password, char ret[USER_HASH_MAX]);
/* The user whose password it is, else NULL. Takes as long for a name that nobody has. */
const struct user *users_check(const struct users *u, const char *name, const char *password);

/* What a session remembers of a user: another password or role, another stamp. */
void user_stamp(const struct user *one, uint8_t ret[USER_STAMP_LEN]);

#endif
