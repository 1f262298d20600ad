#include "web/web.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "web/address.h"
#include "web/dispatch.h"
#include "web/tls_files.h"
#include "web/web_loop.h"

#define CONNECTION_BYTES                                                                           \
    ((size_t)32 * 1024)    /* a request's line and headers, an answer's headers                    \
                            */
#define TIMEOUT_S      10U /* without a byte either way */
#define WHY_MAX        1400
#define TLS_PRIORITIES "NORMAL:-VERS-TLS1.0:-VERS-TLS1.1"

struct web {
    struct dispatch dispatch;
    struct tls_files tls;
    struct MHD_Daemon *daemon;
    struct web_loop loop;
};

static int parse_listen(const char *listen, const struct web_settings *settings,
                        struct address *ret) {
    int err = address_parse(listen, ret);
    if (err < 0) {
        log_error("web: listen %s is no address; set web.listen to 127.0.0.1:PORT", listen);
        return err;
    }
    if (ret->loopback)
        return ERR_OK;
    if (!settings->users_file) {
        log_error("web: listen %s: listening beyond loopback needs a configured user; run busbar "
                  "passwd and set web.users_file, or set web.listen to 127.0.0.1:PORT; the gateway "
                  "goes on without the page",
                  listen);
        return ERR_RANGE;
    }
    if (!settings->cert_file)
        log_warn("web: listen %s: without web.tls passwords cross the network in the open; set "
                 "web.tls, or put a proxy with TLS before it",
                 listen);
    return ERR_OK;
}

static struct MHD_Daemon *start_daemon(struct web *w, const struct address *a) {
    struct dispatch *d = &w->dispatch;
    const struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, w->tls.cert},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, w->tls.key},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, TLS_PRIORITIES},
        {MHD_OPTION_END, 0, NULL},
    };
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;
    if (a->any.sa_family == AF_INET6)
        flags |= MHD_USE_IPv6;
    if (w->tls.cert)
        flags |= MHD_USE_TLS;
    return MHD_start_daemon(
        flags, 0, NULL, NULL, dispatch_request, d, MHD_OPTION_SOCK_ADDR, &a->any,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        CONNECTION_BYTES, MHD_OPTION_CONNECTION_TIMEOUT, TIMEOUT_S, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_URI_LOG_CALLBACK, dispatch_uri, d, MHD_OPTION_NOTIFY_CONNECTION,
        dispatch_connection, d, MHD_OPTION_NOTIFY_COMPLETED, dispatch_done, d, MHD_OPTION_ARRAY,
        w->tls.cert ? tls : tls + 3, MHD_OPTION_END);
}

static void on_turn(void *arg) {
    struct web *w = arg;
    stream_turn(&w->dispatch.stream, clock_now().mono_us);
}

static void free_web(struct web *w) {
    api_fini(&w->dispatch.api);
    stream_fini(&w->dispatch.stream);
    page_close(&w->dispatch.page);
    gate_close(&w->dispatch.gate);
    tls_files_free(&w->tls);
    free(w);
}

/* The files that the settings name. Logs. */
static int read_files(struct web *w, const struct site *site) {
    const struct web_settings *s = &site->web;
    char why[WHY_MAX] = "memory is short", sessions[PATH_MAX];
    if (s->users_file)
        snprintf(sessions, sizeof sessions, "%s.sessions", site->store.path);
    int err =
        s->cert_file ? tls_files_read(s->cert_file, s->key_file, &w->tls, why, sizeof why) : ERR_OK;
    if (err == ERR_OK)
        err = gate_open(&w->dispatch.gate, s->users_file, sessions, s->cert_file != NULL, why,
                        sizeof why);
    if (err < 0)
        log_error("web: %s; the gateway goes on without the page", why);
    return err;
}

static void init_api(struct api *a, const struct web_options *o) {
    a->site = o->site;
    a->version = o->version;
    a->live = o->live;
    a->stats = o->stats;
    a->stats_arg = o->stats_arg;
    struct instant now = clock_now();
    a->started_mono_us = now.mono_us;
    a->started_ms = floor_div(now.utc_us, US_PER_MS);
}

/* Logs. */
static int open_port(struct web *w, const char *listen, const struct address *a) {
    errno = 0;
    w->daemon = start_daemon(w, a);
    if (!w->daemon) {
        log_error("web: cannot listen on %s: %s; set web.listen to another port; the gateway goes "
                  "on without the page",
                  listen,
                  errno != 0    ? strerror(errno)
                  : w->tls.cert ? "no resources, or the certificate is not the key's"
                                : "no resources");
        return ERR_IO;
    }
    w->loop.turn = on_turn;
    w->loop.turn_arg = w;
    int err = web_loop_start(&w->loop, w->daemon);
    if (err < 0) {
        log_error("web: no thread for %s; raise the limits of the service; the gateway goes on "
                  "without the page",
                  listen);
        MHD_stop_daemon(w->daemon);
    }
    return err;
}

int web_start(const struct web_options *o, struct web **ret) {
    const char *listen = o->site->web.listen ? o->site->web.listen : WEB_LISTEN_DEFAULT;
    struct address a;
    int err = parse_listen(listen, &o->site->web, &a);
    if (err < 0)
        return err;
    struct web *w = calloc(1, sizeof *w);
    if (!w)
        return ERR_NOMEM;
    init_api(&w->dispatch.api, o);
    w->dispatch.order = o->order;
    w->dispatch.order_arg = o->order_arg;
    w->dispatch.loopback = a.loopback;
    stream_init(&w->dispatch.stream, o->live, api_write_live, &w->dispatch.api);
    page_open(&w->dispatch.page, o->page);
    err = read_files(w, o->site);
    if (err == ERR_OK)
        err = open_port(w, listen, &a);
    if (err < 0) {
        free_web(w);
        return err;
    }
    *ret = w;
    return ERR_OK;
}

void web_stop(struct web *w) {
    if (!w)
        return;
    web_loop_stop(&w->loop);
    stream_stop(&w->dispatch.stream);
    MHD_stop_daemon(w->daemon);
    free_web(w);
}

uint16_t web_port(const struct web *w) {
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(w->daemon, MHD_DAEMON_INFO_BIND_PORT);
    return info ? info->port : 0;
}
