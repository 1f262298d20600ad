/* Device rows of a slot -> what settle_energy() takes: by feed of the present site. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/err.h"
#include "store/db.h"
#include "store/records.h"

#define PARTIAL_SHARE 0.01 /* of a slot: less is missing from none of its numbers */
#include "sys/log.h"

/* The layout that a row was written under; NULL: the present one. */
static int layout_of(struct records *r, int64_t id, const struct layout **ret) {
    sqlite3_stmt *s = NULL;
    *ret = NULL;
    if (id == r->writer->layout)
        return ERR_OK;
    if (r->layout && r->layout_id == id) {
        *ret = r->layout;
        return ERR_OK;
    }
    int err = db_prepare(r->writer->db, "SELECT body FROM layout WHERE id=?", &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, id);
    struct layout *l = NULL;
    int rc = sqlite3_step(s);
    err = rc == SQLITE_ROW
              ? layout_parse(sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0), &l)
              : ERR_CORRUPT;
    sqlite3_finalize(s);
    if (err < 0)
        return err;
    layout_free(r->layout);
    r->layout = l;
    r->layout_id = id;
    *ret = l;
    return ERR_OK;
}

static int32_t device_index(const struct records *r, int64_t device_no) {
    return device_no >= 0 && device_no < r->numbers ? r->index_of[device_no] : SITE_NONE;
}

static int32_t feed_index(const struct site *s, const char *id) {
    for (size_t i = 0; i < s->feed_count; i++)
        if (strcmp(s->feeds[i].id, id) == 0)
            return (int32_t)i;
    return SITE_NONE;
}

int records_feed_of(struct records *r, int64_t layout, int64_t device_no, size_t i,
                    size_t *ret_device, int32_t *ret_feed) {
    const struct layout *l;
    int err = layout_of(r, layout, &l);
    if (err < 0)
        return err;
    int32_t device = device_index(r, device_no);
    *ret_feed = SITE_NONE;
    if (device == SITE_NONE)
        return ERR_OK;
    *ret_device = (size_t)device;
    if (!l) {
        if (i < (size_t)r->feed_count[device])
            *ret_feed = r->feed_order[r->feed_first[device] + (int32_t)i];
        return ERR_OK;
    }
    for (size_t d = 0; d < l->site->device_count; d++)
        if (l->device_no[d] == device_no && i < (size_t)l->feed_count[d])
            *ret_feed = feed_index(r->site,
                                   l->site->feeds[l->feed_order[l->feed_first[d] + (int32_t)i]].id);
    return ERR_OK;
}

static bool same_points(const struct device_profile *a, const struct device_profile *b) {
    bool same = a->point_count == b->point_count;
    for (size_t i = 0; same && i < a->point_count; i++)
        same = strcmp(a->points[i].name, b->points[i].name) == 0 &&
               point_is_gauge(&a->points[i]) == point_is_gauge(&b->points[i]);
    return same;
}

bool records_same_device(struct records *r, int64_t layout, size_t device) {
    const struct layout *l;
    size_t d = 0;
    if (layout_of(r, layout, &l) < 0)
        return false;
    if (!l)
        return true;
    while (d < l->site->device_count && l->device_no[d] != r->writer->device_no[device])
        d++;
    if (d == l->site->device_count || l->feed_count[d] != r->feed_count[device])
        return false;
    for (int32_t i = 0; i < l->feed_count[d]; i++)
        if (strcmp(l->site->feeds[l->feed_order[l->feed_first[d] + i]].id,
                   r->site->feeds[r->feed_order[r->feed_first[device] + i]].id) != 0)
            return false;
    return same_points(l->site->devices[d].profile, r->site->devices[device].profile);
}

/* The slot's energy begins where its first register was read, which is in it only when the meter
 * was new then; that of power, where power was known. */
static bool is_partial(const struct feed_slot *slot, ms_t start, ms_t length) {
    const struct counter_slot *c = &slot->counter[FEED_FORWARD];
    if (slot->quality == QUALITY_CLOCK_SUSPECT && slot->method != METHOD_INTEGRATED)
        return false; /* it may have begun anywhere in its label */
    if (slot->method == METHOD_INTEGRATED)
        return slot->coverage < 1.0 - PARTIAL_SHARE;
    return !isnan(c->register_start) &&
           (double)(c->start_utc_ms - start) > PARTIAL_SHARE * (double)length;
}

static void take_feed(struct records *r, int32_t feed, const struct feed_slot *slot, bool partial) {
    struct feed_facts *f = &r->feeds[feed];
    for (int k = 0; k < FEED_DIRECTIONS; k++)
        f->kwh[k] = counter_slot_amount(&slot->counter[k]);
    for (int q = 0; q < 4; q++) {
        const struct counter_slot *c = &slot->counter[FEED_Q1 + q];
        f->kvarh[q] = counter_slot_amount(c);
        f->kvarh_integrated = f->kvarh_integrated || (c->known && isnan(c->register_start));
    }
    f->avg_kw = slot->power_kw.avg;
    f->coverage = slot->coverage;
    f->quality = slot->quality;
    f->recovered = slot->method == METHOD_RECOVERED;
    f->partial = partial;
    for (size_t i = 0; i < r->site->metering_point_count && slot->has_supply; i++)
        if (r->site->metering_points[i].feed == feed)
            r->supply[i] = slot->supply;
    for (size_t i = 0; i < r->site->transformer_count && slot->has_supply; i++)
        if (r->site->transformers[i].feed == feed)
            r->transformer_supply[i] = slot->supply;
}

static void take_irradiance(struct records *r, struct unpack *u, const struct slot_head *h) {
    size_t n = slot_read_point_count(u);
    const struct device_profile *p = r->site->devices[r->irradiance_device].profile;
    for (size_t i = 0; i < n && i <= (size_t)r->irradiance_point && !u->bad; i++) {
        struct slot_point s;
        slot_read_point(u, h, point_is_gauge(&p->points[i]), &s);
        if (i == (size_t)r->irradiance_point && s.has_value && !u->bad)
            r->irradiance = s.mean;
    }
}

/* Stored is what was measured, or has an exact energy though nothing was seen. */
static int take_row(struct records *r, sqlite3_stmt *s, enum slot_period p, ms_t start) {
    struct unpack u;
    struct slot_head h;
    bool exact = false;
    int64_t device_no = sqlite3_column_int64(s, 0);
    unpack_init(&u, sqlite3_column_blob(s, 2), (size_t)sqlite3_column_bytes(s, 2));
    int err = slot_read_head(&u, &h);
    for (size_t i = 0; err == ERR_OK && i < h.feed_count; i++) {
        size_t device = 0;
        int32_t feed;
        struct feed_slot slot;
        err = records_feed_of(r, h.layout, device_no, i, &device, &feed);
        if (err < 0)
            break;
        enum role role = feed == SITE_NONE ? ROLE_LOAD : r->site->feeds[feed].role;
        slot_read_feed(&u, &h, start, role, &slot);
        if (u.bad)
            return ERR_CORRUPT;
        if (feed != SITE_NONE)
            take_feed(r, feed, &slot, is_partial(&slot, start, slot_ms(p)));
        exact = exact || slot.counter[FEED_FORWARD].known || slot.counter[FEED_REVERSE].known;
    }
    int32_t device = device_index(r, device_no);
    if (err < 0 || device == SITE_NONE)
        return err;
    r->device_covered[device] = h.coverage > 0.0 || exact;
    if (device == r->irradiance_device && records_same_device(r, h.layout, (size_t)device))
        take_irradiance(r, &u, &h);
    return u.bad ? ERR_CORRUPT : ERR_OK;
}

static void clear(struct records *r) {
    const double none = (double)NAN;
    for (size_t i = 0; i < r->site->feed_count; i++)
        r->feeds[i] = (struct feed_facts){.kwh = {none, none},
                                          .kvarh = {none, none, none, none},
                                          .avg_kw = none,
                                          .quality = QUALITY_MISSING};
    for (size_t i = 0; i < METERING_POINTS_MAX; i++)
        supply_clear(&r->supply[i]);
    for (size_t i = 0; i < TRANSFORMERS_MAX; i++)
        supply_clear(&r->transformer_supply[i]);
    memset(r->device_covered, 0, r->site->device_count * sizeof *r->device_covered);
    r->irradiance = none;
}

int records_load_rows(struct records *r, enum slot_period p, ms_t start) {
    sqlite3_stmt *s;
    int err = records_prepare(r, RECORDS_ROWS, &s);
    if (err < 0)
        return err;
    clear(r);
    sqlite3_bind_int64(s, 1, slot_code(p));
    sqlite3_bind_int64(s, 2, start);
    int rc;
    while (err == ERR_OK && (rc = sqlite3_step(s)) != SQLITE_DONE) {
        err = rc == SQLITE_ROW ? take_row(r, s, p, start) : db_err(rc);
        if (rc == SQLITE_ROW && err == ERR_CORRUPT) {
            /* one bad row must not keep all others from being written */
            log_warn("store %s: a row of the slot %" PRId64 " cannot be read and is left out",
                     r->writer->path, start);
            err = ERR_OK;
        }
    }
    sqlite3_reset(s);
    return err;
}

/* Import of one minute of a feed, from a row of its device. */
static double minute_import(struct records *r, sqlite3_stmt *s, ms_t start, int32_t feed) {
    struct unpack u;
    struct slot_head h;
    unpack_init(&u, sqlite3_column_blob(s, 1), (size_t)sqlite3_column_bytes(s, 1));
    if (slot_read_head(&u, &h) < 0)
        return (double)NAN;
    for (size_t i = 0; i < h.feed_count; i++) {
        size_t device;
        int32_t of;
        struct feed_slot slot;
        if (records_feed_of(r, h.layout, sqlite3_column_int64(s, 0), i, &device, &of) < 0)
            break;
        slot_read_feed(&u, &h, start, ROLE_GRID, &slot);
        if (u.bad)
            break;
        if (of == feed)
            return is_partial(&slot, start, slot_ms(SLOT_1M)) ||
                           slot.quality == QUALITY_CLOCK_SUSPECT /* longer or shorter */
                       ? (double)NAN
                       : counter_slot_amount(&slot.counter[FEED_FORWARD]);
    }
    return (double)NAN;
}

/* Takes a minute of a feed's device, where there is a row of it. */
static int take_minute(struct records *r, ms_t start, int32_t feed, struct demand_window *w) {
    sqlite3_stmt *s;
    int err = records_prepare(r, RECORDS_ROW_RANGE, &s);
    if (err < 0)
        return err;
    int64_t device_no = r->writer->device_no[r->site->feeds[feed].device];
    sqlite3_bind_int64(s, 1, slot_code(SLOT_1M));
    sqlite3_bind_int64(s, 2, start);
    sqlite3_bind_int64(s, 3, device_no);
    sqlite3_bind_int64(s, 4, device_no);
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        demand_minute(w, start, minute_import(r, s, start, feed));
    sqlite3_reset(s);
    return db_err(rc);
}

int records_sliding(struct records *r, ms_t start, struct demand_peak *ret) {
    int err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < r->site->metering_point_count; i++) {
        struct demand_window w;
        demand_init(&w);
        demand_peak_init(&ret[i]);
        ms_t end = start + slot_ms(SLOT_15M);
        for (ms_t t = start - (DEMAND_MINUTES - 1) * MS_PER_MIN; err == ERR_OK && t < end;
             t += MS_PER_MIN) {
            err = take_minute(r, t, r->site->metering_points[i].feed, &w);
            if (w.last_minute == t && t >= start)
                demand_peak_take(&ret[i], demand_sliding_kw(&w), demand_sliding_start(&w));
        }
    }
    return err;
}

/* ---- the meter that does not fit ----------------------------------------------------------- */

static double net_of(const struct feed *feed, const struct feed_facts *f) {
    bool zero = feed->reverse == SITE_NONE && isnan(f->kwh[1]) && feed->role != ROLE_STORAGE;
    return zero ? f->kwh[0] : f->kwh[0] - f->kwh[1];
}

bool records_find_suspect(struct records *r, struct slot_facts *f) {
    size_t n = r->site->feed_count,
           at = (size_t)(floor_div(f->start, slot_ms(SLOT_15M)) % NET_QUARTERS);
    bool newest = true;
    for (size_t i = 0; i < NET_QUARTERS; i++)
        newest = newest && r->net_start[i] <= f->start;
    if (f->start >= r->net_start[at]) { /* not older than the day that is kept */
        r->net_start[at] = f->start;
        for (size_t i = 0; i < n; i++)
            r->net[at * n + i] = net_of(&r->site->feeds[i], &r->feeds[i]);
    }
    if (!newest)
        return false;
    if (f->balance.bad_slots > 0 || r->suspect.kind != SUSPECT_NONE) {
        /* quarters older than a day are not of this day any more */
        for (size_t k = 0; k < NET_QUARTERS; k++)
            for (size_t i = 0; i < n && r->net_start[k] <= f->start - MS_PER_DAY; i++)
                r->net[k * n + i] = (double)NAN;
        int8_t *sign = (int8_t *)(void *)r->scratch[0];
        if (residual_signs(r->site, SITE_NONE, sign))
            suspect_find(r->site, sign, r->net, NET_QUARTERS, &r->suspect);
    }
    f->balance.suspect = r->suspect;
    return true;
}
