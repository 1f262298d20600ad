#include <inttypes.h>
#include <string.h>

#include "base/err.h"
#include "meter/decode.h"
#include "store/core.h"
#include "store/db.h"
#include "store/layout.h"
#include "store/reader.h"
#include "store/slot_code.h"
#include "sys/log.h"

#define REPLAY_MS (6 * MS_PER_MIN) /* of raw rows: the open minute, and some that were stalled */

static size_t find_device(const struct writer *w, const struct site *site, int64_t number) {
    size_t i = 0;
    while (i < site->device_count && w->device_no[i] != number)
        i++;
    return i;
}

static void check(struct core *c, size_t device, const char *what, int err) {
    if (err < 0)
        log_warn("store %s: the %s of device %s cannot be used (%s); its energy counts from the "
                 "next reading",
                 c->writer->path, what, c->site->devices[device].id, err_str(err));
}

static int restore_counters(struct core *c) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(c->writer->db, "SELECT device,body FROM counter", &s);
    if (err < 0)
        return err;
    int rc;
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        size_t i = find_device(c->writer, c->site, sqlite3_column_int64(s, 0));
        if (i < c->site->device_count)
            check(c, i, "counter checkpoint",
                  aggregate_restore(&c->aggregate, i, sqlite3_column_blob(s, 1),
                                    (size_t)sqlite3_column_bytes(s, 1)));
    }
    sqlite3_finalize(s);
    return db_err(rc);
}

/* A stored minute of the open quarter folds into it. */
static int restore_slot(struct core *c, size_t device, ms_t start, const void *body, size_t n) {
    ms_t stands = c->aggregate.devices[device].minute;
    return start >= slot_edge(SLOT_15M, stands) && start < stands
               ? aggregate_restore_minute(&c->aggregate, device, start, body, n)
               : ERR_OK;
}

static int restore_slots(struct core *c) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(c->writer->db,
                         "SELECT start,device,body,max(revision) FROM slot WHERE period=? AND"
                         " start>=? GROUP BY start,device ORDER BY start",
                         &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, slot_code(SLOT_1M));
    sqlite3_bind_int64(s, 2, slot_edge(SLOT_15M, c->minute));
    int rc;
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        size_t i = find_device(c->writer, c->site, sqlite3_column_int64(s, 1));
        if (i < c->site->device_count)
            check(c, i, "last slots",
                  restore_slot(c, i, sqlite3_column_int64(s, 0), sqlite3_column_blob(s, 2),
                               (size_t)sqlite3_column_bytes(s, 2)));
    }
    sqlite3_finalize(s);
    return db_err(rc);
}

/* The device of this configuration with the same id and the same points, else SITE_NONE. */
static int32_t same_device(const struct site *site, const struct site *old, size_t device) {
    const struct device *o = &old->devices[device];
    size_t i = device;
    if (i >= site->device_count || strcmp(site->devices[i].id, o->id) != 0)
        for (i = 0; i < site->device_count && strcmp(site->devices[i].id, o->id) != 0;)
            i++;
    if (i == site->device_count)
        return SITE_NONE;
    const struct device_profile *p = site->devices[i].profile, *q = o->profile;
    if (p->point_count != q->point_count || p->image_registers != q->image_registers)
        return SITE_NONE;
    for (size_t k = 0; k < p->point_count; k++)
        if (p->points[k].type != q->points[k].type ||
            p->points[k].image_offset != q->points[k].image_offset)
            return SITE_NONE;
    return (int32_t)i;
}

struct replay {
    struct core *core;
    uint64_t readings;
};

/* A stored reading, back in the registers' own word order, goes through the aggregate again. */
static int replay_reading(void *arg, const struct site *old, struct reading *r) {
    struct replay *replay = arg;
    struct core *c = replay->core;
    int32_t device = same_device(c->site, old, r->device);
    if (device == SITE_NONE || r->utc_ms < c->aggregate.devices[device].minute)
        return ERR_OK;
    const struct device_profile *from = old->devices[r->device].profile;
    const struct device_profile *to = c->site->devices[device].profile;
    for (size_t i = 0; i < to->point_count; i++) {
        uint16_t *registers = reading_registers(r) + to->points[i].image_offset;
        layout_store_raw(&to->points[i], decode_raw(&from->points[i], registers), registers);
    }
    r->device = (uint32_t)device;
    aggregate_reading(&c->aggregate, r);
    replay->readings++;
    return ERR_OK;
}

/* What was read since the last slots closed lies in the raw rows: all but the last second. */
static int replay_raw(struct core *c) {
    struct replay replay = {.core = c};
    struct reader *r = NULL;
    uint64_t bad_rows = 0;
    int err = reader_open(c->writer->path, &r);
    if (err < 0)
        return err;
    c->aggregate.replaying = true;
    const struct raw_query open_minute = {.from = c->minute, .to = c->minute + REPLAY_MS};
    err = reader_readings(r, &open_minute, replay_reading, &replay, &bad_rows);
    c->aggregate.replaying = false;
    c->aggregate.samples = c->aggregate.late_samples = 0;
    reader_close(r);
    if (bad_rows > 0)
        log_warn("store %s: %" PRIu64 " raw rows of the open minute cannot be read; its coverage "
                 "is lower, its energy exact",
                 c->writer->path, bad_rows);
    if (replay.readings > 0)
        log_info("store %s: the open minute goes on with %" PRIu64 " stored readings",
                 c->writer->path, replay.readings);
    return err;
}

/* Where a step of the clock led over time that was lived through before, stored rows and readings
 * of the open slots are of either time; and readings in a minute with a step are of two clocks.
 * They have the less coverage; energies are with the counters. */
static bool lived_before(const struct core *c) {
    ms_t last;
    return writer_last_start(c->writer, slot_code(SLOT_1M), &last) && last >= c->minute;
}

int core_restore(struct core *c) {
    int err = restore_counters(c);
    if (err == ERR_OK)
        err = core_supply_restore(c);
    if (err < 0 || lived_before(c))
        return err;
    err = restore_slots(c);
    bool two_clocks = c->aggregate.bend.label[SLOT_1M] == c->minute;
    return err < 0 || two_clocks ? err : replay_raw(c);
}
