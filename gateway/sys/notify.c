#include "sys/notify.h"

#include <inttypes.h>
#include <systemd/sd-daemon.h>

#include "sys/clock.h"

/* A message that cannot be sent changes nothing for the measurements: its result is not used. */

void notify_ready(const char *status) {
    (void)sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void notify_reloading(void) {
    (void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, clock_now().mono_us);
}

void notify_stopping(void) {
    (void)sd_notify(0, "STOPPING=1");
}

void notify_status(const char *status) {
    (void)sd_notifyf(0, "STATUS=%s", status);
}

us_t notify_watchdog_us(void) {
    uint64_t us = 0;
    return sd_watchdog_enabled(0, &us) > 0 ? (us_t)us : 0;
}

void notify_alive(void) {
    (void)sd_notify(0, "WATCHDOG=1");
}
