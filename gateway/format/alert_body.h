/* An alert of the ledger as JSON, with its steps and curves. Pure; docs/schema/alerts.json. */
#ifndef BUSBAR_FORMAT_ALERT_BODY_H
#define BUSBAR_FORMAT_ALERT_BODY_H

#include "alert/entry.h"
#include "base/buf.h"
#include "calc/calendar.h"

/* Members of an object that is open; overdue is as of now. */
void alert_entry_write(struct buf *b, const struct alert_entry *e, ms_t now, utc_offset_fn *zone);
/* The same for a step. */
void alert_step_write(struct buf *b, const struct alert_entry_step *s, utc_offset_fn *zone);

/* The body of /api/v1/alerts: what was found, newest first. */
struct alerts_body {
    ms_t now;
    const struct alert_entry *entries;
    size_t entry_count;
    bool with_steps; /* of the one entry */
    const struct alert_entry_step *steps;
    size_t step_count;
    bool more; /* there are older ones */
};
void alerts_write(struct buf *b, const struct alerts_body *a, utc_offset_fn *zone);

/* The last day on which what is due then is not overdue: "2026-12-01". */
void alert_due_day(ms_t due, utc_offset_fn *zone, char out[ISO8601_MAX]);

#endif
