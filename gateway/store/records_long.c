/* Hours, days, months and bills: device rows and facts merged from the period below. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "calc/completeness.h"
#include "calc/indicators.h"
#include "store/db.h"
#include "store/records.h"
#include "store/slot_merge.h"
#include "sys/clock.h"

#define ROW_BYTES_MAX 262144
#define QUARTERS_MAX  3100 /* of a month of 31 days, and a spare day */

/* ---- device rows ------------------------------------------------------------------------ */

static ms_t part_end(enum slot_period part, ms_t start) {
    return slot_end(part, start, clock_utc_offset_s, 1);
}

/* Rows of another layout are left out: another meter map has other points. Their energy is in the
 * facts. */
static int take_rows(struct records *r, enum slot_period part, struct slot_merge *merges) {
    sqlite3_stmt *s;
    int err = records_prepare(r, RECORDS_ROW_RANGE, &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, slot_code(part));
    sqlite3_bind_int64(s, 2, r->facts.start);
    sqlite3_bind_int64(s, 3, r->facts.end);
    int rc;
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        int64_t device_no = sqlite3_column_int64(s, 0);
        int32_t device = device_no < r->numbers ? r->index_of[device_no] : SITE_NONE;
        ms_t start = sqlite3_column_int64(s, 1);
        if (device != SITE_NONE)
            slot_merge_row(&merges[device], start, part_end(part, start), sqlite3_column_blob(s, 2),
                           (size_t)sqlite3_column_bytes(s, 2));
    }
    sqlite3_reset(s);
    return db_err(rc);
}

static int write_rows(struct records *r, struct slot_merge *merges, double *ret_boundary_ms) {
    uint8_t *bytes = malloc(ROW_BYTES_MAX);
    int err = bytes ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; err == ERR_OK && i < r->site->device_count; i++) {
        struct pack p;
        if (merges[i].rows == 0)
            continue;
        pack_init(&p, bytes, ROW_BYTES_MAX);
        slot_merge_write(&merges[i], r->writer->layout, &p);
        err = p.overflow ? ERR_LIMIT
                         : writer_put_slot(r->writer, slot_code(r->facts.period), r->facts.start,
                                           r->writer->device_no[i], p.data, p.len);
        *ret_boundary_ms = fmax(*ret_boundary_ms, slot_merge_boundary_ms(&merges[i]));
    }
    free(bytes);
    return err;
}

static int merge_rows(struct records *r, enum slot_period part, double *ret_boundary_ms) {
    size_t n = r->site->device_count, made = 0;
    struct slot_merge *merges = calloc(n + 1, sizeof *merges);
    int err = merges ? ERR_OK : ERR_NOMEM;
    for (; err == ERR_OK && made < n; made++)
        err = slot_merge_init(&merges[made], r->site, made, &r->feed_order[r->feed_first[made]],
                              (size_t)r->feed_count[made], r->facts.start, r->facts.end);
    if (err == ERR_OK)
        err = take_rows(r, part, merges);
    if (err == ERR_OK)
        err = write_rows(r, merges, ret_boundary_ms);
    for (size_t i = 0; i < made; i++)
        slot_merge_fini(&merges[i]);
    free(merges);
    return err;
}

/* ---- facts ------------------------------------------------------------------------------ */

/* What the days and months need of each quarter besides the merge. */
struct quarters {
    double grid_kw[QUARTERS_MAX], storage_kw[QUARTERS_MAX];
    ms_t start[QUARTERS_MAX];
    uint32_t stored[QUARTERS_MAX]; /* devices */
    size_t n;
};

static void note_quarter(struct quarters *q, const struct slot_facts *f) {
    if (!q || q->n == QUARTERS_MAX)
        return;
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
        if (records_read_facts(s, 0, &r->other) < 0)
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
    if (rc == SQLITE_ROW && records_read_facts(s, 0, &r->other) == ERR_OK &&
        !isnan(r->other.carbon.ess.kwh))
        r->day_ess = r->other.carbon.ess;
    sqlite3_reset(s);
    return db_err(rc);
}

/* ---- months ----------------------------------------------------------------------------- */

/* Device slots of the quarters that were delivered. */
static int count_acknowledged(struct records *r, const struct quarters *q, uint32_t *ret) {
    sqlite3_stmt *s;
    int err = records_prepare(r, RECORDS_ACKED, &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, r->facts.start);
    sqlite3_bind_int64(s, 2, r->facts.end);
    int rc;
    size_t i = 0;
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        ms_t start = sqlite3_column_int64(s, 0);
        while (i < q->n && q->start[i] < start)
            i++;
        if (i < q->n && q->start[i] == start)
            *ret += q->stored[i];
    }
    sqlite3_reset(s);
    return db_err(rc);
}

/* The quarters of a month or bill: their powers, and their import for the comparison with its days.
 */
static int collect_quarters(struct records *r, struct quarters *q, double *ret_import_kwh) {
    sqlite3_stmt *s;
    int err = records_prepare(r, RECORDS_FACTS, &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, slot_code(SLOT_15M));
    sqlite3_bind_int64(s, 2, r->facts.start);
    sqlite3_bind_int64(s, 3, r->facts.end);
    int rc;
    *ret_import_kwh = 0.0;
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        if (records_read_facts(s, 0, &r->other) < 0)
            continue;
        double import = r->other.energy_kwh[SITE_E_IMPORT];
        note_quarter(q, &r->other);
        *ret_import_kwh += isnan(import) ? 0.0 : import;
    }
    sqlite3_reset(s);
    return db_err(rc);
}

static double green_market_kg(const struct records *r, const struct slot_facts *f) {
    if (!r->site->carbon_book)
        return (double)NAN;
    const struct green_supply *g = &r->site->green;
    int year = local_time(f->start, clock_utc_offset_s).year;
    /* the share of the year that the period is, as in the record's green share */
    double share = (double)(f->end - f->start) / (365.0 * (double)MS_PER_DAY);
    struct factor_choice c =
        carbon_factor(r->site->carbon_book, FACTOR_RESIDUAL, year, r->books.books.known_day);
    const struct market_input in = {.import_kwh = f->carbon.market_base_kwh,
                                    .green_contract_kwh = g->contract_kwh_year * share,
                                    .certificates = g->certificates_year * share,
                                    .bundled_certificates = g->bundled_certificates_year * share,
                                    .own_pv_sold_kwh = g->own_pv_sold_kwh_year * share,
                                    .residual_factor =
                                        c.factor ? c.factor->kg_per_kwh : (double)NAN};
    return carbon_market_kg(&in);
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
    m->performance_ratio = performance_ratio(r->facts.energy_kwh[SITE_E_PV], rated_kwp(r->site),
                                             r->facts.irradiation_kwh_m2);
}

static bool is_filed(struct records *r, ms_t start) {
    char sql[80];
    struct local_time t = local_time(start, clock_utc_offset_s);
    int64_t n = 0;
    snprintf(sql, sizeof sql, "SELECT count(*) FROM filed WHERE month=%d",
             t.year * 12 + t.month - 1);
    return db_get_i64(r->writer->db, sql, 0, &n) == ERR_OK && n > 0;
}

/* The billing month of an account up to a day, the day included: it is not stored yet. */
static int month_to_date(struct records *r, size_t account, struct slot_facts *month) {
    ms_t from = slot_start(SLOT_BILL, r->facts.start, clock_utc_offset_s,
                           r->site->accounts[account].billing_day);
    facts_init(month, r->site, SLOT_1MO, from, r->facts.end);
    sqlite3_stmt *s;
    int err = records_prepare(r, RECORDS_FACTS, &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, slot_code(SLOT_1D));
    sqlite3_bind_int64(s, 2, from);
    sqlite3_bind_int64(s, 3, r->facts.start);
    int rc;
    while ((rc = sqlite3_step(s)) == SQLITE_ROW)
        if (records_read_facts(s, 0, &r->other) == ERR_OK)
            facts_merge(month, &r->other);
    sqlite3_reset(s);
    facts_merge(month, &r->facts);
    return db_err(rc);
}

/* Of a day the month so far, of a month or bill itself. */
static int settle_accounts(struct records *r, bool is_bill) {
    struct slot_facts *so_far = malloc(sizeof *so_far);
    int err = so_far ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; err == ERR_OK && i < r->site->account_count; i++) {
        if (r->facts.period == SLOT_1D)
            err = month_to_date(r, i, so_far);
        else
            *so_far = r->facts;
        if (err == ERR_OK)
            settle_month(r->site, &r->books.books, clock_utc_offset_s, i, so_far, is_bill,
                         &r->month.accounts[i]);
    }
    free(so_far);
    return err;
}

/* Everything that a day, a month or a bill says besides its own sums. */
static int fill_month(struct records *r, int account, const struct quarters *q, double boundary_ms,
                      double quarters_kwh) {
    struct month_facts *m = &r->month;
    const struct slot_facts *f = &r->facts;
    *m = (struct month_facts){.market_kg = (double)NAN,
                              .day_month_deviation = (double)NAN,
                              .boundary_error_ms = boundary_ms,
                              .slots_expected = f->expected,
                              .slots_stored = f->stored};
    int err = settle_accounts(r, account >= 0);
    if (f->period == SLOT_1MO)
        m->market_kg = green_market_kg(r, f);
    if (f->period != SLOT_1D)
        m->day_month_deviation =
            completeness_day_month_deviation(&f->energy_kwh[SITE_E_IMPORT], 1, quarters_kwh);
    shape(r, q, m);
    m->filed = is_filed(r, f->start);
    if (err == ERR_OK)
        err = count_acknowledged(r, q, &m->slots_acknowledged);
    return err;
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
    double boundary_ms = (double)NAN, quarters_kwh = (double)NAN;
    int n = q ? ERR_OK : ERR_NOMEM;
    if (n == ERR_OK && p == SLOT_1D)
        n = load_day_ess(r, r->facts.start);
    if (n == ERR_OK)
        n = p == SLOT_1D ? merge_facts(r, SLOT_15M, true, q) : merge_facts(r, SLOT_1D, false, NULL);
    if (n == 0)
        n = ERR_NOT_FOUND;
    int err = n < 0 ? n : ERR_OK;
    if (err == ERR_OK && p != SLOT_1D)
        err = collect_quarters(r, q, &quarters_kwh);
    if (err == ERR_OK && p != SLOT_BILL)
        err = merge_rows(r, slot_part(p), &boundary_ms);
    if (err == ERR_OK)
        err = fill_month(r, account, q, boundary_ms, quarters_kwh);
    free(q);
    return err < 0 ? err : put(r, account, &r->month, p != SLOT_BILL, now_ms);
}

int records_write_long(struct records *r, enum slot_period p, int account, ms_t start,
                       ms_t now_ms) {
    int day = account >= 0 ? r->site->accounts[account].billing_day : 1;
    facts_init(&r->facts, r->site, p, start, slot_end(p, start, clock_utc_offset_s, day));
    if (p != SLOT_1H)
        return write_day_or_longer(r, p, account, now_ms);
    double boundary_ms = (double)NAN;
    int n = merge_facts(r, SLOT_15M, false, NULL);
    if (n <= 0)
        return n < 0 ? n : ERR_NOT_FOUND;
    int err = merge_rows(r, SLOT_15M, &boundary_ms);
    return err < 0 ? err : put(r, -1, NULL, true, now_ms);
}
