#include "acquire/acquire.h"

#include <stdlib.h>

#include "acquire/engine.h"
#include "acquire/line.h"
#include "acquire/link.h"
#include "acquire/tcp_socket.h"
#include "base/err.h"
#include "sys/log.h"

struct acquire {
    struct arena *arena;
    const struct site *site;
    struct link_device **devices; /* by site index; NULL when disabled */
    struct link **sockets;        /* links of the engine */
    size_t socket_count;
    struct link **serials;
    struct line **lines; /* one for each of serials; NULL until started */
    size_t serial_count;
    struct engine *engine;
};

static int take_address(struct link *l) {
    const struct link_def *def = l->def;
    int rc = tcp_socket_address(def->host, def->port, &l->address, &l->address_len);
    if (rc < 0)
        log_error("link %s: \"%s\" is not a numeric address; correct it in the site file", def->id,
                  def->host);
    return rc;
}

static int add_link(struct acquire *a, size_t i, uint32_t version, struct ring *readings,
                    struct moment m) {
    struct link *l = NULL;
    int rc = link_new(a->arena, a->site, i, version, readings, m, &l);
    if (rc < 0 || l == NULL)
        return rc;
    for (size_t k = 0; k < l->fsm.device_count; k++)
        a->devices[l->devices[k].index] = &l->devices[k];
    if (l->def->kind == LINK_RTU) {
        a->serials[a->serial_count++] = l;
        return ERR_OK;
    }
    a->sockets[a->socket_count++] = l;
    return take_address(l);
}

static int build(struct acquire *a, uint32_t version, struct ring *readings) {
    size_t links = a->site->link_count;
    struct moment m = link_moment();
    a->devices = arena_alloc(a->arena, a->site->device_count, sizeof(struct link_device *));
    a->sockets = arena_alloc(a->arena, links, sizeof(struct link *));
    a->serials = arena_alloc(a->arena, links, sizeof(struct link *));
    a->lines = arena_alloc(a->arena, links, sizeof(struct line *));
    if (a->devices == NULL || a->sockets == NULL || a->serials == NULL || a->lines == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < links; i++) {
        int rc = add_link(a, i, version, readings, m);
        if (rc < 0)
            return rc;
    }
    return ERR_OK;
}

static int start_threads(struct acquire *a) {
    int rc = ERR_OK;
    if (a->socket_count > 0) {
        rc = tcp_socket_reserve(a->socket_count);
        if (rc == ERR_OK)
            rc = engine_start(a->arena, a->sockets, a->socket_count, &a->engine);
    }
    for (size_t i = 0; rc == ERR_OK && i < a->serial_count; i++)
        rc = line_start(a->arena, a->serials[i], i + 1, &a->lines[i]);
    return rc;
}

int acquire_start(const struct site *site, uint32_t site_version, struct ring *readings,
                  struct acquire **ret) {
    struct acquire *a = calloc(1, sizeof *a);
    if (a == NULL)
        return ERR_NOMEM;
    a->site = site;
    a->arena = arena_new();
    int rc = a->arena != NULL ? build(a, site_version, readings) : ERR_NOMEM;
    if (rc == ERR_OK)
        rc = start_threads(a);
    if (rc < 0) {
        acquire_stop(a);
        return rc;
    }
    *ret = a;
    return ERR_OK;
}

void acquire_stop(struct acquire *a) {
    if (a == NULL)
        return;
    engine_stop(a->engine);
    for (size_t i = 0; i < a->serial_count; i++)
        line_stop(a->lines[i]);
    arena_free(a->arena);
    free(a);
}

bool acquire_device_stats(const struct acquire *a, size_t device,
                          struct acquire_device_stats *ret) {
    if (device >= a->site->device_count)
        return false;
    *ret = (struct acquire_device_stats){0};
    if (a->devices[device] != NULL)
        link_device_stats(a->devices[device], ret);
    return true;
}
