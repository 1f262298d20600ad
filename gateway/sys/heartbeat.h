/* Which threads are alive: each long-lived thread beats, the main thread asks who has been silent
 * for longer than it may be. A fixed table in the process; beating is one clock reading and one
 * atomic store.
 *
 * A thread that may sit in a library call for as long as a peer likes (a broker that takes
 * nothing) pauses its heart around that call: a peer must not look like a stuck thread. */
#ifndef BUSBAR_SYS_HEARTBEAT_H
#define BUSBAR_SYS_HEARTBEAT_H

#include <stdbool.h>

#include "base/units.h"

/* No thread waits longer than this between two beats. */
#define HEART_WAIT_US (5 * (us_t)US_PER_S)
#define HEART_WAIT_MS 5000
#define HEART_NAME    16

/* The calling thread is watched from now on; name: at most 15 characters. ERR_LIMIT when the table
 * is full: then it is not watched. */
int heartbeat_join(const char *name, us_t allowed_silence_us);
/* Alive; ends a pause. Nothing in a thread that has not joined. */
void heartbeat_beat(void);
/* Not watched until the next beat. */
void heartbeat_pause(void);
/* The last call of a thread that has joined. */
void heartbeat_leave(void);

struct heart_silence {
    char name[HEART_NAME];
    us_t silent_us, allowed_us;
};
/* The thread that is over its time by most; false when all beat. Any thread. */
bool heartbeat_stuck(us_t now_mono_us, struct heart_silence *ret);

#endif
