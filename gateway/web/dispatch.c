#include "web/dispatch.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "sys/clock.h"
#include "web/address.h"
#include "web/alert_action.h"
#include "web/answer.h"
#include "web/request.h"

#define URI_MAX 1024

enum access { ACCESS_ALL, ACCESS_VIEWER, ACCESS_OPERATOR };

static enum MHD_Result get_stream(struct dispatch *d, struct MHD_Connection *c) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    connections_stream(info ? info->socket_context : NULL);
    return stream_open(&d->stream, c);
}

static enum MHD_Result get_session(struct dispatch *d, struct MHD_Connection *c) {
    return gate_session(&d->gate, c);
}

static enum MHD_Result post_login(struct dispatch *d, struct MHD_Connection *c,
                                  const struct request *r) {
    return gate_login(&d->gate, c, r->body, r->n);
}

static enum MHD_Result post_logout(struct dispatch *d, struct MHD_Connection *c,
                                   const struct request *r) {
    (void)r;
    return gate_logout(&d->gate, c);
}

static enum MHD_Result post_alert(struct dispatch *d, struct MHD_Connection *c,
                                  const struct request *r) {
    const struct caller who = gate_caller(&d->gate, c);
    return alert_action_post(c, r->path, r->body, r->n, &who, d->order, d->order_arg);
}

/* A route has one of api, get, post and page. */
struct route {
    const char *path;
    enum access access;
    api_endpoint *api;
    enum MHD_Result (*get)(struct dispatch *d, struct MHD_Connection *c);
    enum MHD_Result (*post)(struct dispatch *d, struct MHD_Connection *c, const struct request *r);
    bool page;
};

static const struct route routes[] = {
    {"/api/v1/accounts", ACCESS_VIEWER, .api = api_accounts},
    {"/api/v1/alerts", ACCESS_VIEWER, .api = api_alerts},
    {"/api/v1/completeness", ACCESS_VIEWER, .api = api_completeness},
    {"/api/v1/day", ACCESS_VIEWER, .api = api_day},
    {"/api/v1/delivery", ACCESS_VIEWER, .api = api_delivery},
    {"/api/v1/demand", ACCESS_VIEWER, .api = api_demand},
    {"/api/v1/devices", ACCESS_VIEWER, .api = api_devices},
    {"/api/v1/history", ACCESS_VIEWER, .api = api_history},
    {"/api/v1/live", ACCESS_VIEWER, .api = api_live},
    {"/api/v1/login", ACCESS_ALL, .post = post_login},
    {"/api/v1/logout", ACCESS_ALL, .post = post_logout},
    {"/api/v1/records", ACCESS_VIEWER, .api = api_records},
    {"/api/v1/session", ACCESS_ALL, .get = get_session},
    {"/api/v1/site", ACCESS_VIEWER, .api = api_site},
    {"/api/v1/stream", ACCESS_VIEWER, .get = get_stream},
    {"/healthz", ACCESS_ALL, .api = api_healthz},
    {"/metrics", ACCESS_VIEWER, .api = api_metrics},
};

static const struct route page_route = {NULL, ACCESS_ALL, .page = true};

static const struct route alert_route = {NULL, ACCESS_OPERATOR, .post = post_alert};

static const struct route *find_route(const char *path) {
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
        if (strcmp(routes[i].path, path) == 0)
            return &routes[i];
    return alert_action_is(path) ? &alert_route : page_is(path) ? &page_route : NULL;
}

static bool is(const char *method, const char *one) {
    return strcmp(method, one) == 0;
}

/* What a request's pointer says from one call to the next; of a POST it is a struct request. */
static char uri_too_long, headers_are_good;

void *dispatch_uri(void *cls, const char *uri, struct MHD_Connection *c) {
    (void)cls;
    (void)c;
    return strnlen(uri, URI_MAX + 1) > URI_MAX ? &uri_too_long : NULL;
}

static enum MHD_Result may(struct dispatch *d, struct MHD_Connection *c, const struct route *route,
                           bool *ret_good) {
    *ret_good = true;
    if (route->access == ACCESS_ALL)
        return MHD_YES;
    struct caller who = gate_caller(&d->gate, c);
    *ret_good = who.known && (route->access == ACCESS_VIEWER || who.role == USER_OPERATOR);
    if (*ret_good)
        return MHD_YES;
    if (!who.known)
        return answer_error(c, MHD_HTTP_UNAUTHORIZED,
                            "this needs a login; POST user and password to /api/v1/login");
    return answer_error(c, MHD_HTTP_FORBIDDEN, "%.32s is a viewer; an operator may do this",
                        who.name);
}

/* The headers are there, a body is not yet: what is refused is refused now. *ret_good: nothing was
 * answered, go on. */
static enum MHD_Result check(struct dispatch *d, struct MHD_Connection *c, const char *path,
                             const char *method, const void *state, bool *ret_good) {
    const char *host = MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_HOST);
    const struct route *route = find_route(path);
    bool post = route && route->post;
    *ret_good = false;
    if (state == &uri_too_long)
        return answer_error(c, MHD_HTTP_URI_TOO_LONG, "the address is too long; at most %d bytes",
                            URI_MAX);
    if (d->loopback && host && !address_host_is_loopback(host))
        return answer_error(c, MHD_HTTP_FORBIDDEN,
                            "host %.100s is not this box; ask for 127.0.0.1 or localhost", host);
    if (!route)
        return answer_error(c, MHD_HTTP_NOT_FOUND,
                            "there is no %.200s; docs/http.md lists what there is", path);
    if (post ? !is(method, MHD_HTTP_METHOD_POST)
             : !is(method, MHD_HTTP_METHOD_GET) && !is(method, MHD_HTTP_METHOD_HEAD))
        return answer_not_allowed(c, method, post ? "POST" : "GET, HEAD");
    if (!post && request_has_body(c))
        return answer_error(c, MHD_HTTP_CONTENT_TOO_LARGE,
                            "a request with a body is not accepted; send none");
    if (post && request_is_long(c))
        return answer_error(c, MHD_HTTP_CONTENT_TOO_LARGE, "the body is too long; at most %d bytes",
                            REQUEST_BODY_MAX);
    if (post && !gate_is_own_post(c))
        return answer_error(c, MHD_HTTP_FORBIDDEN,
                            "this did not come from the gateway's own page; send JSON with "
                            "Content-Type application/json from this host");
    return may(d, c, route, ret_good);
}

enum MHD_Result dispatch_request(void *cls, struct MHD_Connection *c, const char *path,
                                 const char *method, const char *version, const char *upload,
                                 size_t *upload_n, void **state) {
    struct dispatch *d = cls;
    (void)version;
    if (*state == NULL || *state == &uri_too_long) {
        bool good;
        enum MHD_Result result = check(d, c, path, method, *state, &good);
        if (!good)
            return result;
        bool post = find_route(path)->post != NULL;
        *state = post ? calloc(1, sizeof(struct request)) : (void *)&headers_are_good;
        return *state ? MHD_YES : MHD_NO;
    }
    const struct route *route = find_route(path);
    if (route->api)
        return route->api(&d->api, c);
    if (route->get)
        return route->get(d, c);
    if (route->page)
        return page_get(&d->page, c, path);
    struct request *r = *state;
    r->path = path;
    if (*upload_n == 0)
        return route->post(d, c, r);
    bool fits = request_add(r, upload, *upload_n);
    *upload_n = 0;
    return fits ? MHD_YES : MHD_NO; /* no answer is possible before its end */
}

void dispatch_done(void *cls, struct MHD_Connection *c, void **state,
                   enum MHD_RequestTerminationCode code) {
    (void)cls;
    (void)code;
    if (*state && *state != &uri_too_long && *state != &headers_are_good) {
        sodium_memzero(*state, sizeof(struct request)); /* it may have held a password */
        free(*state);
    }
    *state = NULL;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    if (info)
        connections_request_done(info->socket_context, clock_now().mono_us);
}

void dispatch_connection(void *cls, struct MHD_Connection *c, void **place,
                         enum MHD_ConnectionNotificationCode code) {
    struct dispatch *d = cls;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        connections_close(*place);
        return;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
    *place = info ? connections_open(&d->connections, info->connect_fd, clock_now().mono_us) : NULL;
}
