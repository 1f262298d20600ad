/* A wall clock that a test can set, preloaded into a program; time itself runs as it does. The file
 * named by BUSBAR_WALL holds two integers of 64 bits: what CLOCK_REALTIME is ahead of the real one,
 * in ns, and whether the kernel says that the clock is synchronised (1) or not (0). The test writes
 * to it at any time.
 *
 * Waits up to a time of this clock are kept too. Any thread; nothing is locked or allocated. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S INT64_C(1000000000)

static const volatile int64_t *wall; /* offset, synchronised */

static const volatile int64_t *setting(void) {
    static const int64_t none[2] = {0, 1};
    const char *path = getenv("BUSBAR_WALL");
    if (wall != NULL)
        return wall;
    int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *at = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof none, PROT_READ, MAP_SHARED, fd, 0);
    if (fd >= 0)
        close(fd);
    wall = at == MAP_FAILED ? none : at;
    return wall;
}

static int64_t real(clockid_t id) {
    struct timespec ts;
    syscall(SYS_clock_gettime, id, &ts);
    return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static struct timespec timespec_of(int64_t ns) {
    return (struct timespec){.tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S};
}

int clock_gettime(clockid_t id, struct timespec *ts) {
    if (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE)
        return (int)syscall(SYS_clock_gettime, id, ts);
    *ts = timespec_of(real(CLOCK_REALTIME) + setting()[0]);
    return 0;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone) {
    struct timespec ts;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &ts);
    *tv = (struct timeval){.tv_sec = ts.tv_sec, .tv_usec = ts.tv_nsec / 1000};
    return 0;
}

time_t time(time_t *ret) {
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    if (ret != NULL)
        *ret = ts.tv_sec;
    return ts.tv_sec;
}

int adjtimex(struct timex *t) {
    memset(t, 0, sizeof *t);
    if (!setting()[1]) {
        t->status = STA_UNSYNC;
        t->maxerror = 16000000;
        return TIME_ERROR;
    }
    return TIME_OK;
}

/* A deadline is of the clock that it is nearer to. */
static struct timespec monotonic_deadline(const struct timespec *at) {
    int64_t t = at->tv_sec * NS_PER_S + at->tv_nsec;
    int64_t mono = real(CLOCK_MONOTONIC), utc = real(CLOCK_REALTIME) + setting()[0];
    int64_t by_mono = t > mono ? t - mono : mono - t, by_utc = t > utc ? t - utc : utc - t;
    return timespec_of(by_mono < by_utc ? t : mono + (t - utc));
}

int pthread_cond_timedwait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict at) {
    struct timespec until = monotonic_deadline(at);
    return pthread_cond_clockwait(cond, mutex, CLOCK_MONOTONIC, &until);
}

int sem_timedwait(sem_t *restrict sem, const struct timespec *restrict at) {
    struct timespec until = monotonic_deadline(at);
    return sem_clockwait(sem, CLOCK_MONOTONIC, &until);
}
