/* Which destinations have a cursor: those of the configuration. The row of one that was taken out
 * stays in the store, so that it goes on where it was when it comes back. */
#include <string.h>

#include "base/err.h"
#include "store/db.h"
#include "store/writer.h"
#include "sys/clock.h"

#define MQTT "mqtt"

static struct writer_dest *find(struct writer_dest *dests, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(dests[i].name, name) == 0)
            return &dests[i];
    return NULL;
}

/* The stored cursor; *ret_found when there is a row. Of another epoch it counts for nothing: all
 * rows of this one are still to be sent. */
static int load(struct writer *w, const char *name, struct cursor *ret, bool *ret_found) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(w->db, "SELECT epoch,floor,ranges FROM cursor WHERE dest=?", &s);
    if (err < 0)
        return err;
    sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC);
    int rc = sqlite3_step(s);
    err = db_err(rc);
    *ret_found = rc == SQLITE_ROW;
    if (rc == SQLITE_ROW && sqlite3_column_int64(s, 0) == w->epoch)
        err = cursor_restore(ret, (uint64_t)sqlite3_column_int64(s, 1), sqlite3_column_blob(s, 2),
                             (size_t)sqlite3_column_bytes(s, 2));
    sqlite3_finalize(s);
    return err;
}

/* The last row that a destination does not want when it is activated for the first time. */
static int first_floor(struct writer *w, const struct deliver_settings *d, uint64_t *ret) {
    uint64_t head = w->seq_next - 1;
    *ret = d->from == DELIVER_FROM_NOW ? head : 0;
    if (d->from != DELIVER_FROM_TIME)
        return ERR_OK;
    ms_t from = d->from_utc_ms;
    if (d->from_local)
        from -= (ms_t)clock_utc_offset_s(from) * MS_PER_S;
    sqlite3_stmt *s = NULL;
    int err = db_prepare(w->db, "SELECT min(seq) FROM outbox WHERE t>=?", &s);
    if (err < 0)
        return err;
    int64_t first = 0;
    sqlite3_bind_int64(s, 1, from);
    err = db_run_i64(s, (int64_t)w->seq_next, &first);
    sqlite3_finalize(s);
    *ret = (uint64_t)first - 1;
    return err;
}

/* On disk with the configuration that names it: before anybody reads rows for it. */
static int store_floor(struct writer *w, const char *name, uint64_t floor) {
    sqlite3_stmt *s = w->statements[WRITE_CURSOR];
    sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 2, w->epoch);
    sqlite3_bind_int64(s, 3, (int64_t)floor);
    sqlite3_bind_blob(s, 4, "", 0, SQLITE_STATIC);
    return db_run(s);
}

static int activate(struct writer *w, const struct deliver_settings *d, struct writer_dest *ret) {
    bool found = false;
    memset(ret, 0, sizeof *ret);
    memcpy(ret->name, d->id, strlen(d->id) + 1);
    int err = load(w, d->id, &ret->cursor, &found);
    if (err < 0 || found)
        return err;
    err = first_floor(w, d, &ret->cursor.floor);
    return err < 0 ? err : store_floor(w, d->id, ret->cursor.floor);
}

/* Of what was raised before it was named nobody is told. */
static int set_webhooks(struct writer *w, const struct site *site, struct writer_dest *next,
                        size_t *count) {
    int err = ERR_OK;
    for (size_t i = 0; err == ERR_OK && i < site->notify.webhook_count && i < WEBHOOKS_MAX; i++) {
        const struct deliver_settings as = {.id = site->notify.webhooks[i].cursor,
                                            .from = DELIVER_FROM_NOW};
        const struct writer_dest *known = find(w->dests, w->dest_count, as.id);
        if (known)
            next[*count] = *known;
        else
            err = activate(w, &as, &next[*count]);
        (*count)++;
    }
    return err;
}

int writer_set_destinations(struct writer *w, const struct site *site) {
    struct writer_dest next[WRITER_DESTS_MAX];
    size_t count = 0;
    int err = ERR_OK;
    struct writer_dest *known = find(w->dests, w->dest_count, MQTT);
    if (known)
        next[count++] = *known;
    for (size_t i = 0; err == ERR_OK && i < site->deliver_count && i < DELIVER_MAX; i++) {
        known = find(w->dests, w->dest_count, site->deliver[i].id);
        if (known)
            next[count] = *known;
        else
            err = activate(w, &site->deliver[i], &next[count]);
        count++;
    }
    if (err == ERR_OK)
        err = set_webhooks(w, site, next, &count);
    if (err < 0)
        return err;
    pthread_mutex_lock(&w->lock);
    memcpy(w->dests, next, count * sizeof next[0]);
    w->dest_count = count;
    pthread_mutex_unlock(&w->lock);
    return ERR_OK;
}

static uint64_t floor_of(struct writer *w, const char *name) {
    const struct writer_dest *d = find(w->dests, w->dest_count, name);
    return d ? d->cursor.floor : 0;
}

uint64_t writer_floor(struct writer *w, const struct site *site) {
    uint64_t lowest = UINT64_MAX;
    pthread_mutex_lock(&w->lock);
    if (site->mqtt.configured)
        lowest = floor_of(w, MQTT);
    for (size_t i = 0; i < site->deliver_count; i++) {
        uint64_t floor = floor_of(w, site->deliver[i].id);
        lowest = floor < lowest ? floor : lowest;
    }
    pthread_mutex_unlock(&w->lock);
    return lowest;
}
