#include "publish/stop_guard.h"

#include <time.h>

#include "base/err.h"
#include "sys/clock.h"
#include "sys/heartbeat.h"

#define RECHECK_US (20 * (us_t)US_PER_MS)

int guard_init(struct stop_guard *g) {
    *g = (struct stop_guard){0};
    pthread_condattr_t monotonic;
    if (pthread_condattr_init(&monotonic) != 0)
        return ERR_NOMEM;
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    int rc = pthread_cond_init(&g->changed, &monotonic) == 0 ? ERR_OK : ERR_NOMEM;
    pthread_condattr_destroy(&monotonic);
    if (rc == ERR_OK && pthread_mutex_init(&g->lock, NULL) != 0) {
        pthread_cond_destroy(&g->changed);
        rc = ERR_NOMEM;
    }
    return rc;
}

void guard_fini(struct stop_guard *g) {
    pthread_cond_destroy(&g->changed);
    pthread_mutex_destroy(&g->lock);
}

static bool read_flag(struct stop_guard *g, const bool *flag) {
    pthread_mutex_lock(&g->lock);
    bool value = *flag;
    pthread_mutex_unlock(&g->lock);
    return value;
}

bool guard_stopping(struct stop_guard *g) {
    return read_flag(g, &g->stopping);
}

bool guard_abandoned(struct stop_guard *g) {
    return read_flag(g, &g->abandoned);
}

static bool set_in_call(struct stop_guard *g, bool in_call) {
    pthread_mutex_lock(&g->lock);
    g->in_call = in_call;
    bool abandoned = g->abandoned;
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->lock);
    return !abandoned;
}

/* A broker that takes nothing is no stuck thread: nobody waits for this one. */
void guard_enter(struct stop_guard *g) {
    heartbeat_pause();
    set_in_call(g, true);
}

bool guard_leave(struct stop_guard *g) {
    heartbeat_beat();
    return set_in_call(g, false);
}

bool guard_done(struct stop_guard *g) {
    pthread_mutex_lock(&g->lock);
    g->done = true;
    bool abandoned = g->abandoned;
    pthread_cond_broadcast(&g->changed);
    pthread_mutex_unlock(&g->lock);
    return abandoned;
}

void guard_ask(struct stop_guard *g) {
    pthread_mutex_lock(&g->lock);
    g->stopping = true;
    pthread_mutex_unlock(&g->lock);
}

bool guard_wait(struct stop_guard *g, us_t until_mono_us) {
    pthread_mutex_lock(&g->lock);
    while (!g->done) {
        us_t now = clock_now().mono_us;
        if (now >= until_mono_us && g->in_call) {
            g->abandoned = true;
            break;
        }
        us_t at = now < until_mono_us ? until_mono_us : now + RECHECK_US;
        const struct timespec when = {.tv_sec = (time_t)(at / US_PER_S),
                                      .tv_nsec = (long)(at % US_PER_S) * 1000};
        pthread_cond_timedwait(&g->changed, &g->lock, &when);
    }
    bool done = g->done;
    pthread_mutex_unlock(&g->lock);
    return done;
}
