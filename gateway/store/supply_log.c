#include "store/supply_log.h"

#include <math.h>
#include <stdio.h>

#include "base/err.h"
#include "store/db.h"
#include "sys/clock.h"

#define KEEP_MS  (3 * 366 * MS_PER_DAY)
#define NOTE_MAX 400

#define TEXT_OF(n)       #n
#define TEXT(n)          TEXT_OF(n)
#define SUPPLY_HOUR_TEXT TEXT(SUPPLY_HOUR_MAX)

#define COLUMNS "object,kind,certain,began,ended,lowest,resolution,unseen"

void supply_entry_init(struct supply_entry *e, const char *object, bool certain,
                       const struct dip_change *dip) {
    *e = (struct supply_entry){.certain = certain, .dip = *dip};
    snprintf(e->object, sizeof e->object, "%s", object);
}

/* How many of the object began in the hour before. */
static int count_recent(struct writer *w, const struct supply_entry *e, int64_t *ret) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(
        w->db, "SELECT count(*) FROM supply_event WHERE object=? AND began>? AND began<=?", &s);
    if (err < 0)
        return err;
    sqlite3_bind_text(s, 1, e->object, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 2, e->dip.begin - MS_PER_HOUR);
    sqlite3_bind_int64(s, 3, e->dip.begin);
    err = db_run_i64(s, 0, ret);
    sqlite3_finalize(s);
    return err;
}

static int insert(struct writer *w, const struct supply_entry *e) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(
        w->db, "INSERT OR IGNORE INTO supply_event(" COLUMNS ") VALUES(?1,?2,?3,?4,NULL,?5,?6,?7)",
        &s);
    if (err < 0)
        return err;
    sqlite3_bind_text(s, 1, e->object, -1, SQLITE_STATIC);
    sqlite3_bind_int(s, 2, (int)e->dip.kind);
    sqlite3_bind_int(s, 3, e->certain);
    sqlite3_bind_int64(s, 4, e->dip.begin);
    if (!isnan(e->dip.lowest_pct))
        sqlite3_bind_double(s, 5, e->dip.lowest_pct);
    sqlite3_bind_int64(s, 6, e->dip.resolution_ms);
    sqlite3_bind_int(s, 7, e->dip.begin_unseen);
    err = db_run(s);
    sqlite3_finalize(s);
    return err;
}

static int finish(struct writer *w, const struct supply_entry *e) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(w->db,
                         "UPDATE supply_event SET ended=?3, lowest=?4, resolution=?5"
                         " WHERE object=?1 AND kind=?2 AND ended IS NULL",
                         &s);
    if (err < 0)
        return err;
    sqlite3_bind_text(s, 1, e->object, -1, SQLITE_STATIC);
    sqlite3_bind_int(s, 2, (int)e->dip.kind);
    sqlite3_bind_int64(s, 3, e->dip.end);
    if (!isnan(e->dip.lowest_pct))
        sqlite3_bind_double(s, 4, e->dip.lowest_pct);
    sqlite3_bind_int64(s, 5, e->dip.resolution_ms);
    err = db_run(s);
    sqlite3_finalize(s);
    return err;
}

static int forget_old(struct writer *w, ms_t now_ms) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(w->db, "DELETE FROM supply_event WHERE began<? AND ended IS NOT NULL", &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, now_ms - KEEP_MS);
    err = db_run(s);
    sqlite3_finalize(s);
    return err;
}

/* How exactly begin and end are known. */
static void say_resolution(const struct dip_change *d, char *out, size_t cap) {
    if (d->begin_unseen)
        snprintf(out, cap, "it had begun before the first reading");
    else
        snprintf(out, cap, "each edge may lie up to %.1f s earlier",
                 (double)d->resolution_ms / (double)MS_PER_S);
}

static void say(const struct supply_entry *e, bool last, char out[NOTE_MAX]) {
    const struct dip_change *d = &e->dip;
    char from[ISO8601_MAX], to[ISO8601_MAX], exact[80];
    const char *what = !e->certain ? "no device answers while the gateway runs: the supply may be"
                                     " interrupted, or a switch or the network may have failed"
                       : d->kind == DIP_SAG
                           ? "voltage below 90 % of nominal"
                           : "all voltages below 10 % of nominal, and the meter answers";
    iso8601_format(from, d->begin, clock_utc_offset_s(d->begin));
    say_resolution(d, exact, sizeof exact);
    if (!d->ended) {
        snprintf(out, NOTE_MAX, "%s since %s; %s%s", what, from, exact,
                 last ? "; more than " SUPPLY_HOUR_TEXT " in an hour are not recorded: check the "
                        "voltage wires of the meter"
                      : "");
        return;
    }
    iso8601_format(to, d->end, clock_utc_offset_s(d->end));
    snprintf(out, NOTE_MAX, "%s from %s to %s, %.1f s; %s; value: the lowest", what, from, to,
             (double)(d->end - d->begin) / (double)MS_PER_S, exact);
}

static int tell(struct writer *w, const struct supply_entry *e, bool last, ms_t now_ms) {
    const struct dip_change *d = &e->dip;
    char note[NOTE_MAX];
    say(e, last, note);
    const struct event_body body = {.event = dip_event_str(d->kind),
                                    .object = e->object,
                                    .severity =
                                        d->kind == DIP_SAG || !e->certain ? "warning" : "major",
                                    .state = d->ended ? "cleared" : "raised",
                                    .at = d->ended ? d->end : d->begin,
                                    .value = d->lowest_pct,
                                    .threshold = d->kind == DIP_SAG ? SAG_PCT : INTERRUPTION_PCT,
                                    .unit = "%",
                                    .note = note};
    return writer_put_event(w, &body, now_ms);
}

int supply_log_write(struct writer *w, const struct supply_entry *e, ms_t now_ms) {
    int64_t recent = 0;
    int err = e->dip.ended ? ERR_OK : count_recent(w, e, &recent);
    if (err < 0 || recent >= SUPPLY_HOUR_MAX)
        return err;
    err = e->dip.ended ? finish(w, e) : insert(w, e);
    if (err < 0 || sqlite3_changes(w->db) == 0)
        return err;
    err = tell(w, e, recent + 1 == SUPPLY_HOUR_MAX, now_ms);
    return err == ERR_OK && !e->dip.ended ? forget_old(w, now_ms) : err;
}

static int read_rows(sqlite3_stmt *s, supply_entry_fn *on_entry, void *arg) {
    int rc = SQLITE_DONE, err = ERR_OK;
    while (err >= 0 && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        struct supply_entry e;
        const char *object = (const char *)sqlite3_column_text(s, 0);
        bool lasts = sqlite3_column_type(s, 4) == SQLITE_NULL;
        bool known = sqlite3_column_type(s, 5) != SQLITE_NULL;
        const struct dip_change dip = {
            .kind = sqlite3_column_int(s, 1) == DIP_SAG ? DIP_SAG : DIP_INTERRUPTION,
            .ended = !lasts,
            .begin = sqlite3_column_int64(s, 3),
            .end = sqlite3_column_int64(s, 4),
            .lowest_pct = known ? sqlite3_column_double(s, 5) : (double)NAN,
            .resolution_ms = sqlite3_column_int64(s, 6),
            .begin_unseen = sqlite3_column_int(s, 7) != 0};
        supply_entry_init(&e, object ? object : "", sqlite3_column_int(s, 2) != 0, &dip);
        err = on_entry(arg, &e);
    }
    return err < 0 ? err : db_err(rc);
}

int supply_log_read(sqlite3 *db, ms_t from, ms_t to, supply_entry_fn *on_entry, void *arg) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(db,
                         "SELECT " COLUMNS " FROM supply_event WHERE began<?2 AND"
                         " (ended IS NULL OR ended>?1) ORDER BY began,id",
                         &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, from);
    sqlite3_bind_int64(s, 2, to);
    err = read_rows(s, on_entry, arg);
    sqlite3_finalize(s);
    return err;
}

int supply_log_lasting(sqlite3 *db, supply_entry_fn *on_entry, void *arg) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(db, "SELECT " COLUMNS " FROM supply_event WHERE ended IS NULL", &s);
    if (err < 0)
        return err;
    err = read_rows(s, on_entry, arg);
    sqlite3_finalize(s);
    return err;
}
