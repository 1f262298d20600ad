/* Bodies of the MQTT contract: plain structures in, JSON bytes out. Pure, no I/O, no clock.
 *
 * docs/schema/ is the law for what these write. A NAN is written as null. Same structure, same
 * bytes: a resend is byte-identical. Numbers: kW, kWh and kg with 3 decimals, ratios with 4,
 * registers, multipliers, factors and cycles with 6; money as text with 2. A power or energy marked
 * absent and unknown is left out, and so is a section of which the site has nothing. */
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
#define RECORD_SITE_MAX     46000  /* bytes of the members that record_site_write gives, with NUL */
#define RECORD_PART_DEVICES 70 /* devices of one part: with the longest members within BODY_MAX */

/* METHOD_NONE: no energy is known, written as null. */
enum energy_method {
    METHOD_REGISTER,
    METHOD_RECOVERED,
    METHOD_INTEGRATED,
    METHOD_NONE,
    METHOD_MANUAL /* an officer's entry */
};

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
    /* energy = (end - start) x multiplier + edge + rollover, per direction. edge: the share moved
     * over the slot's edges by interpolation; rollover: turns of the register, meter exchanges. */
    double edge_kwh, edge_export_kwh, rollover_kwh, rollover_export_kwh;
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

/* What a record is made of besides its devices. */
struct record_source {
    const struct site *site;
    const struct slot_facts *facts;
    const struct month_facts *month; /* of 1d, 1mo and bill; else NULL */
    int account;             /* of a bill: its index, which is the only one written; else -1 */
    const char *clock_state; /* "synced", "holdover", "unsynced", "stepped" */
    uint32_t acknowledged;   /* slots delivered, in a day and longer; UINT32_MAX: null */
    double storage_eta; /* round-trip efficiency that stored energy is reckoned with; 0: none */
};
/* The stored form of the site's side: JSON members without braces, from "period" on and without the
 * revision, into an empty buffer of RECORD_SITE_MAX. A minute has neither points, demand,
 * transformers, tariff, ratios nor balance, and of carbon the first figure only. */
void record_site_write(struct buf *b, const struct record_source *r, utc_offset_fn *zone);
/* A whole body: record_begin (head, revision and the stored members as they are), then any number
 * of record_device_write, then record_end with with_devices true when a device was written. */
void record_begin(struct buf *b, const struct message_head *h, ms_t t, uint32_t revision,
                  const char *site_members, size_t n);
void record_device_write(struct buf *b, const struct record_device *d, int utc_offset_s,
                         bool first);
void record_end(struct buf *b, bool with_devices);

struct event_body {
    const char *event, *object, *rule, *severity, *state;
    ms_t at;
    double value, threshold;
    const char *unit, *actor, *note;
    /* Of an alert; number 0: the event is none, and these members are left out. */
    int64_t alert; /* its number in the ledger */
    const char *action, *text_zh, *text_en, *note_zh;
    const uint64_t *evidence; /* seqs of records */
    size_t evidence_count;
    /* Of an alert that came on /alert: the platform's id of it, "": null; NULL: left out. */
    const char *message_id;
    const char *effect; /* JSON of effect_write(); NULL: left out */
};
/* The stored form: members without braces, into an empty buffer; event_write adds the head. */
void event_members_write(struct buf *b, const struct event_body *e, int utc_offset_s);
void event_write(struct buf *b, const struct message_head *h, ms_t t, const char *members,
                 size_t n);

struct live_body {
    ms_t t;
    double power_kw[SITE_POWER_COUNT];
    bool absent[SITE_POWER_COUNT]; /* of balance_absent() */
    double soc_pct, demand_kw, demand_forecast_kw, demand_shed_kw, contract_kw, carbon_kg_h;
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
/* Its member "accounts" alone, into an object that is open. */
void site_accounts_write(struct buf *b, const struct site *s);

/* "busbar/1/<district>/<site>/<gateway>/<leaf>" into out; returns the length, or ERR_LIMIT
 * when it does not fit (out is untouched). */
int topic_write(char *out, size_t cap, const struct site *s, const char *leaf);

#endif
