/* An officer's entry about an exchanged meter: what the exchange left out. It makes new revisions
 * of the slots it touches. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "store/db.h"
#include "store/gap.h"
#include "store/order_desk.h"

#define SEARCH_MS      (7 * MS_PER_DAY) /* around the entered time */
#define REGISTER_SLACK 1e-6

/* The feed that an order names: a device with one feed, or device.channel. */
static int find_feed(const struct order_desk *d, const char *name, char *why) {
    const struct site *s = d->records->site;
    for (size_t i = 0; i < s->feed_count; i++)
        if (strcmp(s->feeds[i].id, name) == 0)
            return (int)i;
    snprintf(why, ORDER_WHY_MAX,
             "the site has no meter %s; busbar check lists its devices, channels are written as "
             "device.channel",
             name);
    return ERR_NOT_FOUND;
}

uint32_t order_desk_place(const struct records *r, int32_t feed) {
    int32_t device = r->site->feeds[feed].device;
    for (int32_t i = 0; i < r->feed_count[device]; i++)
        if (r->feed_order[r->feed_first[device] + i] == feed)
            return (uint32_t)i;
    return 0;
}

int order_desk_closed(const struct order_desk *d, ms_t at, char *why) {
    if (at < d->open_quarter)
        return ERR_OK;
    snprintf(why, ORDER_WHY_MAX,
             "the quarter of an hour of that moment has not closed; enter it when busbard has made "
             "its record");
    return ERR_REFUSED;
}

int order_desk_tell(const struct order_desk *d, const struct event_body *e, const char *who) {
    struct event_body told = *e;
    told.severity = "info";
    told.state = "cleared";
    told.actor = who;
    return writer_put_event(d->records->writer, &told, d->now_ms);
}

/* Energy that is put into a slot without a record would be seen nowhere. */
static int check_recorded(const struct order_desk *d, ms_t at, char *why) {
    sqlite3_stmt *s = NULL;
    int err =
        db_prepare(d->records->writer->db, "SELECT 1 FROM record WHERE period=? AND start=?", &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, slot_code(SLOT_15M));
    sqlite3_bind_int64(s, 2, slot_edge(SLOT_15M, at));
    int rc = sqlite3_step(s);
    sqlite3_finalize(s);
    if (rc == SQLITE_ROW)
        return ERR_OK;
    if (rc != SQLITE_DONE)
        return db_err(rc);
    snprintf(why, ORDER_WHY_MAX,
             "there is no record of the quarter of an hour of that moment; "
             "enter a moment that has one");
    return ERR_REFUSED;
}

/* A ledger row of a reset or jump. */
struct exchange {
    int64_t id;
    ms_t t; /* when it was seen; once entered, when it happened */
    double old_register, first_register, multiplier;
    double entered; /* amount of the entry before */
};

static int find_exchange(const struct order_desk *d, const struct slot_change *c, ms_t at,
                         struct exchange *ret) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(d->records->writer->db,
                         "SELECT id,t,old,first,multiplier,entered FROM ledger WHERE device=?1 AND"
                         " feed=?2 AND counter=?3 AND event IN (?4,?5) AND abs(t-?6)<=?7"
                         " ORDER BY abs(t-?6) LIMIT 1",
                         &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, c->device_no);
    sqlite3_bind_int64(s, 2, c->feed);
    sqlite3_bind_int64(s, 3, c->counter);
    sqlite3_bind_int(s, 4, ENERGY_RESET);
    sqlite3_bind_int(s, 5, ENERGY_JUMP);
    sqlite3_bind_int64(s, 6, at);
    sqlite3_bind_int64(s, 7, SEARCH_MS);
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        *ret = (struct exchange){.id = sqlite3_column_int64(s, 0),
                                 .t = sqlite3_column_int64(s, 1),
                                 .old_register = sqlite3_column_double(s, 2),
                                 .first_register = sqlite3_column_double(s, 3),
                                 .multiplier = sqlite3_column_double(s, 4),
                                 .entered = sqlite3_column_double(s, 5)};
    sqlite3_finalize(s);
    return rc == SQLITE_ROW ? ERR_OK : rc == SQLITE_DONE ? ERR_NOT_FOUND : db_err(rc);
}

static int note_exchange(const struct order_desk *d, const struct exchange *x, double amount,
                         const struct order_meter_change *o, const char *who) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(d->records->writer->db,
                         "UPDATE ledger SET t=?,entered=?,actor=?,note=? WHERE id=?", &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, o->at);
    sqlite3_bind_double(s, 2, amount);
    sqlite3_bind_text(s, 3, who, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 4, o->note, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 5, x->id);
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

/* Puts amount into the slots of at. What an entry before had put into other slots leaves them: an
 * entry is corrected by entering it again. Returns the number of slots. */
static int put_amount(const struct order_desk *d, const struct exchange *x, ms_t at, double amount,
                      const struct slot_change *change, size_t feeds) {
    struct writer *w = d->records->writer;
    int slots = 0;
    for (int i = 0; i < SLOT_OPEN_COUNT; i++) {
        enum slot_period p = (enum slot_period)i;
        struct slot_change c = *change;
        ms_t before = slot_edge(p, x->t), now = slot_edge(p, at);
        bool moved = before != now && fabs(x->entered) > 0.0;
        int err = ERR_OK;
        if (moved) {
            c.amount = -x->entered;
            err = gap_change_slot(w, p, before, &c, feeds);
        }
        c.amount = moved ? amount : amount - x->entered;
        if (err == ERR_OK)
            err = gap_change_slot(w, p, now, &c, feeds);
        if (err < 0)
            return err;
        slots += 1 + moved;
    }
    return slots;
}

/* How the counter counts, as far as the present configuration says. */
static double part_of(const struct site *s, const struct feed *f, int32_t point,
                      const struct exchange *x) {
    struct counter c;
    counter_init(&c, s, f, point);
    return fabs(c.scale) * x->multiplier / COUNTER_PARTS;
}

static int enter(const struct order_desk *d, const struct order_meter_change *o,
                 const struct exchange *x, int32_t feed, const struct slot_change *c,
                 const char *who) {
    struct records *r = d->records;
    const struct feed *f = &r->site->feeds[feed];
    double amount = exchange_amount(o->old_end, x->old_register, x->first_register, o->new_start,
                                    x->multiplier);
    int32_t point = c->counter == FEED_FORWARD ? f->forward : f->reverse;
    int slots = put_amount(d, x, o->at, amount, c, (size_t)r->feed_count[f->device]);
    if (slots < 0)
        return slots;
    int err = note_exchange(d, x, amount, o, who);
    const struct event_body e = {.event = "meter_change",
                                 .object = f->id,
                                 .at = o->at,
                                 .value = o->new_start,
                                 .threshold = o->old_end,
                                 .unit =
                                     point == SITE_NONE ? NULL : r->site->points[point].def->unit,
                                 .note = o->note};
    if (err == ERR_OK)
        err = order_desk_tell(d, &e, who);
    return err < 0 ? err : slots;
}

int order_meter_change_run(const struct order_desk *d, const struct order_meter_change *o,
                           const char *actor, char *why) {
    struct records *r = d->records;
    int feed = find_feed(d, o->device, why);
    int err = feed < 0 ? feed : order_desk_closed(d, o->at, why);
    if (err == ERR_OK)
        err = check_recorded(d, o->at, why);
    if (err < 0)
        return err;
    const struct feed *f = &r->site->feeds[feed];
    struct exchange x = {0};
    struct slot_change c = {.device_no = r->writer->device_no[f->device],
                            .feed = order_desk_place(r, feed),
                            .counter = (uint32_t)counter_of(o->direction, f->role),
                            .factor = 1.0,
                            .method = METHOD_MANUAL};
    err = find_exchange(d, &c, o->at, &x);
    if (err == ERR_NOT_FOUND)
        snprintf(why, ORDER_WHY_MAX,
                 "no reset or exchange of this counter is on record within 7 days of that time; "
                 "check device, direction and time");
    if (err == ERR_OK)
        err = check_registers(o, &x, why);
    if (err < 0)
        return err;
    c.unit = part_of(r->site, f, c.counter == FEED_FORWARD ? f->forward : f->reverse, &x);
    char who[ORDER_WHO_MAX];
    order_desk_sign(who, o->by, actor);
    return enter(d, o, &x, feed, &c, who);
}
