/* What the service manager is told (sd_notify, Type=notify). Without one, nothing happens. Main
 * thread. */
#ifndef BUSBAR_SYS_NOTIFY_H
#define BUSBAR_SYS_NOTIFY_H

#include "base/units.h"

void notify_ready(const char *status); /* after start, and after a reload */
void notify_reloading(void);
void notify_stopping(void);
void notify_status(const char *status); /* one line for `systemctl status` */

/* How often the manager wants a sign of life, 0: it does not. The manager ends the process when
 * none has come for this long. */
us_t notify_watchdog_us(void);
void notify_alive(void);

#endif
