/* A mutex, one condition variable (of the reader) and a byte ring. A block lies in one piece behind
 * an 8-byte header; where the rest of the memory is too short for it, a skip header sends the
 * reader back to the start. */
#include "sys/ring.h"

#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"

#define ALIGNMENT ((size_t)8)
#define SKIP      UINT64_MAX /* in place of a length: go on at offset 0 */

struct ring {
    pthread_mutex_t lock;
    pthread_cond_t ready;
    size_t cap, head, tail; /* the reader takes at head, writers put at tail */
    size_t blocks;
    bool woken;
    atomic_uint_least64_t refused;
    unsigned char *memory;
};

static size_t footprint(size_t n) {
    return sizeof(uint64_t) + (n + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

struct ring *ring_new(size_t bytes) {
    if (bytes > SIZE_MAX - ALIGNMENT)
        return NULL;
    struct ring *r = calloc(1, sizeof *r);
    if (r == NULL)
        return NULL;
    pthread_condattr_t attr;
    r->cap = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    r->memory = malloc(r->cap > 0 ? r->cap : 1);
    if (r->memory == NULL)
        goto no_memory;
    if (pthread_condattr_init(&attr) != 0)
        goto no_attr;
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    const int rc = pthread_cond_init(&r->ready, &attr);
    pthread_condattr_destroy(&attr);
    if (rc != 0)
        goto no_attr;
    if (pthread_mutex_init(&r->lock, NULL) != 0)
        goto no_mutex;
    atomic_init(&r->refused, 0);
    return r;
no_mutex:
    pthread_cond_destroy(&r->ready);
no_attr:
    free(r->memory);
no_memory:
    free(r);
    return NULL;
}

void ring_free(struct ring *r) {
    if (r == NULL)
        return;
    pthread_mutex_destroy(&r->lock);
    pthread_cond_destroy(&r->ready);
    free(r->memory);
    free(r);
}

/* Finds need bytes in one piece and moves tail there; false when there is no room. */
static bool make_room(struct ring *r, size_t need) {
    if (r->blocks == 0)
        r->head = r->tail = 0;
    else if (r->tail <= r->head) /* wrapped, or full */
        return r->head - r->tail >= need;
    if (r->cap - r->tail >= need)
        return true;
    if (r->head < need)
        return false;
    if (r->tail < r->cap) {
        const uint64_t skip = SKIP;
        memcpy(r->memory + r->tail, &skip, sizeof skip);
    }
    r->tail = 0;
    return true;
}

int ring_push(struct ring *r, const void *block, size_t n) {
    if (n == 0)
        return ERR_RANGE;
    if (n > INT_MAX || footprint(n) > r->cap)
        return ERR_LIMIT;
    int rc = ERR_OK;
    pthread_mutex_lock(&r->lock);
    if (make_room(r, footprint(n))) {
        const uint64_t len = n;
        memcpy(r->memory + r->tail, &len, sizeof len);
        memcpy(r->memory + r->tail + sizeof len, block, n);
        r->tail += footprint(n);
        if (r->blocks++ == 0)
            pthread_cond_signal(&r->ready);
    } else {
        rc = ERR_FULL;
    }
    pthread_mutex_unlock(&r->lock);
    if (rc == ERR_FULL)
        atomic_fetch_add_explicit(&r->refused, 1, memory_order_relaxed);
    return rc;
}

/* Length of the oldest block, with head moved to it; there is one. */
static uint64_t oldest_length(struct ring *r) {
    uint64_t len = SKIP;
    if (r->head < r->cap)
        memcpy(&len, r->memory + r->head, sizeof len);
    if (len == SKIP) {
        r->head = 0;
        memcpy(&len, r->memory, sizeof len);
    }
    return len;
}

int ring_pop(struct ring *r, void *out, size_t cap) {
    int rc = 0;
    pthread_mutex_lock(&r->lock);
    if (r->blocks > 0) {
        const size_t len = (size_t)oldest_length(r);
        if (len > cap) {
            rc = ERR_LIMIT;
        } else {
            memcpy(out, r->memory + r->head + sizeof(uint64_t), len);
            r->head += footprint(len);
            r->blocks--;
            rc = (int)len;
        }
    }
    pthread_mutex_unlock(&r->lock);
    return rc;
}

void ring_wait(struct ring *r, us_t until_mono_us) {
    if (until_mono_us < 0)
        until_mono_us = 0;
    const struct timespec until = {
        .tv_sec = (time_t)(until_mono_us / US_PER_S),
        .tv_nsec = (long)(until_mono_us % US_PER_S) * 1000,
    };
    pthread_mutex_lock(&r->lock);
    int rc = 0;
    while (r->blocks == 0 && !r->woken && rc == 0)
        rc = pthread_cond_timedwait(&r->ready, &r->lock, &until);
    r->woken = false;
    pthread_mutex_unlock(&r->lock);
}

void ring_wake(struct ring *r) {
    pthread_mutex_lock(&r->lock);
    r->woken = true;
    pthread_cond_signal(&r->ready);
    pthread_mutex_unlock(&r->lock);
}

uint64_t ring_refused(const struct ring *r) {
    return atomic_load_explicit(&r->refused, memory_order_relaxed);
}
