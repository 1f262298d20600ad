/* What is measured of devices, PV, storage and feeders, as signals of their rules (A16 to A20, A22,
 * A23, A25, A26, A28).
 *
 * Looks at each reading for what only it shows (repeated values, cells, fault words) and makes
 * every signal once a second. Memory is fixed at creation. Historian thread. */
#ifndef BUSBAR_STORE_ALERT_DEVICES_H
#define BUSBAR_STORE_ALERT_DEVICES_H

#include "alert/moved_energy.h"
#include "alert/signal_clock.h"
#include "alert/signal_gap.h"
#include "alert/signal_register.h"
#include "alert/signal_stuck.h"
#include "store/alert_moment.h"
#include "store/alerts.h"
#include "store/core.h"

struct alert_devices;

/* For the core's site. old: of the configuration before, whose state goes on; NULL: none. NULL
 * without memory. */
struct alert_devices *alert_devices_new(struct core *c, const struct alert_devices *old);
void alert_devices_free(struct alert_devices *d); /* NULL is fine */

/* A reading that the aggregate has taken; samples: of its device, in profile order. */
void alert_devices_reading(struct alert_devices *d, const struct reading *r,
                           const struct sample *samples);
/* An event of the aggregate: those of counters are A25's. */
void alert_devices_event(struct alert_devices *d, const struct event_body *e);
/* Makes the signals of this second. s: the site at the same tick. */
void alert_devices_second(struct alert_devices *d, ms_t tick, const struct live_site *s);

/* ---- between the module's own files ------------------------------------------------------- */

/* What a reading shows of a storage device; NAN where it says nothing. */
struct storage_seen {
    double temperature_c, spread_mv;
    bool fault_known;
    int32_t fault_point; /* site point with a bit set, SITE_NONE */
    uint32_t fault_bits;
};

/* The last thing that happened to a counter. */
struct register_news {
    char what[24]; /* "counter_reset" */
    const char *point, *unit;
    double before, now;
};

struct device_watch {
    struct gap_state gap;
    struct stuck stuck;
    struct register_watch registers;
    struct register_news news;
    ms_t good_at; /* newest good reading; 0: none */
    struct storage_seen seen;
    double rest_spread_mv;        /* NAN: never seen at rest */
    double day_coverage;          /* of the last whole day; NAN: not known */
    double round_trip_pct;        /* of the last seven; NAN */
    int32_t meter_feed;           /* with a counter, SITE_NONE */
    int32_t soc_feed, power_feed; /* of storage; a battery's power is its parent's */
};

struct feed_watch {
    int32_t account;                 /* whose tariff counts, SITE_NONE */
    struct moved_energy idle, taken; /* not discharged; drawn in a dear period */
};

struct alert_devices {
    struct core *core;
    const struct site *site;
    struct device_watch *devices;
    struct feed_watch *feeds;
    struct tariff_moment moments[ACCOUNTS_MAX];
    struct clock_watch clock;
    struct link_state link;
    ms_t tick;         /* the last one; INT64_MIN: none */
    double irradiance; /* W/m2 */
    ms_t irradiance_at;
    int32_t day;   /* the last whole day that was looked at; INT32_MIN: none */
    ms_t day_look; /* when it is looked for again */
};

/* Younger than 2.5 polls: still what the device does. */
bool alert_device_fresh(const struct alert_devices *d, size_t device, ms_t at);
/* A16 to A19, A28 (alert_feeds.c). */
void alert_feeds_second(struct alert_devices *d, const struct live_site *s);
/* Looks once a day at the rows of the days before: coverage and round trip (alert_days.c). */
void alert_days_look(struct alert_devices *d);

/* What explains a change: the device or feed, and what its signal said. (alert_device_notes.c) */
struct device_note {
    const struct alert_devices *d;
    size_t device;
    const void *detail;
};
void note_gap(const void *arg, struct alert_change *c);
void note_link(const void *arg, struct alert_change *c); /* detail: uint64_t rows that wait */
void note_stuck(const void *arg, struct alert_change *c);
void note_register(const void *arg, struct alert_change *c);
void note_health(const void *arg, struct alert_change *c); /* detail: struct health */
void note_clock(const void *arg, struct alert_change *c);  /* detail: bool alone */

#endif
