/* An officer's entries about meters: what an exchange left out, and ratios that were wrong. They
 * make new revisions of the slots they touch. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "store/db.h"
#include "store/gap.h"
#include "store/order_desk.h"
#include "sys/clock.h"

#define SEARCH_MS      (7 * MS_PER_DAY) /* around the entered time */
#define MINUTES_MS     (7 * MS_PER_DAY) /* rows of minutes are kept at least this long */
#define QUARTERS_MS    (400 * MS_PER_DAY)
#define REGISTER_SLACK 1e-6

/* The feed that an order names: a device with one feed, or device.channel. */
static int find_feed(const struct order_desk *d, const char *name, char *why) {
    const struct site *s = d->records->site;
    for (size_t i = 0; i < s->feed_count; i++)
        if (strcmp(s->feeds[i].id, name) == 0)
            return (int)i;
    snprintf(why, ORDER_WHY_MAX, "the site has no device %s; busbar check lists them", name);
    return ERR_NOT_FOUND;
}

/* Where the feed stands among its device's. */
static uint32_t place_of(const struct records *r, int32_t feed) {
    int32_t device = r->site->feeds[feed].device;
    for (int32_t i = 0; i < r->feed_count[device]; i++)
        if (r->feed_order[r->feed_first[device] + i] == feed)
            return (uint32_t)i;
    return 0;
}

static int is_closed(const struct order_desk *d, ms_t at, char *why) {
    if (at < d->open_quarter)
        return ERR_OK;
    snprintf(why, ORDER_WHY_MAX,
             "the quarter of an hour of that moment is still open; enter it "
             "after it has closed");
    return ERR_REFUSED;
}

/* A ledger row of a reset or jump. */
struct exchange {
    int64_t id;
    double old_register, first_register, multiplier, entered;
};

static int find_exchange(const struct order_desk *d, int64_t device_no, uint32_t feed,
                         enum feed_counter k, ms_t at, struct exchange *ret) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(d->records->writer->db,
                         "SELECT id,old,first,multiplier,entered FROM ledger WHERE device=?1 AND"
                         " feed=?2 AND counter=?3 AND event IN (?4,?5) AND abs(t-?6)<=?7"
                         " ORDER BY abs(t-?6) LIMIT 1",
                         &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, device_no);
    sqlite3_bind_int64(s, 2, feed);
    sqlite3_bind_int(s, 3, (int)k);
    sqlite3_bind_int(s, 4, ENERGY_RESET);
    sqlite3_bind_int(s, 5, ENERGY_JUMP);
    sqlite3_bind_int64(s, 6, at);
    sqlite3_bind_int64(s, 7, SEARCH_MS);
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        *ret = (struct exchange){sqlite3_column_int64(s, 0), sqlite3_column_double(s, 1),
                                 sqlite3_column_double(s, 2), sqlite3_column_double(s, 3),
                                 sqlite3_column_double(s, 4)};
    sqlite3_finalize(s);
    return rc == SQLITE_ROW ? ERR_OK : rc == SQLITE_DONE ? ERR_NOT_FOUND : db_err(rc);
}

static int note_exchange(const struct order_desk *d, const struct exchange *x, double amount,
                         const struct order_meter_change *o) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(d->records->writer->db,
                         "UPDATE ledger SET entered=?,actor=?,note=? WHERE id=?", &s);
    if (err < 0)
        return err;
    sqlite3_bind_double(s, 1, amount);
    sqlite3_bind_text(s, 2, o->by, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 3, o->note, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 4, x->id);
    err = db_run(s);
    sqlite3_finalize(s);
    return err;
}

/* The registers must enclose what was counted: the old meter ended at or after the last register
 * read, the new one began at or before the first. */
static int check_registers(const struct order_meter_change *o, const struct exchange *x,
                           char *why) {
    if (o->old_end < x->old_register - REGISTER_SLACK) {
        snprintf(why, ORDER_WHY_MAX,
                 "old_end %.3f is less than the last register that was read, %.3f; check both",
                 o->old_end, x->old_register);
        return ERR_RANGE;
    }
    if (o->new_start > x->first_register + REGISTER_SLACK) {
        snprintf(why, ORDER_WHY_MAX,
                 "new_start %.3f is more than the first register of the new meter, %.3f; check "
                 "both",
                 o->new_start, x->first_register);
        return ERR_RANGE;
    }
    return ERR_OK;
}

static enum feed_counter counter_of(enum order_direction direction, enum role role) {
    switch (direction) {
    case ORDER_IMPORT:
        return feed_import(role);
    case ORDER_EXPORT:
        return feed_export(role);
    case ORDER_REVERSE:
        return FEED_REVERSE;
    case ORDER_FORWARD:
        break;
    }
    return FEED_FORWARD;
}

static int tell(const struct order_desk *d, const char *event, const char *object, ms_t at,
                double value, double threshold, const char *by, const char *note) {
    const struct event_body e = {.event = event,
                                 .object = object,
                                 .severity = "info",
                                 .state = "cleared",
                                 .at = at,
                                 .value = value,
                                 .threshold = threshold,
                                 .actor = by,
                                 .note = note};
    return writer_put_event(d->records->writer, &e, d->now_ms);
}

int order_meter_change_run(const struct order_desk *d, const struct order_meter_change *o,
                           const char *actor, char *why) {
    struct records *r = d->records;
    (void)actor;
    int feed = find_feed(d, o->device, why);
    if (feed < 0)
        return feed;
    int err = is_closed(d, o->at, why);
    if (err < 0)
        return err;
    const struct feed *f = &r->site->feeds[feed];
    enum feed_counter k = counter_of(o->direction, f->role);
    struct exchange x;
    struct slot_change c = {.device_no = r->writer->device_no[f->device],
                            .feed = place_of(r, feed),
                            .counter = (uint32_t)k,
                            .factor = 1.0,
                            .method = METHOD_MANUAL};
    err = find_exchange(d, c.device_no, c.feed, k, o->at, &x);
    if (err == ERR_NOT_FOUND)
        snprintf(why, ORDER_WHY_MAX,
                 "no reset or exchange of this counter is on record within 7 days of that time; "
                 "check device, direction and time");
    if (err == ERR_OK)
        err = check_registers(o, &x, why);
    if (err < 0)
        return err;
    double amount = (o->old_end - x.old_register + x.first_register - o->new_start) * x.multiplier;
    c.amount = amount - x.entered; /* an entry is corrected by entering it again */
    size_t feeds = (size_t)r->feed_count[f->device];
    for (int p = 0; err == ERR_OK && p < SLOT_OPEN_COUNT; p++)
        err = gap_change_slot(r->writer, (enum slot_period)p, slot_edge((enum slot_period)p, o->at),
                              &c, feeds);
    if (err == ERR_OK)
        err = note_exchange(d, &x, amount, o);
    if (err == ERR_OK)
        err = tell(d, "meter_change", f->id, o->at, o->new_start, o->old_end, o->by, o->note);
    return err < 0 ? err : SLOT_OPEN_COUNT;
}

/* ---- ratios ------------------------------------------------------------------------------- */

static double factor_of(double entered, double configured) {
    if (isnan(entered))
        return 1.0;
    return entered / (isnan(configured) ? 1.0 : configured);
}

/* Rows of one device and period from a time on, to the open quarter. */
static int scale_rows(const struct order_desk *d, int32_t device, enum slot_period p, ms_t from,
                      const struct slot_change *change) {
    struct records *r = d->records;
    ms_t reach = p == SLOT_1M ? MINUTES_MS : QUARTERS_MS;
    ms_t start = slot_edge(p, from + slot_ms(p) - 1);
    if (start < d->open_quarter - reach)
        start = slot_edge(p, d->open_quarter - reach);
    int n = 0;
    for (; start < d->open_quarter; start += slot_ms(p))
        for (int32_t i = 0; i < r->feed_count[device]; i++) {
            struct slot_change c = *change;
            c.feed = (uint32_t)i;
            int err = gap_change_slot(r->writer, p, start, &c, 0);
            if (err < 0)
                return err;
            n += i == 0;
        }
    return n;
}

int order_ratio_change_run(const struct order_desk *d, const struct order_ratio_change *o,
                           const char *actor, char *why) {
    struct records *r = d->records;
    (void)actor;
    int feed = find_feed(d, o->device, why);
    if (feed < 0)
        return feed;
    int err = is_closed(d, o->at, why);
    if (err < 0)
        return err;
    int32_t device = r->site->feeds[feed].device;
    const struct device *dev = &r->site->devices[device];
    struct slot_change c = {.device_no = r->writer->device_no[device],
                            .factor = factor_of(o->ct_ratio, dev->ct_ratio) *
                                      factor_of(o->pt_ratio, dev->pt_ratio),
                            .method = METHOD_MANUAL};
    if (!(fabs(c.factor - 1.0) > 1e-9)) {
        snprintf(why, ORDER_WHY_MAX, "these are the ratios that are configured; nothing changes");
        return ERR_REFUSED;
    }
    int slots = 0;
    for (int p = 0; p < SLOT_OPEN_COUNT; p++) {
        int n = scale_rows(d, device, (enum slot_period)p, o->at, &c);
        if (n < 0)
            return n;
        slots += n;
    }
    err = tell(d, "ratio_entry", dev->id, o->at, c.factor, 1.0, o->by,
               "energies and powers of this device since then were multiplied; enter the ratio in "
               "the site file too");
    return err < 0 ? err : slots;
}
