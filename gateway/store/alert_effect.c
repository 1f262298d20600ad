#include "store/alert_effect.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "format/effect_body.h"
#include "store/alert_effect_read.h"
#include "store/alert_platform.h"
#include "store/db.h"
#include "sys/clock.h"
#include "sys/log.h"

#define REPORTS_MAX 4                 /* in one transaction; the others a second later */
#define LATE_MS     (10 * MS_PER_MIN) /* what is not on record by then does not come soon */
#define NOTE_MAX    240

/* One that has ended. */
struct ended {
    struct platform_row row;
    ms_t raised, end;
    double expected_kw;
    bool complete; /* the rebound is on record */
};

/* ---- what is due --------------------------------------------------------------------------- */

static ms_t floor_minute(ms_t t) {
    return slot_edge(SLOT_1M, t);
}

/* Records reach up to t, or will not. */
static bool on_record(struct records *r, ms_t t, ms_t now_ms) {
    ms_t last;
    if (now_ms >= t + LATE_MS)
        return true;
    return now_ms >= t && writer_last_start(r->writer, slot_code(SLOT_1M), &last) &&
           last + slot_ms(SLOT_1M) >= t;
}

enum column {
    COLUMN_RAISED = 6,
    COLUMN_UNTIL,
    COLUMN_EXPECTED,
    COLUMN_STATE,
    COLUMN_END,
    COLUMN_STEP
};

static bool is_due(struct records *r, sqlite3_stmt *s, ms_t now_ms, struct ended *ret) {
    bool reported = sqlite3_column_int(s, COLUMN_STATE) == EFFECT_REBOUND;
    ms_t end = sqlite3_column_int64(s, COLUMN_UNTIL);
    if (sqlite3_column_type(s, COLUMN_STEP) != SQLITE_NULL &&
        sqlite3_column_int64(s, COLUMN_STEP) < end)
        end = sqlite3_column_int64(s, COLUMN_STEP);
    if (reported)
        end = sqlite3_column_int64(s, COLUMN_END);
    ms_t rebound_to = floor_minute(end) + EFFECT_REBOUND_MS;
    if (reported ? !on_record(r, rebound_to, now_ms) : now_ms < end)
        return false;
    alert_platform_read_row(s, &ret->row);
    ret->raised = sqlite3_column_int64(s, COLUMN_RAISED);
    ret->end = end;
    ret->complete = reported;
    ret->expected_kw = sqlite3_column_type(s, COLUMN_EXPECTED) == SQLITE_NULL
                           ? (double)NAN
                           : sqlite3_column_double(s, COLUMN_EXPECTED);
    return true;
}

/* At most `cap` of those that are due. *ret_waiting: alerts that have not ended, or not for long.
 */
static int find_due(struct records *r, ms_t now_ms, struct ended *due, size_t cap, size_t *ret_n,
                    bool *ret_waiting) {
    char sql[400];
    sqlite3_stmt *s = NULL;
    snprintf(sql, sizeof sql,
             "SELECT " PLATFORM_ROW_COLUMNS ",raised,valid_until,expected_kw,effect_state,"
             "effect_end,(SELECT min(t) FROM alert_step s WHERE s.alert=alert.id AND s.step IN"
             "(%d,%d,%d)) FROM alert WHERE effect_state>0 ORDER BY id",
             ALERT_CLEARED, ALERT_REFUSED, ALERT_CLOSED);
    int err = db_prepare(r->writer->db, sql, &s);
    if (err < 0)
        return err;
    int rc = SQLITE_DONE;
    *ret_n = 0;
    *ret_waiting = false;
    while (*ret_n < cap && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        *ret_waiting = true;
        if (is_due(r, s, now_ms, &due[*ret_n]))
            ++*ret_n;
    }
    sqlite3_finalize(s);
    return db_err(rc);
}

/* ---- measuring ----------------------------------------------------------------------------- */

/* The whole minutes of the alert, at most seven days of them, and the two hours after. */
static void set_times(const struct ended *e, struct effect *f) {
    f->from = floor_minute(e->raised + slot_ms(SLOT_1M) - 1);
    f->to = floor_minute(e->end);
    if (f->to < f->from)
        f->to = f->from;
    if (f->to > f->from + EFFECT_MAX_MS)
        f->to = f->from + EFFECT_MAX_MS;
    f->complete = e->complete;
    f->rebound_to = f->to + EFFECT_REBOUND_MS;
}

static int measure(struct records *r, const struct ended *e, struct effect *f) {
    struct effect_piece *piece = malloc(EFFECT_PIECES_MAX * sizeof *piece);
    if (!piece)
        return ERR_NOMEM;
    set_times(e, f);
    struct effect_input in = {.piece = piece};
    in.count = effect_cut(f->from, f->to, piece, EFFECT_PIECES_MAX);
    if (e->complete)
        in.rebound_count =
            effect_cut(f->to, f->rebound_to, piece + in.count, EFFECT_PIECES_MAX - in.count);
    int err = effect_read(r, floor_minute(e->raised), &in, piece);
    if (err == ERR_OK)
        effect_measure(&in, f);
    free(piece);
    return err;
}

/* ---- the report ---------------------------------------------------------------------------- */

static void write_notes(const struct effect *f, char en[NOTE_MAX], char zh[NOTE_MAX]) {
    char base_en[40], base_zh[40], rebound_en[60], rebound_zh[60];
    if (isnan(f->meter.kw)) {
        snprintf(en, NOTE_MAX,
                 "the effect is not known: the grid's power or its baseline is not on record");
        snprintf(zh, NOTE_MAX, "效果未知：缺少关口功率或基线的记录");
        return;
    }
    snprintf(base_en, sizeof base_en,
             f->workdays ? "the last %d workdays" : "the 15 minutes before", (int)f->days);
    snprintf(base_zh, sizeof base_zh, f->workdays ? "近%d个工作日同时段" : "此前15分钟",
             (int)f->days);
    if (!f->complete) {
        snprintf(rebound_en, sizeof rebound_en, "the rebound is not measured yet");
        snprintf(rebound_zh, sizeof rebound_zh, "反弹尚未计量");
    } else if (isnan(f->meter.rebound_kwh)) {
        snprintf(rebound_en, sizeof rebound_en, "the rebound is not known");
        snprintf(rebound_zh, sizeof rebound_zh, "反弹未知");
    } else {
        snprintf(rebound_en, sizeof rebound_en, "%.1f kWh came back within 2 h",
                 f->meter.rebound_kwh);
        snprintf(rebound_zh, sizeof rebound_zh, "随后2小时反弹%.1f kWh", f->meter.rebound_kwh);
    }
    snprintf(en, NOTE_MAX, "%.1f kW less from the grid than %s, %.1f kWh; %s", f->meter.kw, base_en,
             f->meter.kwh, rebound_en);
    snprintf(zh, NOTE_MAX, "较%s少用%.1f kW，共%.1f kWh；%s", base_zh, f->meter.kw, f->meter.kwh,
             rebound_zh);
}

static int keep(struct records *r, const struct ended *e, const char *effect) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(
        r->writer->db, "UPDATE alert SET effect=?2,effect_state=?3,effect_end=?4 WHERE id=?1", &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, e->row.id);
    sqlite3_bind_text(s, 2, effect, -1, SQLITE_STATIC);
    sqlite3_bind_int(s, 3, e->complete ? EFFECT_DONE : EFFECT_REBOUND);
    sqlite3_bind_int64(s, 4, e->end);
    err = db_run(s);
    sqlite3_finalize(s);
    return err;
}

static int report(struct records *r, const struct ended *e, ms_t now_ms) {
    char text[EFFECT_BODY_MAX], en[NOTE_MAX], zh[NOTE_MAX];
    struct effect f = {0};
    struct buf b;
    int err = measure(r, e, &f);
    if (err == ERR_NOMEM) {
        log_warn("alert %" PRId64 ": no memory to measure its effect; trying every second",
                 e->row.id);
        return ERR_OK;
    }
    if (err < 0)
        return err;
    buf_init(&b, text, sizeof text);
    effect_write(&b, &f, clock_utc_offset_s(e->end));
    write_notes(&f, en, zh);
    const struct platform_step step = {.step = ALERT_EFFECT,
                                       .at = e->complete ? f.rebound_to : e->end,
                                       .value = f.meter.kw,
                                       .threshold = e->expected_kw,
                                       .note_en = en,
                                       .note_zh = zh,
                                       .effect = b.data};
    err = keep(r, e, b.data);
    return err == ERR_OK ? alert_platform_step(r->writer, &e->row, &step, now_ms) : err;
}

int alert_effect_run(struct records *r, ms_t now_ms) {
    struct ended due[REPORTS_MAX];
    size_t n = 0;
    bool waiting = false;
    int err = alert_platform_clear_over(r->writer, now_ms);
    if (err == ERR_OK)
        err = find_due(r, now_ms, due, REPORTS_MAX, &n, &waiting);
    for (size_t i = 0; err == ERR_OK && i < n; i++)
        err = report(r, &due[i], now_ms);
    r->writer->more = r->writer->more || waiting;
    return err;
}
