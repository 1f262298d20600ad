#include "format/metrics.h"

#include <math.h>

#include "format/head.h"
#include "format/json.h"

#define MS_PER_SECOND 1000.0

enum kind { GAUGE, COUNTER };

/* ---- lines -------------------------------------------------------------------------------- */

static void put_number(struct buf *b, double v) {
    if (isnan(v))
        buf_puts(b, "NaN");
    else
        buf_put_decimal(b, v, 6);
    buf_putc(b, '\n');
}

/* A counter's samples end in _total; OpenMetrics names the family without it. */
static void declare(struct buf *b, enum metrics_form form, const char *name, enum kind kind,
                    const char *help) {
    bool suffix = kind == COUNTER && form == METRICS_PROMETHEUS;
    buf_puts(b, "# HELP ");
    buf_puts(b, name);
    buf_puts(b, suffix ? "_total " : " ");
    buf_puts(b, help);
    buf_puts(b, "\n# TYPE ");
    buf_puts(b, name);
    buf_puts(b, suffix ? "_total" : "");
    buf_puts(b, kind == COUNTER ? " counter\n" : " gauge\n");
}

/* The sample's name and a label; the value is the caller's. label NULL: none. */
static void begin_labelled(struct buf *b, const char *name, enum kind kind, const char *label,
                           const char *id) {
    buf_puts(b, name);
    buf_puts(b, kind == COUNTER ? "_total" : "");
    if (label) {
        buf_putc(b, '{');
        buf_puts(b, label);
        buf_putc(b, '=');
        buf_put_json(b, id); /* the escapes that labels need are the same */
        buf_putc(b, '}');
    }
    buf_putc(b, ' ');
}

static void begin(struct buf *b, const char *name, enum kind kind, const char *destination) {
    begin_labelled(b, name, kind, destination ? "destination" : NULL, destination);
}

/* ---- what there is of the gateway ----------------------------------------------------------- */

static void put_build(struct buf *b, const struct metrics *m, enum metrics_form form) {
    declare(b, form, "busbar_build_info", GAUGE, "Version and configuration; always 1.");
    buf_puts(b, "busbar_build_info{version=");
    buf_put_json(b, m->version);
    buf_puts(b, ",config=");
    buf_put_json(b, m->config);
    buf_puts(b, "} 1\n");
}

static void put_gauges(struct buf *b, const struct metrics *m, enum metrics_form form) {
    const struct {
        const char *name, *help;
        double v;
    } rows[] = {
        {"busbar_uptime_seconds", "Since the program started.", m->uptime_s},
        {"busbar_devices", "Configured devices.", m->devices_total},
        {"busbar_devices_online", "Devices that answer.", m->devices_online},
        {"busbar_store_bytes", "Used by the store.", (double)m->db_bytes},
        {"busbar_store_budget_bytes", "What the store may use (store.budget_mb).",
         m->budget_bytes > 0 ? (double)m->budget_bytes : (double)NAN},
        {"busbar_store_until_full_seconds",
         "Until the budget is used up at the present rate (days until full x 86400).",
         m->days_until_full * 86400.0},
        {"busbar_store_last_commit_seconds", "How long the last commit took.", m->last_commit_s},
        {"busbar_store_failing", "1: the last commit failed, what is new waits in memory.",
         m->store_failing},
        {"busbar_store_disk_free_bytes", "Free on the disk of the store.",
         (double)m->disk_free_bytes},
        {"busbar_store_disk_full", "1: the disk of the store is full.", m->disk_full},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        declare(b, form, rows[i].name, GAUGE, rows[i].help);
        begin(b, rows[i].name, GAUGE, NULL);
        put_number(b, rows[i].v);
    }
}

static void put_counters(struct buf *b, const struct metrics *m, enum metrics_form form) {
    const struct {
        const char *name, *help;
        uint64_t n;
    } rows[] = {
        {"busbar_readings", "Polls taken in.", m->readings},
        {"busbar_readings_refused", "Polls of another configuration, dropped.",
         m->refused_readings},
        {"busbar_ring_refused", "Polls that found no room on their way to the store.",
         m->ring_refused},
        {"busbar_samples", "Values taken in.", m->samples},
        {"busbar_samples_late", "Values whose slot had closed.", m->late_samples},
        {"busbar_store_commits", "Transactions.", m->commits},
        {"busbar_slots", "Rows of closed slots.", m->slots},
        {"busbar_records", "Records written.", m->records},
        {"busbar_store_thinned_raw", "Windows and chains of raw readings dropped for the budget.",
         m->thinned_raw},
        {"busbar_store_blocks_refused",
         "Rows and slots that found no room in memory while commits failed.", m->refused_blocks},
        {"busbar_store_replacements", "Damaged stores that were set aside.", m->replacements},
        {"busbar_store_thinned_records", "Records dropped for the budget.", m->thinned_records},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        declare(b, form, rows[i].name, COUNTER, rows[i].help);
        begin(b, rows[i].name, COUNTER, NULL);
        buf_put_u64(b, rows[i].n);
        buf_putc(b, '\n');
    }
}

/* ---- alerts --------------------------------------------------------------------------------- */

static void put_alerts(struct buf *b, const struct metrics *m, enum metrics_form form) {
    static const char open[] = "busbar_alerts_open", overdue[] = "busbar_alerts_overdue";
    declare(b, form, open, GAUGE, "Alerts that are neither refused nor closed, by severity.");
    for (int i = 0; i < ALERT_SEVERITIES; i++) {
        buf_puts(b, open);
        buf_puts(b, "{severity=");
        buf_put_json(b, alert_severity_str((enum alert_severity)i));
        buf_puts(b, "} ");
        put_number(b, m->alerts_known ? (double)m->alerts_open[i] : (double)NAN);
    }
    declare(b, form, overdue, GAUGE, "Open alerts whose due date is over.");
    begin(b, overdue, GAUGE, NULL);
    put_number(b, m->alerts_known ? (double)m->alerts_overdue : (double)NAN);
}

/* ---- destinations ------------------------------------------------------------------------- */

static double age_s(const struct metrics *m, const struct metrics_destination *d) {
    if (!d->backlog_known)
        return (double)NAN;
    if (d->oldest_utc_ms == 0 || d->oldest_utc_ms > m->now)
        return 0.0;
    return (double)(m->now - d->oldest_utc_ms) / MS_PER_SECOND;
}

enum row {
    ROW_CONNECTED,
    ROW_BACKLOG,
    ROW_AGE,
    ROW_IN_FLIGHT,
    ROW_SENT,
    ROW_ACKNOWLEDGED,
    ROW_REFUSED,
    ROW_RECONNECTS,
    ROW_COUNT
};

static double value(const struct metrics *m, const struct metrics_destination *d, enum row row) {
    switch (row) {
    case ROW_CONNECTED:
        return d->connected;
    case ROW_BACKLOG:
        return d->backlog_known ? (double)d->backlog_rows : (double)NAN;
    case ROW_AGE:
        return age_s(m, d);
    case ROW_IN_FLIGHT:
        return d->in_flight;
    case ROW_SENT:
        return (double)d->sent;
    case ROW_ACKNOWLEDGED:
        return (double)d->acknowledged;
    case ROW_REFUSED:
        return (double)d->refused;
    case ROW_RECONNECTS:
        return (double)d->reconnects;
    case ROW_COUNT:
        break;
    }
    return (double)NAN;
}

static void put_destinations(struct buf *b, const struct metrics *m, enum metrics_form form) {
    static const struct {
        const char *name, *help;
        enum kind kind;
    } rows[ROW_COUNT] = {
        [ROW_CONNECTED] = {"busbar_delivery_connected", "1: the destination is reached.", GAUGE},
        [ROW_BACKLOG] = {"busbar_delivery_backlog_rows", "Messages not acknowledged.", GAUGE},
        [ROW_AGE] = {"busbar_delivery_backlog_age_seconds",
                     "Age of the oldest message that is not acknowledged.", GAUGE},
        [ROW_IN_FLIGHT] = {"busbar_delivery_in_flight", "Messages sent and not answered.", GAUGE},
        [ROW_SENT] = {"busbar_delivery_sent", "Messages sent, repeated ones too.", COUNTER},
        [ROW_ACKNOWLEDGED] = {"busbar_delivery_acknowledged", "Messages acknowledged.", COUNTER},
        [ROW_REFUSED] = {"busbar_delivery_refused", "Messages refused.", COUNTER},
        [ROW_RECONNECTS] = {"busbar_delivery_reconnects", "Connections after the first.", COUNTER},
    };
    for (int row = 0; m->destinations > 0 && row < ROW_COUNT; row++) {
        declare(b, form, rows[row].name, rows[row].kind, rows[row].help);
        for (size_t i = 0; i < m->destinations; i++) {
            begin(b, rows[row].name, rows[row].kind, m->destination[i].id);
            put_number(b, value(m, &m->destination[i], (enum row)row));
        }
    }
}

/* ---- devices ------------------------------------------------------------------------------ */

static void put_clocks(struct buf *b, const struct metrics *m, enum metrics_form form) {
    static const char name[] = "busbar_meter_clock_offset_seconds";
    if (m->clocks == 0)
        return;
    declare(b, form, name, GAUGE,
            "What a device's own clock was ahead of the gateway's when it was last read.");
    for (size_t i = 0; i < m->clocks; i++) {
        buf_puts(b, name);
        buf_puts(b, "{device=");
        buf_put_json(b, m->clock[i].device);
        buf_puts(b, "} ");
        put_number(b, m->clock[i].offset_s);
    }
}

/* ---- webhooks ----------------------------------------------------------------------------- */

static double waiting_s(const struct metrics *m, const struct metrics_webhook *w) {
    bool any = w->oldest_utc_ms != 0 && w->oldest_utc_ms < m->now;
    return any ? (double)(m->now - w->oldest_utc_ms) / MS_PER_SECOND : 0.0;
}

static void put_webhooks(struct buf *b, const struct metrics *m, enum metrics_form form) {
    static const struct {
        const char *name, *help;
        enum kind kind;
    } rows[] = {
        {"busbar_webhook_connected", "1: the last message was taken.", GAUGE},
        {"busbar_webhook_sent", "Messages that were taken.", COUNTER},
        {"busbar_webhook_alerts", "Alerts told in them.", COUNTER},
        {"busbar_webhook_failed", "Messages that were not taken.", COUNTER},
        {"busbar_webhook_waiting", "Alerts that wait, those held by quiet hours too.", GAUGE},
        {"busbar_webhook_waiting_age_seconds", "Age of the oldest alert that waits.", GAUGE},
    };
    for (size_t row = 0; m->webhooks > 0 && row < sizeof rows / sizeof rows[0]; row++) {
        declare(b, form, rows[row].name, rows[row].kind, rows[row].help);
        for (size_t i = 0; i < m->webhooks; i++) {
            const struct metrics_webhook *w = &m->webhook[i];
            const double values[] = {w->connected,        (double)w->messages, (double)w->alerts,
                                     (double)w->failures, (double)w->waiting,  waiting_s(m, w)};
            begin_labelled(b, rows[row].name, rows[row].kind, "webhook", w->id);
            put_number(b, values[row]);
        }
    }
}

void metrics_write(struct buf *b, const struct metrics *m, enum metrics_form form) {
    put_build(b, m, form);
    put_gauges(b, m, form);
    put_counters(b, m, form);
    put_alerts(b, m, form);
    put_destinations(b, m, form);
    put_clocks(b, m, form);
    put_webhooks(b, m, form);
    if (form == METRICS_OPENMETRICS)
        buf_puts(b, "# EOF\n");
}

/* ---- for people --------------------------------------------------------------------------- */

static void put_store(struct buf *b, const struct metrics *m) {
    json_open(b, "store");
    json_u64(b, "bytes", m->db_bytes);
    if (m->budget_bytes > 0)
        json_u64(b, "budget_bytes", m->budget_bytes);
    else
        json_text(b, "budget_bytes", NULL);
    json_decimal(b, "days_until_full", m->days_until_full, DECIMALS_POWER);
    json_bool(b, "failing", m->store_failing);
    json_close(b);
}

static void put_destination(struct buf *b, const struct metrics *m,
                            const struct metrics_destination *d, int utc_offset_s) {
    json_item(b);
    json_text(b, "id", d->id);
    json_bool(b, "connected", d->connected);
    json_open(b, "backlog");
    json_decimal(b, "rows", value(m, d, ROW_BACKLOG), DECIMALS_POWER);
    json_decimal(b, "age_s", age_s(m, d), DECIMALS_POWER);
    json_time(b, "oldest", d->backlog_known ? d->oldest_utc_ms : 0, utc_offset_s);
    json_close(b);
    json_u64(b, "in_flight", d->in_flight);
    json_u64(b, "sent", d->sent);
    json_u64(b, "acknowledged", d->acknowledged);
    json_u64(b, "refused", d->refused);
    json_u64(b, "reconnects", d->reconnects);
    json_text(b, "error", d->error[0] ? d->error : NULL);
    json_close(b);
}

void delivery_write(struct buf *b, const struct metrics *m, int utc_offset_s) {
    buf_putc(b, '{');
    json_u64(b, "v", BODY_VERSION);
    json_time(b, "t", m->now, utc_offset_s);
    put_store(b, m);
    json_open_list(b, "destinations");
    for (size_t i = 0; i < m->destinations; i++)
        put_destination(b, m, &m->destination[i], utc_offset_s);
    json_close_list(b);
    json_close(b);
}
