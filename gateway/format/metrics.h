/* What the gateway says of itself: the body of /metrics, for a monitoring system, and that of
 * /api/v1/delivery, for people. Structures in, bytes out; pure.
 *
 * Two forms of /metrics, which differ in how a counter is declared and in their end:
 * OpenMetrics 1.0 and Prometheus' own text 0.0.4. Durations are in seconds and unknown numbers NaN,
 * as both ask. */
#ifndef BUSBAR_FORMAT_METRICS_H
#define BUSBAR_FORMAT_METRICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alert/alert.h"
#include "base/buf.h"
#include "base/units.h"

#define METRICS_DESTINATIONS_MAX 8
#define METRICS_NAME_MAX         40
#define METRICS_ERROR_MAX        200
#define METRICS_WEBHOOKS_MAX     8

enum metrics_form { METRICS_OPENMETRICS, METRICS_PROMETHEUS };

/* A device's own clock when it was last read. */
struct metrics_clock {
    const char *device;
    double offset_s; /* ahead of the gateway's; NAN: it showed no time */
};

/* One destination of records and events. */
struct metrics_destination {
    char id[METRICS_NAME_MAX]; /* as its cursor is named in the store: "mqtt" */
    bool connected;
    uint32_t in_flight;
    uint64_t sent, acknowledged, refused, reconnects;
    char error[METRICS_ERROR_MAX]; /* of an HTTPS destination's last failure; "": none since */
    /* of the outbox; known false: the store cannot be read now */
    bool backlog_known;
    uint64_t backlog_rows;
    ms_t oldest_utc_ms; /* of the first row that is not acknowledged; 0: none */
};

/* One webhook that is told of alerts. */
struct metrics_webhook {
    char id[METRICS_NAME_MAX];
    bool connected;
    uint64_t messages, alerts, failures, waiting;
    ms_t oldest_utc_ms; /* of what waits; 0: none */
};

struct metrics {
    const char *version, *config;
    double uptime_s;
    ms_t now;
    /* of the store and what comes into it, since the start */
    uint64_t readings, refused_readings, ring_refused, samples, late_samples;
    uint64_t commits, slots, records, thinned_raw, thinned_records;
    uint64_t refused_blocks;  /* rows and slots that found no room in memory while commits failed */
    uint64_t replacements;    /* damaged stores that were set aside */
    uint64_t disk_free_bytes; /* on the disk of the store */
    uint64_t db_bytes, budget_bytes; /* budget 0: none */
    double days_until_full;          /* at the present rate; NAN: not known */
    double last_commit_s;
    bool store_failing, disk_full;
    uint32_t devices_online, devices_total;
    /* of the ledger; known false: the store cannot be read now */
    bool alerts_known;
    uint64_t alerts_open[ALERT_SEVERITIES], alerts_overdue;
    struct metrics_destination destination[METRICS_DESTINATIONS_MAX];
    size_t destinations;
    const struct metrics_clock *clock; /* of the devices whose clock has been read */
    size_t clocks;
    struct metrics_webhook webhook[METRICS_WEBHOOKS_MAX];
    size_t webhooks;
};

void metrics_write(struct buf *b, const struct metrics *m, enum metrics_form form);
/* {"v":1,"t":..,"store":{..},"destinations":[..]} */
void delivery_write(struct buf *b, const struct metrics *m, int utc_offset_s);

#endif
