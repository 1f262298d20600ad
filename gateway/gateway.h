/* What a running gateway consists of, and the shells that a reload stops and starts. main.c and
 * reload.c; the main thread, but for the callbacks. */
#ifndef BUSBAR_GATEWAY_H
#define BUSBAR_GATEWAY_H

#include <pthread.h>
#include <stdint.h>

#include "config/probation.h"
#include "meter/site.h"

/* How reads went: the counts of every device at two instants, the older one at least 30 s ago. */
struct read_history {
    struct read_counts *older, *newer; /* device_count of the running site */
    us_t newer_us;
};

/* A new configuration is watched; former is what a rollback returns to. */
struct probation {
    struct site *former;        /* NULL: nothing is on probation */
    struct read_counts *before; /* of its devices, before the change */
    us_t began_us;
};

struct gateway {
    const char *config_file, *data_dir, *page_dir;
    struct site *site;
    uint32_t site_version;
    struct ring *readings;
    struct live *live;
    struct historian *historian;
    struct acquire *acquire;
    struct publish *publish;
    struct deliver *deliver;
    struct control *control;
    struct web *web;
    struct read_history reads;
    struct probation probation;
    us_t started_mono_us;
    pthread_mutex_t publish_lock; /* on_commit against a reload that replaces publish, deliver */
    pthread_mutex_t site_lock;    /* run_order against a reload that replaces site */
};

int start_publish(struct gateway *g);
void stop_publish(struct gateway *g);
void start_deliver(struct gateway *g);
void stop_deliver(struct gateway *g);
void start_web(struct gateway *g);
void stop_web(struct gateway *g);

#endif
