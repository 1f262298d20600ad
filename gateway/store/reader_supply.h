/* What the store knows of a supply besides records: the log of sags and interruptions, measures. A
 * reader belongs to one thread. */
#ifndef BUSBAR_STORE_READER_SUPPLY_H
#define BUSBAR_STORE_READER_SUPPLY_H

#include "store/reader.h"
#include "store/supply_log.h"

/* supply_log_read() of this store. */
int reader_supply(struct reader *r, ms_t from, ms_t to, supply_entry_fn *on_entry, void *arg);

struct supply_measure {
    int64_t alert;
    char rule[ALERT_RULE_MAX + 1], object[ALERT_OBJECT_MAX];
    char measure[ALERT_TEXT_MAX], text[ALERT_NOTE_MAX], by[ALERT_OBJECT_MAX]; /* "": not given */
    ms_t measured;                                                            /* 0: not yet */
};
/* ERR_NOT_FOUND: no such alert. */
int reader_measure(struct reader *r, int64_t alert, struct supply_measure *ret);

#endif
