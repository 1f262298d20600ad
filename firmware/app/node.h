/* The node: joins samples, counters, memories and the serial line. Owns all of its memory, in
 * struct node; one thread calls node_poll() for ever, at least every millisecond. */
#ifndef NODE_APP_NODE_H
#define NODE_APP_NODE_H

#include "app/journal.h"
#include "app/rtu_port.h"
#include "app/sampler.h"
#include "app/twin_log.h"

#define SETTINGS_MAGIC 0x4E533031 /* "NS01" */

struct node {
    const struct hal *hal;
    struct state state;
    struct sampler sampler;
    struct calibration calibration;
    struct mean mean;
    struct rtu_port port;
    struct twin_log counters;
    struct twin_log settings;
    struct journal_record journal; /* as last stored */
    float part_s;                  /* seconds that do not yet make a whole one */
    float no_load_w;
    uint32_t busy_us; /* spent in turns since the last second */
};

/* Loads settings and counters; what is lost is a fault, never a stop. */
void node_init(struct node *n, const struct hal *hal);
void node_poll(struct node *n);

#endif
