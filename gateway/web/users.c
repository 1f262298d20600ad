#include "web/users.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "sys/secret_file.h"

/* OWASP's least cost of argon2id: 19 MiB, two passes. A gateway is a small box. */
#define HASH_BYTES   ((size_t)19 * 1024 * 1024)
#define HASH_PASSES  2
#define LONGEST_LINE (USER_NAME_MAX + USER_HASH_MAX + 16)

static_assert(USER_HASH_MAX == crypto_pwhash_STRBYTES, "room of a hash");

static const char *const roles[] = {"viewer", "operator"};

const char *user_role_str(enum user_role r) {
    return roles[r];
}

int user_role_parse(const char *text, enum user_role *ret) {
    for (enum user_role r = USER_VIEWER; r <= USER_OPERATOR; r++) {
        if (strcmp(text, roles[r]) == 0) {
            *ret = r;
            return ERR_OK;
        }
    }
    return ERR_NOT_FOUND;
}

int user_name_check(const char *name) {
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
    return n >= 1 && n <= USER_NAME_MAX && name[n] == '\0' ? ERR_OK : ERR_SYNTAX;
}

const struct user *users_find(const struct users *u, const char *name) {
    for (size_t i = 0; i < u->count; i++)
        if (strcmp(u->list[i].name, name) == 0)
            return &u->list[i];
    return NULL;
}

int users_put(struct users *u, const struct user *one) {
    for (size_t i = 0; i < u->count; i++) {
        if (strcmp(u->list[i].name, one->name) == 0) {
            u->list[i] = *one;
            return ERR_OK;
        }
    }
    if (u->count == USERS_MAX)
        return ERR_LIMIT;
    u->list[u->count++] = *one;
    return ERR_OK;
}

/* NULL, or what is wrong with a line; *ret is filled. */
static const char *parse_line(char *line, struct user *ret) {
    char *role = strchr(line, ':');
    char *hash = role ? strchr(role + 1, ':') : NULL;
    if (!hash)
        return "is not NAME:ROLE:HASH";
    *role++ = '\0';
    *hash++ = '\0';
    if (user_name_check(line) < 0)
        return "has a name that is none";
    if (user_role_parse(role, &ret->role) < 0)
        return "has a role that is neither viewer nor operator";
    if (strncmp(hash, "$argon2id$", 10) != 0 || strlen(hash) >= USER_HASH_MAX)
        return "has no argon2id hash";
    memset(ret->name, 0, sizeof ret->name);
    memset(ret->hash, 0, sizeof ret->hash);
    memcpy(ret->name, line, strlen(line));
    memcpy(ret->hash, hash, strlen(hash));
    return NULL;
}

static int read_lines(FILE *f, const char *path, struct users *u, char *why, size_t why_cap) {
    char line[LONGEST_LINE];
    for (int number = 1; fgets(line, sizeof line, f) != NULL; number++) {
        struct user one;
        size_t n = strcspn(line, "\r\n");
        bool cut = line[n] == '\0' && !feof(f);
        line[n] = '\0';
        if (!cut && (n == 0 || line[0] == '#'))
            continue;
        const char *wrong = cut ? "is too long" : parse_line(line, &one);
        if (!wrong && users_find(u, one.name))
            wrong = "names a user twice";
        if (wrong) {
            snprintf(why, why_cap, "%s:%d %s; run busbar passwd to write it", path, number, wrong);
            return ERR_SYNTAX;
        }
        if (users_put(u, &one) < 0) {
            snprintf(why, why_cap, "%s:%d: more than %d users; remove some", path, number,
                     USERS_MAX);
            return ERR_LIMIT;
        }
    }
    return ERR_OK;
}

int users_load(const char *path, struct users *ret, char *why, size_t why_cap) {
    int fd = secret_file_open(path, why, why_cap);
    if (fd < 0)
        return fd;
    FILE *f = fdopen(fd, "r");
    if (!f) {
        close(fd);
        snprintf(why, why_cap, "cannot read %s: %s", path, strerror(errno));
        return ERR_NOMEM;
    }
    struct users *u = calloc(1, sizeof *u);
    int err = u ? read_lines(f, path, u, why, why_cap) : ERR_NOMEM;
    if (err == ERR_OK && ferror(f)) {
        snprintf(why, why_cap, "cannot read %s: %s", path, strerror(errno));
        err = ERR_IO;
    }
    if (err == ERR_OK)
        *ret = *u;
    free(u);
    fclose(f);
    return err;
}

static int write_lines(FILE *f, const struct users *u) {
    int n = fputs("# users of the gateway's page; written by busbar passwd\n", f);
    for (size_t i = 0; i < u->count && n >= 0; i++)
        n = fprintf(f, "%s:%s:%s\n", u->list[i].name, roles[u->list[i].role], u->list[i].hash);
    return n < 0 || fflush(f) != 0 || fsync(fileno(f)) != 0 ? ERR_IO : ERR_OK;
}

int users_save(const char *path, const struct users *u, char *why, size_t why_cap) {
    char draft[1100];
    if ((size_t)snprintf(draft, sizeof draft, "%s.new", path) >= sizeof draft) {
        snprintf(why, why_cap, "the name %.100s... is too long", path);
        return ERR_LIMIT;
    }
    int fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
    int err = f ? write_lines(f, u) : ERR_IO;
    if (f)
        fclose(f);
    else if (fd >= 0)
        close(fd);
    if (err == ERR_OK && rename(draft, path) != 0)
        err = ERR_IO;
    if (err == ERR_OK)
        return err;
    snprintf(why, why_cap, "cannot write %s: %s", path, strerror(errno));
    unlink(draft);
    return err;
}

int user_hash(const char *password, char ret[USER_HASH_MAX]) {
    size_t n = strnlen(password, PASSWORD_MAX + 1);
    if (n < PASSWORD_MIN || n > PASSWORD_MAX)
        return ERR_RANGE;
    if (sodium_init() < 0)
        return ERR_NOMEM;
    return crypto_pwhash_str_alg(ret, password, n, HASH_PASSES, HASH_BYTES,
                                 crypto_pwhash_ALG_ARGON2ID13) == 0
               ? ERR_OK
               : ERR_NOMEM;
}

const struct user *users_check(const struct users *u, const char *name, const char *password) {
    /* the hash of a password that was thrown away, at the cost of a new one */
    static const char nobody[] = "$argon2id$v=19$m=19456,t=2,p=1$JQEwH4hJJL85BKk44jvJtg$"
                                 "2VkLWz14uYflTAN+E0+itUhY5d3bApGJBnPRwkHukvs";
    const struct user *one = users_find(u, name);
    size_t n = strnlen(password, PASSWORD_MAX + 1);
    if (sodium_init() < 0 || n > PASSWORD_MAX)
        return NULL;
    return crypto_pwhash_str_verify(one ? one->hash : nobody, password, n) == 0 ? one : NULL;
}

void user_stamp(const struct user *one, uint8_t ret[USER_STAMP_LEN]) {
    uint8_t whole[crypto_generichash_BYTES_MIN];
    crypto_generichash_state s;
    const uint8_t role = (uint8_t)one->role;
    crypto_generichash_init(&s, NULL, 0, sizeof whole);
    crypto_generichash_update(&s, (const uint8_t *)one->hash, strlen(one->hash));
    crypto_generichash_update(&s, &role, 1);
    crypto_generichash_final(&s, whole, sizeof whole);
    memcpy(ret, whole, USER_STAMP_LEN);
}
