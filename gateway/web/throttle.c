#include "web/throttle.h"

#include <stddef.h>
#include <string.h>

#define WAIT_MAX_US (15 * (us_t)60 * US_PER_S)
#define FORGET_US   (60 * (us_t)60 * US_PER_S)

static struct throttle_entry *find(struct throttle *t, uint64_t key) {
    for (size_t i = 0; i < THROTTLE_MAX; i++)
        if (t->list[i].failures > 0 && t->list[i].key == key)
            return &t->list[i];
    return NULL;
}

uint32_t throttle_wait_s(const struct throttle *t, uint64_t key, us_t now_us) {
    for (size_t i = 0; i < THROTTLE_MAX; i++) {
        const struct throttle_entry *e = &t->list[i];
        if (e->failures > 0 && e->key == key && e->until_us > now_us)
            return (uint32_t)((e->until_us - now_us + US_PER_S - 1) / US_PER_S);
    }
    return 0;
}

void throttle_failed(struct throttle *t, uint64_t key, us_t now_us) {
    struct throttle_entry *e = find(t, key);
    if (!e) {
        e = &t->list[0];
        for (size_t i = 1; i < THROTTLE_MAX && e->failures > 0; i++)
            if (t->list[i].failures == 0 || t->list[i].last_us < e->last_us)
                e = &t->list[i];
        *e = (struct throttle_entry){.key = key};
    } else if (now_us - e->last_us > FORGET_US) {
        e->failures = 0;
    }
    e->failures++;
    e->last_us = now_us;
    us_t wait = 0;
    if (e->failures >= THROTTLE_FREE) {
        uint32_t doublings = e->failures - THROTTLE_FREE;
        wait = doublings < 10 ? (us_t)US_PER_S << doublings : WAIT_MAX_US;
    }
    e->until_us = now_us + (wait < WAIT_MAX_US ? wait : WAIT_MAX_US);
}

void throttle_passed(struct throttle *t, uint64_t key) {
    struct throttle_entry *e = find(t, key);
    if (e)
        memset(e, 0, sizeof *e);
}
