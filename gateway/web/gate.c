#include "web/gate.h"

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/hash.h"
#include "format/json.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "web/address.h"
#include "web/answer.h"

#define COOKIE     "busbar_session"
#define COOKIE_MAX 200
#define WHY_MAX    400

int gate_open(struct gate *g, const char *users_file, const char *sessions_path, bool tls,
              char *why, size_t why_cap) {
    memset(g, 0, sizeof *g);
    g->users_file = users_file;
    g->tls = tls;
    if (!users_file)
        return ERR_OK;
    int err = users_load(users_file, &g->users, why, why_cap);
    struct stat st;
    if (err == ERR_OK && g->users.count == 0) {
        snprintf(why, why_cap, "%s names no user; run busbar passwd --file %s NAME", users_file,
                 users_file);
        err = ERR_NOT_FOUND;
    }
    if (err == ERR_OK && stat(users_file, &st) == 0)
        g->seen = st.st_mtim;
    if (err == ERR_OK)
        err = sessions_open(&g->sessions, sessions_path);
    return err;
}

void gate_close(struct gate *g) {
    if (g->users_file)
        sessions_close(&g->sessions);
    sodium_memzero(g, sizeof *g);
}

/* A changed users file counts at once; one that cannot be read leaves the users as they were. */
static void refresh(struct gate *g) {
    struct stat st;
    char why[WHY_MAX];
    if (stat(g->users_file, &st) != 0 ||
        (st.st_mtim.tv_sec == g->seen.tv_sec && st.st_mtim.tv_nsec == g->seen.tv_nsec))
        return;
    g->seen = st.st_mtim;
    if (users_load(g->users_file, &g->users, why, sizeof why) < 0)
        log_error("web: %s; the users stay as they were", why);
    else
        log_info("web: %s was read again: %zu users", g->users_file, g->users.count);
}

static ms_t now_ms(void) {
    return floor_div(clock_now().utc_us, US_PER_MS);
}

static uint64_t address_of(struct MHD_Connection *c) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *a = info ? info->client_addr : NULL;
    if (a && a->sa_family == AF_INET)
        return hash_bytes(HASH_START, &((const struct sockaddr_in *)(const void *)a)->sin_addr, 4);
    if (a && a->sa_family == AF_INET6) /* a host has a whole /64 */
        return hash_bytes(HASH_START, &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr,
                          8);
    return 0;
}

/* NULL: not him, or too many tries; *ret_wait_s then says how long to wait. */
static const struct user *try_password(struct gate *g, struct MHD_Connection *c, const char *name,
                                       const char *password, uint32_t *ret_wait_s) {
    uint64_t from = address_of(c);
    us_t now = clock_now().mono_us;
    *ret_wait_s = throttle_wait_s(&g->throttle, from, now);
    if (*ret_wait_s > 0)
        return NULL;
    const struct user *who = users_check(&g->users, name, password);
    if (who)
        throttle_passed(&g->throttle, from);
    else
        throttle_failed(&g->throttle, from, now);
    return who;
}

static const struct user *by_basic(struct gate *g, struct MHD_Connection *c) {
    char *password = NULL;
    uint32_t wait_s;
    char *name = MHD_basic_auth_get_username_password(c, &password);
    const struct user *who = name && password ? try_password(g, c, name, password, &wait_s) : NULL;
    if (password)
        sodium_memzero(password, strlen(password));
    MHD_free(name);
    MHD_free(password);
    return who;
}

struct caller gate_caller(struct gate *g, struct MHD_Connection *c) {
    struct caller r = {.known = true, .role = USER_OPERATOR};
    if (!g->users_file)
        return r;
    refresh(g);
    const char *token = MHD_lookup_connection_value(c, MHD_COOKIE_KIND, COOKIE);
    const struct user *who = token ? sessions_find(&g->sessions, &g->users, token, now_ms()) : NULL;
    if (!who && MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION))
        who = by_basic(g, c);
    r.known = who != NULL;
    r.role = who ? who->role : USER_VIEWER;
    if (who)
        snprintf(r.name, sizeof r.name, "%s", who->name);
    return r;
}

bool gate_is_own_post(struct MHD_Connection *c) {
    const char *type =
        MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_TYPE);
    const char *origin = MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_ORIGIN);
    const char *host = MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);
    if (!type || strncasecmp(type, "application/json", 16) != 0)
        return false;
    if (!origin)
        return true;
    const char *from = strstr(origin, "://");
    return from && host && strcasecmp(from + 3, host) == 0;
}

/* ---- endpoints ----------------------------------------------------------------------------- */

static void write_caller(const void *arg, struct buf *b) {
    const struct caller *who = arg;
    buf_putc(b, '{');
    json_text(b, "user", who->name[0] != '\0' ? who->name : NULL);
    json_text(b, "role", who->known ? user_role_str(who->role) : NULL);
    json_close(b);
}

/* The answer says who it is now, and sets the cookie or takes it away (token ""). */
static enum MHD_Result answer_caller(struct gate *g, struct MHD_Connection *c,
                                     const struct caller *who, const char *token) {
    char text[2 * USER_NAME_MAX + 100], cookie[COOKIE_MAX];
    struct buf b;
    buf_init(&b, text, sizeof text);
    write_caller(who, &b);
    struct MHD_Response *r = MHD_create_response_from_buffer(b.len, text, MHD_RESPMEM_MUST_COPY);
    snprintf(cookie, sizeof cookie, COOKIE "=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%d%s",
             token, token[0] == '\0' ? 0 : 30 * 86400, g->tls ? "; Secure" : "");
    if (r)
        MHD_add_response_header(r, MHD_HTTP_HEADER_SET_COOKIE, cookie);
    return answer(c, MHD_HTTP_OK, r);
}

static enum MHD_Result refuse(struct MHD_Connection *c, uint32_t wait_s) {
    if (wait_s == 0)
        return answer_error(c, MHD_HTTP_UNAUTHORIZED,
                            "name or password is wrong; try again, or run busbar passwd on the "
                            "box to set a new one");
    return answer_error(c, MHD_HTTP_TOO_MANY_REQUESTS,
                        "too many wrong passwords from this address; try again in %u s", wait_s);
}

enum MHD_Result gate_login(struct gate *g, struct MHD_Connection *c, const char *body, size_t n) {
    if (!g->users_file)
        return answer_error(c, MHD_HTTP_NOT_FOUND,
                            "this gateway has no users; go on without a login");
    refresh(g);
    json_t *j = json_loadb(body, n, JSON_REJECT_DUPLICATES, NULL);
    const char *name = json_string_value(json_object_get(j, "user"));
    const char *password = json_string_value(json_object_get(j, "password"));
    uint32_t wait_s = 0;
    enum MHD_Result result;
    if (!name || !password) {
        result = answer_error(c, MHD_HTTP_BAD_REQUEST,
                              "the body is no {\"user\":..,\"password\":..}; send both as text");
        goto out;
    }
    const struct user *who = try_password(g, c, name, password, &wait_s);
    if (!who) {
        log_warn("web: login of %.32s was refused: %s", name,
                 wait_s > 0 ? "too many wrong passwords from that address" : "wrong password");
        result = refuse(c, wait_s);
        goto out;
    }
    char token[SESSION_TOKEN_MAX];
    sessions_begin(&g->sessions, who, now_ms(), token);
    struct caller caller = {.known = true, .role = who->role};
    snprintf(caller.name, sizeof caller.name, "%s", who->name);
    log_info("web: %s logged in", who->name);
    result = answer_caller(g, c, &caller, token);
    sodium_memzero(token, sizeof token);
out:
    json_decref(j);
    return result;
}

enum MHD_Result gate_logout(struct gate *g, struct MHD_Connection *c) {
    const char *token = MHD_lookup_connection_value(c, MHD_COOKIE_KIND, COOKIE);
    const struct caller nobody = {.known = false};
    if (token && g->users_file)
        sessions_end(&g->sessions, token);
    return answer_caller(g, c, &nobody, "");
}

enum MHD_Result gate_session(struct gate *g, struct MHD_Connection *c) {
    const struct caller who = gate_caller(g, c);
    return answer_json(c, write_caller, &who);
}
