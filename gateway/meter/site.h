/* A checked site: links, devices, feeds, points. Immutable after load; a reload builds a new one.
 *
 * Everything in it lives in the site's arena. Indexes are positions in the arrays. Pure. */
#ifndef BUSBAR_METER_SITE_H
#define BUSBAR_METER_SITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/units.h"
#include "meter/account.h"
#include "meter/notify.h"
#include "meter/profile.h"

#define SITE_NONE   (-1)
#define SITE_ID_MAX 32

enum role {
    ROLE_GRID,
    ROLE_TIE,
    ROLE_PV,
    ROLE_WIND,
    ROLE_GENERATOR,
    ROLE_STORAGE,
    ROLE_BATTERY,
    ROLE_LOAD,
    ROLE_ENVIRONMENT,
    ROLE_FUEL,
    ROLE_GAS,
    ROLE_HEAT,
    ROLE_WATER,
    ROLE_STEAM,
    ROLE_OUTPUT,
    ROLE_COUNT
};

const char *role_str(enum role r);
bool role_parse(const char *name, enum role *ret);
/* True for pv, wind, generator, storage: P > 0 feeds the busbar. */
bool role_is_source(enum role r);

enum link_kind { LINK_TCP, LINK_RTU, LINK_RTU_OVER_TCP };

struct link_def {
    const char *id;
    enum link_kind kind;
    const char *host; /* numeric IPv4 or IPv6 address, or "localhost" */
    uint16_t port;
    const char *path; /* RTU: /dev/ttyS1 */
    uint32_t baud;
    char parity; /* 'N', 'E', 'O' */
    uint8_t stop_bits;
    uint32_t timeout_ms, request_gap_ms, connect_gap_ms;
};

/* Ratios that hold from a local day on; they win over ct_ratio and pt_ratio. */
struct ratio_step {
    int32_t from_day;
    double ct_ratio, pt_ratio; /* NAN: as before */
};

struct device {
    const char *id, *name;
    int32_t link; /* index in links */
    uint8_t unit;
    const struct device_profile *profile;
    enum role role;
    int32_t parent;                               /* device index or SITE_NONE */
    uint32_t poll_ms, timeout_ms, request_gap_ms; /* resolved: device, else profile, else link */
    int8_t sign;
    double ct_ratio, pt_ratio; /* NAN: not configured, use the device's own or 1 */
    double rated_kw;           /* NAN when unknown; so are the next four */
    double rated_kwp, capacity_kwh, soc_min, soc_max;
    double round_trip_pct; /* of storage, by design; NAN unknown */
    bool enabled, counted, flexible;
    bool claimed; /* pv, wind: its green attribute is the site's own (not a third party's, not full
                   * feed-in) */
    const char *owner, *tenant, *meter_no, *accuracy_class, *calibrated_until;
    const struct ratio_step *ratios; /* ratios_from, oldest first */
    size_t ratio_count;
    uint32_t point_base; /* site.points[point_base + i] is profile->points[i] */
    int32_t line;        /* line number in the site file, for messages */
};

/* A point of the site: "<device>[.<channel>].<name>". */
struct site_point {
    const char *id;
    int32_t device;
    const struct point_def *def;
};

/* One electrical participant: a device, or one channel of a hybrid. "forward" counts what flows
 * when P > 0 in the role's own direction: import for grid and load, generation for pv, discharge
 * for storage. Points are indexes in site.points, SITE_NONE when the profile has none. */
struct feed {
    const char *id; /* device id, or "<device>.<channel>" */
    enum role role;
    int32_t device;
    int32_t parent;         /* feed index or SITE_NONE: the electrical tree */
    int32_t power;          /* total active power */
    int32_t power_phase[3]; /* used when there is no total */
    int32_t forward, reverse;
    /* Of a metering point's feed: reactive energy by quadrant, else by the sign of Q alone. */
    int32_t reactive_quadrant[4];
    int32_t reactive_import, reactive_export;
    int32_t reactive_power; /* total Q; SITE_NONE */
    int32_t soc;
    double power_sign; /* power * power_sign is P > 0 in the role's own direction */
    bool counted; /* in its role's sum: not a detail of a same-role parent, not counted: false */
};

struct virtual_term {
    double sign;
    int32_t point;
};

struct virtual_def {
    const char *id;
    enum role role;
    const struct virtual_term *terms;
    size_t term_count;
};

enum ack_mode { ACK_PUBACK, ACK_SUBSCRIBER, ACK_PLATFORM };

struct mqtt_settings {
    bool configured;
    const char *host;
    uint16_t port;
    bool tls;
    const char *ca_file, *cert_file, *key_file, *username, *password_file, *client_id;
    uint32_t live_s;        /* 5 */
    uint32_t backlog_per_s; /* 0 = no limit */
    enum ack_mode ack;
    bool minute_devices; /* devices in 1m records too */
};

enum deliver_compression { DELIVER_ZSTD, DELIVER_GZIP, DELIVER_PLAIN };
enum deliver_from { DELIVER_FROM_NOW, DELIVER_FROM_START, DELIVER_FROM_TIME };

/* A further destination of records and events, with a cursor of its own, over HTTPS. */
struct deliver_settings {
    const char *id;   /* also its name in the store */
    const char *url;  /* https://..., or http://... to this machine itself */
    const char *host; /* HOST[:PORT] of url, for messages */
    const char *token_file, *ca_file, *cert_file, *key_file;
    uint32_t batch;         /* rows a request at most: 1..5000 */
    uint32_t backlog_per_s; /* rows; 0 = no limit */
    uint32_t timeout_s;     /* of a whole request */
    enum deliver_compression compression;
    /* What its first activation begins with. */
    enum deliver_from from;
    ms_t from_utc_ms;
    bool from_local; /* from_utc_ms was written without an offset: it is local time taken as UTC */
};

#define DELIVER_MAX 7

struct store_settings {
    const char *path; /* relative paths are resolved beside the site file */
    uint64_t budget_bytes;
};

struct reload_settings {
    uint32_t probation_s; /* a reloaded configuration is watched for so long; 0: not at all */
};

struct web_settings {
    const char *listen;               /* HOST:PORT; NULL: not given */
    const char *users_file;           /* NULL: no users, on loopback only */
    const char *cert_file, *key_file; /* NULL: no TLS */
};

/* Green electricity bought for a year: what market-based carbon and the green share need. 0 when
 * none. */
struct green_supply {
    double contract_kwh_year, certificates_year, bundled_certificates_year, own_pv_sold_kwh_year;
};

/* What the site may emit. */
struct carbon_budget {
    bool by_month;      /* month_t counts, else year_t */
    double year_t;      /* NAN: none */
    double month_t[12]; /* January first */
};

/* Limits of what becomes of the site's new energy, in %. */
struct self_use_policy {
    bool applies;
    double of_available_pct, of_consumption_pct, export_pct;
};

struct site {
    struct arena *arena;
    const char *file; /* as given on the command line */
    const char *id, *gateway, *name, *district, *uscc, *industry_code, *timezone;
    double transformer_kva, contract_demand_kw; /* NAN when not given */
    bool export_allowed;
    const char *tariff, *carbon;
    char config_hash[17]; /* hex of the site file and every profile it uses */
    struct link_def *links;
    size_t link_count;
    struct device *devices;
    size_t device_count;
    struct site_point *points;
    size_t point_count;
    struct feed *feeds;
    size_t feed_count;
    struct virtual_def *virtuals;
    size_t virtual_count;
    struct account *accounts;
    size_t account_count;
    struct metering_point *metering_points; /* of all accounts, in order */
    size_t metering_point_count;
    struct transformer *transformers; /* likewise */
    size_t transformer_count;
    const struct carbon_book *carbon_book; /* calc/carbon.h; NULL: none */
    struct green_supply green;
    struct carbon_budget carbon_budget;
    struct self_use_policy self_use;
    struct store_settings store;
    struct mqtt_settings mqtt;
    struct deliver_settings *deliver;
    size_t deliver_count;
    struct notify_settings notify;
    struct reload_settings reload;
    struct web_settings web;
    const struct alert_settings *alerts; /* alert/settings.h; NULL: the rules' own limits */
    uint32_t alert_close_after_days;     /* 0: not given */
};

#define ALERT_CLOSE_AFTER_DAYS 7
/* How long an alert must stay away before it can be closed. */
ms_t site_alert_watch_ms(const struct site *s);
void site_free(struct site *s); /* frees the arena; NULL is fine */

/* The configured ratios that hold on a local day (number of days since 1970); NAN: the device's
 * own, or 1. */
void device_ratios(const struct device *d, int32_t day, double *ret_ct, double *ret_pt);

#endif
