/* /metrics and /api/v1/delivery: how the gateway, its store and its destinations are. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "format/metrics.h"
#include "store/reader_alerts.h"
#include "sys/clock.h"
#include "web/answer.h"
#include "web/api.h"

#define METRICS_MAX ((size_t)48 * 1024) /* eight destinations and webhooks need less */
#define CLOCK_MAX   128                 /* one line of a device */

static const char openmetrics[] = "application/openmetrics-text; version=1.0.0; charset=utf-8";
static const char prometheus[] = "text/plain; version=0.0.4; charset=utf-8";

static void add_alerts(struct api *a, struct metrics *m) {
    struct alert_counts counts;
    struct reader *r = api_reader(a);
    int err = r ? reader_alert_counts(r, m->now, &counts) : ERR_IO;
    if (r && err < 0)
        api_reader_failed(a, err);
    if (err < 0)
        return;
    m->alerts_known = true;
    memcpy(m->alerts_open, counts.open, sizeof m->alerts_open);
    m->alerts_overdue = counts.overdue;
}

/* How long each queue is stands in the store, like the queue itself. */
static void add_backlog(struct api *a, struct metrics *m) {
    struct reader *r = api_reader(a);
    for (size_t i = 0; r && i < m->destinations; i++) {
        struct outbox_head head;
        int err = reader_head(r, m->destination[i].id, &head);
        if (err < 0) {
            api_reader_failed(a, err);
            return;
        }
        m->destination[i].backlog_known = true;
        m->destination[i].backlog_rows = head.unacked;
        m->destination[i].oldest_utc_ms = head.oldest_unacked_utc_ms;
    }
}

static void collect(struct api *a, struct metrics *m) {
    struct live_site l;
    *m = (struct metrics){.days_until_full = (double)NAN, .last_commit_s = (double)NAN};
    if (a->stats)
        a->stats(a->stats_arg, m);
    m->version = a->version;
    m->config = a->site->config_hash;
    m->now = floor_div(clock_now().utc_us, US_PER_MS);
    live_get_site(a->live, &l);
    m->devices_online = l.devices_online;
    m->devices_total = l.devices_total;
    add_backlog(a, m);
    add_alerts(a, m);
}

/* The caller frees it; NULL and no clocks without memory. */
static struct metrics_clock *add_clocks(const struct api *a, struct metrics *m) {
    struct metrics_clock *clocks = calloc(a->site->device_count + 1, sizeof *clocks);
    for (size_t i = 0; clocks && i < a->site->device_count; i++) {
        struct live_clock l;
        if (live_get_clock(a->live, i, &l))
            clocks[m->clocks++] = (struct metrics_clock){a->site->devices[i].id, l.offset_s};
    }
    m->clock = clocks;
    return clocks;
}

/* Whoever knows OpenMetrics, or says nothing, gets it. */
static enum metrics_form form_for(struct MHD_Connection *c) {
    const char *accept = MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
    bool old = accept && strstr(accept, "text/plain") && !strstr(accept, "openmetrics-text");
    return old ? METRICS_PROMETHEUS : METRICS_OPENMETRICS;
}

enum MHD_Result api_metrics(struct api *a, struct MHD_Connection *c) {
    struct metrics m;
    struct buf b;
    size_t cap = METRICS_MAX + a->site->device_count * CLOCK_MAX;
    char *memory = malloc(cap);
    if (!memory)
        return answer_error(c, MHD_HTTP_SERVICE_UNAVAILABLE, "memory is short; try again later");
    collect(a, &m);
    struct metrics_clock *clocks = add_clocks(a, &m);
    enum metrics_form form = form_for(c);
    buf_init(&b, memory, cap);
    metrics_write(&b, &m, form);
    free(clocks);
    return answer_typed(c, MHD_HTTP_OK, form == METRICS_OPENMETRICS ? openmetrics : prometheus,
                        MHD_create_response_from_buffer(b.len, memory, MHD_RESPMEM_MUST_FREE));
}

static void write_delivery(const void *arg, struct buf *b) {
    const struct metrics *m = arg;
    delivery_write(b, m, clock_utc_offset_s(m->now));
}

enum MHD_Result api_delivery(struct api *a, struct MHD_Connection *c) {
    struct metrics m;
    collect(a, &m);
    return answer_json(c, write_delivery, &m);
}
