#include "store/historian.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "store/compact.h"
#include "store/core.h"
#include "store/order_desk.h"
#include "store/retention.h"
#include "store/upkeep.h"
#include "sys/heartbeat.h"
#include "sys/log.h"

#define STACK_BYTES     (512 * 1024)
#define COALESCE_US     10000  /* readings come in bursts: take them together */
#define EVENT_US        100000 /* an event waits this long for others */
#define TICK_PHASE_US   500000 /* of the second: polls of its tick have answered by then */
#define RETENTION_S     10
#define EVENT_QUEUE_MAX 64
#define SILENCE_US      (60 * (us_t)US_PER_S) /* one turn: an order, a commit to a slow disk */
#define EVENT_WORDS     160

/* An event from another thread, on its way to the historian's. */
struct queued_event {
    ms_t at;
    bool has_object;
    char event[EVENT_WORDS], object[EVENT_WORDS], severity[16], state[16], note[EVENT_WORDS * 2];
};

/* An order from another thread, which waits until it is done. */
struct waiting_order {
    const struct order *order;
    const char *actor;
    char *reply;
    size_t cap, n;
    bool done;
};

struct historian {
    struct historian_options o;
    struct writer writer;
    struct core core;
    struct compact compact;
    struct retention retention;
    struct upkeep upkeep;
    pthread_t thread;
    struct reading *reading; /* room for the largest */
    size_t reading_cap;
    us_t last_commit_mono_us, next_second_mono_us;
    uint32_t second; /* counts core_second calls */

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t swapped;
    struct queued_event events[EVENT_QUEUE_MAX];
    size_t event_count;
    uint64_t events_dropped;
    struct waiting_order *order;  /* not NULL: somebody waits for it */
    const struct site *next_site; /* not NULL: asked for */
    uint32_t next_version;
    bool stopping;
    struct historian_stats stats;
};

static size_t largest_reading(const struct site *site) {
    size_t largest = reading_size(0, METER_CLOCK_REGISTERS);
    for (size_t i = 0; i < site->device_count; i++) {
        const struct device_profile *p = site->devices[i].profile;
        size_t n = reading_size(p->point_count, p->image_registers);
        largest = n > largest ? n : largest;
    }
    return largest;
}

static void commit(struct historian *h, const struct instant *now) {
    bool news = false;
    struct instant begin = clock_now();
    h->core.urgent = false;
    int err = writer_commit(&h->writer, now->utc_us / US_PER_MS, &news);
    if (upkeep_after_commit(&h->upkeep, err, now))
        writer_commit(&h->writer, now->utc_us / US_PER_MS, &news);
    h->last_commit_mono_us = now->mono_us;
    pthread_mutex_lock(&h->lock);
    h->stats.last_commit_us = clock_now().mono_us - begin.mono_us;
    pthread_mutex_unlock(&h->lock);
    if (news && h->o.on_commit)
        h->o.on_commit(h->o.on_commit_arg);
}

static bool take_event(struct historian *h, struct queued_event *ret) {
    pthread_mutex_lock(&h->lock);
    bool any = h->event_count > 0;
    if (any) {
        *ret = h->events[0];
        h->event_count--;
        memmove(&h->events[0], &h->events[1], h->event_count * sizeof h->events[0]);
    }
    pthread_mutex_unlock(&h->lock);
    return any;
}

static void take_events(struct historian *h) {
    struct queued_event q;
    while (take_event(h, &q)) {
        struct event_body e = {.event = q.event,
                               .object = q.has_object ? q.object : NULL,
                               .severity = q.severity,
                               .state = q.state,
                               .at = q.at,
                               .value = (double)NAN,
                               .threshold = (double)NAN,
                               .note = q.note};
        core_event(&h->core, &e);
    }
}

static void take_readings(struct historian *h) {
    int n;
    while ((n = ring_pop(h->o.readings, h->reading, h->reading_cap)) != 0) {
        struct reading *r = h->reading;
        bool fits = n >= (int)sizeof *r && r->site_version == h->o.site_version &&
                    r->device < h->o.site->device_count;
        const struct device_profile *p = fits ? h->o.site->devices[r->device].profile : NULL;
        if (fits && r->kind == READING_CLOCK) {
            core_meter_clock(&h->core, r);
        } else if (fits && r->point_count == p->point_count &&
                   r->register_count == p->image_registers) {
            core_reading(&h->core, r);
        } else {
            pthread_mutex_lock(&h->lock);
            h->stats.refused_readings++;
            pthread_mutex_unlock(&h->lock);
        }
        if (n < 0)
            break; /* too large for any device of this site: the next turn tries again */
    }
}

static void update_stats(struct historian *h) {
    pthread_mutex_lock(&h->lock);
    h->stats.readings = h->core.readings;
    h->stats.samples = h->core.aggregate.samples;
    h->stats.late_samples = h->core.aggregate.late_samples;
    h->stats.commits = h->writer.commits;
    h->stats.slots = h->writer.slots;
    h->stats.records = h->writer.records;
    h->stats.failing = h->writer.failing;
    h->stats.db_bytes = h->retention.used_bytes;
    h->stats.budget_bytes = h->o.site->store.budget_bytes;
    h->stats.days_until_full = h->retention.days_until_full;
    h->stats.thinned_raw = h->retention.thinned_raw;
    h->stats.thinned_records = h->retention.thinned_records;
    h->stats.disk_full = h->upkeep.state == STORE_FULL;
    h->stats.disk_free_bytes = h->upkeep.room.available;
    h->stats.refused_blocks = h->writer.pending.refused;
    h->stats.replacements = h->upkeep.replacements;
    pthread_mutex_unlock(&h->lock);
}

/* Now, on the monotonic clock and in the time that the books keep. */
static struct instant look(struct historian *h) {
    struct clock_seen seen;
    double offset_ms = (double)NAN;
    clock_see(&seen);
    enum clock_sync state = clock_sync_state(&offset_ms);
    ms_t now_ms = core_see(&h->core, &seen, state, offset_ms);
    return (struct instant){seen.mono_us, now_ms * US_PER_MS};
}

/* The monotonic instant of the next half second of the wall clock. */
static us_t next_second(const struct instant *now) {
    us_t phase = (now->utc_us - TICK_PHASE_US) % US_PER_S;
    return now->mono_us + US_PER_S - (phase < 0 ? phase + US_PER_S : phase);
}

/* Rows up to it have reached everybody who wants them. */
static uint64_t rows_done(struct historian *h) {
    uint64_t delivered = writer_floor(&h->writer, h->o.site), again = 0;
    if (replay_floor(&h->writer, &again) < 0)
        return 0;
    return delivered < again ? delivered : again;
}

static void keep_budget(struct historian *h, const struct instant *now) {
    const struct retention_terms terms = {.budget_bytes = h->o.site->store.budget_bytes,
                                          .acknowledged = rows_done(h),
                                          .now_ms = now->utc_us / US_PER_MS,
                                          .mono_ms = now->mono_us / US_PER_MS};
    retention_step(&h->retention, &h->writer, &terms);
}

/* What a restart would read again stays in rows: the open minute, and all that is not old. */
static void pack_readings(struct historian *h, const struct instant *now) {
    ms_t before = now->utc_us / US_PER_MS - COMPACT_HOLD_MS;
    bool more;
    if (h->compact.db != h->writer.db) { /* the store was replaced */
        compact_fini(&h->compact);
        compact_init(&h->compact, h->writer.db);
    }
    compact_step(&h->compact, before < h->core.minute ? before : h->core.minute,
                 now->mono_us / US_PER_MS, &more);
}

static void once_a_second(struct historian *h, const struct instant *now) {
    ms_t now_ms = now->utc_us / US_PER_MS;
    h->next_second_mono_us = next_second(now);
    h->second++;
    core_second(&h->core, now_ms);
    commit(h, now);
    if (!h->writer.failing && !upkeep_salvages(&h->upkeep))
        pack_readings(h, now);
    if (h->second % RETENTION_S == 0 && !h->writer.failing)
        keep_budget(h, now);
    h->writer.damaged = writer_is_damaged(&h->writer); /* the next commit's business */
    upkeep_second(&h->upkeep, now);
    update_stats(h);
}

/* Under the old site everything is written; then the new one takes over what is open. */
static int swap_site(struct historian *h, const struct site *site) {
    struct instant now = clock_now();
    core_flush(&h->core);
    commit(h, &now);
    struct reading *larger = realloc(h->reading, largest_reading(site));
    if (!larger)
        return ERR_NOMEM;
    h->reading = larger;
    h->reading_cap = largest_reading(site);
    int err = writer_set_site(&h->writer, site);
    if (err == ERR_OK && h->o.live)
        err = live_resize(h->o.live, site->point_count);
    return err < 0 ? err : core_set_site(&h->core, site);
}

static void swap_if_asked(struct historian *h) {
    pthread_mutex_lock(&h->lock);
    const struct site *site = h->next_site;
    uint32_t version = h->next_version;
    pthread_mutex_unlock(&h->lock);
    if (!site)
        return;
    take_readings(h);
    if (swap_site(h, site) < 0) {
        log_error("store %s: cannot take over the new configuration; restart busbard",
                  h->writer.path);
        abort(); /* half a configuration writes wrong numbers; the service manager restarts */
    }
    pthread_mutex_lock(&h->lock);
    h->o.site = site;
    h->o.site_version = version;
    h->next_site = NULL;
    pthread_cond_broadcast(&h->swapped);
    pthread_mutex_unlock(&h->lock);
}

static void run_order(struct historian *h, struct waiting_order *w, ms_t now_ms) {
    const struct order_desk desk = {.records = &h->core.records,
                                    .rollup = &h->core.rollup,
                                    .open_quarter = slot_edge(SLOT_15M, h->core.minute),
                                    .now_ms = now_ms};
    w->n = order_desk_run(&desk, w->order, w->actor, w->reply, w->cap);
}

static void run_order_if_asked(struct historian *h, const struct instant *now) {
    pthread_mutex_lock(&h->lock);
    struct waiting_order *w = h->order;
    pthread_mutex_unlock(&h->lock);
    if (!w)
        return;
    take_readings(h);
    core_flush(&h->core);
    commit(h, now); /* what was read before the order is on disk before it */
    run_order(h, w, now->utc_us / US_PER_MS);
    if (h->o.on_commit)
        h->o.on_commit(h->o.on_commit_arg);
    pthread_mutex_lock(&h->lock);
    w->done = true;
    h->order = NULL;
    pthread_cond_broadcast(&h->swapped);
    pthread_mutex_unlock(&h->lock);
}

size_t historian_order(struct historian *h, const struct order *o, const char *actor, char *reply,
                       size_t cap) {
    struct waiting_order w = {.order = o, .actor = actor, .reply = reply, .cap = cap};
    pthread_mutex_lock(&h->lock);
    while (h->order && !h->stopping)
        pthread_cond_wait(&h->swapped, &h->lock);
    bool stopping = h->stopping;
    if (!stopping)
        h->order = &w;
    ring_wake(h->o.readings);
    while (!stopping && !w.done)
        pthread_cond_wait(&h->swapped, &h->lock);
    pthread_mutex_unlock(&h->lock);
    return stopping ? order_reply_error(reply, cap, "the gateway is stopping; try again later")
                    : w.n;
}

static bool is_stopping(struct historian *h) {
    pthread_mutex_lock(&h->lock);
    bool stopping = h->stopping;
    pthread_mutex_unlock(&h->lock);
    return stopping;
}

static void *run(void *arg) {
    struct historian *h = arg;
    struct instant now = look(h);
    h->next_second_mono_us = next_second(&now);
    (void)heartbeat_join("historian", SILENCE_US); /* there is room: it is the first */
    while (!is_stopping(h)) {
        heartbeat_beat();
        us_t wake = h->next_second_mono_us;
        if (h->core.urgent && h->last_commit_mono_us + EVENT_US < wake)
            wake = h->last_commit_mono_us + EVENT_US;
        ring_wait(h->o.readings, wake);
        now = clock_now();
        if (now.mono_us + COALESCE_US < wake) {
            clock_sleep_until(now.mono_us + COALESCE_US);
        }
        now = look(h);
        take_readings(h);
        take_events(h);
        swap_if_asked(h);
        run_order_if_asked(h, &now);
        if (now.mono_us >= h->next_second_mono_us)
            once_a_second(h, &now);
        else if (h->core.urgent && now.mono_us >= h->last_commit_mono_us + EVENT_US)
            commit(h, &now);
    }
    take_readings(h);
    take_events(h);
    core_flush(&h->core);
    now = look(h);
    commit(h, &now);
    run_order_if_asked(h, &now); /* nobody is left waiting */
    heartbeat_leave();
    return NULL;
}

static int start_thread(struct historian *h) {
    pthread_attr_t attr;
    if (pthread_attr_init(&attr) != 0)
        return ERR_NOMEM;
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    int rc = pthread_create(&h->thread, &attr, run, h);
    pthread_attr_destroy(&attr);
    if (rc == 0)
        pthread_setname_np(h->thread, "historian");
    return rc == 0 ? ERR_OK : ERR_NOMEM;
}

static int open_core(struct historian *h) {
    double offset_ms;
    struct clock_seen seen;
    int err = core_open(&h->core, h->o.site, h->o.live, &h->writer);
    if (err < 0)
        return err;
    clock_see(&seen);
    err = core_start(&h->core, &seen, clock_sync_state(&offset_ms), clock_boot());
    if (err < 0)
        core_fini(&h->core);
    return err;
}

/* Damage that only shows when the last run's end is read: the store is replaced, once. */
static int take_up(struct historian *h, ms_t now_ms) {
    int err = ERR_OK;
    for (int i = 0; i < 2; i++) {
        err = writer_set_site(&h->writer, h->o.site);
        if (err == ERR_OK)
            err = open_core(h);
        if (err != ERR_CORRUPT || i > 0 || writer_replace(&h->writer, now_ms) < 0)
            break;
    }
    if (err < 0)
        return err;
    compact_init(&h->compact, h->writer.db);
    h->retention.days_until_full = (double)NAN;
    h->stats.days_until_full = (double)NAN;
    upkeep_init(&h->upkeep, &h->core, &h->retention);
    upkeep_announce(&h->upkeep, now_ms);
    return ERR_OK;
}

int historian_start(const struct historian_options *o, struct historian **ret) {
    struct historian *h = calloc(1, sizeof *h);
    if (!h)
        return ERR_NOMEM;
    h->o = *o;
    h->reading_cap = largest_reading(o->site);
    h->reading = malloc(h->reading_cap);
    h->stats.days_until_full = (double)NAN;
    pthread_mutex_init(&h->lock, NULL);
    pthread_cond_init(&h->swapped, NULL);
    ms_t now_ms = clock_now().utc_us / US_PER_MS;
    bool open = false, built = false;
    upkeep_before_start(o->site->store.path);
    int err = h->reading ? writer_open(&h->writer, o->site->store.path, now_ms) : ERR_NOMEM;
    open = err == ERR_OK;
    if (err == ERR_OK)
        err = take_up(h, now_ms);
    built = err == ERR_OK;
    if (err == ERR_OK)
        err = start_thread(h);
    if (err == ERR_OK) {
        *ret = h;
        return ERR_OK;
    }
    if (built) {
        upkeep_fini(&h->upkeep);
        core_fini(&h->core);
    }
    if (open) {
        log_error("store %s: cannot start: %s; see the message before", o->site->store.path,
                  err_str(err));
        writer_close(&h->writer);
    }
    pthread_cond_destroy(&h->swapped);
    pthread_mutex_destroy(&h->lock);
    free(h->reading);
    free(h);
    return err;
}

void historian_set_site(struct historian *h, const struct site *site, uint32_t site_version) {
    pthread_mutex_lock(&h->lock);
    h->next_site = site;
    h->next_version = site_version;
    ring_wake(h->o.readings);
    while (h->next_site)
        pthread_cond_wait(&h->swapped, &h->lock);
    pthread_mutex_unlock(&h->lock);
}

void historian_ack(struct historian *h, const char *dest, ms_t epoch, uint64_t seq_from,
                   uint64_t seq_to) {
    writer_ack(&h->writer, dest, epoch, seq_from, seq_to);
}

void historian_replayed(struct historian *h, int64_t id, uint64_t done) {
    writer_replayed(&h->writer, id, done);
}

static void copy_words(char *out, size_t cap, const char *words) {
    size_t n = words ? strlen(words) : 0;
    if (n >= cap)
        n = cap - 1;
    if (n > 0)
        memcpy(out, words, n);
    out[n] = '\0';
}

void historian_event(struct historian *h, const char *event, const char *object,
                     const char *severity, const char *state, const char *note) {
    pthread_mutex_lock(&h->lock);
    if (h->event_count == EVENT_QUEUE_MAX) {
        h->events_dropped++;
    } else {
        struct queued_event *q = &h->events[h->event_count++];
        q->at = clock_now().utc_us / US_PER_MS;
        q->has_object = object != NULL;
        copy_words(q->event, sizeof q->event, event);
        copy_words(q->object, sizeof q->object, object);
        copy_words(q->severity, sizeof q->severity, severity);
        copy_words(q->state, sizeof q->state, state);
        copy_words(q->note, sizeof q->note, note);
    }
    pthread_mutex_unlock(&h->lock);
    ring_wake(h->o.readings);
}

void historian_stop(struct historian *h) {
    if (!h)
        return;
    pthread_mutex_lock(&h->lock);
    h->stopping = true;
    pthread_mutex_unlock(&h->lock);
    ring_wake(h->o.readings);
    pthread_join(h->thread, NULL);
    compact_fini(&h->compact);
    upkeep_fini(&h->upkeep);
    core_fini(&h->core);
    writer_close(&h->writer);
    pthread_cond_destroy(&h->swapped);
    pthread_mutex_destroy(&h->lock);
    free(h->reading);
    free(h);
}

void historian_stats(struct historian *h, struct historian_stats *ret) {
    pthread_mutex_lock(&h->lock);
    *ret = h->stats;
    pthread_mutex_unlock(&h->lock);
}
