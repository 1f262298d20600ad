/* Hours, days, months and bills: device rows and facts merged from the period below. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "calc/completeness.h"
#include "calc/indicators.h"
#include "slots/slot_merge.h"
#include "store/db.h"
#include "store/records.h"
#include "sys/clock.h"

#define ROW_BYTES_MAX 262144
#define MERGE_GROUP   64
#define QUARTERS_MAX  3100 /* of a month of 31 days, and a spare day */

/* ---- device rows ------------------------------------------------------------------------ */

static ms_t part_end(enum slot_period part, ms_t start) {
    return slot_end(part, start, clock_utc_offset_s, 1);
}

/* Devices that are merged at a time: all of a large site at once would be most of the program's
 * memory. */
struct merge_group {
    size_t first, count;
    int64_t low, high;   /* their numbers in the store */
    struct arena *arena; /* of the merges */
    struct slot_merge merges[MERGE_GROUP];
};

static int open_group(struct merge_group *g, const struct records *r, size_t first) {
    size_t left = r->site->device_count - first;
    *g = (struct merge_group){.first = first, .low = INT64_MAX, .high = -1, .arena = arena_new()};
    int err = g->arena ? ERR_OK : ERR_NOMEM;
    for (size_t i = first; err == ERR_OK && g->count < MERGE_GROUP && g->count < left; i++) {
        int64_t number = r->writer->device_no[i];
        g->low = number < g->low ? number : g->low;
        g->high = number > g->high ? number : g->high;
        err = slot_merge_init(&g->merges[g->count], g->arena, r->site, i,
                              &r->feed_order[r->feed_first[i]], (size_t)r->feed_count[i],
                              r->facts.start, r->facts.end);
        g->count += err == ERR_OK;
    }
    return err;
}

/* Rows of another layout are left out when another meter map has other points. Their energy is in
 * the facts. */
static void take_part(struct records *r, enum slot_period part, ms_t start, sqlite3_stmt *s,
                      struct merge_group *g) {
    int64_t number = sqlite3_column_int64(s, 0);
    int32_t device = number < r->numbers ? r->index_of[number] : SITE_NONE;
    const void *body = sqlite3_column_blob(s, 1);
    size_t n = (size_t)sqlite3_column_bytes(s, 1);
    struct unpack u;
    struct slot_head head;
    unpack_init(&u, body, n);
    if (device != SITE_NONE && (size_t)device - g->first < g->count &&
        slot_read_head(&u, &head) == ERR_OK && records_same_device(r, head.layout, (size_t)device))
        slot_merge_row(&g->merges[(size_t)device - g->first], start, part_end(part, start), body,
                       n);
}

static int take_rows(struct records *r, enum slot_period part, ms_t start, struct merge_group *g) {
    sqlite3_stmt *s;
    int err = records_prepare(r, RECORDS_ROW_RANGE, &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, slot_code(part));
    sqlite3_bind_int64(s, 2, start);
    sqlite3_bind_int64(s, 3, g->low);
    sqlite3_bind_int64(s, 4, g->high);
    int rc;
    while ((rc = sqlite3_step(s)) == SQLITE_ROW)
        take_part(r, part, start, s, g);
    sqlite3_reset(s);
    return db_err(rc);
}

static int write_rows(struct records *r, struct merge_group *g, uint8_t *bytes,
                      double *ret_boundary_ms) {
    int err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < g->count; i++) {
        struct slot_merge *m = &g->merges[i];
        struct pack p;
        if (m->rows == 0)
            continue;
        pack_init(&p, bytes, ROW_BYTES_MAX);
        slot_merge_write(m, r->writer->layout, &p);
        err = p.overflow ? ERR_LIMIT
                         : writer_put_slot(r->writer, slot_code(r->facts.period), r->facts.start,
                                           r->writer->device_no[g->first + i], p.data, p.len);
        *ret_boundary_ms = fmax(*ret_boundary_ms, slot_merge_boundary_ms(m));
    }
    return err;
}

static int merge_rows(struct records *r, enum slot_period part, double *ret_boundary_ms) {
    uint8_t *bytes = malloc(ROW_BYTES_MAX);
    int err = bytes ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; err == ERR_OK && i < r->site->device_count; i += MERGE_GROUP) {
        struct merge_group g;
        err = open_group(&g, r, i);
        for (ms_t t = r->facts.start; err == ERR_OK && t < r->facts.end; t = part_end(part, t))
            err = take_rows(r, part, t, &g);
        if (err == ERR_OK)
            err = write_rows(r, &g, bytes, ret_boundary_ms);
        arena_free(g.arena);
    }
    free(bytes);
    return err;
}

/* ---- facts ------------------------------------------------------------------------------ */

/* What the days and months need of each quarter besides the merge. */
struct quarters {
    double grid_kw[QUARTERS_MAX], storage_kw[QUARTERS_MAX];
    ms_t start[QUARTERS_MAX];
    uint32_t stored[QUARTERS_MAX]; /* device slots */
    double import_kwh;             /* of all that is known */
    size_t n;
};

static void note_quarter(struct quarters *q, const struct slot_facts *f) {
    if (!q || q->n == QUARTERS_MAX)
        return;
    double import = f->energy_kwh[SITE_E_IMPORT];
    q->import_kwh += isnan(import) ? 0.0 : import;
    q->start[q->n] = f->start;
    q->stored[q->n] = f->stored;
    q->grid_kw[q->n] = f->power[SITE_GRID].avg;
    q->storage_kw[q->n++] = f->absent[SITE_STORAGE] ? (double)NAN : f->power[SITE_STORAGE].avg;
}

/* Money and carbon of a day are made from its quarters anew, with what is known now. */
static void settle_again(struct records *r, const struct ess_carbon *ess) {
    settle_money(r->site, &r->books.books, clock_utc_offset_s, &r->other);
    settle_carbon(r->site, &r->books.books, clock_utc_offset_s, ess, &r->other);
}

/* Merges the facts of the parts of r->facts. again: settle each anew, the storage's carbon from one
 * to the next. Returns the number of parts. */
static int merge_facts(struct records *r, enum slot_period part, bool again, struct quarters *q) {
    sqlite3_stmt *s;
    int err = records_prepare(r, RECORDS_FACTS, &s);
    if (err < 0)
        return err;
    struct ess_carbon ess = {0};
    sqlite3_bind_int64(s, 1, slot_code(part));
    sqlite3_bind_int64(s, 2, r->facts.start);
    sqlite3_bind_int64(s, 3, r->facts.end);
    int rc, n = 0;
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        if (records_read_facts(r, s, 0, &r->other) < 0)
            continue;
        if (again) {
            if (n == 0) /* before the first quarter: what it took, less what it did */
                ess = r->day_ess;
            settle_again(r, &ess);
            ess = r->other.carbon.ess;
        }
        note_quarter(q, &r->other);
        facts_merge(&r->facts, &r->other);
        n++;
    }
    sqlite3_reset(s);
    err = db_err(rc);
    return err < 0 ? err : n;
}

/* The storage's carbon at the end of the day before, as that day says now. */
static int load_day_ess(struct records *r, ms_t start) {
    sqlite3_stmt *s;
    int err = records_prepare(r, RECORDS_BEFORE, &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, slot_code(SLOT_1D));
    sqlite3_bind_int64(s, 2, start);
    int rc = sqlite3_step(s);
    r->day_ess = (struct ess_carbon){0};
    if (rc == SQLITE_ROW && records_read_facts(r, s, 0, &r->other) == ERR_OK &&
        !isnan(r->other.carbon.ess.kwh))
        r->day_ess = r->other.carbon.ess;
    sqlite3_reset(s);
    return db_err(rc);
}

/* ---- months ----------------------------------------------------------------------------- */

/* Device slots of the quarters whose newest revision was delivered. */
static int count_acknowledged(struct records *r, const struct quarters *q, uint32_t *ret) {
    sqlite3_stmt *s;
    int err = records_prepare(r, RECORDS_UNACKED, &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, r->facts.start);
    sqlite3_bind_int64(s, 2, r->facts.end);
    uint32_t slots = 0;
    size_t i = 0;
    int rc;
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        for (; i < q->n && q->start[i] < sqlite3_column_int64(s, 0); i++)
            slots += q->stored[i];
        i += i < q->n && q->start[i] == sqlite3_column_int64(s, 0);
    }
    for (; i < q->n; i++)
        slots += q->stored[i];
    sqlite3_reset(s);
    *ret = r->site->mqtt.configured ? slots : 0;
    return db_err(rc);
}

/* What the calendar has, of which some was not even written: longer ago than the store reaches, or
 * before its first start. */
static uint32_t count_expected(const struct records *r, const struct quarters *q) {
    uint32_t quarters = completeness_expected(r->facts.start, r->facts.end, r->facts.end);
    uint32_t enabled = 0;
    for (size_t i = 0; i < r->site->device_count; i++)
        enabled += r->site->devices[i].enabled;
    return r->facts.expected + (quarters > q->n ? quarters - (uint32_t)q->n : 0) * enabled;
}

/* The quarters of a month or bill. */
static int collect_quarters(struct records *r, struct quarters *q) {
    sqlite3_stmt *s;
    int err = records_prepare(r, RECORDS_FACTS, &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, slot_code(SLOT_15M));
    sqlite3_bind_int64(s, 2, r->facts.start);
    sqlite3_bind_int64(s, 3, r->facts.end);
    int rc;
    while ((rc = sqlite3_step(s)) == SQLITE_ROW)
        if (records_read_facts(r, s, 0, &r->other) == ERR_OK)
            note_quarter(q, &r->other);
    sqlite3_reset(s);
    return db_err(rc);
}

/* share: of the year's contracts and certificates. */
static double market_kg(const struct records *r, int year, double import_kwh, double share) {
    if (!r->site->carbon_book)
        return (double)NAN;
    const struct green_supply *g = &r->site->green;
    struct factor_choice c =
        carbon_factor(r->site->carbon_book, FACTOR_RESIDUAL, year, r->books.books.known_day);
    const struct market_input in = {.import_kwh = import_kwh,
                                    .green_contract_kwh = g->contract_kwh_year * share,
                                    .certificates = g->certificates_year * share,
                                    .bundled_certificates = g->bundled_certificates_year * share,
                                    .own_pv_sold_kwh = g->own_pv_sold_kwh_year * share,
                                    .residual_factor =
                                        c.factor ? c.factor->kg_per_kwh : (double)NAN};
    return carbon_market_kg(&in);
}

/* The share of the year that the month is, as in the record's green share. */
static double month_market_kg(const struct records *r, const struct slot_facts *f) {
    int year = local_time(f->start, clock_utc_offset_s).year;
    ms_t from = local_midnight(civil_day(year, 1, 1), clock_utc_offset_s);
    ms_t to = local_midnight(civil_day(year + 1, 1, 1), clock_utc_offset_s);
    return market_kg(r, year, f->carbon.market_base_kwh,
                     (double)(f->end - f->start) / (double)(to - from));
}

/* Of the year up to and with this month: all of the year's contracts and certificates against its
 * import; final with December. */
static int market_year(struct records *r, double *ret_kg) {
    int year = local_time(r->facts.start, clock_utc_offset_s).year;
    ms_t from = local_midnight(civil_day(year, 1, 1), clock_utc_offset_s);
    sqlite3_stmt *s;
    int err = records_prepare(r, RECORDS_FACTS, &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, slot_code(SLOT_1MO));
    sqlite3_bind_int64(s, 2, from);
    sqlite3_bind_int64(s, 3, r->facts.start);
    double kwh = r->facts.carbon.market_base_kwh;
    int rc;
    while ((rc = sqlite3_step(s)) == SQLITE_ROW)
        if (records_read_facts(r, s, 0, &r->other) == ERR_OK)
            kwh += r->other.carbon.market_base_kwh;
    sqlite3_reset(s);
    *ret_kg = market_kg(r, year, kwh, 1.0);
    return db_err(rc);
}

static double rated_kwp(const struct site *s) {
    double sum = 0.0;
    for (size_t i = 0; i < s->feed_count; i++)
        if (s->feeds[i].role == ROLE_PV && s->feeds[i].counted)
            sum += s->devices[s->feeds[i].device].rated_kwp;
    return sum;
}

static void shape(const struct records *r, const struct quarters *q, struct month_facts *m) {
    struct load_shape load;
    load_shape_of(q->grid_kw, q->n, &load);
    m->max_kw = load.max_kw;
    m->min_kw = load.min_kw;
    m->load_factor = load.load_factor;
    m->peak_shaved_kw = peak_shaved(q->grid_kw, q->storage_kw, q->n);
    m->pv_hours = equivalent_hours(r->facts.energy_kwh[SITE_E_PV], rated_kwp(r->site));
    m->performance_ratio = performance_ratio(r->facts.energy_kwh[SITE_E_PV], rated_kwp(r->site),
                                             r->facts.irradiation_kwh_m2);
}

/* The billing month of an account up to the end of the slot. A day is in it that is not stored yet.
 */
static int month_to_date(struct records *r, size_t account, struct slot_facts *month) {
    bool is_day = r->facts.period == SLOT_1D;
    ms_t from = slot_start(SLOT_BILL, r->facts.end - 1, clock_utc_offset_s,
                           r->site->accounts[account].billing_day);
    facts_init(month, r->site, SLOT_1MO, from, r->facts.end);
    sqlite3_stmt *s;
    int err = records_prepare(r, RECORDS_FACTS, &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, slot_code(SLOT_1D));
    sqlite3_bind_int64(s, 2, from);
    sqlite3_bind_int64(s, 3, is_day ? r->facts.start : r->facts.end);
    int rc;
    while ((rc = sqlite3_step(s)) == SQLITE_ROW)
        if (records_read_facts(r, s, 0, &r->other) == ERR_OK)
            facts_merge(month, &r->other);
    sqlite3_reset(s);
    if (is_day)
        facts_merge(month, &r->facts);
    return db_err(rc);
}

/* The account's maxima of its billing month, from the days as they are now: a quarter knew what was
 * there when it was written, and a gap's energy comes later. */
static void take_maxima(struct records *r, size_t account, struct slot_facts *month) {
    settle_month_max(r->site, NULL, month);
    r->facts.accounts[account].month_max = month->accounts[account].month_max;
    for (size_t i = 0; i < r->site->metering_point_count; i++)
        if (r->site->metering_points[i].account == (int32_t)account)
            r->facts.points[i].month_max = month->points[i].month_max;
}

/* Of a day the month so far, of a month or bill itself. */
static int settle_accounts(struct records *r, bool is_bill) {
    struct slot_facts *so_far = malloc(sizeof *so_far);
    int err = so_far ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; err == ERR_OK && i < r->site->account_count; i++) {
        err = month_to_date(r, i, so_far);
        if (err < 0)
            break;
        take_maxima(r, i, so_far);
        if (r->facts.period != SLOT_1D)
            *so_far = r->facts;
        settle_month(r->site, &r->books.books, clock_utc_offset_s, i, so_far, is_bill,
                     &r->month.accounts[i]);
    }
    free(so_far);
    return err;
}

/* Everything that a day, a month or a bill says besides its own sums. */
static int fill_month(struct records *r, int account, const struct quarters *q,
                      double boundary_ms) {
    struct month_facts *m = &r->month;
    const struct slot_facts *f = &r->facts;
    *m = (struct month_facts){.market_kg = (double)NAN,
                              .market_year_kg = (double)NAN,
                              .day_month_deviation = (double)NAN,
                              .boundary_error_ms = boundary_ms,
                              .slots_expected = count_expected(r, q),
                              .slots_stored = f->stored};
    int err = settle_accounts(r, account >= 0);
    if (err == ERR_OK && f->period == SLOT_1MO) {
        m->market_kg = month_market_kg(r, f);
        err = market_year(r, &m->market_year_kg);
    }
    if (f->period != SLOT_1D)
        m->day_month_deviation =
            completeness_day_month_deviation(&f->energy_kwh[SITE_E_IMPORT], 1, q->import_kwh);
    shape(r, q, m);
    m->filed = records_is_filed(r, f->start);
    if (err == ERR_OK)
        err = count_acknowledged(r, q, &m->slots_acknowledged);
    return err;
}

/* No part can be read. */
static void say_nothing(struct records *r) {
    r->facts.quality = QUALITY_MISSING;
    r->facts.cause = CAUSE_GATEWAY_OFF;
}

/* Late is what is written again; that a part of it was does not make it late. */
static int put(struct records *r, int account, const struct month_facts *month, bool with_devices,
               ms_t now_ms) {
    int64_t code, revision;
    int err = records_code(r, r->facts.period, account, &code);
    if (err == ERR_OK)
        err = writer_revision(r->writer, code, r->facts.start, &revision);
    if (err < 0)
        return err;
    r->facts.late = revision > 0;
    return records_put(r, account, month, with_devices, now_ms);
}

static int write_day_or_longer(struct records *r, enum slot_period p, int account, ms_t now_ms) {
    struct quarters *q = calloc(1, sizeof *q);
    double boundary_ms = (double)NAN;
    int n = q ? ERR_OK : ERR_NOMEM;
    if (n == ERR_OK && p == SLOT_1D)
        n = load_day_ess(r, r->facts.start);
    if (n == ERR_OK)
        n = p == SLOT_1D ? merge_facts(r, SLOT_15M, true, q) : merge_facts(r, SLOT_1D, false, NULL);
    int err = n < 0 ? n : ERR_OK;
    if (n == 0)
        say_nothing(r);
    if (err == ERR_OK && p != SLOT_1D)
        err = collect_quarters(r, q);
    if (err == ERR_OK && p != SLOT_BILL)
        err = merge_rows(r, slot_part(p), &boundary_ms);
    if (err == ERR_OK)
        err = fill_month(r, account, q, boundary_ms);
    free(q);
    return err < 0 ? err : put(r, account, &r->month, p != SLOT_BILL, now_ms);
}

int records_write_long(struct records *r, enum slot_period p, int account, ms_t start,
                       ms_t now_ms) {
    int day = account >= 0 ? r->site->accounts[account].billing_day : 1;
    records_know(r, now_ms);
    facts_init(&r->facts, r->site, p, start, slot_end(p, start, clock_utc_offset_s, day));
    if (p != SLOT_1H)
        return write_day_or_longer(r, p, account, now_ms);
    double boundary_ms = (double)NAN;
    int n = merge_facts(r, SLOT_15M, false, NULL);
    if (n < 0)
        return n;
    if (n == 0)
        say_nothing(r);
    int err = merge_rows(r, SLOT_15M, &boundary_ms);
    return err < 0 ? err : put(r, -1, NULL, true, now_ms);
}
