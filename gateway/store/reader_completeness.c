/* How complete a month is: its 15-minute rows counted against the calendar and the acknowledged
 * messages, its days against their slots. All from one snapshot of the store. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "slots/slot_codec.h"
#include "store/db.h"
#include "store/reader_impl.h"
#include "store/slot_code.h"

/* a row holds the body of the newest revision: SQLite gives it beside max() */
static const char rows_sql[] = "SELECT start,device,max(revision),body FROM slot WHERE period=?"
                               " AND start>=? AND start<? GROUP BY start,device";
static const char records_sql[] = "SELECT start,max(revision) FROM record WHERE period=? AND"
                                  " start>=? AND start<? GROUP BY start";
static const char outbox_sql[] = "SELECT seq,key,revision FROM outbox WHERE kind=? AND key>=? AND"
                                 " key<?";

/* A device of the site by its number in the store. */
struct numbered {
    int64_t number;
    size_t device;
};

struct tally {
    struct reader *reader;
    const struct site *site;
    struct device_month *devices;
    int days;
    ms_t edge[MONTH_DAYS + 1]; /* local midnights */
    ms_t now;
    struct numbered *numbers; /* rising */
    size_t number_count;
    int64_t *delivered; /* by slot of the month: revisions below this one are acknowledged */
    ms_t first_slot;
    size_t slot_count;
    double (*day_kwh)[MONTH_DAYS]; /* by device */
    double *slots_kwh;             /* by device, of the days that are stored */
    ms_t stored_until;             /* end of the newest day that is stored */
    int row_day;                   /* of the row before: rows come in order of time */
};

/* What the count needs of a row. */
struct row {
    ms_t start, end;
    int64_t revision;
    size_t device;
    bool has_data;
    double amount;      /* of all feeds, in both directions; NAN unknown */
    double boundary_ms; /* NAN unknown */
};

/* ---- the month ---------------------------------------------------------------------------- */

static int lay_out(struct tally *t, int32_t month, utc_offset_fn *zone) {
    int year = (int)floor_div(month, 12), of_year = month - year * 12 + 1;
    if (year < 1970 || year > 9999)
        return ERR_RANGE;
    int32_t first = civil_day(year, of_year, 1);
    t->days = civil_day(year, of_year + 1, 1) - first;
    for (int d = 0; d <= t->days; d++)
        t->edge[d] = local_midnight(first + d, zone);
    t->first_slot = slot_edge(SLOT_15M, t->edge[0]);
    t->slot_count = (size_t)((t->edge[t->days] - t->first_slot) / slot_ms(SLOT_15M)) + 1;
    return ERR_OK;
}

static int allocate(struct tally *t) {
    size_t n = t->site->device_count + 1;
    t->devices = calloc(n, sizeof *t->devices);
    t->numbers = calloc(n, sizeof *t->numbers);
    t->delivered = calloc(t->slot_count, sizeof *t->delivered);
    t->day_kwh = calloc(n, sizeof *t->day_kwh);
    t->slots_kwh = calloc(n, sizeof *t->slots_kwh);
    bool all = t->devices && t->numbers && t->delivered && t->day_kwh && t->slots_kwh;
    return all ? ERR_OK : ERR_NOMEM;
}

static void clear(struct tally *t) {
    for (size_t i = 0; i < t->site->device_count; i++) {
        struct device_month *m = &t->devices[i];
        m->day_month_deviation = (double)NAN;
        t->slots_kwh[i] = (double)NAN;
        for (int d = 0; d < MONTH_DAYS; d++)
            m->boundary_ms[d] = t->day_kwh[i][d] = (double)NAN;
        for (int d = 0; d < t->days && t->site->devices[i].enabled; d++)
            m->day[d].expected = completeness_expected(t->edge[d], t->edge[d + 1], t->now);
    }
}

static void discard(struct tally *t) {
    free(t->devices);
    free(t->numbers);
    free(t->delivered);
    free(t->day_kwh);
    free(t->slots_kwh);
}

/* Runs a statement with the period (or kind) and the month as its arguments. */
static int each(struct tally *t, const char *sql, int64_t code, ms_t from,
                void (*take)(struct tally *t, sqlite3_stmt *s, const void *arg), const void *arg) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(t->reader->db, sql, &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, code);
    sqlite3_bind_int64(s, 2, from);
    sqlite3_bind_int64(s, 3, t->edge[t->days]);
    int rc;
    while ((rc = sqlite3_step(s)) == SQLITE_ROW)
        take(t, s, arg);
    sqlite3_finalize(s);
    return db_err(rc);
}

/* ---- devices ------------------------------------------------------------------------------ */

static int load_numbers(struct tally *t) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(t->reader->db, "SELECT id,name FROM device ORDER BY id", &s);
    if (err < 0)
        return err;
    int rc;
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(s, 1);
        for (size_t i = 0; name && i < t->site->device_count; i++)
            if (strcmp(t->site->devices[i].id, name) == 0) {
                t->numbers[t->number_count++] = (struct numbered){sqlite3_column_int64(s, 0), i};
                break;
            }
    }
    sqlite3_finalize(s);
    return db_err(rc);
}

static int by_number(const void *a, const void *b) {
    const struct numbered *x = a, *y = b;
    return (x->number > y->number) - (x->number < y->number);
}

static bool device_of(const struct tally *t, int64_t number, size_t *ret) {
    const struct numbered key = {.number = number};
    const struct numbered *found =
        bsearch(&key, t->numbers, t->number_count, sizeof *t->numbers, by_number);
    if (found)
        *ret = found->device;
    return found != NULL;
}

/* ---- what was acknowledged ---------------------------------------------------------------- */

static int64_t *delivered_of(struct tally *t, ms_t start) {
    size_t i = (size_t)floor_div(start - t->first_slot, slot_ms(SLOT_15M));
    return start >= t->first_slot && i < t->slot_count ? &t->delivered[i] : NULL;
}

static void take_record(struct tally *t, sqlite3_stmt *s, const void *arg) {
    (void)arg;
    int64_t *d = delivered_of(t, sqlite3_column_int64(s, 0));
    if (d)
        *d = sqlite3_column_int64(s, 1) + 1;
}

/* A row that is gone was acknowledged before it went. */
static void take_message(struct tally *t, sqlite3_stmt *s, const void *arg) {
    const struct cursor *c = arg;
    int64_t *d = delivered_of(t, sqlite3_column_int64(s, 1));
    if (d && *d == sqlite3_column_int64(s, 2) + 1 &&
        !cursor_has(c, (uint64_t)sqlite3_column_int64(s, 0)))
        *d = 0;
}

static int load_delivered(struct tally *t, const char *dest) {
    struct cursor c = {0};
    int err = reader_cursor(t->reader, dest, &c);
    if (err == ERR_OK)
        err = each(t, records_sql, slot_code(SLOT_15M), t->first_slot, take_record, NULL);
    if (err == ERR_OK)
        err = each(t, outbox_sql, OUTBOX_RECORD_15M, t->first_slot, take_message, &c);
    return err;
}

/* ---- rows --------------------------------------------------------------------------------- */

static void take_counter(struct row *row, const struct counter_slot *c) {
    double amount = counter_slot_amount(c);
    if (!isnan(amount))
        row->amount = isnan(row->amount) ? amount : row->amount + amount;
}

/* As of a record: of the forward registers. */
static void take_edges(struct row *row, const struct counter_slot *c) {
    if (isnan(c->register_start) || c->start_utc_ms == 0 || c->end_utc_ms == 0)
        return;
    double before = (double)completeness_boundary_error(row->start, c->start_utc_ms);
    double after = (double)completeness_boundary_error(row->end, c->end_utc_ms);
    row->boundary_ms = fmax(row->boundary_ms, fmax(before, after));
}

static bool is_exact(const struct feed_slot *f) {
    bool counted = f->counter[FEED_FORWARD].known || f->counter[FEED_REVERSE].known;
    return counted && f->method != METHOD_NONE && f->method != METHOD_INTEGRATED;
}

/* False: of no device of the site, or damaged. */
static bool read_row(const struct tally *t, sqlite3_stmt *s, struct row *row) {
    struct unpack u;
    struct slot_head h;
    if (!device_of(t, sqlite3_column_int64(s, 1), &row->device))
        return false;
    row->revision = sqlite3_column_int64(s, 2);
    row->amount = row->boundary_ms = (double)NAN;
    unpack_init(&u, sqlite3_column_blob(s, 3), (size_t)sqlite3_column_bytes(s, 3));
    if (slot_read_head(&u, &h) < 0)
        return false;
    row->has_data = h.coverage > 0.0;
    for (size_t i = 0; i < h.feed_count; i++) {
        struct feed_slot f;
        /* the role only names directions, and both are added */
        slot_read_feed(&u, &h, row->start, ROLE_LOAD, &f);
        if (u.bad)
            return false;
        row->has_data = row->has_data || is_exact(&f);
        take_counter(row, &f.counter[FEED_FORWARD]);
        take_counter(row, &f.counter[FEED_REVERSE]);
        take_edges(row, &f.counter[FEED_FORWARD]);
    }
    return true;
}

/* The local day that holds the instant. */
static int day_of(struct tally *t, ms_t at) {
    if (at < t->edge[t->row_day])
        t->row_day = 0;
    while (t->row_day < t->days - 1 && at >= t->edge[t->row_day + 1])
        t->row_day++;
    return t->row_day;
}

static void take_day(struct tally *t, sqlite3_stmt *s, const void *arg) {
    (void)arg;
    int d = day_of(t, sqlite3_column_int64(s, 0));
    struct row row = {.start = t->edge[d], .end = t->edge[d + 1]};
    if (!read_row(t, s, &row))
        return;
    t->day_kwh[row.device][d] = row.amount;
    t->devices[row.device].boundary_ms[d] = row.boundary_ms;
    if (t->stored_until < row.end)
        t->stored_until = row.end;
}

/* Rows that the calendar does not expect (of a clock that went back, of a slot over midnight) are
 * in no count, so a ratio is never above 1. */
static void take_slot(struct tally *t, sqlite3_stmt *s, const void *arg) {
    (void)arg;
    struct row row = {.start = sqlite3_column_int64(s, 0)};
    row.end = row.start + slot_ms(SLOT_15M);
    int d = day_of(t, row.start);
    if (row.end > t->now || row.end > t->edge[d + 1] || !read_row(t, s, &row))
        return;
    struct completeness *c = &t->devices[row.device].day[d];
    const int64_t *delivered = delivered_of(t, row.start);
    if (row.has_data && c->expected > 0) {
        c->stored++;
        c->acknowledged += delivered && row.revision < *delivered;
    }
    if (row.end <= t->stored_until && !isnan(row.amount)) {
        double *sum = &t->slots_kwh[row.device];
        *sum = isnan(*sum) ? row.amount : *sum + row.amount;
    }
}

static int count(struct tally *t, const char *dest) {
    int err = load_numbers(t);
    if (err == ERR_OK && dest)
        err = load_delivered(t, dest);
    if (err == ERR_OK)
        err = each(t, rows_sql, slot_code(SLOT_1D), t->edge[0], take_day, NULL);
    if (err == ERR_OK)
        err = each(t, rows_sql, slot_code(SLOT_15M), t->edge[0], take_slot, NULL);
    for (size_t i = 0; err == ERR_OK && i < t->site->device_count; i++)
        t->devices[i].day_month_deviation =
            completeness_day_month_deviation(t->day_kwh[i], (size_t)t->days, t->slots_kwh[i]);
    return err;
}

int reader_completeness(struct reader *r, const struct site *site, const char *dest, int32_t month,
                        utc_offset_fn *zone, ms_t now, struct device_month *ret) {
    struct tally t = {.reader = r, .site = site, .now = now};
    int err = lay_out(&t, month, zone);
    if (err < 0)
        return err;
    err = allocate(&t);
    if (err == ERR_OK)
        err = db_exec(r->db, "BEGIN");
    if (err == ERR_OK) {
        clear(&t);
        err = count(&t, dest);
        (void)db_exec(r->db, "COMMIT");
    }
    if (err == ERR_OK)
        memcpy(ret, t.devices, site->device_count * sizeof *ret);
    discard(&t);
    return err;
}
