#include "sys/watchdog.h"

#include <stdio.h>

#include "sys/heartbeat.h"
#include "sys/log.h"
#include "sys/notify.h"

#define SIGNS_A_PERIOD 3

void watchdog_init(struct watchdog *w) {
    *w = (struct watchdog){.period_us = notify_watchdog_us() / SIGNS_A_PERIOD};
}

static void report_stuck(const struct watchdog *w, const struct heart_silence *s) {
    char status[160];
    (void)snprintf(status, sizeof status, "thread %s is stuck: silent for %lld s, allowed %lld s",
                   s->name, (long long)(s->silent_us / US_PER_S),
                   (long long)(s->allowed_us / US_PER_S));
    notify_status(status);
    log_error("%s; %s", status,
              w->period_us > 0
                  ? "the watchdog is told nothing more: the service manager restarts busbard"
                  : "no watchdog runs: restart busbard, and keep this line for the report");
}

void watchdog_turn(struct watchdog *w, us_t now_mono_us) {
    struct heart_silence s;
    if (heartbeat_stuck(now_mono_us, &s)) {
        if (!w->stuck)
            report_stuck(w, &s);
        w->stuck = true;
        return;
    }
    if (w->stuck) {
        log_warn("every thread beats again; the watchdog is told so");
        notify_status("every thread beats again");
    }
    w->stuck = false;
    if (w->period_us > 0 && now_mono_us >= w->next_us) {
        notify_alive();
        w->next_us = now_mono_us + w->period_us;
    }
}
