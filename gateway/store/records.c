#include "store/records.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "store/db.h"
#include "store/facts_codec.h"
#include "store/gap.h"
#include "store/reader.h"
#include "sys/clock.h"

#define TEXT_MAX RECORD_SITE_MAX

/* of a slot's row: the newest of its device; of a record: the newest of its slot */
#define NEWEST_ROW                                                                                 \
    " AND revision=(SELECT max(n.revision) FROM slot n WHERE n.period=slot.period AND"             \
    " n.start=slot.start AND n.device=slot.device)"
#define NEWEST_RECORD                                                                              \
    " AND revision=(SELECT max(n.revision) FROM record n WHERE n.period=record.period AND"         \
    " n.start=record.start)"

static const char *const statement_sql[] = {
    [RECORDS_ROWS] = "SELECT device,start,body FROM slot WHERE period=? AND start=?" NEWEST_ROW,
    [RECORDS_ROW_RANGE] = "SELECT device,body FROM slot WHERE period=? AND start=? AND"
                          " device>=? AND device<=?" NEWEST_ROW,
    [RECORDS_FACTS] = "SELECT facts FROM record WHERE period=? AND start>=? AND start<? AND facts"
                      " IS NOT NULL" NEWEST_RECORD " ORDER BY start",
    [RECORDS_BEFORE] = "SELECT facts FROM record WHERE period=? AND start<? AND facts IS NOT NULL"
                       " ORDER BY start DESC,revision DESC LIMIT 1",
    [RECORDS_SELF] = "SELECT facts FROM record WHERE period=? AND start=? AND facts IS NOT NULL"
                     " ORDER BY revision DESC LIMIT 1",
    [RECORDS_NUMBER] = "SELECT id FROM device WHERE name=?",
    [RECORDS_UNACKED] = "SELECT DISTINCT key FROM outbox WHERE kind=3 AND key>=? AND key<?"
                        " AND seq>coalesce((SELECT floor FROM cursor WHERE dest='mqtt' AND epoch="
                        "(SELECT value FROM meta WHERE key='epoch')),0) ORDER BY key",
    [RECORDS_FIRST] = "SELECT min(start) FROM record WHERE period=? AND start>=? AND facts IS NOT"
                      " NULL",
    [RECORDS_MARKED] = "SELECT count(*) FROM dirty",
};
static_assert(sizeof statement_sql / sizeof statement_sql[0] ==
                  sizeof((struct records *)NULL)->statements / sizeof(sqlite3_stmt *),
              "a statement for each place");

int records_prepare(struct records *r, enum records_statement which, sqlite3_stmt **ret) {
    if (!r->statements[which]) {
        int err = db_prepare(r->writer->db, statement_sql[which], &r->statements[which]);
        if (err < 0)
            return err;
    }
    *ret = r->statements[which];
    return ERR_OK;
}

/* The first sensor of the sun that the site has. */
static void find_irradiance(struct records *r) {
    r->irradiance_device = r->irradiance_point = SITE_NONE;
    for (size_t i = 0; i < r->site->point_count; i++) {
        const struct site_point *p = &r->site->points[i];
        if (p->def->quantity != QUANTITY_IRRADIANCE)
            continue;
        r->irradiance_device = p->device;
        r->irradiance_point = (int32_t)(i - r->site->devices[p->device].point_base);
        return;
    }
}

/* Accounts have numbers like devices, so that a bill's code outlives a reload. */
static int number_accounts(struct records *r) {
    sqlite3_stmt *s = NULL;
    int err = db_prepare(r->writer->db, "INSERT OR IGNORE INTO device(name) VALUES('@'||?)", &s);
    for (size_t i = 0; err == ERR_OK && i < r->site->account_count; i++) {
        sqlite3_bind_text(s, 1, r->site->accounts[i].id, -1, SQLITE_STATIC);
        err = db_run(s);
    }
    sqlite3_finalize(s);
    return err;
}

/* Devices by the numbers that rows carry, and their feeds. */
static int index_devices(struct records *r) {
    size_t n = r->site->device_count;
    for (size_t i = 0; i < n; i++)
        if (r->writer->device_no[i] >= r->numbers)
            r->numbers = r->writer->device_no[i] + 1;
    r->feed_order = calloc(r->site->feed_count + 1, sizeof *r->feed_order);
    r->feed_first = calloc(n + 1, sizeof *r->feed_first);
    r->feed_count = calloc(n + 1, sizeof *r->feed_count);
    r->index_of = malloc(((size_t)r->numbers + 1) * sizeof *r->index_of);
    if (!r->feed_order || !r->feed_first || !r->feed_count || !r->index_of)
        return ERR_NOMEM;
    layout_group_feeds(r->site, r->feed_order, r->feed_first, r->feed_count);
    for (int64_t i = 0; i < r->numbers; i++)
        r->index_of[i] = SITE_NONE;
    for (size_t i = 0; i < n; i++)
        r->index_of[r->writer->device_no[i]] = (int32_t)i;
    return ERR_OK;
}

int records_init(struct records *r, struct writer *w, const struct site *site) {
    memset(r, 0, sizeof *r);
    r->writer = w;
    r->site = site;
    size_t n = site->feed_count + 1;
    r->feeds = calloc(n, sizeof *r->feeds);
    r->device_covered = calloc(site->device_count + 1, sizeof *r->device_covered);
    r->scratch[0] = calloc(n, sizeof **r->scratch);
    r->scratch[1] = calloc(n, sizeof **r->scratch);
    r->net = calloc(n * NET_QUARTERS, sizeof *r->net);
    r->text = malloc(TEXT_MAX);
    r->blob = malloc(FACTS_BYTES_MAX);
    if (!r->feeds || !r->device_covered || !r->scratch[0] || !r->scratch[1] || !r->net ||
        !r->text || !r->blob || index_devices(r) < 0) {
        records_fini(r);
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < NET_QUARTERS; i++)
        r->net_start[i] = INT64_MIN;
    for (size_t i = 0; i < SLOT_PERIOD_COUNT; i++)
        r->written[i] = INT64_MAX;
    r->suspect.feed = SITE_NONE;
    find_irradiance(r);
    r->node_count = residual_nodes(site, r->nodes, NODES_MAX);
    int err = number_accounts(r);
    if (err == ERR_OK)
        err = books_load(&r->books, w->db, clock_now().utc_us / US_PER_MS);
    if (err < 0)
        records_fini(r);
    return err;
}

void records_fini(struct records *r) {
    for (size_t i = 0; i < sizeof r->statements / sizeof r->statements[0]; i++)
        sqlite3_finalize(r->statements[i]);
    layout_free(r->layout);
    books_free(&r->books);
    free(r->feed_order);
    free(r->feed_first);
    free(r->feed_count);
    free(r->index_of);
    free(r->feeds);
    free(r->device_covered);
    free(r->scratch[0]);
    free(r->scratch[1]);
    free(r->net);
    free(r->text);
    free(r->blob);
    memset(r, 0, sizeof *r);
}

int records_code(struct records *r, enum slot_period p, int account, int64_t *ret) {
    if (p != SLOT_BILL) {
        *ret = slot_code(p);
        return ERR_OK;
    }
    char name[SITE_ID_MAX + 2];
    snprintf(name, sizeof name, "@%s", r->site->accounts[account].id);
    sqlite3_stmt *s;
    int err = records_prepare(r, RECORDS_NUMBER, &s);
    if (err < 0)
        return err;
    sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC);
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        *ret = slot_code_bill(sqlite3_column_int64(s, 0));
    sqlite3_reset(s);
    return rc == SQLITE_ROW ? ERR_OK : rc == SQLITE_DONE ? ERR_NOT_FOUND : db_err(rc);
}

int records_read_facts(const struct records *r, sqlite3_stmt *s, int column,
                       struct slot_facts *ret) {
    return facts_read(sqlite3_column_blob(s, column), (size_t)sqlite3_column_bytes(s, column),
                      r->site, ret);
}

bool records_is_filed(struct records *r, ms_t t) {
    char sql[80];
    struct local_time at = local_time(t, clock_utc_offset_s);
    int64_t n = 0;
    snprintf(sql, sizeof sql, "SELECT count(*) FROM filed WHERE month=%d",
             at.year * 12 + at.month - 1);
    return db_get_i64(r->writer->db, sql, 0, &n) == ERR_OK && n > 0;
}

void records_know(struct records *r, ms_t now_ms) {
    r->books.books.known_day = local_time(now_ms, clock_utc_offset_s).day;
}

/* ---- writing ---------------------------------------------------------------------------- */

static enum outbox_kind kind_of(enum slot_period p) {
    static const enum outbox_kind kinds[SLOT_PERIOD_COUNT] = {
        [SLOT_1M] = OUTBOX_RECORD_1M,   [SLOT_15M] = OUTBOX_RECORD_15M,
        [SLOT_1H] = OUTBOX_RECORD_1H,   [SLOT_1D] = OUTBOX_RECORD_1D,
        [SLOT_1MO] = OUTBOX_RECORD_1MO, [SLOT_BILL] = OUTBOX_RECORD_BILL};
    return kinds[p];
}

int records_put(struct records *r, int account, const struct month_facts *month, bool with_devices,
                ms_t now_ms) {
    const struct slot_facts *f = &r->facts;
    int64_t code;
    int err = records_code(r, f->period, account, &code);
    if (err < 0)
        return err;
    struct buf b;
    struct pack p;
    buf_init(&b, r->text, TEXT_MAX);
    pack_init(&p, r->blob, FACTS_BYTES_MAX);
    const struct record_source source = {
        .site = r->site,
        .facts = f,
        .month = month,
        .account = account,
        .clock_state = clock_sync_str((enum clock_sync)f->clock_state),
        .storage_eta = SETTLE_ROUND_TRIP,
        .acknowledged = month ? month->slots_acknowledged : UINT32_MAX};
    record_site_write(&b, &source, clock_utc_offset_s);
    facts_write(&p, r->site, f);
    if (!buf_ok(&b) || p.overflow)
        return ERR_LIMIT;
    if (f->start < r->written[f->period])
        r->written[f->period] = f->start;
    size_t parts = (r->site->feed_count + RECORD_PART_DEVICES - 1) / RECORD_PART_DEVICES;
    uint64_t number = f->period == SLOT_BILL ? (uint64_t)(code - SLOT_CODE_BILL) : 0;
    const struct writer_record record = {.code = code,
                                         .kind = (uint64_t)kind_of(f->period) | number << 8,
                                         .start = f->start,
                                         .text = b.data,
                                         .text_n = b.len,
                                         .facts = p.data,
                                         .facts_n = p.len,
                                         .device_parts = with_devices ? (unsigned)parts : 0};
    return writer_put_record(r->writer, &record, now_ms);
}

/* Reads the facts of one record into r->other. */
static int load_facts(struct records *r, enum records_statement which, enum slot_period p,
                      ms_t start, bool *ret_found) {
    sqlite3_stmt *s;
    int err = records_prepare(r, which, &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, slot_code(p));
    sqlite3_bind_int64(s, 2, start);
    int rc = sqlite3_step(s);
    *ret_found = rc == SQLITE_ROW && records_read_facts(r, s, 0, &r->other) == ERR_OK;
    sqlite3_reset(s);
    return db_err(rc);
}

/* The site's state before this slot: month's maxima and the storage's carbon. The first quarter of
 * a day has them from the day before, which was made again with whatever came late. Accounts that
 * have begun another month since start anew. */
static int load_before(struct records *r, ms_t start, bool *ret_found) {
    int err = ERR_OK;
    *ret_found = false;
    if (slot_start(SLOT_1D, start, clock_utc_offset_s, 1) == start)
        err = load_facts(r, RECORDS_SELF, SLOT_1D,
                         slot_start(SLOT_1D, start - 1, clock_utc_offset_s, 1), ret_found);
    if (err == ERR_OK && !*ret_found)
        err = load_facts(r, RECORDS_BEFORE, SLOT_15M, start, ret_found);
    if (err < 0 || !*ret_found)
        return err;
    for (size_t i = 0; i < r->site->account_count; i++) {
        int day = r->site->accounts[i].billing_day;
        if (slot_start(SLOT_BILL, start, clock_utc_offset_s, day) <= r->other.start)
            continue;
        demand_peak_init(&r->other.accounts[i].month_max);
        for (size_t k = 0; k < r->site->metering_point_count; k++)
            if (r->site->metering_points[k].account == (int32_t)i)
                demand_peak_init(&r->other.points[k].month_max);
    }
    return ERR_OK;
}

static void apply_seed(const struct record_seed *seed, struct slot_facts *f) {
    memcpy(f->power, seed->power, sizeof f->power);
    memcpy(f->power_ms, seed->power_ms, sizeof f->power_ms);
    f->soc_start_pct = seed->soc_start_pct;
    f->soc_end_pct = seed->soc_end_pct;
    f->clock_state = seed->clock_state;
    f->clock_offset_ms = seed->clock_offset_ms;
    f->lived_ms = seed->lived_ms;
}

static enum cause cause_of(const struct record_seed *seed, const struct slot_facts *f) {
    if (seed->clock_gap && f->stored == 0)
        return CAUSE_CLOCK;
    if (seed->device_down)
        return CAUSE_DEVICE_DOWN;
    if (seed->gateway_off || f->stored == 0)
        return CAUSE_GATEWAY_OFF;
    return f->quality == QUALITY_GOOD && f->coverage > 0.99 ? CAUSE_NONE : CAUSE_INCOMPLETE;
}

/* Energy of the sun on the sensor's plane, of the time that is worth the name: G >= 100 W/m2. */
static void settle_sun(const struct records *r, struct slot_facts *f) {
    if (r->irradiance_point == SITE_NONE || isnan(r->irradiance))
        return;
    double hours = (double)(f->end - f->start) / 3600000.0;
    f->irradiation_kwh_m2 = r->irradiance >= 100.0 ? r->irradiance / 1000.0 * hours : 0.0;
}

/* From the rows of the slot to its facts. suspect: that was named when it was new. */
static int make_facts(struct records *r, enum slot_period p, ms_t start,
                      const struct record_seed *seed, const struct suspect *suspect) {
    struct demand_peak sliding[METERING_POINTS_MAX];
    struct slot_facts *f = &r->facts;
    facts_init(f, r->site, p, start, start + slot_ms(p));
    apply_seed(seed, f);
    int err = records_load_rows(r, p, start);
    if (err == ERR_OK && p == SLOT_15M)
        err = records_sliding(r, start, sliding);
    if (err < 0)
        return err;
    const struct settle_input in = {.site = r->site,
                                    .feeds = r->feeds,
                                    .supply = r->supply,
                                    .transformer_supply = r->transformer_supply,
                                    .sliding = sliding,
                                    .nodes = r->nodes,
                                    .node_count = p == SLOT_15M ? r->node_count : 0,
                                    .device_covered = r->device_covered,
                                    .scratch = {r->scratch[0], r->scratch[1]},
                                    .zone = clock_utc_offset_s};
    settle_energy(&in, f);
    f->cause = cause_of(seed, f);
    bool before = false;
    static const struct ess_carbon empty;
    if (p == SLOT_15M) {
        err = load_before(r, start, &before);
        settle_month_max(r->site, before ? &r->other : NULL, f);
        settle_money(r->site, &r->books.books, clock_utc_offset_s, f);
        settle_sun(r, f);
        if (!records_find_suspect(r, f) && suspect)
            f->balance.suspect = *suspect;
    }
    settle_carbon(r->site, &r->books.books, clock_utc_offset_s,
                  before ? &r->other.carbon.ess : &empty, f);
    return err;
}

static void power_join(struct power_stat *s, uint64_t *ms, const struct power_stat *other,
                       uint64_t other_ms) {
    if (isnan(other->avg) || other_ms == 0)
        return;
    double before = isnan(s->avg) ? 0.0 : s->avg * (double)*ms;
    uint64_t total = (isnan(s->avg) ? 0 : *ms) + other_ms;
    s->avg = (before + other->avg * (double)other_ms) / (double)total;
    s->min = fmin(s->min, other->min);
    s->max = fmax(s->max, other->max);
    *ms = total;
}

/* The clock was stepped back and the slot is lived through again: its record says both times. */
static int join_seed(struct records *r, enum slot_period p, ms_t start, struct record_seed *seed) {
    bool found;
    int err = load_facts(r, RECORDS_SELF, p, start, &found);
    if (err < 0 || !found)
        return err;
    const struct slot_facts *f = &r->other;
    bool skipped = f->cause == CAUSE_CLOCK && f->stored == 0;
    uint64_t length = (uint64_t)slot_ms(p);
    uint64_t now = seed->lived_ms > 0 ? seed->lived_ms : length;
    seed->lived_ms = now + (skipped ? 0 : f->lived_ms > 0 ? f->lived_ms : length);
    seed->clock_state = CLOCK_STEPPED;
    for (size_t i = 0; i < SITE_POWER_COUNT; i++)
        power_join(&seed->power[i], &seed->power_ms[i], &f->power[i], f->power_ms[i]);
    if (!isnan(f->soc_start_pct))
        seed->soc_start_pct = f->soc_start_pct;
    return ERR_OK;
}

int records_write_slot(struct records *r, enum slot_period p, ms_t start,
                       const struct record_seed *given, ms_t now_ms) {
    int64_t revision = 0;
    struct record_seed again = *given;
    const struct record_seed *seed = &again;
    records_know(r, now_ms);
    int err = writer_revision(r->writer, slot_code(p), start, &revision);
    if (err == ERR_OK && revision > 0)
        err = join_seed(r, p, start, &again);
    if (err == ERR_OK)
        err = make_facts(r, p, start, seed, NULL);
    /* what was made of it before is made again */
    if (err == ERR_OK && revision > 0 && p == SLOT_15M)
        err = gap_mark(r->writer, SLOT_1H, slot_start(SLOT_1H, start, clock_utc_offset_s, 1));
    bool with_devices = p == SLOT_15M || r->site->mqtt.minute_devices;
    return err < 0 ? err
                   : records_put(r, -1, NULL,
                                 with_devices && !seed->gateway_off && !seed->clock_gap, now_ms);
}

int records_revise_slot(struct records *r, enum slot_period p, ms_t start, ms_t now_ms) {
    bool found;
    records_know(r, now_ms);
    int err = load_facts(r, RECORDS_SELF, p, start, &found);
    if (err < 0 || !found)
        return err;
    const struct suspect suspect = r->other.balance.suspect;
    struct record_seed seed = {.soc_start_pct = r->other.soc_start_pct,
                               .soc_end_pct = r->other.soc_end_pct,
                               .clock_state = r->other.clock_state,
                               .clock_offset_ms = r->other.clock_offset_ms,
                               .lived_ms = r->other.lived_ms,
                               .clock_gap = r->other.cause == CAUSE_CLOCK,
                               .device_down = r->other.cause == CAUSE_DEVICE_DOWN,
                               .gateway_off = r->other.cause == CAUSE_GATEWAY_OFF};
    memcpy(seed.power, r->other.power, sizeof seed.power);
    memcpy(seed.power_ms, r->other.power_ms, sizeof seed.power_ms);
    err = make_facts(r, p, start, &seed, &suspect);
    r->facts.late = true;
    bool with_devices = p == SLOT_15M || r->site->mqtt.minute_devices;
    return err < 0 ? err : records_put(r, -1, NULL, with_devices, now_ms);
}
