#include "store/alert_effect_read.h"

#include <math.h>

#include "base/err.h"
#include "store/db.h"
#include "sys/clock.h"

#define WELL_KNOWN 0.9 /* of its time: a mean of power counts for the whole piece */

/* The newest facts of a slot into r->other. */
static int load(struct records *r, enum slot_period p, ms_t start, bool *ret_found) {
    sqlite3_stmt *s;
    int err = records_prepare(r, RECORDS_SELF, &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, slot_code(p));
    sqlite3_bind_int64(s, 2, start);
    int rc = sqlite3_step(s);
    *ret_found = rc == SQLITE_ROW && records_read_facts(r, s, 0, &r->other) == ERR_OK;
    sqlite3_reset(s);
    return db_err(rc);
}

/* Energy from the mean power when that is known for nearly all of the slot: a register may move in
 * steps larger than the energy of a minute. Else as the registers say; they bridge gaps. */
static double energy(const struct slot_facts *f, enum site_power power, double registers) {
    double length = (double)(f->end - f->start);
    double known = f->power_ms[power] > 0 ? (double)f->power_ms[power] : f->coverage * length;
    double mean = f->power[power].avg * length / (double)MS_PER_HOUR;
    return !isnan(mean) && (known >= WELL_KNOWN * length || isnan(registers)) ? mean : registers;
}

static void take_energies(const struct slot_facts *f, double kwh[EFFECT_FLOWS]) {
    double net, export = f->energy_kwh[SITE_E_EXPORT];
    if (f->lived_ms > 0) /* the clock was stepped in it: it is longer or shorter than it says */
        return;
    net = energy(f, SITE_GRID, f->energy_kwh[SITE_E_NET_IMPORT]);
    kwh[EFFECT_METER] = net;
    kwh[EFFECT_IMPORT] = isnan(net) ? net : fmax(isnan(export) ? net : net + export, 0.0);
    kwh[EFFECT_SITE] = energy(f, SITE_LOAD, f->energy_kwh[SITE_E_LOAD]);
}

static int read_energies(struct records *r, ms_t start, ms_t length, double kwh[EFFECT_FLOWS],
                         bool *ret_found) {
    enum slot_period p = length == slot_ms(SLOT_15M) ? SLOT_15M : SLOT_1M;
    int err = load(r, p, start, ret_found);
    if (err == ERR_OK && *ret_found)
        take_energies(&r->other, kwh);
    return err;
}

/* Of those quarters that have no record, nothing is known: they are not closed, or no reading came.
 */
static int read_actual(struct records *r, struct effect_piece *p) {
    bool found = false;
    int err = read_energies(r, p->start, p->end - p->start, p->kwh, &found);
    if (err < 0)
        return err;
    p->kg_per_kwh = found && r->site->carbon_book ? r->other.carbon.factor.kg_per_kwh : (double)NAN;
    p->price = settle_price(r->site, &r->books.books, clock_utc_offset_s, p->start, p->end);
    return ERR_OK;
}

/* The same hours of the workdays before the alert; of a piece on a day that is none, nothing. */
static int read_days(struct records *r, const struct tariff *calendar, const int32_t *day,
                     size_t count, struct effect_piece *p) {
    int32_t scratch[EFFECT_DAYS], local = local_time(p->start, clock_utc_offset_s).day;
    ms_t since = p->start - local_midnight(local, clock_utc_offset_s);
    int err = ERR_OK;
    if (effect_workdays(calendar, local, scratch) == 0)
        return ERR_OK;
    for (size_t d = 0; err == ERR_OK && d < count; d++) {
        bool found;
        err = read_energies(r, local_midnight(day[d], clock_utc_offset_s) + since,
                            p->end - p->start, p->day_kwh[d], &found);
    }
    return err;
}

/* Mean power of the 15 minutes before; unknown when less than half of them is. */
static int read_before(struct records *r, ms_t to, double ret_kw[EFFECT_FLOWS]) {
    double sum[EFFECT_FLOWS] = {0.0};
    int known[EFFECT_FLOWS] = {0}, minutes = (int)(EFFECT_BEFORE_MS / slot_ms(SLOT_1M));
    for (ms_t start = to - EFFECT_BEFORE_MS; start < to; start += slot_ms(SLOT_1M)) {
        double kwh[EFFECT_FLOWS] = {(double)NAN, (double)NAN, (double)NAN};
        bool found;
        int err = read_energies(r, start, slot_ms(SLOT_1M), kwh, &found);
        if (err < 0)
            return err;
        for (int f = 0; f < EFFECT_FLOWS; f++) {
            known[f] += !isnan(kwh[f]);
            sum[f] += isnan(kwh[f]) ? 0.0 : kwh[f];
        }
    }
    for (int f = 0; f < EFFECT_FLOWS; f++)
        ret_kw[f] = 2 * known[f] >= minutes ? sum[f] * 60.0 / known[f] : (double)NAN;
    return ERR_OK;
}

int effect_read(struct records *r, ms_t before_to, struct effect_input *in,
                struct effect_piece *piece) {
    const struct tariff *calendar = r->site->account_count > 0 ? r->site->accounts[0].tariff : NULL;
    int32_t day[EFFECT_DAYS], today = local_time(before_to, clock_utc_offset_s).day;
    int err = read_before(r, before_to, in->before_kw);
    in->day_count = effect_workdays(calendar, today, day);
    for (size_t i = 0; err == ERR_OK && i < in->count + in->rebound_count; i++) {
        err = read_actual(r, &piece[i]);
        if (err == ERR_OK)
            err = read_days(r, calendar, day, in->day_count, &piece[i]);
    }
    return err;
}
