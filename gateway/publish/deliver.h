/* Delivers records and events to the destinations of `deliver:` in the site file, over HTTPS, each
 * with its own cursor (docs/https.md), and tells the webhooks of `alerts:` (docs/notifications.md).
 *
 * One thread for all of them: libcurl's multi interface never blocks on the network, so a dead
 * destination costs the others nothing, and the number of threads stays what it is. Each has one
 * request in flight; the database is the only queue. Includes store/reader.h, nothing else of the
 * shells. */
#ifndef BUSBAR_PUBLISH_DELIVER_H
#define BUSBAR_PUBLISH_DELIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "meter/site.h"

#define DELIVER_WHY_MAX 200

struct deliver;

struct deliver_options {
    const struct site *site; /* outlives it */
    const char *version;
    void (*ack)(void *arg, const char *dest, ms_t epoch, uint64_t seq_from, uint64_t seq_to);
    void (*event)(void *arg, const char *event, const char *object, const char *severity,
                  const char *state, const char *note);
    void *arg;
};

/* Starts the thread; a missing destination is not an error (it keeps trying, 1..60 s). A site
 * without destinations and webhooks starts nothing and gives *ret NULL. ERR_NOMEM. */
int deliver_start(const struct deliver_options *o, struct deliver **ret);
void deliver_wake(struct deliver *d); /* new rows may be there; any thread; NULL is fine */
/* Gives up what is in flight (it is sent again with the same key) and frees; under 1 s. NULL is
 * fine. */
void deliver_stop(struct deliver *d);

struct deliver_stats {
    char id[SITE_ID_MAX + 1];
    bool connected;                   /* the last request was answered with 2xx */
    ms_t last_ok_utc_ms;              /* of that kind; 0 = none yet */
    uint64_t rows;                    /* accepted */
    uint64_t batches;                 /* accepted */
    uint64_t failures;                /* requests that were not answered with 2xx */
    uint32_t resting;                 /* rows that it refused and that are tried again later */
    uint64_t unacked;                 /* rows still to be delivered */
    ms_t oldest_unacked_utc_ms;       /* when the first of them was recorded; 0 = none */
    char last_error[DELIVER_WHY_MAX]; /* "" = none since the last success */
};
/* Of all destinations, in the order of the site file; at most cap. Any thread. Returns how many. */
size_t deliver_stats(struct deliver *d, struct deliver_stats *ret, size_t cap);

struct webhook_stats {
    char id[SITE_ID_MAX + 1];
    bool connected;     /* the last message was taken */
    uint64_t messages;  /* taken */
    uint64_t alerts;    /* told in them */
    uint64_t failures;  /* messages that were not taken, and those that could not be sent */
    uint64_t waiting;   /* alerts, also those that quiet hours hold back */
    ms_t oldest_utc_ms; /* when the first of them happened; 0: none */
    char last_error[DELIVER_WHY_MAX];
};
/* Of all webhooks, likewise. */
size_t deliver_webhook_stats(struct deliver *d, struct webhook_stats *ret, size_t cap);

#endif
