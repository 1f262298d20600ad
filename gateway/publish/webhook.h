/* One webhook: tells a receiver of alerts, with a cursor of its own in the store
 * (docs/notifications.md). Of the deliver thread alone, but for its figures, which are guarded.
 *
 * A message counts as told when its receiver said so; what is told is on disk within a second. Told
 * twice can be what was in flight or not yet on disk when the gateway ended; nothing is left out.
 * The address goes into no message: only its host. */
#ifndef BUSBAR_PUBLISH_WEBHOOK_H
#define BUSBAR_PUBLISH_WEBHOOK_H

#include <pthread.h>

#include "poll/backoff.h"
#include "publish/batch_body.h"
#include "publish/destination.h"
#include "publish/webhook_answer.h"
#include "publish/webhook_queue.h"
#include "publish/webhook_rate.h"

#define WEBHOOK_HOST_MAX 264
#define WEBHOOK_REFUSALS 2 /* then only numbers are sent */

struct webhook {
    const struct webhook_settings *settings;
    struct deliver_work *work;
    struct webhook_queue queue;
    struct webhook_rate rate;
    struct webhook_plan plan; /* of the message in flight */
    struct https_request request;
    struct https_target target;
    char host[WEBHOOK_HOST_MAX]; /* of the last request */
    char secret_part[80];        /* the end of its address: not to be repeated in a message */
    ms_t epoch;                  /* the queue is of this one; 0: none yet */
    struct backoff backoff;
    us_t not_before, ack_at;
    uint64_t acknowledged; /* rows up to it, when nothing waited */
    unsigned refusals;     /* in a row, of the content */
    bool unread, failing, told;
    int last_verdict;
    long last_code; /* of the failure that was logged */
    pthread_mutex_t lock;
    struct webhook_stats stats;
};

int webhook_init(struct webhook *w, const struct webhook_settings *s,
                 struct deliver_work *work); /* ERR_NOMEM */
void webhook_fini(struct webhook *w);
/* Sends what can be sent now. rows: the outbox may have grown. Returns when the next turn is due at
 * the latest. */
us_t webhook_turn(struct webhook *w, us_t now, bool rows);
void webhook_stats(struct webhook *w, struct webhook_stats *ret);

#endif
