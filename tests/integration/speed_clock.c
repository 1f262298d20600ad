/* A faster clock for the real programs, preloaded: what they read of it and what they wait for runs
 * by a plan. All programs started with one plan share one clock, exactly.
 *
 * BUSBAR_SPEED holds the plan, integers with blanks between: R U, then speeds with the time to
 * which each holds: S1 U1 S2 U2 ... Sn. R is CLOCK_MONOTONIC in ns at which the plan's clock shows
 * U (UTC in ns); from there it runs S1 times as fast until it shows U1, then S2 times, and so on.
 * CLOCK_MONOTONIC is the same clock counted from U.
 *
 * Why not libfaketime: there each program begins at its own start, so that two of them differ by
 * what a real second is worth, and the speed cannot change on the way. Here waits are kept to the
 * nanosecond, epoll's too: at a speed of 300 a poll takes less than a millisecond.
 *
 * Covers what busbard, busbar sim, SQLite and Paho call, and what they are told to wait for; not
 * timerfd, alarm and itimer. Any thread; nothing is locked or allocated. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S  INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_US INT64_C(1000)
#define PARTS_MAX 32
/* The monotonic clock shows this at the start of the plan: above 0, and far below any UTC, so that
 * a deadline says by itself which of the two clocks it is of. */
#define MONO_START          (1000 * NS_PER_S)
#define MONO_LIMIT          (500000000 * NS_PER_S)
#define FOR_EVER            INT64_MAX
#define KERNEL_SIGSET_BYTES ((size_t)8)

struct part {
    int64_t real, utc; /* its start on both clocks */
    int64_t speed;
};

static struct {
    int64_t utc_start;
    struct part parts[PARTS_MAX];
    int count;
} plan; /* written once, by load_plan(), before main() */

static void load_plan(void);

static int64_t real_now(void) {
    struct timespec ts;
    syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

static int64_t real_to_utc(int64_t real) {
    if (plan.count == 0)
        load_plan(); /* for another library's constructor */
    int i = plan.count - 1;
    while (i > 0 && plan.parts[i].real > real)
        i--;
    const struct part *p = &plan.parts[i];
    int64_t utc = p->utc + (real - p->real) * p->speed;
    return i + 1 < plan.count && utc > plan.parts[i + 1].utc ? plan.parts[i + 1].utc : utc;
}

/* The first real nanosecond at which the clock shows utc or more. */
static int64_t utc_to_real(int64_t utc) {
    if (plan.count == 0)
        load_plan();
    int i = plan.count - 1;
    while (i > 0 && plan.parts[i].utc > utc)
        i--;
    const struct part *p = &plan.parts[i];
    int64_t ahead = utc - p->utc;
    return p->real + (ahead > 0 ? (ahead + p->speed - 1) / p->speed : ahead / p->speed);
}

static const char *next_number(const char *at, int64_t *ret) {
    char *end;
    *ret = strtoll(at, &end, 10); /* 0 at the end of the text */
    return end;
}

__attribute__((constructor)) static void load_plan(void) {
    static const char complaint[] = "speed_clock: BUSBAR_SPEED is no plan\n";
    const char *at = getenv("BUSBAR_SPEED");
    int64_t real, utc, speed;
    if (plan.count > 0)
        return;
    at = next_number(next_number(at != NULL ? at : "", &real), &utc);
    plan.utc_start = utc;
    while (plan.count < PARTS_MAX) {
        at = next_number(at, &speed);
        if (speed <= 0)
            break;
        plan.parts[plan.count++] = (struct part){real, utc, speed};
        at = next_number(at, &utc);
        if (utc <= plan.parts[plan.count - 1].utc)
            return; /* the last speed holds for ever */
        real = utc_to_real(utc);
    }
    (void)!write(STDERR_FILENO, complaint, sizeof complaint - 1);
    _exit(64);
}

static int64_t utc_now(void) {
    return real_to_utc(real_now());
}

static struct timespec timespec_of(int64_t ns) {
    return (struct timespec){.tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S};
}

static int64_t ns_of(const struct timespec *ts) {
    return ts->tv_sec > INT64_MAX / NS_PER_S - 1 ? FOR_EVER - 1
                                                 : ts->tv_sec * NS_PER_S + ts->tv_nsec;
}

/* Of a time on the plan's UTC or monotonic clock. */
static int64_t deadline_to_real(const struct timespec *at) {
    int64_t ns = ns_of(at);
    return utc_to_real(ns < MONO_LIMIT ? ns - MONO_START + plan.utc_start : ns);
}

/* The real end of a wait that begins now; FOR_EVER for a negative one. */
static int64_t real_end(int64_t wait_ns) {
    if (wait_ns < 0 || wait_ns > MONO_LIMIT)
        return FOR_EVER;
    return utc_to_real(utc_now() + wait_ns);
}

/* What is left until a real end, for a system call: NULL waits for ever. */
static struct timespec *left_until(int64_t real, struct timespec *ts) {
    if (real == FOR_EVER)
        return NULL;
    int64_t left = real - real_now();
    *ts = timespec_of(left > 0 ? left : 0);
    return ts;
}

/* ---- reading the clock ------------------------------------------------------------------- */

int clock_gettime(clockid_t id, struct timespec *ts) {
    switch (id) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
        *ts = timespec_of(utc_now());
        return 0;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_BOOTTIME:
        *ts = timespec_of(utc_now() - plan.utc_start + MONO_START);
        return 0;
    default: /* of processors */
        return (int)syscall(SYS_clock_gettime, id, ts);
    }
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone) {
    struct timespec ts;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &ts);
    *tv = (struct timeval){.tv_sec = ts.tv_sec, .tv_usec = ts.tv_nsec / NS_PER_US};
    return 0;
}

time_t time(time_t *ret) {
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    if (ret != NULL)
        *ret = ts.tv_sec;
    return ts.tv_sec;
}

/* ---- sleeping ---------------------------------------------------------------------------- */

/* 0, or EINTR; *left: of the plan's clock, may be NULL. */
static int sleep_until(int64_t real, struct timespec *left) {
    struct timespec ts = timespec_of(real);
    if (syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == 0)
        return 0;
    int why = errno;
    int64_t rest = real_to_utc(real) - utc_now();
    if (left != NULL)
        *left = timespec_of(rest > 0 ? rest : 0);
    return why;
}

int clock_nanosleep(clockid_t id, int flags, const struct timespec *t, struct timespec *left) {
    (void)id; /* what a deadline is of, it says itself */
    if ((flags & TIMER_ABSTIME) != 0)
        return sleep_until(deadline_to_real(t), NULL);
    return sleep_until(real_end(ns_of(t)), left);
}

int nanosleep(const struct timespec *t, struct timespec *left) {
    int rc = clock_nanosleep(CLOCK_MONOTONIC, 0, t, left);
    errno = rc != 0 ? rc : errno;
    return rc == 0 ? 0 : -1;
}

/* Not faster: Paho waits with a hundred of them for its own thread to leave, and then takes away
 * what that thread uses. What a second is enough for takes as long under every clock. */
int usleep(useconds_t us) {
    struct timespec t = timespec_of((int64_t)us * NS_PER_US);
    return syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &t, NULL) == 0 ? 0 : -1;
}

unsigned sleep(unsigned s) {
    struct timespec t = {.tv_sec = (time_t)s}, left = {0};
    return nanosleep(&t, &left) == 0 ? 0 : (unsigned)left.tv_sec;
}

/* ---- waiting for descriptors ------------------------------------------------------------- */

static int poll_until(struct pollfd *fds, nfds_t n, int64_t real, const sigset_t *mask) {
    struct timespec ts;
    return (int)syscall(SYS_ppoll, fds, n, left_until(real, &ts), mask, KERNEL_SIGSET_BYTES);
}

int poll(struct pollfd *fds, nfds_t n, int timeout_ms) {
    return poll_until(fds, n, real_end(timeout_ms * NS_PER_MS), NULL);
}

int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *t, const sigset_t *mask) {
    return poll_until(fds, n, real_end(t == NULL ? -1 : ns_of(t)), mask);
}

/* Newer kernels have epoll_pwait2 for this; an epoll descriptor can be polled on all of them. */
int epoll_wait(int fd, struct epoll_event *events, int max, int timeout_ms) {
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    int64_t end = real_end(timeout_ms * NS_PER_MS);
    int rc;
    do {
        rc = poll_until(&ready, 1, end, NULL);
        if (rc <= 0)
            return rc;
        rc = (int)syscall(SYS_epoll_pwait, fd, events, max, 0, NULL, KERNEL_SIGSET_BYTES);
    } while (rc == 0); /* another thread was faster */
    return rc;
}

int select(int n, fd_set *restrict in, fd_set *restrict out, fd_set *restrict other,
           struct timeval *restrict t) {
    struct timespec ts;
    int64_t end = real_end(t == NULL ? -1 : t->tv_sec * NS_PER_S + t->tv_usec * NS_PER_US);
    return (int)syscall(SYS_pselect6, n, in, out, other, left_until(end, &ts), NULL);
}

/* ---- waiting for threads ----------------------------------------------------------------- */

int pthread_cond_timedwait(pthread_cond_t *restrict cond, pthread_mutex_t *restrict mutex,
                           const struct timespec *restrict at) {
    struct timespec real = timespec_of(deadline_to_real(at));
    return pthread_cond_clockwait(cond, mutex, CLOCK_MONOTONIC, &real);
}

int sem_timedwait(sem_t *restrict sem, const struct timespec *restrict at) {
    struct timespec real = timespec_of(deadline_to_real(at));
    return sem_clockwait(sem, CLOCK_MONOTONIC, &real);
}
