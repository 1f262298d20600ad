#include "sys/heartbeat.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/err.h"
#include "sys/clock.h"

#define HEARTS_MAX  64 /* five, and one for each serial line */
#define NOT_BEATING INT64_MAX

struct heart {
    bool taken;
    char name[HEART_NAME];
    us_t allowed_us;
    _Atomic us_t last; /* NOT_BEATING: paused, or free */
};

static struct heart hearts[HEARTS_MAX];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* all but `last` */
static _Thread_local struct heart *mine;

static struct heart *take_free(void) {
    for (size_t i = 0; i < HEARTS_MAX; i++) {
        if (!hearts[i].taken)
            return &hearts[i];
    }
    return NULL;
}

int heartbeat_join(const char *name, us_t allowed_silence_us) {
    pthread_mutex_lock(&lock);
    struct heart *h = take_free();
    if (h != NULL) {
        h->taken = true;
        h->allowed_us = allowed_silence_us;
        (void)snprintf(h->name, sizeof h->name, "%s", name);
        atomic_store(&h->last, clock_now().mono_us);
        mine = h;
    }
    pthread_mutex_unlock(&lock);
    return h != NULL ? ERR_OK : ERR_LIMIT;
}

void heartbeat_beat(void) {
    if (mine != NULL)
        atomic_store_explicit(&mine->last, clock_now().mono_us, memory_order_relaxed);
}

void heartbeat_pause(void) {
    if (mine != NULL)
        atomic_store_explicit(&mine->last, NOT_BEATING, memory_order_relaxed);
}

void heartbeat_leave(void) {
    if (mine == NULL)
        return;
    pthread_mutex_lock(&lock);
    atomic_store(&mine->last, NOT_BEATING);
    mine->taken = false;
    mine = NULL;
    pthread_mutex_unlock(&lock);
}

bool heartbeat_stuck(us_t now_mono_us, struct heart_silence *ret) {
    us_t worst = 0;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < HEARTS_MAX; i++) {
        const struct heart *h = &hearts[i];
        us_t last = atomic_load_explicit(&h->last, memory_order_relaxed);
        if (!h->taken || last == NOT_BEATING || now_mono_us - last - h->allowed_us <= worst)
            continue;
        worst = now_mono_us - last - h->allowed_us;
        (void)snprintf(ret->name, sizeof ret->name, "%s", h->name);
        ret->silent_us = now_mono_us - last;
        ret->allowed_us = h->allowed_us;
    }
    pthread_mutex_unlock(&lock);
    return worst > 0;
}
