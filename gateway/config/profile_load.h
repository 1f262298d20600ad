/* One profile: YAML -> struct device_profile. Inside config only.
 *
 * load_profile.c reads keys and values, profile_points.c gives the points their names and resolves
 * what they say of each other. */
#ifndef BUSBAR_CONFIG_PROFILE_LOAD_H
#define BUSBAR_CONFIG_PROFILE_LOAD_H

#include "config/data_files.h"
#include "config/schema.h"

#define PROFILE_POINTS_MAX 2000

/* A point as written, before names are resolved. */
struct point_draft {
    struct point_def p;
    yaml_node_t *node;
    const char *ratio, *exponent; /* as written, NULL when absent */
    int word_order;               /* -1: the profile's */
    int access;
    int32_t count;        /* registers of a string or a date, 0 when absent */
    const char *every;    /* of a clock, NULL when absent */
    int shows;            /* of a clock: 0 UTC, 1 local time, -1 absent */
    int32_t register_low; /* -1 when absent */
    bool named;           /* name given, not made from quantity and phase */
    bool broken;          /* its type could not be read: no follow-up messages */
};

struct profile_draft {
    struct device_profile profile;
    struct point_draft *points;
    size_t count;
    int function, word_order, align, max_registers;
    int max_gap; /* -1: not given */
    bool bridge_gaps;
};

/* Takes the clock out of the points (profile_clock.c): it is read by itself. */
void profile_take_clock(struct reader *r, struct profile_draft *d);
/* Fills profile.points from the drafts; reports doubles, overlaps and dangling names. */
void profile_link_points(struct reader *r, struct profile_draft *d);

/* Reads a profile from bytes; name is what sites call it. ERR_OK or ERR_SYNTAX with messages. */
int profile_from_memory(struct load *l, const char *file, const char *name, const char *bytes,
                        size_t n, const struct device_profile **ret);
/* Finds NAME.yaml (or opens a file, when name has a '/' or ends in .yaml) and reads it. asked: what
 * named it, for the message when it is not there. */
int profile_from_name(struct load *l, const char *name, struct place asked,
                      const struct device_profile **ret);

#endif
