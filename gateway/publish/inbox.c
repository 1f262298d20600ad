#include "publish/inbox.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/units.h"
#include "sys/clock.h"

int inbox_init(struct inbox *b, int wake_fd) {
    memset(b, 0, sizeof *b);
    b->wake_fd = wake_fd;
    pthread_condattr_t monotonic;
    if (pthread_condattr_init(&monotonic) != 0)
        return ERR_NOMEM;
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    int rc = pthread_cond_init(&b->posted, &monotonic) == 0 ? ERR_OK : ERR_NOMEM;
    pthread_condattr_destroy(&monotonic);
    if (rc == ERR_OK && pthread_mutex_init(&b->lock, NULL) != 0) {
        pthread_cond_destroy(&b->posted);
        rc = ERR_NOMEM;
    }
    return rc;
}

void inbox_fini(struct inbox *b) {
    struct inbox_item item;
    while (inbox_take(b, &item))
        free(item.payload);
    pthread_mutex_destroy(&b->lock);
    pthread_cond_destroy(&b->posted);
}

static void wake(const struct inbox *b) {
    const uint64_t one = 1;
    if (write(b->wake_fd, &one, sizeof one) < 0)
        return; /* the counter is full: the reader is awake already */
}

/* Room for the answers of every message in flight is kept: incoming messages take at most
 * INBOX_MESSAGES places, and no more than LANES_WINDOW rows and CONTROL_MAX others are in flight.
 */
static void push(struct inbox *b, struct inbox_item item) {
    if (b->count == INBOX_CAP)
        return;
    b->item[(b->first + b->count) % INBOX_CAP] = item;
    b->count++;
}

void inbox_post(struct inbox *b, enum inbox_kind kind, int token, int reason) {
    pthread_mutex_lock(&b->lock);
    push(b, (struct inbox_item){.kind = kind, .token = token, .reason = reason});
    if (kind == INBOX_LOST) {
        b->lost = true;
        pthread_cond_broadcast(&b->posted);
    }
    pthread_mutex_unlock(&b->lock);
    wake(b);
}

void inbox_post_message(struct inbox *b, enum inbox_kind kind, const void *payload, size_t n,
                        bool retained) {
    struct inbox_item item = {.kind = kind, .len = n, .retained = retained};
    if (n <= INBOX_PAYLOAD_MAX) {
        item.payload = malloc(n + 1);
        if (item.payload && n > 0)
            memcpy(item.payload, payload, n);
    }
    pthread_mutex_lock(&b->lock);
    bool room = b->messages < INBOX_MESSAGES && b->count < INBOX_CAP;
    if (room) {
        push(b, item);
        b->messages++;
    } else {
        b->dropped++;
    }
    pthread_mutex_unlock(&b->lock);
    if (!room)
        free(item.payload);
    wake(b);
}

bool inbox_take(struct inbox *b, struct inbox_item *ret) {
    pthread_mutex_lock(&b->lock);
    bool any = b->count > 0;
    if (any) {
        *ret = b->item[b->first];
        b->first = (b->first + 1) % INBOX_CAP;
        b->count--;
        if (ret->kind == INBOX_ACK || ret->kind == INBOX_COMMAND || ret->kind == INBOX_ALERT)
            b->messages--;
    }
    pthread_mutex_unlock(&b->lock);
    return any;
}

bool inbox_wait_lost(struct inbox *b, int timeout_ms) {
    us_t until_us = clock_now().mono_us + (us_t)timeout_ms * US_PER_MS;
    struct timespec until = {.tv_sec = (time_t)(until_us / US_PER_S),
                             .tv_nsec = (long)(until_us % US_PER_S) * 1000};
    pthread_mutex_lock(&b->lock);
    while (!b->lost && pthread_cond_timedwait(&b->posted, &b->lock, &until) == 0)
        ;
    bool lost = b->lost;
    pthread_mutex_unlock(&b->lock);
    return lost;
}
