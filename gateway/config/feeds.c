/* Devices -> feeds: the participants of the electrical tree, with their sign and their counters.
 *
 * A profile says which way its power counts: a meter is positive for what flows away from the
 * busbar (import), an inverter or PCS for what flows to it. The site sees sources as positive
 * towards the busbar; a meter that measures a source is taken to be wired so that it reads
 * positive then. "forward" is the counter that rises while that power is positive. */
#include <string.h>

#include "base/err.h"
#include "config/site_draft.h"

bool point_is_plain(const struct point_def *p) {
    size_t n = strlen(p->quantity_name);
    const char *phase = phase_str(p->phase);
    if (strncmp(p->name, p->quantity_name, n) != 0) {
        return false;
    }
    return phase[0] == 0 ? p->name[n] == 0
                         : p->name[n] == '.' && strcmp(p->name + n + 1, phase) == 0;
}

/* The first point of the channel with the quantity, the phase (a total may be written without one)
 * and a default name: named doubles (an older register, a tariff) are not the device's own. */
static int32_t find(const struct device *v, const char *channel, enum quantity q,
                    enum phase phase) {
    for (size_t i = 0; v->profile != NULL && i < v->profile->point_count; i++) {
        const struct point_def *p = &v->profile->points[i];
        bool here = channel == NULL ? p->channel == NULL
                                    : p->channel != NULL && strcmp(p->channel, channel) == 0;
        bool whole = phase == PHASE_TOTAL && p->phase == PHASE_NONE;
        if (here && p->quantity == q && (p->phase == phase || whole) && point_is_plain(p)) {
            return (int32_t)(v->point_base + i);
        }
    }
    return SITE_NONE;
}

/* Counters by preference; ends with QUANTITY_OTHER. */
static int32_t first_of(const struct device *v, const char *channel, const enum quantity *list) {
    for (; *list != QUANTITY_OTHER; list++) {
        int32_t point = find(v, channel, *list, PHASE_TOTAL);
        if (point >= 0) {
            return point;
        }
    }
    return SITE_NONE;
}

static const enum quantity consumer_forward[] = {QUANTITY_ENERGY_IMPORT, QUANTITY_LOAD_ENERGY,
                                                 QUANTITY_OTHER};
static const enum quantity consumer_reverse[] = {QUANTITY_ENERGY_EXPORT, QUANTITY_OTHER};
static const enum quantity source_forward[] = {QUANTITY_ENERGY_EXPORT, QUANTITY_PV_ENERGY,
                                               QUANTITY_DISCHARGE_ENERGY, QUANTITY_OTHER};
static const enum quantity source_reverse[] = {QUANTITY_ENERGY_IMPORT, QUANTITY_CHARGE_ENERGY,
                                               QUANTITY_OTHER};
static const enum quantity storage_forward[] = {QUANTITY_DISCHARGE_ENERGY, QUANTITY_ENERGY_EXPORT,
                                                QUANTITY_OTHER};
static const enum quantity storage_reverse[] = {QUANTITY_CHARGE_ENERGY, QUANTITY_ENERGY_IMPORT,
                                                QUANTITY_OTHER};
static const enum quantity total_only[] = {QUANTITY_ENERGY_TOTAL, QUANTITY_OTHER};

static void set_counters(const struct device *v, const char *channel, struct feed *f) {
    bool source = channel != NULL ? role_is_source(f->role) : v->profile->source_convention;
    bool stores = f->role == ROLE_STORAGE || f->role == ROLE_BATTERY;
    const enum quantity *forward = consumer_forward, *reverse = consumer_reverse;
    if (source) {
        forward = stores ? storage_forward : source_forward;
        reverse = stores ? storage_reverse : source_reverse;
    }
    f->forward = first_of(v, channel, forward);
    f->reverse = first_of(v, channel, reverse);
    if (f->forward < 0 && f->reverse < 0 && !stores) {
        f->forward = first_of(v, channel, total_only); /* a one-way counter */
    }
}

/* Total active power, else phases, else the one signed battery power there is. */
static void set_power(const struct device *v, const char *channel, struct feed *f) {
    f->power_sign = (double)v->sign;
    f->power = find(v, channel, QUANTITY_ACTIVE_POWER, PHASE_TOTAL);
    for (int i = 0; i < 3; i++) {
        enum phase phase = (enum phase)(PHASE_L1 + i);
        f->power_phase[i] = find(v, channel, QUANTITY_ACTIVE_POWER, phase);
    }
    bool phases = f->power_phase[0] >= 0;
    if (f->power >= 0 || phases || (f->role != ROLE_STORAGE && f->role != ROLE_BATTERY)) {
        return;
    }
    int32_t discharge = find(v, channel, QUANTITY_DISCHARGE_POWER, PHASE_TOTAL);
    int32_t charge = find(v, channel, QUANTITY_CHARGE_POWER, PHASE_TOTAL);
    if (discharge >= 0 && charge < 0) {
        f->power = discharge;
    } else if (charge >= 0 && discharge < 0) {
        f->power = charge;
        f->power_sign = -f->power_sign;
    }
}

static void set_reactive(const struct device *v, const char *channel, struct feed *f) {
    static const enum quantity quadrants[] = {
        QUANTITY_REACTIVE_ENERGY_Q1, QUANTITY_REACTIVE_ENERGY_Q2, QUANTITY_REACTIVE_ENERGY_Q3,
        QUANTITY_REACTIVE_ENERGY_Q4};
    bool turned = v->sign < 0; /* both P and Q turn: Q1 <-> Q3, Q2 <-> Q4 */
    for (int i = 0; i < 4; i++) {
        f->reactive_quadrant[i] = find(v, channel, quadrants[turned ? i ^ 2 : i], PHASE_TOTAL);
    }
    int32_t import = find(v, channel, QUANTITY_REACTIVE_ENERGY_IMPORT, PHASE_TOTAL);
    int32_t export = find(v, channel, QUANTITY_REACTIVE_ENERGY_EXPORT, PHASE_TOTAL);
    f->reactive_import = turned ? export : import;
    f->reactive_export = turned ? import : export;
    f->reactive_power = find(v, channel, QUANTITY_REACTIVE_POWER, PHASE_TOTAL);
}

static int add_feed(struct site_draft *d, int32_t device, const char *channel, enum role role) {
    struct site *s = d->site;
    const struct device *v = &s->devices[device];
    struct feed *f = &s->feeds[s->feed_count];
    f->id = v->id;
    if (channel != NULL) {
        size_t n = strlen(v->id) + strlen(channel) + 2;
        char *id = arena_alloc(s->arena, n, 1);
        if (id == NULL) {
            return ERR_NOMEM;
        }
        snprintf(id, n, "%s.%s", v->id, channel);
        f->id = id;
    }
    f->role = role;
    f->device = device;
    f->parent = SITE_NONE;
    set_power(v, channel, f);
    set_counters(v, channel, f);
    if (v->sign < 0) {
        int32_t swap = f->forward;
        f->forward = f->reverse;
        f->reverse = swap;
    }
    set_reactive(v, channel, f);
    f->soc = find(v, channel, QUANTITY_SOC, PHASE_TOTAL);
    name_table_add(&d->feed_names, f->id, (int32_t)s->feed_count);
    s->feed_count++;
    return ERR_OK;
}

#define CHANNELS_MAX 4

/* Channels in order of first appearance; 0 for an ordinary device. */
static size_t channels_of(const struct device_profile *p, const char *ret[CHANNELS_MAX]) {
    size_t n = 0;
    for (size_t i = 0; i < p->point_count; i++) {
        const char *channel = p->points[i].channel;
        size_t k = 0;
        while (channel != NULL && k < n && strcmp(ret[k], channel) != 0) {
            k++;
        }
        if (channel != NULL && k == n && n < CHANNELS_MAX) {
            ret[n++] = channel;
        }
    }
    return n;
}

static int make_feeds(struct site_draft *d) {
    struct site *s = d->site;
    const char *channels[CHANNELS_MAX];
    size_t room = 0;
    for (size_t i = 0; i < s->device_count; i++) {
        size_t n = channels_of(s->devices[i].profile, channels);
        room += n > 0 ? n : 1;
    }
    s->feeds = arena_alloc(s->arena, room + 1, sizeof *s->feeds);
    if (s->feeds == NULL || name_table_init(&d->feed_names, d->load->scratch, room) < 0) {
        return ERR_NOMEM;
    }
    int result = ERR_OK;
    for (size_t i = 0; result == ERR_OK && i < s->device_count; i++) {
        size_t n = channels_of(s->devices[i].profile, channels);
        if (n == 0) {
            result = add_feed(d, (int32_t)i, NULL, s->devices[i].role);
        }
        for (size_t k = 0; result == ERR_OK && k < n; k++) {
            enum role role = s->devices[i].role;
            role_parse(channels[k], &role); /* the schema knows only channels that are roles */
            result = add_feed(d, (int32_t)i, channels[k], role);
        }
    }
    return result;
}

/* What may stand below what in the electrical tree; a meter of its own kind always may. */
static bool may_stand_below(enum role child, enum role parent) {
    uint32_t below_feeder =
        UINT32_C(1) << ROLE_LOAD | UINT32_C(1) << ROLE_GRID | UINT32_C(1) << ROLE_TIE;
    uint32_t allowed = 0;
    switch (child) {
    case ROLE_PV:
    case ROLE_WIND:
    case ROLE_GENERATOR:
    case ROLE_STORAGE:
    case ROLE_LOAD:
    case ROLE_TIE:
        allowed = below_feeder;
        break;
    case ROLE_GRID:
        allowed = UINT32_C(1) << ROLE_TIE;
        break;
    case ROLE_BATTERY:
        allowed = UINT32_C(1) << ROLE_STORAGE;
        break;
    case ROLE_ENVIRONMENT:
        allowed = UINT32_MAX;
        break;
    case ROLE_FUEL:
    case ROLE_GAS:
    case ROLE_HEAT:
    case ROLE_WATER:
    case ROLE_STEAM:
    case ROLE_OUTPUT:
    case ROLE_COUNT:
    default:
        break;
    }
    return child == parent || (allowed >> parent & 1) != 0;
}

int32_t site_find_feed(const struct site_draft *d, const char *name) {
    int32_t feed = name_table_find(&d->feed_names, name), device, only = SITE_NONE;
    if (feed >= 0) {
        return feed;
    }
    device = name_table_find(&d->device_names, name);
    for (size_t i = 0; device >= 0 && i < d->site->feed_count; i++) {
        if (d->site->feeds[i].device == device) {
            if (only >= 0) {
                return SITE_NONE;
            }
            only = (int32_t)i;
        }
    }
    return only;
}

static int32_t parent_feed(struct site_draft *d, const struct device_draft *v) {
    int32_t feed = name_table_find(&d->feed_names, v->parent);
    if (feed < 0) {
        message_error(d->load->errors, yaml_doc_place_of(d->reader->doc, v->node, "parent"),
                      "parent '%.64s' is not one feed of that device; write device.channel with a "
                      "channel that its profile has, or the device alone when it has none",
                      v->parent);
    }
    return feed;
}

static void settle_feed(struct site_draft *d, struct feed *f) {
    const struct device_draft *v = &d->devices[f->device];
    struct place at = yaml_doc_place_of(d->reader->doc, v->node, "parent");
    bool detail = false, channel = strchr(f->id, '.') != NULL;
    if (v->parent_feed >= 0) {
        const struct feed *above = &d->site->feeds[v->parent_feed];
        f->parent = v->parent_feed;
        detail = above->role == f->role || (channel && f->role == ROLE_GRID);
        if (!detail && !may_stand_below(f->role, above->role)) {
            message_error(d->load->errors, at,
                          "a %s cannot stand below a %s ('%s'); name the feeder or incomer above "
                          "it",
                          role_str(f->role), role_str(above->role), above->id);
            f->parent = SITE_NONE; /* no follow-up from this mistake */
        }
    }
    /* asked: inside a parent that is in no sum itself, a detail may count; see tree_check.c */
    bool asked = !channel && yaml_doc_find(d->reader->doc, v->node, "counted") != NULL;
    bool never = f->role == ROLE_BATTERY || f->role == ROLE_TIE || f->role == ROLE_ENVIRONMENT;
    f->counted = v->d.counted && v->d.enabled && !never && (!detail || asked);
}

void site_build_feeds(struct site_draft *d) {
    if (make_feeds(d) < 0) {
        schema_error(d->reader, yaml_doc_root(d->reader->doc), "out of memory");
        return;
    }
    for (size_t i = 0; i < d->device_count; i++) {
        struct device_draft *v = &d->devices[i];
        v->parent_feed = v->parent != NULL ? parent_feed(d, v) : SITE_NONE;
    }
    for (size_t i = 0; i < d->site->feed_count; i++) {
        settle_feed(d, &d->site->feeds[i]);
    }
}
