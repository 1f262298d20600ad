#include "publish/publish.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "poll/backoff.h"
#include "publish/session.h"
#include "sys/clock.h"
#include "sys/heartbeat.h"
#include "sys/log.h"

#define STOP_US        (800 * (us_t)US_PER_MS)
#define STORE_RETRY_US (1 * (us_t)US_PER_S)
#define SILENCE_US     (30 * (us_t)US_PER_S) /* beside the calls that the guard brackets */

struct publish {
    struct publish_options options;
    struct arena *arena;       /* of the settings' copy */
    struct mqtt_settings mqtt; /* a copy: an abandoned thread may outlive the site */
    struct topics topics;
    char client_id[TOPIC_MAX];
    int wake_fd;
    atomic_bool rows; /* may have been added: not only an answer woke us */
    pthread_t thread;
    struct stop_guard guard;
    struct publish_counters counters;
    struct session session;
    /* of the thread */
    struct backoff backoff;
    int version;           /* of the next attempt */
    bool version_known;    /* the broker said that it has no MQTT 5 */
    int closed_unanswered; /* MQTT 5 attempts that were closed without an answer */
    bool store_missing, was_connected;
    char last_why[MQTT_WHY_MAX];
};

static void publish_free(struct publish *p) {
    session_fini(&p->session);
    guard_fini(&p->guard);
    arena_free(p->arena);
    if (p->wake_fd >= 0)
        close(p->wake_fd);
    free(p);
}

/* ---- the thread ------------------------------------------------------------------------- */

/* Waits until woken or until the instant. */
static void wait_wake(const struct publish *p, us_t until_mono_us) {
    us_t left = until_mono_us - clock_now().mono_us;
    if (left < 0)
        left = 0;
    us_t timeout_ms = (left + US_PER_MS - 1) / US_PER_MS;
    struct pollfd fd = {.fd = p->wake_fd, .events = POLLIN};
    heartbeat_beat();
    uint64_t count;
    if (poll(&fd, 1, timeout_ms > HEART_WAIT_MS ? HEART_WAIT_MS : (int)timeout_ms) > 0 &&
        read(p->wake_fd, &count, sizeof count) < 0)
        return; /* somebody else took it: as good as woken */
}

/* Rows waking us do not shorten a pause; stopping does. */
static void pause_for(struct publish *p, us_t wait) {
    us_t until = clock_now().mono_us + wait;
    while (!guard_stopping(&p->guard) && clock_now().mono_us < until)
        wait_wake(p, until);
}

static bool open_store(struct publish *p) {
    struct session *s = &p->session;
    int rc = reader_open(p->options.site->store.path, &s->reader);
    if (rc == ERR_OK) {
        rc = reader_head(s->reader, MQTT_DEST, &s->head);
        if (rc < 0) {
            reader_close(s->reader);
            s->reader = NULL;
        }
    }
    if (rc < 0 && !p->store_missing)
        log_warn("mqtt: store %s cannot be read: %s; trying every second",
                 p->options.site->store.path, err_str(rc));
    p->store_missing = rc < 0;
    return rc >= 0;
}

static void close_connection(struct publish *p) {
    struct session *s = &p->session;
    atomic_store(&p->counters.connected, false);
    atomic_store(&p->counters.in_flight, 0);
    guard_enter(&p->guard);
    mqtt_client_free(s->client);
    guard_leave(&p->guard);
    s->client = NULL;
    if (s->reader)
        reader_close(s->reader);
    s->reader = NULL;
}

/* Which version to try next. A broker that says "not this version" is believed for good; one that
 * just closes, twice, may be an old one or be starting: 3.1.1 is tried once. */
static void choose_version(struct publish *p, int tried, const struct mqtt_connected *c) {
    if (c->version_refused) {
        p->version = MQTT_V311;
        p->version_known = true;
        return;
    }
    if (p->version_known)
        return;
    p->version = MQTT_V5;
    if (tried < MQTT_V5 || !c->closed_unanswered)
        return;
    if (++p->closed_unanswered >= 2)
        p->version = MQTT_V311;
}

static us_t next_wait(struct publish *p) {
    uint32_t random = 0;
    if (getrandom(&random, sizeof random, GRND_NONBLOCK) < 0)
        random = (uint32_t)clock_now().mono_us;
    return backoff_fail(&p->backoff, random);
}

/* One line for the first failure and for each new reason. */
static void report_failure(struct publish *p, const char *why, us_t wait) {
    if (strcmp(p->last_why, why) == 0)
        return;
    snprintf(p->last_why, sizeof p->last_why, "%s", why);
    log_warn("mqtt: not connected to %s:%u: %s; next try in %.1f s, then up to %d s apart",
             p->mqtt.host, (unsigned)p->mqtt.port, why, (double)wait / US_PER_S,
             (int)(BACKOFF_LAST_US / US_PER_S));
}

static bool connect_broker(struct publish *p, struct mqtt_connected *ret) {
    struct session *s = &p->session;
    char memory[SMALL_BODY_MAX];
    struct buf b;
    buf_init(&b, memory, sizeof memory);
    struct mqtt_message will;
    session_will(s, &b, &will);
    memset(ret, 0, sizeof *ret);
    int tried = p->version;
    int rc = mqtt_client_new(&p->mqtt, p->client_id, p->wake_fd, &s->client);
    if (rc == ERR_OK) {
        guard_enter(&p->guard);
        rc = mqtt_client_connect(s->client, tried, &will, ret);
        if (!guard_leave(&p->guard))
            return false;
    }
    if (rc == ERR_OK) {
        log_info("mqtt: connected to %s:%u (MQTT %s)", p->mqtt.host, (unsigned)p->mqtt.port,
                 tried == MQTT_V5 ? "5" : "3.1.1");
        return true;
    }
    if (ret->why[0] == '\0')
        snprintf(ret->why, sizeof ret->why, "%s", err_str(rc));
    choose_version(p, tried, ret);
    return false;
}

/* While connected; gives why it ended. */
static void serve(struct publish *p, const struct mqtt_connected *c, const char **ret_why) {
    struct session *s = &p->session;
    atomic_store(&p->counters.mqtt_version, c->version);
    atomic_store(&p->counters.connected, true);
    if (p->was_connected)
        atomic_fetch_add(&p->counters.reconnects, 1);
    p->was_connected = true;
    if (c->version == MQTT_V5) {
        p->closed_unanswered = 0;
    } else if (!p->version_known) { /* it was a guess: the next connection asks for 5 again */
        p->version = MQTT_V5;
        p->closed_unanswered = 1;
    }
    p->last_why[0] = '\0';
    *ret_why = "connection lost";
    if (!session_begin(s, c->receive_max))
        return;
    us_t begun = clock_now().mono_us;
    bool rows = true;
    us_t due;
    while (!guard_stopping(&p->guard)) {
        if (!session_turn(s, rows, &due, ret_why))
            return;
        wait_wake(p, due);
        rows = atomic_exchange(&p->rows, false) || clock_now().mono_us >= due;
        if (clock_now().mono_us - begun > BACKOFF_LAST_US)
            backoff_reset(&p->backoff); /* it lasted: the next loss starts at 1 s again */
    }
    session_goodbye(s);
}

static void attempt(struct publish *p) {
    struct mqtt_connected c;
    const char *why = c.why;
    bool connected = connect_broker(p, &c);
    if (connected)
        serve(p, &c, &why);
    if (guard_abandoned(&p->guard))
        return;
    close_connection(p);
    if (guard_stopping(&p->guard))
        return;
    if (!connected && c.version_refused) {
        log_info("mqtt: %s:%u does not speak MQTT 5; using 3.1.1, where acknowledgements carry no "
                 "reason",
                 p->mqtt.host, (unsigned)p->mqtt.port);
        return; /* at once */
    }
    us_t wait = next_wait(p);
    report_failure(p, why, wait);
    pause_for(p, wait);
}

static void *publish_thread(void *arg) {
    struct publish *p = arg;
    pthread_setname_np(pthread_self(), "publish");
    (void)heartbeat_join("publish", SILENCE_US); /* unwatched, it sends all the same */
    while (!guard_stopping(&p->guard)) {
        if (open_store(p))
            attempt(p);
        else
            pause_for(p, STORE_RETRY_US);
    }
    if (guard_abandoned(&p->guard))
        close_connection(p);
    heartbeat_leave();
    if (guard_done(&p->guard))
        publish_free(p);
    return NULL;
}

/* ---- public ----------------------------------------------------------------------------- */

static int copy_settings(struct publish *p, const struct site *site) {
    p->mqtt = site->mqtt;
    const char **const texts[] = {&p->mqtt.host,     &p->mqtt.ca_file,  &p->mqtt.cert_file,
                                  &p->mqtt.key_file, &p->mqtt.username, &p->mqtt.password_file,
                                  &p->mqtt.client_id};
    p->arena = arena_new();
    if (!p->arena)
        return ERR_NOMEM;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (!*texts[i])
            continue;
        *texts[i] = arena_strdup(p->arena, *texts[i]);
        if (!*texts[i])
            return ERR_NOMEM;
    }
    if (p->mqtt.live_s == 0)
        p->mqtt.live_s = 5;
    int n = p->mqtt.client_id ? snprintf(p->client_id, sizeof p->client_id, "%s", p->mqtt.client_id)
                              : snprintf(p->client_id, sizeof p->client_id, "busbar-%s-%s-%s",
                                         site->district, site->id, site->gateway);
    return n < 0 || (size_t)n >= sizeof p->client_id ? ERR_LIMIT : ERR_OK;
}

static int start_thread(struct publish *p) {
    /* signals belong to the main thread; Paho's thread inherits this mask too */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&p->thread, NULL, publish_thread, p) == 0 ? ERR_OK : ERR_NOMEM;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

int publish_start(const struct publish_options *o, struct publish **ret) {
    if (!o->site->mqtt.configured) {
        *ret = NULL;
        return ERR_OK;
    }
    struct publish *p = calloc(1, sizeof *p);
    if (!p)
        return ERR_NOMEM;
    if (guard_init(&p->guard) < 0) {
        free(p);
        return ERR_NOMEM;
    }
    p->options = *o;
    p->version = MQTT_V5;
    p->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int rc = p->wake_fd < 0 ? ERR_IO : copy_settings(p, o->site);
    if (rc == ERR_OK)
        rc = topics_write(&p->topics, o->site);
    p->session.options = &p->options;
    p->session.mqtt = &p->mqtt;
    p->session.topics = &p->topics;
    p->session.guard = &p->guard;
    p->session.counters = &p->counters;
    if (rc == ERR_OK)
        rc = session_init(&p->session);
    /* Paho would send a broker's connection through a web proxy meant for downloads */
    unsetenv("http_proxy");
    unsetenv("https_proxy");
    if (rc == ERR_OK)
        rc = start_thread(p);
    if (rc < 0) {
        publish_free(p);
        return rc;
    }
    *ret = p;
    return ERR_OK;
}

void publish_wake(struct publish *p) {
    const uint64_t one = 1;
    if (p)
        atomic_store(&p->rows, true);
    if (p && write(p->wake_fd, &one, sizeof one) < 0)
        return; /* the counter is full: it is awake already */
}

void publish_stop(struct publish *p) {
    if (!p)
        return;
    us_t until = clock_now().mono_us + STOP_US;
    pthread_t thread = p->thread;
    guard_ask(&p->guard);
    publish_wake(p);
    if (guard_wait(&p->guard, until)) {
        pthread_join(thread, NULL);
        publish_free(p);
    } else {
        pthread_detach(thread); /* it sits in a library call and frees itself */
    }
}

void publish_stats(struct publish *p, struct publish_stats *ret) {
    memset(ret, 0, sizeof *ret);
    if (!p)
        return;
    const struct publish_counters *c = &p->counters;
    ret->connected = atomic_load(&c->connected);
    ret->mqtt_version = atomic_load(&c->mqtt_version);
    ret->in_flight = atomic_load(&c->in_flight);
    ret->sent = atomic_load(&c->sent);
    ret->acknowledged = atomic_load(&c->acknowledged);
    ret->no_subscriber = atomic_load(&c->no_subscriber);
    ret->refused = atomic_load(&c->refused);
    ret->reconnects = atomic_load(&c->reconnects);
}
