#include <string.h>

#include "base/err.h"
#include "format/record.h"
#include "slots/slot_codec.h"
#include "store/db.h"
#include "store/reader_impl.h"
#include "store/slot_code.h"

#define WALK_STEPS 8 /* to a row ahead; beyond that a seek is cheaper */

static int64_t code_of(const struct outbox_row *row) {
    static const enum slot_period periods[] = {
        [OUTBOX_EVENT] = SLOT_1M,        [OUTBOX_RECORD_1M] = SLOT_1M,
        [OUTBOX_RECORD_15M] = SLOT_15M,  [OUTBOX_RECORD_1H] = SLOT_1H,
        [OUTBOX_RECORD_1D] = SLOT_1D,    [OUTBOX_RECORD_1MO] = SLOT_1MO,
        [OUTBOX_RECORD_BILL] = SLOT_BILL};
    if (row->kind > OUTBOX_RECORD_BILL)
        return 0;
    enum slot_period p = periods[row->kind];
    return p == SLOT_BILL ? slot_code_bill(row->account_no) : slot_code(p);
}

static struct message_head head_of(const struct reader *r, const struct layout *l,
                                   const struct outbox_row *row, int offset_s) {
    return (struct message_head){.epoch = r->epoch,
                                 .seq = row->seq,
                                 .site = l->site->id,
                                 .gateway = l->site->gateway,
                                 .part = row->part,
                                 .parts = row->parts,
                                 .utc_offset_s = offset_s};
}

/* Finds the feed by its id in the slot's own layout, and decodes it there. */
static int decode_feed(struct reader *r, const char *feed_id, int64_t device_no, ms_t start,
                       const void *body, size_t n, struct record_device *ret) {
    struct unpack u;
    struct feed_slot slot;
    struct slot_head head;
    const struct layout *l;
    unpack_init(&u, body, n);
    int err = slot_read_head(&u, &head);
    if (err == ERR_OK)
        err = reader_layout(r, head.layout, &l);
    if (err < 0)
        return err;
    size_t d = 0;
    while (d < l->site->device_count && l->device_no[d] != device_no)
        d++;
    if (d == l->site->device_count || head.feed_count != (size_t)l->feed_count[d])
        return ERR_CORRUPT;
    for (int32_t i = 0; i < l->feed_count[d] && !u.bad; i++) {
        const struct feed *feed = &l->site->feeds[l->feed_order[l->feed_first[d] + i]];
        slot_read_feed(&u, &head, start, feed->role, &slot);
        if (strcmp(feed->id, feed_id) != 0)
            continue;
        feed_slot_show(&slot, feed->role, ret);
        return u.bad ? ERR_CORRUPT : ERR_OK;
    }
    return u.bad ? ERR_CORRUPT : ERR_NOT_FOUND;
}

/* The newest rows of a slot up to a revision, by device number, as far as they are asked for. */
struct slot_walk {
    sqlite3_stmt *s;
    const struct outbox_row *row;
    int64_t device; /* of the row it stands on */
    bool on_row;
};

static int walk_step(struct slot_walk *w) {
    int rc = sqlite3_step(w->s);
    w->on_row = rc == SQLITE_ROW;
    w->device = w->on_row ? sqlite3_column_int64(w->s, 0) : INT64_MAX;
    return db_err(rc);
}

static int walk_seek(struct slot_walk *w, int64_t device_no) {
    sqlite3_reset(w->s);
    sqlite3_bind_int64(w->s, 1, code_of(w->row));
    sqlite3_bind_int64(w->s, 2, w->row->key);
    sqlite3_bind_int64(w->s, 3, device_no);
    sqlite3_bind_int64(w->s, 4, w->row->revision);
    return walk_step(w);
}

/* Feeds come mostly in the order of their devices' numbers, so that the next row is the one. */
static int walk_to(struct slot_walk *w, int64_t device_no) {
    int err = ERR_OK;
    for (int steps = 0; err == ERR_OK && w->on_row && w->device < device_no && steps < WALK_STEPS;
         steps++)
        err = walk_step(w);
    if (err < 0 || (w->on_row && w->device == device_no))
        return err;
    return walk_seek(w, device_no);
}

/* ERR_NOT_FOUND: this slot has no row for it (the store was full): it is left out. */
static int load_feed(struct reader *r, struct slot_walk *w, const char *feed_id, int64_t device_no,
                     struct record_device *ret) {
    int err = walk_to(w, device_no);
    if (err < 0)
        return err;
    if (!w->on_row || w->device != device_no)
        return ERR_NOT_FOUND;
    return decode_feed(r, feed_id, device_no, w->row->key, sqlite3_column_blob(w->s, 1),
                       (size_t)sqlite3_column_bytes(w->s, 1), ret);
}

static int walk_devices(struct reader *r, struct slot_walk *w, int64_t layout, int offset_s,
                        struct buf *b) {
    bool first = true;
    size_t i = (size_t)(w->row->part - 1) * RECORD_PART_DEVICES;
    for (size_t end = i + RECORD_PART_DEVICES; i < end; i++) {
        const struct layout *l; /* asked for each time: the feed's own may have pushed it out */
        int err = reader_layout(r, layout, &l);
        if (err < 0 || i >= l->site->feed_count)
            return err;
        const struct feed *feed = &l->site->feeds[i];
        struct record_device d;
        err = load_feed(r, w, feed->id, l->device_no[feed->device], &d);
        if (err == ERR_NOT_FOUND)
            continue;
        if (err < 0)
            return err;
        err = reader_layout(r, layout, &l);
        if (err < 0)
            return err;
        d.id = l->site->feeds[i].id;
        d.role = role_str(l->site->feeds[i].role);
        record_device_write(b, &d, offset_s, first);
        first = false;
    }
    return ERR_OK;
}

static int write_devices(struct reader *r, const struct outbox_row *row, int64_t layout,
                         int offset_s, struct buf *b) {
    struct slot_walk w = {.row = row};
    int err = reader_statement(r, READ_SLOT, &w.s);
    if (err < 0)
        return err;
    err = walk_devices(r, &w, layout, offset_s, b);
    sqlite3_reset(w.s);
    return err;
}

static int record_body(struct reader *r, const struct outbox_row *row, struct buf *b) {
    sqlite3_stmt *s;
    int err = reader_statement(r, READ_RECORD, &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, code_of(row));
    sqlite3_bind_int64(s, 2, row->key);
    sqlite3_bind_int64(s, 3, row->revision);
    int rc = sqlite3_step(s);
    if (rc != SQLITE_ROW) {
        sqlite3_reset(s);
        return rc == SQLITE_DONE ? ERR_NOT_FOUND : db_err(rc);
    }
    int64_t layout = sqlite3_column_int64(s, 1);
    int offset_s = sqlite3_column_int(s, 2);
    bool with_devices = sqlite3_column_int(s, 3) != 0;
    const struct layout *l;
    err = reader_layout(r, layout, &l);
    if (err == ERR_OK) {
        struct message_head head = head_of(r, l, row, offset_s);
        const char *members = (const char *)sqlite3_column_text(s, 4);
        record_begin(b, &head, sqlite3_column_int64(s, 0), row->revision, members,
                     (size_t)sqlite3_column_bytes(s, 4));
    }
    sqlite3_reset(s);
    size_t before = b->len;
    if (err == ERR_OK && with_devices)
        err = write_devices(r, row, layout, offset_s, b);
    record_end(b, b->len > before);
    return err;
}

static int event_body(struct reader *r, const struct outbox_row *row, struct buf *b) {
    sqlite3_stmt *s;
    int err = reader_statement(r, READ_EVENT, &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, row->key);
    int rc = sqlite3_step(s);
    const struct layout *l;
    if (rc == SQLITE_ROW) {
        err = reader_layout(r, sqlite3_column_int64(s, 1), &l);
        if (err == ERR_OK) {
            struct message_head head = head_of(r, l, row, sqlite3_column_int(s, 2));
            event_write(b, &head, sqlite3_column_int64(s, 0),
                        (const char *)sqlite3_column_text(s, 3),
                        (size_t)sqlite3_column_bytes(s, 3));
        }
    } else {
        err = rc == SQLITE_DONE ? ERR_NOT_FOUND : db_err(rc);
    }
    sqlite3_reset(s);
    return err;
}

int reader_body(struct reader *r, const struct outbox_row *row, struct buf *b) {
    buf_reset(b);
    int err = row->kind == OUTBOX_EVENT ? event_body(r, row, b) : record_body(r, row, b);
    if (err == ERR_OK && !buf_ok(b))
        err = ERR_LIMIT;
    return err;
}
