/* What goes wrong, where and when: read from a YAML list.
 *
 *   - {at_s: 10, for_s: 5, device: pv1, fault: exception, code: 4}
 *   - {link: incomer, fault: refuse}            # from the start, for ever
 *   - {device: feeder1, fault: extra_load, kw: 400, ramp_s: 60}
 *
 * Times are real seconds since the listeners were ready (or since the file was read again). */
#ifndef BUSBAR_SIM_FAULTS_H
#define BUSBAR_SIM_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "meter/site.h"
#include "sim/model_plant.h"

enum fault_kind {
    FAULT_SILENT,            /* no reply */
    FAULT_EXCEPTION,         /* code: (4) */
    FAULT_WRONG_UNIT,        /* reply from another unit id */
    FAULT_WRONG_TRANSACTION, /* tcp: another transaction id */
    FAULT_TRUNCATED,         /* the second half of the reply is missing */
    FAULT_OVERSIZED,         /* bytes: (256) more than were asked for, announced in every length */
    FAULT_TRICKLE,           /* one byte every ms: (100) */
    FAULT_RESET,             /* tcp: the connection is reset when a request comes */
    FAULT_REFUSE,            /* tcp: nobody listens */
    FAULT_BAD_CRC,           /* rtu: */
    FAULT_LATE,              /* the reply comes ms: (3000) later */
    FAULT_FREEZE_VALUE,      /* registers stay as they are */
    FAULT_VANISH_PTY,        /* rtu: the pty is gone */
    FAULT_CLOCK,             /* the device's own clock is s: (90) ahead; below 0: behind */
    /* of the plant itself, all that is measured of it agrees: */
    FAULT_OUTPUT,      /* a source gives kw: (0), storage within its limits */
    FAULT_EXTRA_LOAD,  /* a load draws kw: more, reached after ramp_s: (0) */
    FAULT_LOAD,        /* what a load draws, whatever the hour */
    FAULT_REVERSED_CT, /* a meter sees every current the other way round */
    FAULT_KIND_COUNT
};

struct fault {
    double at_s, for_s;   /* for_s is INFINITY when not given */
    int32_t device, link; /* one of them, the other SITE_NONE */
    enum fault_kind kind;
    uint32_t code, ms, bytes;
    int32_t s;
    double kw, ramp_s;
};

struct faults {
    struct fault *list;
    size_t count;
    double since_s; /* at_s counts from here, on the caller's clock */
};

/* Replaces the list. On an error the old list stays and one line is written to message. */
int faults_load(struct faults *f, const char *file, const struct site *site, char *message,
                size_t message_cap);
void faults_free(struct faults *f);

/* The first running fault on the device or on its link that its replies show; NULL: none. */
const struct fault *faults_on_device(const struct faults *f, const struct site *site, size_t device,
                                     double now_s);
/* A fault of that kind runs on the link, or on a device behind it. */
bool faults_on_link(const struct faults *f, const struct site *site, size_t link,
                    enum fault_kind kind, double now_s);
/* The device's values are frozen now. */
bool faults_frozen(const struct faults *f, const struct site *site, size_t device, double now_s);
/* How far the device's own clock is ahead now. */
int32_t faults_clock_s(const struct faults *f, const struct site *site, size_t device,
                       double now_s);
/* Puts the faults of the plant that run now into it, and takes out those that do not. */
void faults_disturb(const struct faults *f, struct plant *plant, double now_s);
const char *fault_str(enum fault_kind kind);

#endif
