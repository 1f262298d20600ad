#include "store/order_desk_replay.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/err.h"
#include "format/json.h"
#include "store/db.h"
#include "store/reader.h"
#include "store/replay.h"
#include "store/retention.h"

#define DEST "mqtt" /* /cmd is of the district's MQTT, and so is what it asks for */

/* ---- what a range comes to ---------------------------------------------------------------- */

static void add_expired(struct replay_plan *p, uint64_t from, uint64_t to) {
    p->expired += to - from + 1;
    if (p->ranges < REPLAY_RANGES_MAX)
        p->range[p->ranges++] = (struct seq_span){from, to};
}

/* seq is dense: what does not come is expired. */
static int make_plan(const struct order_desk *d, const struct order_replay *o,
                     struct replay_plan *p) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(d->records->writer->db,
                         "SELECT seq FROM outbox WHERE seq BETWEEN ?1 AND ?2 AND"
                         " t>=CASE kind WHEN ?3 THEN ?4 ELSE ?5 END ORDER BY seq",
                         &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, (int64_t)o->from_seq);
    sqlite3_bind_int64(s, 2, (int64_t)o->to_seq);
    sqlite3_bind_int(s, 3, OUTBOX_RECORD_1M);
    sqlite3_bind_int64(s, 4, d->now_ms - RETENTION_1M_MS);
    sqlite3_bind_int64(s, 5, d->now_ms - RETENTION_LONG_MS);
    *p = (struct replay_plan){0};
    uint64_t next = o->from_seq;
    int rc;
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        uint64_t seq = (uint64_t)sqlite3_column_int64(s, 0);
        if (seq > next)
            add_expired(p, next, seq - 1);
        if (p->rows++ == 0)
            p->sent.from = seq;
        p->sent.to = seq;
        next = seq + 1;
    }
    sqlite3_finalize(s);
    if (next <= o->to_seq)
        add_expired(p, next, o->to_seq);
    return db_err(rc);
}

/* ---- what is open already ----------------------------------------------------------------- */

/* A range that begins inside an open one widens that one: what it has sent already is asked for
 * again by nobody. Gives whether there was one. */
static int widen(const struct order_desk *d, const struct seq_span *sent, bool *ret_found) {
    sqlite3 *db = d->records->writer->db;
    sqlite3_stmt *s = NULL;
    int err = db_prepare(db,
                         "UPDATE replay SET to_seq=max(to_seq,?2), t=min(t,?5) WHERE id=(SELECT id"
                         " FROM replay WHERE dest=?3 AND epoch=?4 AND ?1 BETWEEN done+1 AND"
                         " to_seq+1 ORDER BY id DESC LIMIT 1)",
                         &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, (int64_t)sent->from);
    sqlite3_bind_int64(s, 2, (int64_t)sent->to);
    sqlite3_bind_text(s, 3, DEST, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 4, d->records->writer->epoch);
    sqlite3_bind_int64(s, 5, d->now_ms);
    err = db_run(s);
    *ret_found = sqlite3_changes(db) > 0;
    sqlite3_finalize(s);
    return err;
}

static int count_open(const struct order_desk *d, int64_t *ret) {
    const struct writer *w = d->records->writer;
    sqlite3_stmt *s = NULL;
    int err = db_prepare(w->db, "DELETE FROM replay WHERE epoch<>?", &s); /* of a store before */
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, w->epoch);
    err = db_run(s);
    sqlite3_finalize(s);
    return err < 0 ? err : db_get_i64(w->db, "SELECT count(*) FROM replay", 0, ret);
}

static int open_range(const struct order_desk *d, const struct seq_span *sent, char *why) {
    const struct writer *w = d->records->writer;
    int64_t open = 0;
    int err = count_open(d, &open);
    if (err < 0)
        return err;
    if (open >= REPLAYS_MAX) {
        snprintf(why, ORDER_WHY_MAX,
                 "%d ranges wait already; ask again when one of them has come, or for one range "
                 "that spans several",
                 REPLAYS_MAX);
        return ERR_REFUSED;
    }
    sqlite3_stmt *s = NULL;
    err = db_prepare(
        w->db, "INSERT INTO replay(dest,epoch,from_seq,to_seq,done,t) VALUES(?,?,?,?,?,?)", &s);
    if (err < 0)
        return err;
    sqlite3_bind_text(s, 1, DEST, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 2, w->epoch);
    sqlite3_bind_int64(s, 3, (int64_t)sent->from);
    sqlite3_bind_int64(s, 4, (int64_t)sent->to);
    sqlite3_bind_int64(s, 5, (int64_t)sent->from - 1);
    sqlite3_bind_int64(s, 6, d->now_ms);
    err = db_run(s);
    sqlite3_finalize(s);
    return err;
}

/* ---- the order ---------------------------------------------------------------------------- */

static int check(const struct order_desk *d, const struct order_replay *o, char *why) {
    const struct writer *w = d->records->writer;
    uint64_t head = w->seq_next - 1;
    if (!d->records->site->mqtt.configured)
        snprintf(why, ORDER_WHY_MAX,
                 "this gateway delivers nothing over MQTT; configure mqtt.url first");
    else if (o->epoch != w->epoch)
        snprintf(why, ORDER_WHY_MAX,
                 "epoch %" PRId64 " is not the one of this store, which is %" PRId64
                 "; ask for its numbers, 1 to %" PRIu64,
                 o->epoch, w->epoch, head);
    else if (o->to_seq > head)
        snprintf(why, ORDER_WHY_MAX,
                 "to_seq %" PRIu64 " lies beyond the last message, %" PRIu64 "; ask up to that one",
                 o->to_seq, head);
    else
        return ERR_OK;
    return ERR_REFUSED;
}

int order_replay_run(const struct order_desk *d, const struct order_replay *o,
                     struct replay_plan *ret, char *why) {
    int err = check(d, o, why);
    if (err == ERR_OK)
        err = make_plan(d, o, ret);
    if (err == ERR_OK && ret->rows == 0) {
        snprintf(why, ORDER_WHY_MAX,
                 "expired: nothing of %" PRIu64 " to %" PRIu64
                 " is kept any more (1m records 30 days, all else 400 days)",
                 o->from_seq, o->to_seq);
        return ERR_REFUSED;
    }
    if (err == ERR_OK)
        err = replay_write(d->records->writer); /* how far the open ones have come */
    bool found = false;
    if (err == ERR_OK)
        err = widen(d, &ret->sent, &found);
    if (err == ERR_OK && !found)
        err = open_range(d, &ret->sent, why);
    return err;
}

void order_replay_write(struct buf *b, const struct replay_plan *p) {
    json_u64(b, "from_seq", p->sent.from);
    json_u64(b, "to_seq", p->sent.to);
    json_u64(b, "rows", p->rows);
    json_u64(b, "expired", p->expired);
    if (p->expired == 0)
        return;
    uint64_t named = 0;
    json_open_list(b, "expired_ranges");
    for (size_t i = 0; i < p->ranges; i++) {
        buf_puts(b, i > 0 ? ",[" : "[");
        buf_put_u64(b, p->range[i].from);
        buf_putc(b, ',');
        buf_put_u64(b, p->range[i].to);
        buf_putc(b, ']');
        named += p->range[i].to - p->range[i].from + 1;
    }
    json_close_list(b);
    json_u64(b, "expired_unnamed", p->expired - named);
}
