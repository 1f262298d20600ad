/* The days before, from their stored rows: how complete each device was, and what its storage gave
 * back. */
#include <math.h>

#include "base/err.h"
#include "slots/slot_codec.h"
#include "store/alert_devices.h"
#include "store/db.h"
#include "sys/clock.h"

#define LOOK_AGAIN_MS MS_PER_MIN       /* the day's rows are not written yet */
#define LOOK_LATER_MS (2 * MS_PER_MIN) /* after midnight: they may be */
#define TRIP_DAYS     7
#define TRIP_CHARGES  3.0 /* of the capacity: with less, what is left in it would decide */

static int open_rows(struct alert_devices *d, enum records_statement which, ms_t start,
                     int64_t number, sqlite3_stmt **ret) {
    int err = records_prepare(&d->core->records, which, ret);
    if (err < 0)
        return err;
    sqlite3_bind_int64(*ret, 1, slot_code(SLOT_1D));
    sqlite3_bind_int64(*ret, 2, start);
    if (which == RECORDS_ROW_RANGE) {
        sqlite3_bind_int64(*ret, 3, number);
        sqlite3_bind_int64(*ret, 4, number);
    }
    return ERR_OK;
}

static bool has_row(struct alert_devices *d, size_t device, ms_t start) {
    sqlite3_stmt *s;
    if (open_rows(d, RECORDS_ROW_RANGE, start, d->core->writer->device_no[device], &s) < 0)
        return false;
    bool found = sqlite3_step(s) == SQLITE_ROW;
    sqlite3_reset(s);
    return found;
}

/* ---- completeness ----------------------------------------------------------------------- */

/* False: the day has no rows yet, or they cannot be read. */
static bool read_coverage(struct alert_devices *d, ms_t start) {
    const struct records *r = &d->core->records;
    sqlite3_stmt *s;
    bool any = false;
    if (open_rows(d, RECORDS_ROWS, start, 0, &s) < 0)
        return false;
    while (sqlite3_step(s) == SQLITE_ROW) {
        int64_t number = sqlite3_column_int64(s, 0);
        int32_t device = number < r->numbers ? r->index_of[number] : SITE_NONE;
        struct unpack u;
        struct slot_head head;
        unpack_init(&u, sqlite3_column_blob(s, 2), (size_t)sqlite3_column_bytes(s, 2));
        any = true;
        if (device != SITE_NONE && slot_read_head(&u, &head) == ERR_OK)
            d->devices[device].day_coverage = head.coverage;
    }
    sqlite3_reset(s);
    return any;
}

/* A device's first day is seldom a whole one. */
static void forgive_new_devices(struct alert_devices *d, ms_t day_before) {
    for (size_t i = 0; i < d->site->device_count; i++)
        if (d->devices[i].day_coverage < GAP_DAY_PART && !has_row(d, i, day_before))
            d->devices[i].day_coverage = (double)NAN;
}

/* ---- round trip ------------------------------------------------------------------------- */

struct trip {
    double in_kwh, out_kwh; /* NAN as soon as a day is not known */
};

/* The storage feed of a device over one day. */
static void add_day(struct alert_devices *d, size_t device, ms_t start, struct trip *t) {
    const struct records *r = &d->core->records;
    sqlite3_stmt *s;
    struct trip day = {(double)NAN, (double)NAN};
    if (open_rows(d, RECORDS_ROW_RANGE, start, d->core->writer->device_no[device], &s) == ERR_OK &&
        sqlite3_step(s) == SQLITE_ROW) {
        struct unpack u;
        struct slot_head head;
        unpack_init(&u, sqlite3_column_blob(s, 1), (size_t)sqlite3_column_bytes(s, 1));
        bool good = slot_read_head(&u, &head) == ERR_OK && head.coverage >= GAP_DAY_PART &&
                    head.feed_count == (size_t)r->feed_count[device];
        for (size_t i = 0; good && i < head.feed_count; i++) {
            const struct feed *feed =
                &d->site->feeds[r->feed_order[r->feed_first[device] + (int32_t)i]];
            struct feed_slot f;
            slot_read_feed(&u, &head, start, feed->role, &f);
            if (u.bad || feed->role != ROLE_STORAGE)
                continue;
            day.out_kwh = counter_slot_amount(&f.counter[FEED_FORWARD]);
            day.in_kwh = counter_slot_amount(&f.counter[FEED_REVERSE]);
        }
        sqlite3_reset(s);
    }
    t->in_kwh += day.in_kwh;
    t->out_kwh += day.out_kwh;
}

/* What the SOC of the site's storage rose by, in points, from the days' facts. */
static double soc_rise(struct alert_devices *d, ms_t from, ms_t to) {
    struct records *r = &d->core->records;
    double first = (double)NAN, last = (double)NAN;
    sqlite3_stmt *s;
    if (records_prepare(r, RECORDS_FACTS, &s) < 0)
        return first;
    sqlite3_bind_int64(s, 1, slot_code(SLOT_1D));
    sqlite3_bind_int64(s, 2, from);
    sqlite3_bind_int64(s, 3, to);
    while (sqlite3_step(s) == SQLITE_ROW)
        if (records_read_facts(r, s, 0, &r->other) == ERR_OK) {
            if (isnan(first))
                first = r->other.soc_start_pct;
            last = r->other.soc_end_pct;
        }
    sqlite3_reset(s);
    return last - first;
}

static void read_round_trip(struct alert_devices *d, size_t device, int32_t day) {
    const struct device *def = &d->site->devices[device];
    struct trip t = {0.0, 0.0};
    ms_t from = local_midnight(day - TRIP_DAYS + 1, clock_utc_offset_s);
    ms_t to = local_midnight(day + 1, clock_utc_offset_s);
    for (int32_t k = day - TRIP_DAYS + 1; k <= day; k++)
        add_day(d, device, local_midnight(k, clock_utc_offset_s), &t);
    double kept_kwh = soc_rise(d, from, to) / 100.0 * def->capacity_kwh;
    bool enough = t.in_kwh >= TRIP_CHARGES * def->capacity_kwh;
    d->devices[device].round_trip_pct =
        enough ? 100.0 * (t.out_kwh + kept_kwh) / t.in_kwh : (double)NAN;
}

void alert_days_look(struct alert_devices *d) {
    if (d->tick < d->day_look && d->day_look - d->tick < 2 * MS_PER_DAY)
        return;
    int32_t today = local_time(d->tick, clock_utc_offset_s).day, day = today - 1;
    ms_t start = local_midnight(day, clock_utc_offset_s);
    d->day_look = d->tick + LOOK_AGAIN_MS;
    if (day != d->day && !read_coverage(d, start))
        return;
    d->day_look = local_midnight(today + 1, clock_utc_offset_s) + LOOK_LATER_MS;
    d->day = day;
    forgive_new_devices(d, local_midnight(day - 1, clock_utc_offset_s));
    for (size_t i = 0; i < d->site->device_count; i++)
        if (!isnan(d->site->devices[i].round_trip_pct))
            read_round_trip(d, i, day);
}
