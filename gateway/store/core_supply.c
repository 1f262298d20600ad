/* Sags and interruptions on their way from the readings to the log. */
#include <string.h>

#include "base/err.h"
#include "store/core.h"
#include "store/supply_log.h"

static void add(struct core *c, const char *object, bool certain, const struct dip_change *d) {
    struct supply_entry e;
    struct pending_block b = {
        .kind = PENDING_SUPPLY, .bytes = sizeof e, .t = d->ended ? d->end : d->begin};
    supply_entry_init(&e, object, certain, d);
    pending_add(&c->writer->pending, &b, &e);
    c->urgent = true;
}

void core_supply_dip(void *arg, const char *point, const struct dip_change *d) {
    struct core *c = arg;
    if (!c->aggregate.replaying) /* else it is on record already */
        add(c, point, true, d);
}

void core_supply_second(struct core *c, ms_t now_ms) {
    struct silence_seen seen = {0};
    struct dip_change d;
    for (size_t i = 0; i < c->site->device_count; i++)
        if (c->site->devices[i].enabled)
            silence_see(&seen, c->aggregate.devices[i].answered_utc_ms,
                        (ms_t)c->site->devices[i].poll_ms);
    if (silence_take(&c->silence, &seen, now_ms, &d))
        add(c, SUPPLY_SITE, false, &d);
}

static int restore(void *arg, const struct supply_entry *e) {
    struct core *c = arg;
    if (!e->certain) {
        c->silence = (struct silence){.lasts = true, .now = e->dip};
        return ERR_OK;
    }
    for (size_t i = 0; i < c->site->metering_point_count; i++) {
        struct supply *s = c->aggregate.feeds[c->site->metering_points[i].feed].supply;
        if (s && strcmp(c->site->metering_points[i].id, e->object) == 0)
            dip_restore(&s->voltage.dips, &e->dip);
    }
    return ERR_OK;
}

int core_supply_restore(struct core *c) {
    return supply_log_lasting(c->writer->db, restore, c);
}
