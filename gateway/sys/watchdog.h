/* Tells the service manager that the process lives, as long as every thread beats; names the
 * thread that does not before the manager ends the process. Main thread. */
#ifndef BUSBAR_SYS_WATCHDOG_H
#define BUSBAR_SYS_WATCHDOG_H

#include <stdbool.h>

#include "base/units.h"

struct watchdog {
    us_t period_us; /* between two signs of life; 0: nobody waits for them */
    us_t next_us;
    bool stuck;
};

void watchdog_init(struct watchdog *w); /* reads what the manager asks for */
/* Call once a second. Logs a stuck thread once, and when it goes on again. */
void watchdog_turn(struct watchdog *w, us_t now_mono_us);

#endif
