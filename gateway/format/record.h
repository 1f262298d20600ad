/* Bodies of the MQTT contract: plain structures in, JSON bytes out. Pure, no I/O, no clock.
 *
 * docs/schema/ is the law for what these write. A NAN is written as null. Same structure, same
 * bytes: a resend is byte-identical. Numbers: kW and kWh with 3 decimals, ratios with 4, registers
 * and multipliers with 6. A power or energy marked absent and unknown is left out. */
#ifndef BUSBAR_FORMAT_RECORD_H
#define BUSBAR_FORMAT_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/quality.h"
#include "base/units.h"
#include "calc/balance.h"
#include "calc/facts.h"
#include "meter/site.h"

#define BODY_MAX            100000 /* bytes; a longer record is sent in parts */
#define RECORD_PART_DEVICES 150    /* devices of one part */

/* The site's side of a record: what a slot of the whole site says. */
struct record_site {
    const char *period; /* "1m", "15m" */
    ms_t start, end;
    uint32_t revision;
    double coverage;
    enum quality quality;
    const char *cause; /* NULL, or the main reason for quality below good: "device_down", ... */
    bool late;
    const char *clock_state; /* "synced", "holdover", "unsynced", "stepped" */
    double clock_offset_ms;
    struct power_stat power[SITE_POWER_COUNT];
    double energy_kwh[SITE_ENERGY_COUNT];
    bool absent[SITE_POWER_COUNT]; /* of balance_absent() */
    double soc_start_pct, soc_end_pct;
    uint32_t expected, stored; /* device slots */
};

/* METHOD_NONE: no energy is known, written as null. */
enum energy_method { METHOD_REGISTER, METHOD_RECOVERED, METHOD_INTEGRATED, METHOD_NONE };

/* One feed (device or channel) in a record. */
struct record_device {
    const char *id;
    const char *role;
    /* As its own meter names them: a source generates or discharges into export_kwh. NAN when there
     * is no such register. */
    double import_kwh, export_kwh;
    enum energy_method method;
    double import_start, import_end, export_start,
        export_end;      /* registers, before the multiplier */
    ms_t register_at[2]; /* when start and end were read; 0 = null */
    double multiplier;
    double edge_kwh;
    struct power_stat power_kw;
    double coverage;
    enum quality quality;
};

struct message_head {
    ms_t epoch;
    uint64_t seq;
    const char *site, *gateway;
    uint16_t part, parts; /* 1-based; parts 1 = not split, fields left out */
    int utc_offset_s;     /* for ISO 8601 times */
};

/* The stored form of the site's side: JSON members without braces, from "period" on, into an empty
 * buffer. */
void record_site_write(struct buf *b, const struct record_site *r, int utc_offset_s);
/* A whole body: record_begin (head and the stored members as they are), then any number of
 * record_device_write, then record_end with with_devices true when a device was written. */
void record_begin(struct buf *b, const struct message_head *h, ms_t t, const char *site_members,
                  size_t n);
void record_device_write(struct buf *b, const struct record_device *d, int utc_offset_s,
                         bool first);
void record_end(struct buf *b, bool with_devices);

struct event_body {
    const char *event, *object, *rule, *severity, *state;
    ms_t at;
    double value, threshold;
    const char *unit, *actor, *note;
};
/* The stored form: members without braces, into an empty buffer; event_write adds the head. */
void event_members_write(struct buf *b, const struct event_body *e, int utc_offset_s);
void event_write(struct buf *b, const struct message_head *h, ms_t t, const char *members,
                 size_t n);

struct live_body {
    ms_t t;
    double power_kw[SITE_POWER_COUNT];
    bool absent[SITE_POWER_COUNT]; /* of balance_absent() */
    double soc_pct, demand_kw, demand_forecast_kw, carbon_kg_h;
    enum quality quality;
    uint32_t devices_online, devices_total;
};
void live_write(struct buf *b, const struct live_body *l, int utc_offset_s);

struct status_body {
    bool online;
    ms_t t, since; /* 0 = null (the will cannot know) */
    const char *version, *config_hash;
    ms_t epoch;
    uint64_t seq_first, seq_head;
};
void status_write(struct buf *b, const struct status_body *s, int utc_offset_s);

/* /site: what a platform needs to understand a record. One body, never in parts, because it is
 * retained: about 300 bytes a device and 1 kB besides, more with long names. */
void site_write(struct buf *b, const struct site *s, ms_t t, ms_t valid_from, int utc_offset_s);

/* "busbar/1/<district>/<site>/<gateway>/<leaf>" into out; returns the length, or ERR_LIMIT
 * when it does not fit (out is untouched). */
int topic_write(char *out, size_t cap, const struct site *s, const char *leaf);

#endif
