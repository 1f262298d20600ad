#include "web/web_loop.h"

#include <signal.h>

#include "base/err.h"
#include "sys/heartbeat.h"

#define STACK_BYTES ((size_t)512 * 1024)
#define SILENCE_US  (30 * (us_t)US_PER_S) /* a month's records from a slow disk */
/* The library has no way to end its wait from outside. Waiting on its epoll descriptor beside one
 * of ours is not the same: connections that wait for a free place are then never looked at. */
#define LOOK_MS 250

static void *web_thread(void *arg) {
    struct web_loop *w = arg;
    pthread_setname_np(pthread_self(), "web");
    (void)heartbeat_join("web", SILENCE_US); /* unwatched, it serves all the same */
    while (!atomic_load(&w->stopping)) {
        MHD_run_wait(w->daemon, LOOK_MS);
        w->turn(w->turn_arg);
        heartbeat_beat();
    }
    heartbeat_leave();
    return NULL;
}

int web_loop_start(struct web_loop *w, struct MHD_Daemon *daemon) {
    w->daemon = daemon;
    atomic_store(&w->stopping, false);
    sigset_t all, before;
    pthread_attr_t attr;
    if (pthread_attr_init(&attr) != 0)
        return ERR_NOMEM;
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are main's */
    int e = pthread_create(&w->thread, &attr, web_thread, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return e == 0 ? ERR_OK : ERR_NOMEM;
}

void web_loop_stop(struct web_loop *w) {
    atomic_store(&w->stopping, true);
    pthread_join(w->thread, NULL);
}
