/* The ledger of alerts, for web and the tools. Through a reader (store/reader.h), on its thread. */
#ifndef BUSBAR_STORE_READER_ALERTS_H
#define BUSBAR_STORE_READER_ALERTS_H

#include "alert/entry.h"
#include "store/reader.h"

enum alert_choice {
    ALERTS_OPEN, /* neither refused nor closed */
    ALERTS_OVERDUE,
    ALERTS_ALL
};

struct alert_query {
    enum alert_choice choice;
    ms_t from, to;             /* raised in [from, to) */
    int64_t id;                /* 0: any */
    int64_t below;             /* numbers below it only; 0: any */
    const char *rule, *object; /* NULL: any */
    ms_t now;                  /* what is overdue depends on it */
    size_t limit;
};
/* Everything: no limit of time or number. */
struct alert_query alert_query_all(ms_t now);

/* Streams what was asked for, newest first. A callback that returns < 0 stops with that code; it
 * may not call this again. Returns the number. */
int reader_alerts(struct reader *r, const struct alert_query *q,
                  int (*on_alert)(void *arg, const struct alert_entry *e), void *arg);
/* The steps of one alert, in order; the same rules. May be called from on_alert. */
int reader_alert_steps(struct reader *r, int64_t id,
                       int (*on_step)(void *arg, const struct alert_entry_step *s), void *arg);

struct alert_counts {
    uint64_t open[ALERT_SEVERITIES]; /* by present severity */
    uint64_t overdue;
};
int reader_alert_counts(struct reader *r, ms_t now, struct alert_counts *ret);

#endif
