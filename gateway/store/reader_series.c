/* One point over many slots: a seek a slot, so that a month of one device among hundreds is read in
 * milliseconds. */
#include <math.h>
#include <string.h>

#include "base/err.h"
#include "slots/gauge.h"
#include "slots/slot_codec.h"
#include "store/db.h"
#include "store/reader_impl.h"
#include "store/slot_code.h"

static const char starts_sql[] =
    "SELECT DISTINCT start FROM record WHERE period=? AND start>=? AND start<? ORDER BY start";
static const char row_sql[] = "SELECT body FROM slot WHERE period=? AND start=? AND device=?"
                              " ORDER BY revision DESC LIMIT 1";

/* Where the point stands in rows of a layout. */
struct place {
    int64_t layout; /* 0: none looked up yet */
    bool known;
    const struct site *site;
    const struct device *device;
    const struct layout *all;
    size_t device_index, point;
};

static int find_place(struct reader *r, int64_t layout, int64_t number, const char *point,
                      struct place *p) {
    int err = reader_layout(r, layout, &p->all);
    if (err < 0)
        return err;
    p->layout = layout;
    p->known = false;
    p->site = p->all->site;
    for (size_t d = 0; d < p->site->device_count; d++) {
        if (p->all->device_no[d] != number)
            continue;
        p->device = &p->site->devices[d];
        p->device_index = d;
        for (size_t i = 0; i < p->device->profile->point_count && !p->known; i++) {
            p->point = i;
            p->known = strcmp(p->site->points[p->device->point_base + i].id, point) == 0;
        }
    }
    return ERR_OK;
}

static void skip_feeds(struct unpack *u, const struct slot_head *head, const struct place *p,
                       ms_t start) {
    struct feed_slot feed;
    const struct layout *l = p->all;
    for (int32_t i = 0; i < l->feed_count[p->device_index] && !u->bad; i++) {
        int32_t f = l->feed_order[l->feed_first[p->device_index] + i];
        slot_read_feed(u, head, start, p->site->feeds[f].role, &feed);
    }
}

/* ERR_NOT_FOUND: the device had no such point then. */
static int read_row(struct reader *r, int64_t number, const char *point, const void *body, size_t n,
                    struct place *p, struct series_row *ret) {
    struct unpack u;
    struct slot_head head;
    struct slot_point s = {0};
    unpack_init(&u, body, n);
    int err = slot_read_head(&u, &head);
    if (err == ERR_OK && head.layout != p->layout)
        err = find_place(r, head.layout, number, point, p);
    if (err < 0)
        return err;
    if (!p->known)
        return ERR_NOT_FOUND;
    if (head.feed_count != (size_t)p->all->feed_count[p->device_index])
        return ERR_CORRUPT;
    skip_feeds(&u, &head, p, ret->start);
    size_t count = slot_read_point_count(&u);
    for (size_t i = 0; i <= p->point && i < count && !u.bad; i++)
        slot_read_point(&u, &head, point_is_gauge(&p->device->profile->points[i]), &s);
    if (u.bad || p->point >= count)
        return ERR_CORRUPT;
    ret->mean = !s.has_value ? (double)NAN : s.is_gauge ? s.mean : s.last;
    ret->min = s.has_value && s.is_gauge ? s.min : ret->mean;
    ret->max = s.has_value && s.is_gauge ? s.max : ret->mean;
    ret->coverage = (float)s.coverage;
    ret->quality = (uint8_t)s.quality;
    return ERR_OK;
}

static int device_number(struct reader *r, const char *device, int64_t *ret) {
    sqlite3_stmt *s;
    int err = reader_statement(r, READ_NUMBER, &s);
    if (err < 0)
        return err;
    sqlite3_bind_text(s, 1, device, -1, SQLITE_STATIC);
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        *ret = sqlite3_column_int64(s, 0);
    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
    return rc == SQLITE_ROW ? ERR_OK : rc == SQLITE_DONE ? ERR_NOT_FOUND : db_err(rc);
}

static int read_slot(struct reader *r, sqlite3_stmt *row, int64_t number, const char *point,
                     struct place *place, struct series_row *ret) {
    sqlite3_bind_int64(row, 2, ret->start);
    sqlite3_bind_int64(row, 3, number);
    int rc = sqlite3_step(row);
    int err = rc == SQLITE_DONE ? ERR_NOT_FOUND : db_err(rc);
    if (rc == SQLITE_ROW)
        err = read_row(r, number, point, sqlite3_column_blob(row, 0),
                       (size_t)sqlite3_column_bytes(row, 0), place, ret);
    sqlite3_reset(row);
    return err;
}

int reader_series(struct reader *r, const char *device, const char *point, enum slot_period p,
                  ms_t from, ms_t to, struct series_row *rows, size_t cap) {
    int64_t number = 0;
    struct place place = {0};
    sqlite3_stmt *starts = NULL, *row = NULL;
    int err = device_number(r, device, &number), rc = SQLITE_DONE;
    if (err < 0)
        return err == ERR_NOT_FOUND ? 0 : err;
    err = db_prepare(r->db, starts_sql, &starts);
    if (err == ERR_OK)
        err = db_prepare(r->db, row_sql, &row);
    if (err < 0)
        goto out;
    sqlite3_bind_int64(starts, 1, slot_code(p));
    sqlite3_bind_int64(starts, 2, from);
    sqlite3_bind_int64(starts, 3, to);
    sqlite3_bind_int64(row, 1, slot_code(p));
    size_t n = 0;
    while (n < cap && (rc = sqlite3_step(starts)) == SQLITE_ROW) {
        rows[n].start = sqlite3_column_int64(starts, 0);
        err = read_slot(r, row, number, point, &place, &rows[n]);
        if (err == ERR_OK)
            n++;
        else if (err != ERR_NOT_FOUND && err != ERR_CORRUPT)
            goto out;
    }
    err = rc == SQLITE_ROW ? (int)n : db_err(rc) < 0 ? db_err(rc) : (int)n;
out:
    sqlite3_finalize(starts);
    sqlite3_finalize(row);
    return err;
}
