#include "web/web.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "web/address.h"
#include "web/answer.h"
#include "web/api.h"
#include "web/connections.h"
#include "web/web_loop.h"

#define CONNECTION_BYTES                                                                           \
    ((size_t)32 * 1024) /* a request's line and headers, an answer's headers                       \
                         */
#define TIMEOUT_S 10U   /* without a byte either way */
#define URI_MAX   1024

struct web {
    struct api api;
    struct connections connections;
    struct MHD_Daemon *daemon;
    struct web_loop loop;
};

static const struct {
    const char *path;
    api_endpoint *get;
} routes[] = {
    {"/api/v1/accounts", api_accounts}, {"/api/v1/completeness", api_completeness},
    {"/api/v1/delivery", api_delivery}, {"/api/v1/demand", api_demand},
    {"/api/v1/live", api_live},         {"/api/v1/records", api_records},
    {"/healthz", api_healthz},          {"/metrics", api_metrics},
};

/* ---- requests ----------------------------------------------------------------------------- */

/* What a request's pointer says from one call to the next. */
static char uri_too_long, headers_are_good;

static void *on_uri(void *cls, const char *uri, struct MHD_Connection *c) {
    (void)cls;
    (void)c;
    return strnlen(uri, URI_MAX + 1) > URI_MAX ? &uri_too_long : NULL;
}

static const char *header(struct MHD_Connection *c, const char *name) {
    return MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
}

static bool has_body(struct MHD_Connection *c) {
    const char *length = header(c, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return header(c, MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL ||
           (length && length[strspn(length, "0")] != '\0');
}

static api_endpoint *find_route(const char *path) {
    for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
        if (strcmp(routes[i].path, path) == 0)
            return routes[i].get;
    return NULL;
}

/* The headers are there, a body is not yet: what is refused is refused now. */
static enum MHD_Result check(struct MHD_Connection *c, const char *path, const char *method,
                             void **state) {
    const char *host = header(c, MHD_HTTP_HEADER_HOST);
    if (*state == &uri_too_long)
        return answer_error(c, MHD_HTTP_URI_TOO_LONG, "the address is too long; at most %d bytes",
                            URI_MAX);
    if (host && !address_host_is_loopback(host))
        return answer_error(c, MHD_HTTP_FORBIDDEN,
                            "host %.100s is not this box; ask for 127.0.0.1 or localhost", host);
    if (!find_route(path))
        return answer_error(c, MHD_HTTP_NOT_FOUND,
                            "there is no %.200s; docs/http.md lists what there is", path);
    if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
        return answer_error(c, MHD_HTTP_METHOD_NOT_ALLOWED,
                            "%.20s is not possible here; use GET or HEAD", method);
    if (has_body(c))
        return answer_error(c, MHD_HTTP_CONTENT_TOO_LARGE,
                            "a request with a body is not accepted; send none");
    *state = &headers_are_good;
    return MHD_YES;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *c, const char *path,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_n, void **state) {
    struct web *w = cls;
    (void)version;
    (void)upload;
    (void)upload_n;
    if (*state != &headers_are_good)
        return check(c, path, method, state);
    return find_route(path)(&w->api, c);
}

/* ---- connections -------------------------------------------------------------------------- */

static void on_connection(void *cls, struct MHD_Connection *c, void **place,
                          enum MHD_ConnectionNotificationCode code) {
    struct web *w = cls;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        connections_close(*place);
        return;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
    *place = info ? connections_open(&w->connections, info->connect_fd, clock_now().mono_us) : NULL;
}

static void on_done(void *cls, struct MHD_Connection *c, void **state,
                    enum MHD_RequestTerminationCode code) {
    (void)cls;
    (void)state;
    (void)code;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    if (info)
        connections_request_done(info->socket_context, clock_now().mono_us);
}

/* ---- start and stop ----------------------------------------------------------------------- */

static int parse_listen(const char *listen, struct address *ret) {
    int err = address_parse(listen, ret);
    if (err < 0) {
        log_error("web: listen %s is no address; set web.listen to 127.0.0.1:PORT", listen);
        return err;
    }
    if (!ret->loopback) {
        log_error("web: listen %s: listening beyond loopback needs a configured user, which this "
                  "version cannot check; set web.listen to 127.0.0.1:PORT; the gateway goes on "
                  "without the page",
                  listen);
        return ERR_RANGE;
    }
    return ERR_OK;
}

static struct MHD_Daemon *start_daemon(struct web *w, const struct address *a) {
    unsigned flags = MHD_USE_EPOLL;
    if (a->any.sa_family == AF_INET6)
        flags |= MHD_USE_IPv6;
    return MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, w, MHD_OPTION_SOCK_ADDR, &a->any,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        CONNECTION_BYTES, MHD_OPTION_CONNECTION_TIMEOUT, TIMEOUT_S, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_URI_LOG_CALLBACK, on_uri, w, MHD_OPTION_NOTIFY_CONNECTION, on_connection, w,
        MHD_OPTION_NOTIFY_COMPLETED, on_done, w, MHD_OPTION_END);
}

int web_start(const struct web_options *o, struct web **ret) {
    const char *listen = o->site->web_listen ? o->site->web_listen : WEB_LISTEN_DEFAULT;
    struct address a;
    int err = parse_listen(listen, &a);
    if (err < 0)
        return err;
    struct web *w = calloc(1, sizeof *w);
    if (!w)
        return ERR_NOMEM;
    w->api.site = o->site;
    w->api.version = o->version;
    w->api.live = o->live;
    w->api.stats = o->stats;
    w->api.stats_arg = o->stats_arg;
    w->api.started_mono_us = clock_now().mono_us;
    errno = 0;
    w->daemon = start_daemon(w, &a);
    if (!w->daemon) {
        log_error("web: cannot listen on %s: %s; set web.listen to another port; the gateway goes "
                  "on without the page",
                  listen, errno != 0 ? strerror(errno) : "no resources");
        free(w);
        return ERR_IO;
    }
    err = web_loop_start(&w->loop, w->daemon);
    if (err < 0) {
        log_error("web: no thread for %s; raise the limits of the service; the gateway goes on "
                  "without the page",
                  listen);
        MHD_stop_daemon(w->daemon);
        free(w);
        return err;
    }
    *ret = w;
    return ERR_OK;
}

void web_stop(struct web *w) {
    if (!w)
        return;
    web_loop_stop(&w->loop);
    MHD_stop_daemon(w->daemon);
    api_fini(&w->api);
    free(w);
}

uint16_t web_port(const struct web *w) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(w->daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info ? info->port : 0;
}
