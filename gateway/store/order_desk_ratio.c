/* An officer's entry about ratios that were wrong: the slots since then are multiplied.
 *
 * What a slot was made with stands in its row, so the factor is taken from there: neither the
 * ratios that are configured by now nor the number of times that the entry is given can falsify it.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "store/db.h"
#include "store/gap.h"
#include "store/order_desk.h"
#include "sys/clock.h"

#define MINUTES_MS      (7 * MS_PER_DAY) /* rows of minutes are kept at least this long */
#define QUARTERS_MS     (400 * MS_PER_DAY)
#define FEEDS_MAX       8 /* channels of a device: pv, storage, grid, load */
#define RATIO_TOLERANCE 1e-9

struct job {
    const struct order_desk *d;
    const struct order_ratio_change *o;
    int32_t device;
    enum ratio_kind kind; /* of all its registers */
    sqlite3_stmt *read;
    double truth, before; /* ratios, right and wrong, of the first slot that changed */
    int slots;
};

static const struct device *device_of(const struct job *j) {
    return &j->d->records->site->devices[j->device];
}

/* By its own id, or one of its channels. */
static int find_device(const struct order_desk *d, const char *name, char *why) {
    const struct site *s = d->records->site;
    for (size_t i = 0; i < s->device_count; i++)
        if (strcmp(s->devices[i].id, name) == 0)
            return (int)i;
    for (size_t i = 0; i < s->feed_count; i++)
        if (strcmp(s->feeds[i].id, name) == 0)
            return s->feeds[i].device;
    snprintf(why, ORDER_WHY_MAX, "the site has no device %s; busbar check lists them", name);
    return ERR_NOT_FOUND;
}

/* ---- which ratio ------------------------------------------------------------------------ */

#define FEED_POINTS 13
static size_t points_of(const struct feed *f, int32_t ret[FEED_POINTS]) {
    const int32_t all[FEED_POINTS] = {f->forward,
                                      f->reverse,
                                      f->power,
                                      f->power_phase[0],
                                      f->power_phase[1],
                                      f->power_phase[2],
                                      f->reactive_quadrant[0],
                                      f->reactive_quadrant[1],
                                      f->reactive_quadrant[2],
                                      f->reactive_quadrant[3],
                                      f->reactive_import,
                                      f->reactive_export,
                                      f->reactive_power};
    size_t n = 0;
    for (size_t i = 0; i < FEED_POINTS; i++)
        if (all[i] != SITE_NONE)
            ret[n++] = all[i];
    return n;
}

/* All registers of energy and power must follow the same ratio: a meter that counts primary values
 * beside secondary powers cannot be corrected by one factor. */
static bool find_kind(struct job *j) {
    const struct records *r = j->d->records;
    bool any = false;
    for (int32_t i = 0; i < r->feed_count[j->device]; i++) {
        int32_t points[FEED_POINTS];
        size_t n = points_of(&r->site->feeds[r->feed_order[r->feed_first[j->device] + i]], points);
        for (size_t k = 0; k < n; k++) {
            const struct point_def *def = r->site->points[points[k]].def;
            if (!any)
                j->kind = def->ratio;
            any = true;
            if (def->ratio != j->kind || def->exponent_point != POINT_NONE)
                return false;
        }
    }
    return any && (j->kind == RATIO_CT || j->kind == RATIO_PT || j->kind == RATIO_CT_PT);
}

/* What holds without the entry on the local day of t; NAN: the device alone knows. */
static void configured(const struct device *dev, ms_t t, double *ret_ct, double *ret_pt) {
    double ct, pt;
    device_ratios(dev, local_time(t, clock_utc_offset_s).day, &ct, &pt);
    *ret_ct = isnan(ct) && dev->profile->ct_ratio_point == POINT_NONE ? 1.0 : ct;
    *ret_pt = isnan(pt) && dev->profile->pt_ratio_point == POINT_NONE ? 1.0 : pt;
}

static double product(enum ratio_kind kind, double ct, double pt) {
    return kind == RATIO_CT ? ct : kind == RATIO_PT ? pt : ct * pt;
}

static double configured_ratio(const struct job *j, ms_t t) {
    double ct, pt;
    configured(device_of(j), t, &ct, &pt);
    return product(j->kind, ct, pt);
}

/* NAN: one ratio was given, and the other one is not known here. */
static double true_ratio(const struct job *j, ms_t t) {
    double ct, pt;
    configured(device_of(j), t, &ct, &pt);
    return product(j->kind, isnan(j->o->ct_ratio) ? ct : j->o->ct_ratio,
                   isnan(j->o->pt_ratio) ? pt : j->o->pt_ratio);
}

static double per_register(const struct site *s, int32_t point) {
    double kilo = unit_kilo_factor(s->points[point].def->unit);
    return isnan(kilo) ? 1.0 : kilo;
}

/* The ratio that a stored feed was made with: what its counters say, else what is configured. NAN:
 * nothing to multiply, or nobody knows. */
static double stored_ratio(const struct job *j, const struct feed *f, const struct feed_slot *s,
                           ms_t start) {
    const int32_t point[FEED_DIRECTIONS] = {f->forward, f->reverse};
    for (int k = 0; k < FEED_DIRECTIONS; k++)
        if (point[k] != SITE_NONE && !isnan(s->counter[k].multiplier))
            return s->counter[k].multiplier / per_register(j->d->records->site, point[k]);
    /* powers alone do not tell: they are multiplied once */
    return isnan(s->power_kw.avg) || s->method == METHOD_MANUAL ? (double)NAN
                                                                : configured_ratio(j, start);
}

/* ---- slots ------------------------------------------------------------------------------ */

/* The factor of each feed of a stored row, 1 where nothing changes. */
static int read_factors(struct job *j, ms_t start, double factor[FEEDS_MAX], size_t *ret_n) {
    struct records *r = j->d->records;
    int64_t device_no = r->writer->device_no[j->device];
    struct unpack u;
    struct slot_head h;
    unpack_init(&u, sqlite3_column_blob(j->read, 0), (size_t)sqlite3_column_bytes(j->read, 0));
    int err = slot_read_head(&u, &h);
    if (err < 0)
        return err;
    *ret_n = h.feed_count < FEEDS_MAX ? h.feed_count : FEEDS_MAX;
    for (size_t i = 0; i < *ret_n; i++) {
        size_t device = 0;
        int32_t feed;
        struct feed_slot s;
        factor[i] = 1.0;
        err = records_feed_of(r, h.layout, device_no, i, &device, &feed);
        slot_read_feed(&u, &h, start, feed == SITE_NONE ? ROLE_LOAD : r->site->feeds[feed].role,
                       &s);
        if (err < 0 || u.bad)
            return err < 0 ? err : ERR_CORRUPT;
        double truth = true_ratio(j, start);
        double before =
            feed == SITE_NONE ? (double)NAN : stored_ratio(j, &r->site->feeds[feed], &s, start);
        if (!(fabs(truth / before - 1.0) > RATIO_TOLERANCE))
            continue;
        factor[i] = truth / before;
        if (j->slots == 0)
            j->truth = truth, j->before = before;
    }
    return ERR_OK;
}

static int scale_slot(struct job *j, enum slot_period p, ms_t start) {
    double factor[FEEDS_MAX];
    size_t n = 0;
    sqlite3_bind_int64(j->read, 1, slot_code(p));
    sqlite3_bind_int64(j->read, 2, start);
    sqlite3_bind_int64(j->read, 3, j->d->records->writer->device_no[j->device]);
    int rc = sqlite3_step(j->read);
    int err = rc == SQLITE_ROW ? read_factors(j, start, factor, &n) : db_err(rc);
    sqlite3_reset(j->read);
    bool changed = false;
    for (size_t i = 0; err == ERR_OK && i < n; i++) {
        const struct slot_change c = {.device_no = j->d->records->writer->device_no[j->device],
                                      .feed = (uint32_t)i,
                                      .factor = factor[i],
                                      .method = METHOD_MANUAL};
        if (!(fabs(factor[i] - 1.0) > RATIO_TOLERANCE))
            continue;
        err = gap_change_slot(j->d->records->writer, p, start, &c, 0);
        changed = true;
    }
    j->slots += changed;
    return err;
}

static int scale_slots(struct job *j, ms_t from) {
    ms_t open = j->d->open_quarter;
    int err = db_prepare(j->d->records->writer->db,
                         "SELECT body FROM slot WHERE period=? AND start=? AND device=?"
                         " ORDER BY revision DESC LIMIT 1",
                         &j->read);
    ms_t minute = from > open - MINUTES_MS ? from : open - MINUTES_MS;
    for (; err == ERR_OK && minute < open; minute += slot_ms(SLOT_1M))
        err = scale_slot(j, SLOT_1M, minute);
    for (ms_t start = from; err == ERR_OK && start < open; start += slot_ms(SLOT_15M))
        err = scale_slot(j, SLOT_15M, start);
    sqlite3_finalize(j->read);
    return err;
}

/* An exchange in this time: what was entered, or will be, counts at the right ratio too. */
static int scale_ledger(const struct job *j, ms_t from) {
    const struct records *r = j->d->records;
    sqlite3_stmt *s = NULL;
    int err = db_prepare(r->writer->db,
                         "UPDATE ledger SET entered=entered*?1/multiplier,multiplier=?1 WHERE"
                         " device=?2 AND feed=?3 AND counter=?4 AND t>=?5 AND t<?6 AND"
                         " multiplier>0",
                         &s);
    for (int32_t i = 0; err == ERR_OK && i < r->feed_count[j->device]; i++) {
        const struct feed *f = &r->site->feeds[r->feed_order[r->feed_first[j->device] + i]];
        const int32_t point[FEED_DIRECTIONS] = {f->forward, f->reverse};
        for (int k = 0; err == ERR_OK && k < FEED_DIRECTIONS; k++) {
            if (point[k] == SITE_NONE)
                continue;
            sqlite3_bind_double(s, 1, per_register(r->site, point[k]) * true_ratio(j, from));
            sqlite3_bind_int64(s, 2, r->writer->device_no[j->device]);
            sqlite3_bind_int(s, 3, i);
            sqlite3_bind_int(s, 4, k);
            sqlite3_bind_int64(s, 5, from);
            sqlite3_bind_int64(s, 6, j->d->open_quarter);
            err = db_run(s);
        }
    }
    sqlite3_finalize(s);
    return err;
}

/* ---- the order -------------------------------------------------------------------------- */

static int check(struct job *j, ms_t from, char *why) {
    if (from >= j->d->open_quarter)
        snprintf(why, ORDER_WHY_MAX,
                 "no whole quarter of an hour has closed since that moment; enter it later");
    else if (from < j->d->open_quarter - QUARTERS_MS)
        snprintf(why, ORDER_WHY_MAX,
                 "slots are changed 400 days back, not more; give a later time");
    else if (!find_kind(j))
        snprintf(why, ORDER_WHY_MAX,
                 "the energies and powers of %s are not all multiplied by ct_ratio and pt_ratio "
                 "alike; correct its profile, its stored slots cannot be",
                 device_of(j)->id);
    else if (isnan(true_ratio(j, from)))
        snprintf(why, ORDER_WHY_MAX,
                 "%s tells one of its ratios itself; give both ct_ratio and pt_ratio",
                 device_of(j)->id);
    else
        return ERR_OK;
    return ERR_REFUSED;
}

int order_ratio_change_run(const struct order_desk *d, const struct order_ratio_change *o,
                           const char *actor, char *why) {
    char who[ORDER_WHO_MAX];
    int device = find_device(d, o->device, why);
    int err = device < 0 ? device : order_desk_closed(d, o->at, why);
    if (err < 0)
        return err;
    /* the quarter in which it happened is of both ratios: it stays, and so do its minutes */
    ms_t from = slot_edge(SLOT_15M, o->at + slot_ms(SLOT_15M) - 1);
    struct job j = {.d = d, .o = o, .device = device};
    err = check(&j, from, why);
    if (err == ERR_OK)
        err = scale_slots(&j, from);
    if (err == ERR_OK)
        err = scale_ledger(&j, from);
    if (err < 0)
        return err;
    if (j.slots == 0) {
        snprintf(why, ORDER_WHY_MAX,
                 "the slots since then were made with these ratios; nothing changes");
        return ERR_REFUSED;
    }
    order_desk_sign(who, o->by, actor);
    const struct event_body e = {
        .event = "ratio_entry",
        .object = device_of(&j)->id,
        .at = o->at,
        .value = j.truth,
        .threshold = j.before,
        .unit = "",
        .note = "energies and powers of this device since then were multiplied; value: right "
                "ratio, threshold: the one before; enter it in the site file too"};
    err = order_desk_tell(d, &e, who);
    return err < 0 ? err : j.slots;
}
