/* Between the files of alert_books: what is due, the work in progress. */
#ifndef BUSBAR_STORE_ALERT_BOOKS_IMPL_H
#define BUSBAR_STORE_ALERT_BOOKS_IMPL_H

#include "alert/signal_night.h"
#include "alert/signal_pv_yield.h"
#include "store/alert_books.h"

/* In the order in which they are done. */
enum book_task {
    TASK_WEEK,   /* A04, of the last days */
    TASK_MONTHS, /* A06 of each account */
    TASK_SITE,   /* A14, A27 of the calendar month */
    TASK_PEERS,  /* A15 without a sensor of the sun */
    TASK_BILLS,  /* A29 */
    TASK_SUN,    /* A15 with a sensor */
    TASK_NIGHT,  /* A21 */
    BOOK_TASKS
};

struct night_work {
    bool begun;
    int32_t day; /* local; the night is its first hours */
    double kw;
    int32_t next;          /* local day to look at */
    int32_t days[NIGHTS];  /* to compare with */
    double nights[NIGHTS]; /* kW */
    size_t count, feeders; /* nights found; nights of which feeders are read, this one first */
    struct night_signal signal;
    double *feeder_kw; /* (1 + NIGHTS) rows of feed_count; NAN unknown */
    double *usual_kw;  /* feed_count */
    struct night_growth grew[NIGHT_GREW];
    size_t grew_count;
};

struct sun_work {
    int32_t *feeds; /* PV feeds with rated_kwp */
    size_t count;
    struct pv_history *history; /* of each */
    double *yield, *scratch;    /* kWh per kWp of each; room for a median */
    ms_t next;                  /* hour to read next */
    ms_t told;                  /* the hour that was signalled last */
};

struct alert_books {
    struct records *records;
    struct alerts *alerts;
    const struct site *site;
    struct slot_facts *sum, *part; /* merged of several; just read */
    ms_t told_quarter;             /* start of the newest that was signalled; INT64_MIN: none */
    bool begun;                    /* a quarter was seen */
    unsigned due;                  /* bits of enum book_task */
    struct night_work night;
    struct sun_work sun;
};

typedef void books_fn(void *arg, const struct slot_facts *f);
/* Gives the facts of a period's slots that start in [from, to), in order; each lies in b->part.
 * account: of a bill, else -1. Returns their number; what cannot be read is left out. */
int books_each(struct alert_books *b, enum slot_period p, int account, ms_t from, ms_t to,
               books_fn *fn, void *arg);
/* Merges them into b->sum, which begins as [from, to). */
int books_sum(struct alert_books *b, enum slot_period p, ms_t from, ms_t to);
/* Start of a period's newest record; false: none. */
bool books_newest(struct alert_books *b, enum slot_period p, int account, ms_t *ret);
/* Days before a local day, as an instant. */
ms_t books_day(ms_t t, int days);
/* The largest hold time of a rule on an object, its clear time included; 0: it is not watched. */
ms_t books_hold_ms(struct alert_books *b, enum alert_rule_id rule, size_t object);

/* ---- the work: a step each; true: all done ------------------------------------------------- */

bool books_quarters(struct alert_books *b); /* A24; false: none is stored yet */
bool books_week(struct alert_books *b, ms_t now_ms);
bool books_months(struct alert_books *b, ms_t now_ms);
bool books_site_month(struct alert_books *b, ms_t now_ms);
bool books_peers(struct alert_books *b, ms_t now_ms);
bool books_bills(struct alert_books *b, ms_t now_ms);
bool books_night(struct alert_books *b, ms_t now_ms);
bool books_sun(struct alert_books *b, ms_t now_ms);

/* Whether one of the hours from that one to the newest lies in a night. */
bool books_night_since(struct alert_books *b, ms_t hour);
/* Energy of a feed in its direction less that against it, of the rows in b->records. */
double books_net_kwh(const struct alert_books *b, int32_t feed);

#endif
