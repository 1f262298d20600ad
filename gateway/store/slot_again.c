#include "store/slot_again.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"
#include "slots/slot_merge.h"
#include "store/db.h"
#include "sys/log.h"

#define ROW_GROWTH 4096 /* bytes that two rows need more than each alone */

struct slot_body {
    const void *bytes;
    size_t n;
};

/* The times side by side; each may have as many readings as the slot is long. */
static int join(struct records *r, enum slot_period p, ms_t start, size_t device,
                const struct slot_body bodies[2], struct pack *out) {
    struct slot_merge m;
    struct arena *arena = arena_new();
    int err =
        arena ? slot_merge_init(&m, arena, r->site, device, r->feed_order + r->feed_first[device],
                                (size_t)r->feed_count[device], start, start + 2 * slot_ms(p))
              : ERR_NOMEM;
    for (int i = 0; err == ERR_OK && i < 2; i++)
        err = slot_merge_row(&m, start, start + slot_ms(p), bodies[i].bytes, bodies[i].n);
    if (err == ERR_OK) {
        m.quality = quality_worst(m.quality, QUALITY_CLOCK_SUSPECT);
        for (size_t i = 0; i < m.feed_count; i++)
            m.feed[i].quality = quality_worst(m.feed[i].quality, QUALITY_CLOCK_SUSPECT);
        slot_merge_write(&m, r->writer->layout, out);
        err = out->overflow ? ERR_LIMIT : ERR_OK;
    }
    arena_free(arena);
    return err;
}

static bool is_same_device(struct records *r, const struct slot_body *row, size_t device) {
    struct unpack u;
    struct slot_head h;
    unpack_init(&u, row->bytes, row->n);
    return slot_read_head(&u, &h) == ERR_OK && records_same_device(r, h.layout, device);
}

static int write_joined(struct records *r, enum slot_period p, ms_t start, size_t device,
                        const struct slot_body bodies[2]) {
    size_t cap = bodies[0].n + bodies[1].n + ROW_GROWTH;
    uint8_t *bytes = malloc(cap);
    if (!bytes)
        return ERR_NOMEM;
    struct pack out;
    pack_init(&out, bytes, cap);
    int err = join(r, p, start, device, bodies, &out);
    if (err == ERR_OK)
        err = writer_put_slot(r->writer, slot_code(p), start, r->writer->device_no[device],
                              out.data, out.len);
    free(bytes);
    return err;
}

int slot_again_write(struct records *r, enum slot_period p, ms_t start, size_t device,
                     const uint8_t *body, size_t n) {
    struct writer *w = r->writer;
    int64_t revision = 0;
    sqlite3_stmt *s;
    int err = writer_revision(w, slot_code(p), start, &revision);
    if (err == ERR_OK && revision > 0)
        err = records_prepare(r, RECORDS_ROW_RANGE, &s);
    if (err < 0)
        return err;
    if (revision == 0)
        return writer_put_slot(w, slot_code(p), start, w->device_no[device], body, n);
    sqlite3_bind_int64(s, 1, slot_code(p));
    sqlite3_bind_int64(s, 2, start);
    sqlite3_bind_int64(s, 3, w->device_no[device]);
    sqlite3_bind_int64(s, 4, w->device_no[device]);
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW) {
        const struct slot_body bodies[2] = {
            {sqlite3_column_blob(s, 1), (size_t)sqlite3_column_bytes(s, 1)}, {body, n}};
        if (is_same_device(r, &bodies[0], device)) {
            err = write_joined(r, p, start, device, bodies);
        } else {
            log_warn("store %s: device %s was configured otherwise when the slot %" PRId64
                     " was first written; what it said then is in its earlier revision only",
                     w->path, r->site->devices[device].id, start);
            rc = SQLITE_DONE;
        }
    }
    sqlite3_reset(s);
    if (err == ERR_OK && rc == SQLITE_DONE)
        err = writer_put_slot(w, slot_code(p), start, w->device_no[device], body, n);
    return err < 0 ? err : db_err(rc);
}
