#include "web/sessions.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "calc/calendar.h"
#include "sys/log.h"

#define TOKEN_LEN  32
#define FILE_MAGIC "busbar sessions 1\n"
#define MAGIC_LEN  (sizeof FILE_MAGIC - 1)
/* A session that goes on is written again only when it has used up this much: not every request. */
#define RENEW_MS (30 * MS_PER_MIN)

static ms_t life_of(enum user_role role) {
    return role == USER_OPERATOR ? MS_PER_DAY / 2 : 30 * MS_PER_DAY;
}

static int hash_token(const char *token, uint8_t ret[SESSION_ID_LEN]) {
    if (strlen(token) != SESSION_TOKEN_MAX - 1)
        return ERR_SYNTAX;
    crypto_generichash(ret, SESSION_ID_LEN, (const uint8_t *)token, SESSION_TOKEN_MAX - 1, NULL, 0);
    return ERR_OK;
}

/* ---- the file ------------------------------------------------------------------------------ */

static bool write_all(int fd, const void *bytes, size_t n) {
    const char *at = bytes;
    while (n > 0) {
        ssize_t done = write(fd, at, n);
        if (done <= 0)
            return false;
        at += done;
        n -= (size_t)done;
    }
    return true;
}

static void save(const struct sessions *s) {
    char draft[1100];
    if (!s->path || (size_t)snprintf(draft, sizeof draft, "%s.new", s->path) >= sizeof draft)
        return;
    int fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool good = fd >= 0 && write_all(fd, FILE_MAGIC, MAGIC_LEN);
    for (size_t i = 0; i < SESSIONS_MAX && good; i++)
        good = s->list[i].until == 0 || write_all(fd, &s->list[i], sizeof s->list[i]);
    if (fd >= 0)
        close(fd);
    if (!good || rename(draft, s->path) != 0)
        log_warn("web: cannot write %s: after a restart everybody must log in again", s->path);
}

static void load(struct sessions *s) {
    int fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    char magic[MAGIC_LEN];
    struct stat st;
    if (fd < 0)
        return;
    bool good = fstat(fd, &st) == 0 && (st.st_mode & (S_IRWXO | S_IRWXG)) == 0 &&
                read(fd, magic, MAGIC_LEN) == (ssize_t)MAGIC_LEN &&
                memcmp(magic, FILE_MAGIC, MAGIC_LEN) == 0;
    for (size_t i = 0; i < SESSIONS_MAX && good; i++) {
        struct session *one = &s->list[i];
        good = read(fd, one, sizeof *one) == (ssize_t)sizeof *one &&
               memchr(one->user, '\0', sizeof one->user) != NULL;
        if (!good)
            memset(one, 0, sizeof *one);
    }
    close(fd);
}

int sessions_open(struct sessions *s, const char *path) {
    memset(s, 0, sizeof *s);
    if (sodium_init() < 0)
        return ERR_NOMEM;
    if (!path)
        return ERR_OK;
    s->path = strdup(path);
    if (!s->path)
        return ERR_NOMEM;
    load(s);
    return ERR_OK;
}

void sessions_close(struct sessions *s) {
    free(s->path);
    sodium_memzero(s, sizeof *s);
}

/* ---- sessions ------------------------------------------------------------------------------ */

int sessions_begin(struct sessions *s, const struct user *who, ms_t now_ms,
                   char ret_token[SESSION_TOKEN_MAX]) {
    uint8_t random[TOKEN_LEN];
    struct session *place = &s->list[0];
    for (size_t i = 1; i < SESSIONS_MAX; i++)
        if (s->list[i].until < place->until)
            place = &s->list[i];
    randombytes_buf(random, sizeof random);
    sodium_bin2base64(ret_token, SESSION_TOKEN_MAX, random, sizeof random,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    memset(place, 0, sizeof *place);
    hash_token(ret_token, place->id);
    user_stamp(who, place->stamp);
    snprintf(place->user, sizeof place->user, "%s", who->name);
    place->until = now_ms + life_of(who->role);
    save(s);
    return ERR_OK;
}

static struct session *find(struct sessions *s, const char *token) {
    uint8_t id[SESSION_ID_LEN];
    if (hash_token(token, id) < 0)
        return NULL;
    for (size_t i = 0; i < SESSIONS_MAX; i++)
        if (s->list[i].until != 0 && sodium_memcmp(s->list[i].id, id, sizeof id) == 0)
            return &s->list[i];
    return NULL;
}

const struct user *sessions_find(struct sessions *s, const struct users *users, const char *token,
                                 ms_t now_ms) {
    uint8_t stamp[USER_STAMP_LEN];
    struct session *one = find(s, token);
    const struct user *who = one ? users_find(users, one->user) : NULL;
    if (who)
        user_stamp(who, stamp);
    if (!who || one->until <= now_ms || memcmp(stamp, one->stamp, sizeof stamp) != 0)
        return NULL;
    ms_t until = now_ms + life_of(who->role);
    if (until - one->until >= RENEW_MS) {
        one->until = until;
        save(s);
    }
    return who;
}

void sessions_end(struct sessions *s, const char *token) {
    struct session *one = find(s, token);
    if (!one)
        return;
    sodium_memzero(one, sizeof *one);
    save(s);
}
