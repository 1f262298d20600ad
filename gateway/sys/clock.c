#include "sys/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/hash.h"

#define ZONE_DIR       "/usr/share/zoneinfo/"
#define ZONE_MAX       64
#define LOOKS          5 /* at both clocks, until none came between */
#define ONE_INSTANT_US 1000

/* Between two corrections the kernel lets maxerror grow by 500 us a second. Time daemons correct at
 * least every 2048 s (about 1 s of growth), so beyond this they have lost their source. */
#define HOLDOVER_MAXERROR_US 2000000

static us_t read_clock(clockid_t id) {
    struct timespec ts;
    clock_gettime(id, &ts); /* cannot fail for these ids */
    return (us_t)ts.tv_sec * US_PER_S + ts.tv_nsec / 1000;
}

struct instant clock_now(void) {
    return (struct instant){
        .mono_us = read_clock(CLOCK_MONOTONIC),
        .utc_us = read_clock(CLOCK_REALTIME),
    };
}

void clock_see(struct clock_seen *ret) {
    us_t best = INT64_MAX;
    for (int i = 0; i < LOOKS && best > ONE_INSTANT_US; i++) {
        us_t before = read_clock(CLOCK_MONOTONIC);
        us_t utc = read_clock(CLOCK_REALTIME), boot = read_clock(CLOCK_BOOTTIME);
        us_t after = read_clock(CLOCK_MONOTONIC);
        if (after - before >= best)
            continue;
        best = after - before;
        *ret = (struct clock_seen){after, utc, boot - after};
    }
}

uint64_t clock_boot(void) {
    char id[64] = "";
    const int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    const ssize_t n = read(fd, id, sizeof id);
    close(fd);
    return n > 0 ? hash_bytes(HASH_START, id, (size_t)n) : 0;
}

void clock_sleep_until(us_t mono_us) {
    if (mono_us <= 0)
        return;
    const struct timespec at = {
        .tv_sec = (time_t)(mono_us / US_PER_S),
        .tv_nsec = (long)(mono_us % US_PER_S) * 1000,
    };
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
        continue;
}

const char *clock_sync_str(enum clock_sync s) {
    switch (s) {
    case CLOCK_SYNCED:
        return "synced";
    case CLOCK_HOLDOVER:
        return "holdover";
    case CLOCK_STEPPED:
        return "stepped";
    case CLOCK_UNSYNCED:
        break;
    }
    return "unsynced";
}

enum clock_sync clock_sync_state(double *ret_offset_ms) {
    struct timex tx = {.modes = 0};
    *ret_offset_ms = (double)NAN;
    if (adjtimex(&tx) < 0 || (tx.status & STA_UNSYNC) != 0)
        return CLOCK_UNSYNCED;
    *ret_offset_ms = (double)tx.offset / ((tx.status & STA_NANO) != 0 ? 1e6 : 1e3);
    return tx.maxerror > HOLDOVER_MAXERROR_US ? CLOCK_HOLDOVER : CLOCK_SYNCED;
}

/* A relative name of the zone database: no way out of its folder. */
static bool zone_name_ok(const char *zone) {
    const size_t n = strnlen(zone, ZONE_MAX + 1);
    return n >= 1 && n <= ZONE_MAX && zone[0] != '/' && strstr(zone, "..") == NULL &&
           zone[strspn(
               zone, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/")] == '\0';
}

static bool zone_exists(const char *zone) {
    char path[sizeof ZONE_DIR + ZONE_MAX] = ZONE_DIR;
    char magic[4] = "";
    memcpy(path + sizeof ZONE_DIR - 1, zone, strlen(zone) + 1);
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    const ssize_t n = read(fd, magic, sizeof magic);
    close(fd);
    return n == (ssize_t)sizeof magic && memcmp(magic, "TZif", sizeof magic) == 0;
}

int clock_set_zone(const char *zone) {
    if (strcmp(zone, "UTC") != 0 && (!zone_name_ok(zone) || !zone_exists(zone)))
        return ERR_NOT_FOUND;
    /* "UTC0" needs no zone database at all. */
    if (setenv("TZ", strcmp(zone, "UTC") == 0 ? "UTC0" : zone, 1) < 0)
        return ERR_NOMEM;
    tzset();
    return ERR_OK;
}

int clock_utc_offset_s(ms_t utc_ms) {
    const time_t at = (time_t)floor_div(utc_ms, MS_PER_S);
    struct tm local;
    return localtime_r(&at, &local) == NULL ? 0 : (int)local.tm_gmtoff;
}
