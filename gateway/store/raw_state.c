#include "store/raw_state.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

static size_t text_registers(const struct device_profile *profile) {
    size_t n = 0;
    for (size_t i = 0; i < profile->point_count; i++)
        if (profile->points[i].type == POINT_STRING)
            n += profile->points[i].registers;
    return n;
}

int raw_state_init(struct raw_state *s, const struct site *site) {
    memset(s, 0, sizeof *s);
    s->site = site;
    s->devices = calloc(site->device_count + 1, sizeof *s->devices);
    s->values = calloc(site->point_count + 1, sizeof *s->values);
    if (!s->devices || !s->values)
        goto no_memory;
    size_t texts = 0;
    for (size_t i = 0; i < site->device_count; i++) {
        const struct device_profile *profile = site->devices[i].profile;
        size_t own = text_registers(profile);
        s->devices[i].text_offset = (uint32_t)texts;
        s->devices[i].text_registers = (uint32_t)own;
        texts += own;
        /* head 10 + time 10; a point: 5 delay, 4 quality, 10 value or 1 + registers */
        size_t most = 24 + profile->point_count * 19 + own * 2;
        s->reading_max = most > s->reading_max ? most : s->reading_max;
    }
    s->texts = calloc(texts + 1, sizeof *s->texts);
    if (!s->texts)
        goto no_memory;
    return ERR_OK;

no_memory:
    raw_state_fini(s);
    return ERR_NOMEM;
}

void raw_state_fini(struct raw_state *s) {
    free(s->devices);
    free(s->values);
    free(s->texts);
    memset(s, 0, sizeof *s);
}

struct raw_device *raw_state_device(struct raw_state *s, size_t device, bool *ret_first) {
    struct raw_device *d = &s->devices[device];
    *ret_first = d->chain != s->chain;
    if (*ret_first) {
        const struct device *def = &s->site->devices[device];
        memset(s->values + def->point_base, 0, def->profile->point_count * sizeof *s->values);
        memset(s->texts + d->text_offset, 0, d->text_registers * sizeof *s->texts);
        d->interval_ms = 0;
        d->chain = s->chain;
    }
    return d;
}
