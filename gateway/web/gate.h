/* Who asks, and may he? Without a users file everybody who reaches the port may, and it is a
 * loopback port then. With one a request brings a session's cookie, or name and password by HTTP
 * Basic (for programs). Wrong ones are slowed down by address. Web thread. */
#ifndef BUSBAR_WEB_GATE_H
#define BUSBAR_WEB_GATE_H

#include <microhttpd.h>
#include <stdbool.h>
#include <time.h>

#include "web/sessions.h"
#include "web/throttle.h"

struct gate {
    const char *users_file; /* NULL: no users */
    bool tls;
    struct timespec seen; /* the users file as it was read last */
    struct users users;
    struct sessions sessions;
    struct throttle throttle;
};

struct caller {
    bool known;
    enum user_role role;
    char name[USER_NAME_MAX + 1]; /* "" on loopback without users */
};

/* Reads the users file; sessions_path: see sessions_open(). ERR_* with the reason in why. */
int gate_open(struct gate *g, const char *users_file, const char *sessions_path, bool tls,
              char *why, size_t why_cap);
void gate_close(struct gate *g);

struct caller gate_caller(struct gate *g, struct MHD_Connection *c);

/* What a browser sends on behalf of another site's page is not the officer's will: a POST must come
 * as JSON, and from this very host when it says where from. */
bool gate_is_own_post(struct MHD_Connection *c);

/* POST /api/v1/login {"user","password"} and /api/v1/logout; GET /api/v1/session. */
enum MHD_Result gate_login(struct gate *g, struct MHD_Connection *c, const char *body, size_t n);
enum MHD_Result gate_logout(struct gate *g, struct MHD_Connection *c);
enum MHD_Result gate_session(struct gate *g, struct MHD_Connection *c);

#endif
