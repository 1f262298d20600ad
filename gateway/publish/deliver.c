#include "publish/deliver.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "publish/batch_body.h"
#include "publish/destination.h"
#include "publish/webhook.h"
#include "sys/clock.h"
#include "sys/heartbeat.h"
#include "sys/log.h"

#define STORE_RETRY_US (1 * (us_t)US_PER_S)
#define SILENCE_US     (60 * (us_t)US_PER_S) /* one turn composes batches of all */
#define STORE_LOOK_US  (5 * (us_t)US_PER_S)  /* is it still the same file? */
#define ROWS_MIN       256

struct deliver {
    struct deliver_options options;
    struct deliver_work work;
    struct destination *destinations;
    size_t count;
    struct webhook *webhooks;
    size_t webhook_count;
    pthread_t thread;
    atomic_bool stopping, woken;
    /* of the thread */
    struct stat store_file;
    us_t store_look_at;
    bool store_missing;
};

/* ---- the store ------------------------------------------------------------------------------ */

static void close_store(struct deliver *d) {
    reader_close(d->work.reader);
    d->work.reader = NULL;
    d->work.read_failed = false;
}

static int open_store(struct deliver *d, const char *path) {
    struct outbox_head head;
    if (stat(path, &d->store_file) < 0)
        return ERR_NOT_FOUND;
    int rc = reader_open(path, &d->work.reader);
    if (rc < 0)
        return rc;
    rc = reader_head(d->work.reader, "", &head); /* for the epoch alone */
    if (rc < 0)
        close_store(d);
    else
        d->work.epoch = head.epoch;
    return rc;
}

/* A store that was damaged is set aside while we run: then another file has its name. */
static bool store_was_replaced(struct deliver *d, const char *path, us_t now) {
    struct stat st;
    if (now < d->store_look_at)
        return false;
    d->store_look_at = now + STORE_LOOK_US;
    return stat(path, &st) == 0 &&
           (st.st_ino != d->store_file.st_ino || st.st_dev != d->store_file.st_dev);
}

static bool store_ready(struct deliver *d, us_t now) {
    const char *path = d->options.site->store.path;
    if (d->work.reader && (d->work.read_failed || store_was_replaced(d, path, now))) {
        bool failed = d->work.read_failed;
        close_store(d);
        if (failed)
            return false; /* again in a second */
    }
    if (d->work.reader)
        return true;
    int rc = open_store(d, path);
    if (rc < 0 && !d->store_missing)
        log_warn("deliver: store %s cannot be read: %s; trying every second", path, err_str(rc));
    d->store_missing = rc < 0;
    return rc >= 0;
}

/* ---- the thread ----------------------------------------------------------------------------- */

/* True when a request ended. */
static bool take_answers(struct deliver *d, us_t now) {
    CURLMsg *m;
    int left;
    bool any = false;
    while ((m = curl_multi_info_read(d->work.multi, &left)) != NULL) {
        char *owner = NULL;
        if (m->msg != CURLMSG_DONE)
            continue;
        CURLcode code = m->data.result;
        curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &owner);
        struct https_request *q = (struct https_request *)(void *)owner;
        q->done(q->owner, code, now);
        any = true;
    }
    return any;
}

static us_t turn(struct deliver *d, us_t now) {
    us_t due = now + STORE_RETRY_US;
    int running = 0;
    if (store_ready(d, now)) {
        bool rows = atomic_exchange(&d->woken, false);
        due = now + STORE_LOOK_US;
        for (size_t i = 0; i < d->count; i++) {
            us_t next = destination_turn(&d->destinations[i], now, rows);
            due = next < due ? next : due;
        }
        for (size_t i = 0; i < d->webhook_count; i++) {
            us_t next = webhook_turn(&d->webhooks[i], now, rows);
            due = next < due ? next : due;
        }
    }
    curl_multi_perform(d->work.multi, &running);
    return take_answers(d, clock_now().mono_us) ? now : due;
}

static void *deliver_thread(void *arg) {
    struct deliver *d = arg;
    pthread_setname_np(pthread_self(), "deliver");
    (void)heartbeat_join("deliver", SILENCE_US); /* unwatched, it delivers all the same */
    while (!atomic_load(&d->stopping)) {
        heartbeat_beat();
        us_t due = turn(d, clock_now().mono_us);
        us_t left = due - clock_now().mono_us;
        us_t wait_ms = left <= 0 ? 0 : (left + US_PER_MS - 1) / US_PER_MS;
        int timeout_ms = wait_ms > HEART_WAIT_MS ? HEART_WAIT_MS : (int)wait_ms;
        curl_multi_poll(d->work.multi, NULL, 0, timeout_ms, NULL);
    }
    heartbeat_leave();
    return NULL;
}

/* ---- public ----------------------------------------------------------------------------- */

static void deliver_free(struct deliver *d) {
    for (size_t i = 0; i < d->count; i++)
        destination_fini(&d->destinations[i]);
    for (size_t i = 0; i < d->webhook_count; i++)
        webhook_fini(&d->webhooks[i]);
    if (d->work.multi)
        curl_multi_cleanup(d->work.multi);
    if (d->work.reader)
        reader_close(d->work.reader);
    free(d->destinations);
    free(d->webhooks);
    free(d->work.rows);
    free(d->work.text);
    free(d->work.line);
    free(d);
}

static int make_webhooks(struct deliver *d) {
    const struct notify_settings *n = &d->options.site->notify;
    d->webhooks = calloc(n->webhook_count + 1, sizeof *d->webhooks);
    int rc = d->webhooks ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; rc == ERR_OK && i < n->webhook_count; i++) {
        rc = webhook_init(&d->webhooks[i], &n->webhooks[i], &d->work);
        d->webhook_count += rc == ERR_OK;
    }
    return rc;
}

static int make_room(struct deliver *d) {
    const struct site *site = d->options.site;
    d->work.rows_cap = ROWS_MIN;
    for (size_t i = 0; i < site->deliver_count; i++) {
        if (site->deliver[i].batch > d->work.rows_cap)
            d->work.rows_cap = site->deliver[i].batch;
    }
    d->work.options = &d->options;
    d->work.multi = curl_multi_init();
    d->work.rows = calloc(d->work.rows_cap, sizeof *d->work.rows);
    d->work.text = malloc(BATCH_TEXT_MAX);
    d->work.line = malloc(BATCH_LINE_MAX);
    d->destinations = calloc(site->deliver_count + 1, sizeof *d->destinations);
    if (!d->work.multi || !d->work.rows || !d->work.text || !d->work.line || !d->destinations)
        return ERR_NOMEM;
    for (; d->count < site->deliver_count; d->count++) {
        int rc = destination_init(&d->destinations[d->count], &site->deliver[d->count], &d->work);
        if (rc < 0)
            return rc;
    }
    return make_webhooks(d);
}

static int start_thread(struct deliver *d) {
    sigset_t all, before; /* signals belong to the main thread */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&d->thread, NULL, deliver_thread, d) == 0 ? ERR_OK : ERR_NOMEM;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

int deliver_start(const struct deliver_options *o, struct deliver **ret) {
    *ret = NULL;
    if (o->site->deliver_count == 0 && o->site->notify.webhook_count == 0)
        return ERR_OK;
    unsetenv("SSLKEYLOGFILE"); /* nobody else learns the keys of a connection */
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return ERR_NOMEM;
    struct deliver *d = calloc(1, sizeof *d);
    if (!d)
        return ERR_NOMEM;
    d->options = *o;
    int rc = make_room(d);
    if (rc == ERR_OK)
        rc = start_thread(d);
    if (rc < 0) {
        deliver_free(d);
        return rc;
    }
    *ret = d;
    return ERR_OK;
}

void deliver_wake(struct deliver *d) {
    if (!d)
        return;
    atomic_store(&d->woken, true);
    curl_multi_wakeup(d->work.multi);
}

void deliver_stop(struct deliver *d) {
    if (!d)
        return;
    atomic_store(&d->stopping, true);
    curl_multi_wakeup(d->work.multi);
    pthread_join(d->thread, NULL);
    deliver_free(d);
}

size_t deliver_stats(struct deliver *d, struct deliver_stats *ret, size_t cap) {
    size_t n = 0;
    for (; d && n < d->count && n < cap; n++)
        destination_stats(&d->destinations[n], &ret[n]);
    return n;
}

size_t deliver_webhook_stats(struct deliver *d, struct webhook_stats *ret, size_t cap) {
    size_t n = 0;
    for (; d && n < d->webhook_count && n < cap; n++)
        webhook_stats(&d->webhooks[n], &ret[n]);
    return n;
}
