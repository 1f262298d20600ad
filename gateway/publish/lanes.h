/* Which outbox row is sent next: events first, then new records, then backlog, oldest first at a
 * settable rate, and beside it, at the same rate, what the platform asked for again; and what
 * becomes of a row when the broker or the platform answers.
 *
 * Holds no bodies and no queue: four cursors over the outbox and a bounded table of the rows that
 * are in flight, wait for the platform, or were refused and rest. Time and randomness are
 * arguments. Pure; one thread. */
#ifndef BUSBAR_PUBLISH_LANES_H
#define BUSBAR_PUBLISH_LANES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/units.h"
#include "meter/site.h"
#include "poll/backoff.h"
#include "store/reader.h"

#define LANES_WINDOW    20  /* rows in flight at most */
#define LANES_PAGE      256 /* rows read from the outbox at once */
#define LANES_BUFFER    LANES_PAGE
#define LANES_TRACKED   1024
#define LANES_AGAIN     128 /* of them sent again and not done: the others find room */
#define LANES_RESEND_US (60 * (us_t)US_PER_S) /* of a row the platform does not acknowledge */

/* MQTT 5 reason codes of a PUBACK that mean something to a row. */
enum puback_reason {
    PUBACK_OK = 0x00,
    PUBACK_NO_SUBSCRIBER = 0x10,
    PUBACK_REFUSED = 0x80, /* this and all above */
    PUBACK_TOO_LARGE = 0x95,
    PUBACK_PAYLOAD_INVALID = 0x99
};

enum lane_id { LANE_EVENTS, LANE_NEW, LANE_BACKLOG, LANE_REPLAY, LANE_COUNT };

struct lane {
    uint64_t after, limit; /* rows with after < seq <= limit are still to be looked at */
    struct outbox_row row[LANES_BUFFER];
    size_t pos, count;
    us_t at;      /* no row goes before */
    bool drained; /* nothing more until woken */
};

enum track_state { TRACK_IN_FLIGHT, TRACK_AWAITING_PLATFORM, TRACK_RESTING };

struct tracked {
    uint64_t seq;
    us_t since, until;
    int token;
    enum track_state state;
    bool again;          /* of the replay lane */
    bool platform_acked; /* before the broker answered */
};

struct lanes {
    enum ack_mode mode;
    uint32_t backlog_per_s, window, in_flight;
    struct lane lane[LANE_COUNT];
    struct tracked tracked[LANES_TRACKED];
    size_t tracked_count;
    enum lane_id taken; /* of the row that lanes_next() gave last */
    us_t paused_until;  /* no row goes before; 0 = not paused */
    struct backoff backoff;
};

void lanes_init(struct lanes *l, enum ack_mode mode, uint32_t backlog_per_s);
/* A connection has begun: what is in the outbox up to seq_head is backlog, what comes is new; what
 * was in flight is sent again. window: rows in flight, 1..LANES_WINDOW. */
void lanes_connected(struct lanes *l, uint64_t seq_head, uint32_t window);
void lanes_wake(struct lanes *l); /* rows may have been added */

/* The lane that wants rows, and the seq after which to read them; false when none does. */
bool lanes_wants(const struct lanes *l, enum lane_id *ret_lane, uint64_t *ret_after);
/* The answer: n rows read with capacity cap. */
void lanes_fill(struct lanes *l, enum lane_id lane, const struct outbox_row *rows, size_t n,
                size_t cap);

/* The next row to send now; false when none may go. It is taken: the caller says lanes_sent(),
 * lanes_skip() or loses the connection. */
bool lanes_next(struct lanes *l, us_t now, struct outbox_row *ret_row);
void lanes_sent(struct lanes *l, uint64_t seq, int token, us_t now);
/* The row cannot be sent now; it rests for a minute, in the replay lane with all behind it. */
void lanes_skip(struct lanes *l, uint64_t seq, us_t now);

enum row_verdict {
    ROW_UNKNOWN,  /* no such token */
    ROW_DONE,     /* acknowledged: move the cursor */
    ROW_AWAITING, /* only the platform's /ack moves the cursor */
    ROW_LEFT,     /* stays in the outbox, tried again later */
    ROW_PASSED    /* sent again and refused for what it is: left out */
};
enum row_verdict lanes_answer(struct lanes *l, int token, int reason, us_t now, uint32_t random,
                              uint64_t *ret_seq);
/* The platform has acknowledged these. */
void lanes_platform_ack(struct lanes *l, uint64_t from, uint64_t to);

/* A range to send again: rows with done < seq <= to, whoever acknowledged them. */
void lanes_replay(struct lanes *l, uint64_t done, uint64_t to);
void lanes_replay_widen(struct lanes *l, uint64_t to);
/* All rows of the range up to this one are done; its end when it is through. */
uint64_t lanes_replay_done(const struct lanes *l);

/* True when rows that were passed over are due again: then read seq_head and rewind. */
bool lanes_rewind_due(const struct lanes *l, us_t now);
void lanes_rewind(struct lanes *l, uint64_t seq_head, us_t now);

/* When something is due without an outside event; INT64_MAX = never. */
us_t lanes_due(const struct lanes *l);
/* When the longest unanswered row was sent; INT64_MAX = none in flight. */
us_t lanes_oldest_in_flight(const struct lanes *l);

#endif
