/* Lets a thread be stopped in bounded time although a library call inside it may block for seconds.
 *
 * The thread brackets each such call with guard_enter() and guard_leave(). A stopper waits for the
 * thread; when the time is up and the thread sits in such a call, it is abandoned: guard_leave()
 * says so, and from then on the thread may use nothing but its own memory, which it frees itself.
 * One worker, one stopper. */
#ifndef BUSBAR_PUBLISH_STOP_GUARD_H
#define BUSBAR_PUBLISH_STOP_GUARD_H

#include <pthread.h>
#include <stdbool.h>

#include "base/units.h"

struct stop_guard {
    pthread_mutex_t lock;
    pthread_cond_t changed; /* on CLOCK_MONOTONIC */
    bool stopping, in_call, done, abandoned;
};

int guard_init(struct stop_guard *g); /* ERR_NOMEM */
void guard_fini(struct stop_guard *g);

/* worker */
bool guard_stopping(struct stop_guard *g);
void guard_enter(struct stop_guard *g);
bool guard_leave(struct stop_guard *g); /* false: abandoned */
bool guard_abandoned(struct stop_guard *g);
/* The last thing the worker does; true: abandoned, free everything yourself. */
bool guard_done(struct stop_guard *g);

/* stopper */
void guard_ask(struct stop_guard *g); /* then wake the worker */
/* True when the worker is done, false when it was abandoned. */
bool guard_wait(struct stop_guard *g, us_t until_mono_us);

#endif
