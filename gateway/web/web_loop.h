/* The thread that turns libmicrohttpd's epoll loop. Our own instead of the library's, so that it
 * beats (sys/heartbeat.h) while nobody asks anything. */
#ifndef BUSBAR_WEB_WEB_LOOP_H
#define BUSBAR_WEB_WEB_LOOP_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

struct web_loop {
    void (*turn)(void *arg); /* called a few times a second */
    void *turn_arg;
    struct MHD_Daemon *daemon; /* with MHD_USE_EPOLL and no thread of its own */
    atomic_bool stopping;
    pthread_t thread;
};

/* ERR_NOMEM without a thread. w stays where it is until the stop. */
int web_loop_start(struct web_loop *w, struct MHD_Daemon *daemon);
/* Returns when no request runs any more, and at most a quarter of a second later. */
void web_loop_stop(struct web_loop *w);

#endif
