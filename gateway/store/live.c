#include "store/live.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

struct live {
    pthread_mutex_t lock;
    struct sample *samples; /* utc_ms 0: never read */
    size_t count;
    struct live_site site;
    struct live_clock *clocks; /* as many as have been needed */
    size_t clock_count;
};

static struct sample *all_missing(size_t count) {
    struct sample *s = calloc(count > 0 ? count : 1, sizeof *s);
    for (size_t i = 0; s && i < count; i++) {
        s[i].value = (double)NAN;
        s[i].point = (uint32_t)i;
        s[i].quality = QUALITY_MISSING;
    }
    return s;
}

static struct live_site site_unknown(void) {
    struct live_site s = {.soc_pct = (double)NAN, .quality = QUALITY_MISSING};
    for (size_t i = 0; i < SITE_POWER_COUNT; i++)
        s.power_kw[i] = (double)NAN;
    return s;
}

struct live *live_new(size_t point_count) {
    struct live *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->samples = all_missing(point_count);
    if (!l->samples || pthread_mutex_init(&l->lock, NULL) != 0) {
        free(l->samples);
        free(l);
        return NULL;
    }
    l->count = point_count;
    l->site = site_unknown();
    return l;
}

void live_free(struct live *l) {
    if (!l)
        return;
    pthread_mutex_destroy(&l->lock);
    free(l->samples);
    free(l->clocks);
    free(l);
}

int live_resize(struct live *l, size_t point_count) {
    struct sample *fresh = all_missing(point_count);
    if (!fresh)
        return ERR_NOMEM;
    pthread_mutex_lock(&l->lock);
    struct sample *old = l->samples;
    l->samples = fresh;
    l->count = point_count;
    l->site = site_unknown();
    l->clock_count = 0; /* other devices may have these numbers now */
    pthread_mutex_unlock(&l->lock);
    free(old);
    return ERR_OK;
}

void live_put_samples(struct live *l, const struct sample *samples, size_t n) {
    pthread_mutex_lock(&l->lock);
    for (size_t i = 0; i < n; i++)
        if (samples[i].point < l->count)
            l->samples[samples[i].point] = samples[i];
    pthread_mutex_unlock(&l->lock);
}

void live_put_site(struct live *l, const struct live_site *s) {
    pthread_mutex_lock(&l->lock);
    l->site = *s;
    pthread_mutex_unlock(&l->lock);
}

/* Once a day for each device: it may allocate. Without memory that clock is not shown. */
void live_put_clock(struct live *l, size_t device, const struct live_clock *clock) {
    pthread_mutex_lock(&l->lock);
    if (device >= l->clock_count) {
        struct live_clock *larger = realloc(l->clocks, (device + 1) * sizeof *larger);
        if (larger)
            l->clocks = larger;
        while (larger && l->clock_count <= device)
            l->clocks[l->clock_count++] = (struct live_clock){0};
    }
    if (device < l->clock_count)
        l->clocks[device] = *clock;
    pthread_mutex_unlock(&l->lock);
}

bool live_get_clock(struct live *l, size_t device, struct live_clock *ret) {
    pthread_mutex_lock(&l->lock);
    bool found = device < l->clock_count && l->clocks[device].at != 0;
    if (found)
        *ret = l->clocks[device];
    pthread_mutex_unlock(&l->lock);
    return found;
}

bool live_get(struct live *l, size_t point, struct sample *ret) {
    pthread_mutex_lock(&l->lock);
    bool found = point < l->count && l->samples[point].utc_ms != 0;
    if (found)
        *ret = l->samples[point];
    pthread_mutex_unlock(&l->lock);
    return found;
}

void live_get_site(struct live *l, struct live_site *ret) {
    pthread_mutex_lock(&l->lock);
    *ret = l->site;
    pthread_mutex_unlock(&l->lock);
}

void live_site_body(const struct live_site *l, const struct site *site, struct live_body *ret) {
    *ret = (struct live_body){.t = l->utc_ms,
                              .soc_pct = l->soc_pct,
                              .demand_kw = l->demand_kw,
                              .demand_forecast_kw = l->demand_forecast_kw,
                              .demand_shed_kw = l->demand_shed_kw,
                              .contract_kw = l->contract_kw,
                              .carbon_kg_h = l->carbon_kg_h,
                              .quality = l->quality,
                              .devices_online = l->devices_online,
                              .devices_total = l->devices_total};
    memcpy(ret->power_kw, l->power_kw, sizeof ret->power_kw);
    balance_absent(site, ret->absent);
}
