/* Who has logged in: a bounded table, kept in a file so that a restart of the gateway sends nobody
 * to the login. The table and the file hold hashes of the tokens only. A viewer's session lasts 30
 * days without use (a screen on a wall), an operator's half a day. Web thread. */
#ifndef BUSBAR_WEB_SESSIONS_H
#define BUSBAR_WEB_SESSIONS_H

#include "base/units.h"
#include "web/users.h"

#define SESSIONS_MAX      128
#define SESSION_TOKEN_MAX 44 /* characters of a token, with its NUL */
#define SESSION_ID_LEN    32

struct session {
    uint8_t id[SESSION_ID_LEN]; /* hash of the token */
    uint8_t stamp[USER_STAMP_LEN];
    char user[USER_NAME_MAX + 1];
    ms_t until; /* UTC; 0: the place is free */
};

struct sessions {
    char *path; /* NULL: in memory only */
    struct session list[SESSIONS_MAX];
};

/* Takes up what the file says; what cannot be read is forgotten. ERR_NOMEM. path may be NULL. */
int sessions_open(struct sessions *s, const char *path);
void sessions_close(struct sessions *s);

/* A new session; when all places are taken the one that ends first makes room. ERR_NOMEM without
 * random numbers. */
int sessions_begin(struct sessions *s, const struct user *who, ms_t now_ms,
                   char ret_token[SESSION_TOKEN_MAX]);
/* The user that the token stands for, and its session goes on; NULL: none, over, or the user's
 * password or role is another by now. */
const struct user *sessions_find(struct sessions *s, const struct users *users, const char *token,
                                 ms_t now_ms);
void sessions_end(struct sessions *s, const char *token);

#endif
