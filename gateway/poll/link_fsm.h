/* When a link does what: one link with its devices as a state machine. Shared by the epoll engine
 * and the serial line threads, which move bytes and ask it what is next.
 *
 * The caller owns all memory, fixed before the start; the calls of one link come from one thread.
 * Time is an argument: monotonic microseconds, and how far UTC is ahead of them. Nothing here does
 * I/O or reads a clock. Pure.
 *
 * Rules it keeps: one request in flight; a deadline for each request and connect; polls on common
 * ticks (UTC multiples of poll_ms), the devices of a link back to back in order; a missed tick is
 * skipped; a device that failed is asked again only at its own back-off, after the healthy ones,
 * with a deadline that ends before they are due again; a rare read (poll/rare.h) stands between the
 * polls, and whatever becomes of it says nothing about its device. */
#ifndef BUSBAR_POLL_LINK_FSM_H
#define BUSBAR_POLL_LINK_FSM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "meter/site.h"
#include "poll/backoff.h"
#include "poll/plan.h"
#include "poll/rare.h"

#define LINK_LATE_MAX     16 /* requests given up whose late replies are still recognised */
#define LINK_NO_DEVICE    SIZE_MAX
#define LINK_NEVER        INT64_MAX
#define LINK_DOWN_POLLS   2 /* polls in a row without any reply that make a device down */
#define LINK_SILENT_MAX   3 /* time-outs in a row, of all devices, that close a TCP link */
#define LINK_REPORT_US    (60 * (us_t)US_PER_S) /* a down device says so once a minute */
#define LINK_DRAIN_MAX_US ((us_t)US_PER_S)      /* a line that babbles longer is reopened */

struct moment {
    us_t now;       /* monotonic */
    us_t utc_ahead; /* UTC - monotonic */
};

enum device_state { DEVICE_NEW, DEVICE_UP, DEVICE_DOWN };

/* One device of a link: settings first, then what only link_fsm.c changes. */
struct poll_device {
    us_t poll_us, timeout_us, gap_us;
    const struct device_profile *profile;
    struct link_cost cost;
    struct plan plan;
    struct rare rare;
    uint8_t unit;

    uint8_t state; /* enum device_state */
    bool probe;    /* its last poll failed: asked at its back-off only */
    bool link_failed;
    bool alive;           /* a late reply came since: no longer asked with a shortened deadline */
    bool retried;         /* the running request is asked a second time, after a bad frame */
    uint8_t silent_polls; /* in a row, up to LINK_DOWN_POLLS */
    uint16_t next;        /* request of the running poll */
    uint16_t answered;    /* of the running poll: good replies and exceptions */
    us_t due;             /* when its next poll should start */
    us_t tick;            /* the due time that the running poll serves */
    us_t began;           /* when its last poll started */
    us_t pace;            /* how long a request took in its last good poll */
    us_t report_at;       /* while down */
    struct backoff backoff;
};

/* The request in flight, or one given up. */
struct link_ask {
    size_t device;
    struct pdu_read read;
    uint16_t transaction;
    uint8_t unit;
    us_t sent, deadline;
};

enum link_event {
    LINK_EVENT_POLL_BEGIN,
    LINK_EVENT_POLL_END,    /* reason < 0: cut short, some of it was answered */
    LINK_EVENT_POLL_FAILED, /* nothing was answered; not down yet */
    LINK_EVENT_TIMEOUT,     /* the request in flight was given up */
    LINK_EVENT_LATE,        /* its reply came after all */
    LINK_EVENT_HOLE,        /* the running request is about to be dropped: device lacks it */
    LINK_EVENT_DEVICE_DOWN,
    LINK_EVENT_STILL_DOWN,
    LINK_EVENT_DEVICE_UP,
    LINK_EVENT_LINK_DOWN,   /* device is LINK_NO_DEVICE */
    LINK_EVENT_LINK_UP,     /* first reply after it was down, or ever */
    LINK_EVENT_RARE_FAILED, /* the rare read got no answer; it is asked again later */
};

struct link_settings {
    enum link_kind kind;
    us_t connect_timeout_us, connect_gap_us;
    us_t silence_us; /* 3.5 characters before each request (RTU), else 0 */
    us_t drain_us;   /* silence that ends a drain; 0 for TCP, which closes instead */
    /* reason is an enum err, 0 when there is none. */
    void (*on_event)(void *arg, enum link_event event, size_t device, int reason, us_t now);
    void *arg;
    uint32_t random; /* seed, not 0 */
};

enum link_state { LINK_CLOSED, LINK_OPENING, LINK_IDLE, LINK_BUSY, LINK_DRAINING };

struct link_fsm {
    struct link_settings set;
    struct poll_device *devices;
    size_t device_count;
    enum link_state state;
    bool must_close; /* the next order is LINK_CLOSE */
    bool answered;   /* since it was opened */
    bool failing;    /* the last attempt to open it failed */
    bool down, seen; /* as last reported */
    uint8_t silent;  /* time-outs in a row */
    uint16_t transaction;
    size_t current;   /* device whose poll is running */
    bool rare;        /* not its poll, its rare read */
    us_t cap;         /* deadline limit of its first request, or LINK_NEVER */
    us_t rare_after;  /* no rare read before */
    us_t not_before;  /* connect gap, back-off of connects */
    us_t quiet_since; /* last byte on the line */
    us_t wait_until;  /* deadline of connect or drain */
    us_t drain_began;
    us_t probe_after; /* no probe before: one failed probe a tick */
    us_t probed_at;
    us_t report_at; /* earliest of the down devices' */
    struct link_ask ask;
    struct link_ask late[LINK_LATE_MAX];
    size_t late_count; /* ever; the newest stands at (late_count - 1) % LINK_LATE_MAX */
    struct backoff backoff;
    uint32_t random;
};

enum link_order {
    LINK_WAIT,  /* until *ret_until, or until something happens */
    LINK_OPEN,  /* then tell _opened or _open_failed */
    LINK_QUEUE, /* as LINK_OPEN, but the caller said it may not open now */
    LINK_SEND,  /* fsm->ask; its deadline is *ret_until */
    LINK_CLOSE, /* close the descriptor, forget received bytes */
};

/* All devices are due at once. Settings of the devices must be filled in, their plans built. */
void link_fsm_init(struct link_fsm *f, const struct link_settings *set, struct poll_device *devices,
                   size_t device_count, struct moment m);

/* What to do now. Call after anything was told, and when *ret_until has come; again after each
 * order but LINK_WAIT and LINK_QUEUE. Runs deadlines: a request past its own is given up here. */
enum link_order link_fsm_next(struct link_fsm *f, struct moment m, bool may_open, us_t *ret_until);

/* What happened. m.now of _reply and _exception is when the last byte came. */
void link_fsm_opened(struct link_fsm *f, struct moment m);
void link_fsm_open_failed(struct link_fsm *f, struct moment m, int reason);
void link_fsm_lost(struct link_fsm *f, struct moment m, int reason);
void link_fsm_reply(struct link_fsm *f, struct moment m);
void link_fsm_exception(struct link_fsm *f, struct moment m, uint8_t code);
/* The stream or frame is no reply to fsm->ask: TCP closes, RTU drains and asks once more. Also when
 * nothing is in flight. */
void link_fsm_bad_frame(struct link_fsm *f, struct moment m, int reason);
/* Bytes came while draining or idle on an RTU link: it must fall silent again. */
void link_fsm_noise(struct link_fsm *f, struct moment m);
/* The given-up request of this transaction, or NULL. */
const struct link_ask *link_fsm_given_up(const struct link_fsm *f, uint16_t transaction);
/* The request given up last, or NULL. RTU replies carry no transaction id. */
const struct link_ask *link_fsm_given_up_last(const struct link_fsm *f);
/* A valid reply to a given-up request: dropped, but a sign of life. */
void link_fsm_late(struct link_fsm *f, struct moment m, const struct link_ask *ask);

#endif
