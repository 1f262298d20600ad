/* Alerts that only the records of quarters, hours, days and months can tell: A04, A06, A14, A15,
 * A21, A24, A27, A29.
 *
 * Looks, once a second, at what records were written or made again since, reads what it needs of
 * the store in steps of some milliseconds, and gives the signals of alert/signal_*.h to the watches
 * (store/alerts.h). It keeps nothing of its own: after a start it reads the last slots anew, as
 * many as the rules' hold times need, so it comes to the same verdicts. Historian thread, outside
 * of transactions; no allocation after the start. */
#ifndef BUSBAR_STORE_ALERT_BOOKS_H
#define BUSBAR_STORE_ALERT_BOOKS_H

#include "store/alerts.h"
#include "store/records.h"

struct alert_books;

/* before: that of the configuration before, whose verdicts are not given again; NULL: none. r and a
 * must outlive it. ERR_NOMEM. */
int alert_books_new(struct records *r, struct alerts *a, const struct alert_books *before,
                    struct alert_books **ret);
void alert_books_free(struct alert_books *b); /* NULL is fine */
/* One step of work. */
void alert_books_second(struct alert_books *b, ms_t now_ms);

#endif
