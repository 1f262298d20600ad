/* The store's core on a works whose incomer has a voltage of 220 V: sags and interruptions become
 * events and rows once, over restarts too; the time of good voltage goes into the records; a
 * measure is compared when its 30 days are stored. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/alert_ledger.h"
#include "store/db.h"
#include "store/facts_codec.h"
#include "store/slot_code.h"
#include "store/supply_log.h"
#include "store_rig.h"

#define ENTRIES 16

static struct supply_works {
    struct rig rig;
    struct account account;
    struct metering_point point;
    struct transformer transformer;
    struct supply_entry entries[ENTRIES];
    size_t entry_count;
} w;

static void open_works(ms_t now) {
    memset(&w, 0, sizeof w);
    struct works *works = &w.rig.works;
    works_init(works);
    works->grid_points[G_VOLTAGE].phase = PHASE_L1;
    w.account = (struct account){.id = "main", .billing_day = 1, .capacity_kva = 1600.0};
    w.point = (struct metering_point){
        .id = "p1", .feed = GRID, .check_feed = SITE_NONE, .line_limit_kva = (double)NAN};
    w.transformer = (struct transformer){
        .id = "t1", .kva = 1600.0, .p0_w = (double)NAN, .pk_w = (double)NAN, .feed = SITE_NONE};
    works->site.accounts = &w.account;
    works->site.account_count = 1;
    works->site.metering_points = &w.point;
    works->site.metering_point_count = 1;
    works->site.transformers = &w.transformer;
    works->site.transformer_count = 1;
    assert_int_equal(rig_open(&w.rig, now), ERR_OK);
    assert_int_equal(db_exec(w.rig.writer.db, "PRAGMA synchronous=OFF"), ERR_OK);
}

static void second(ms_t s, double volts) {
    struct works *works = &w.rig.works;
    struct reading *r = works_grid(works, s + 100, GRID_KW, grid_register(s), 50.0);
    works_set(works, r, G_VOLTAGE, volts);
    core_reading(&w.rig.core, r);
    core_reading(&w.rig.core, works_pv(works, s + 100, PV_KW, pv_register(s)));
    core_reading(&w.rig.core, works_bms(works, s + 100, 50.0));
    core_second(&w.rig.core, s + 500);
    rig_commit(&w.rig, s + 500);
}

static void seconds(ms_t from, ms_t to, double volts) {
    for (ms_t s = from; s < to; s += 1000)
        second(s, volts);
}

static void restart(ms_t now) {
    rig_kill(&w.rig);
    assert_int_equal(rig_open(&w.rig, now), ERR_OK);
}

static int keep(void *arg, const struct supply_entry *e) {
    (void)arg;
    assert_true(w.entry_count < ENTRIES);
    w.entries[w.entry_count++] = *e;
    return ERR_OK;
}

static void read_log(void) {
    w.entry_count = 0;
    assert_int_equal(supply_log_read(w.rig.writer.db, 0, INT64_MAX, keep, NULL), ERR_OK);
}

/* Events of that name and state. */
static size_t events(const char *event, const char *state, json_t **ret_last) {
    json_t *all = rig_messages(&w.rig.works, OUTBOX_EVENT), *m;
    size_t i, n = 0;
    json_array_foreach(all, i, m) {
        const char *is = text_at(m, "state");
        if (strcmp(text_at(m, "event"), event) != 0 || (state && strcmp(is ? is : "", state) != 0))
            continue;
        n++;
        if (ret_last) {
            json_decref(*ret_last);
            *ret_last = json_incref(m);
        }
    }
    json_decref(all);
    return n;
}

static void a_sag_and_an_interruption_are_told_once_each(void **state) {
    (void)state;
    json_t *m = NULL;
    open_works(T0);
    seconds(T0, T0 + 58000, 221.0);
    seconds(T0 + 58000, T0 + 63000, 176.0); /* 80 %, over the edge of the minute */
    seconds(T0 + 63000, T0 + 80000, 221.0);
    seconds(T0 + 80000, T0 + 90000, 2.2);
    seconds(T0 + 90000, T0 + 95000, 221.0);
    assert_int_equal(events("supply_sag", "raised", NULL), 1);
    assert_int_equal(events("supply_sag", "cleared", &m), 1);
    assert_near(number_at(m, "value"), 80.0, 1e-6);
    assert_near(number_at(m, "threshold"), 90.0, 0);
    assert_string_equal(text_at(m, "object"), "p1");
    assert_int_equal(events("supply_interruption", "raised", NULL), 1);
    assert_int_equal(events("supply_interruption", "cleared", &m), 1);
    assert_near(number_at(m, "value"), 1.0, 1e-6);
    assert_non_null(strstr(text_at(m, "note"), "10.0 s"));
    json_decref(m);
    read_log();
    assert_int_equal(w.entry_count, 2);
    assert_int_equal(w.entries[0].dip.kind, DIP_SAG);
    assert_int_equal(w.entries[0].dip.begin, T0 + 58100);
    assert_int_equal(w.entries[0].dip.end, T0 + 63100);
    assert_int_equal(w.entries[0].dip.resolution_ms, 1000);
    assert_true(w.entries[0].certain && w.entries[1].certain);
    assert_int_equal(w.entries[1].dip.end - w.entries[1].dip.begin, 10000);
    rig_fini(&w.rig);
}

/* Killed in the midst, twice: one interruption with its first begin, and one end. */
static void an_interruption_goes_on_over_restarts(void **state) {
    (void)state;
    open_works(T0);
    seconds(T0, T0 + 5000, 221.0);
    seconds(T0 + 5000, T0 + 8000, 0.0);
    restart(T0 + 8700);
    seconds(T0 + 9000, T0 + 12000, 0.0);
    restart(T0 + 12700);
    assert_int_equal(events("supply_interruption", "cleared", NULL), 0);
    seconds(T0 + 13000, T0 + 16000, 221.0);
    restart(T0 + 16700);
    seconds(T0 + 17000, T0 + 18000, 221.0);
    assert_int_equal(events("supply_interruption", "raised", NULL), 1);
    assert_int_equal(events("supply_interruption", "cleared", NULL), 1);
    read_log();
    assert_int_equal(w.entry_count, 1);
    assert_int_equal(w.entries[0].dip.begin, T0 + 5100);
    assert_int_equal(w.entries[0].dip.end, T0 + 13100);
    rig_fini(&w.rig);
}

/* A loose wire: a sag every 5 s. */
static void many_in_an_hour_are_not_recorded(void **state) {
    (void)state;
    json_t *m = NULL;
    open_works(T0);
    for (int i = 0; i < 40; i++) {
        seconds(T0 + i * 5000, T0 + i * 5000 + 3000, 221.0);
        seconds(T0 + i * 5000 + 3000, T0 + i * 5000 + 5000, 100.0);
    }
    seconds(T0 + 200000, T0 + 202000, 221.0);
    assert_int_equal(events("supply_sag", "raised", &m), SUPPLY_HOUR_MAX);
    assert_non_null(strstr(text_at(m, "note"), "more than 30 in an hour"));
    json_decref(m);
    assert_int_equal(events("supply_sag", "cleared", NULL), SUPPLY_HOUR_MAX);
    rig_fini(&w.rig);
}

/* The gateway lives, and no device answers any more: told, but not as certain. */
static void silence_of_all_is_only_a_sign(void **state) {
    (void)state;
    json_t *m = NULL;
    open_works(T0);
    seconds(T0, T0 + 5000, 221.0);
    rig_idle(&w.rig, T0 + 5000, T0 + 120000);
    seconds(T0 + 120000, T0 + 121000, 221.0);
    assert_int_equal(events("supply_interruption", "raised", &m), 1);
    assert_string_equal(text_at(m, "object"), "site");
    assert_string_equal(text_at(m, "severity"), "warning");
    assert_non_null(strstr(text_at(m, "note"), "may be interrupted"));
    json_decref(m);
    assert_int_equal(events("supply_interruption", "cleared", NULL), 1);
    read_log();
    assert_int_equal(w.entry_count, 1);
    assert_false(w.entries[0].certain);
    assert_int_equal(w.entries[0].dip.begin, T0 + 4100);
    rig_fini(&w.rig);
}

/* 3 minutes of 240 V (+9.1 %), one of interruption and one unseen in a quarter of an hour. */
static void time_of_good_voltage_is_in_the_record(void **state) {
    (void)state;
    open_works(T0);
    seconds(T0, T0 + 3 * MINUTE, 240.0);
    seconds(T0 + 3 * MINUTE, T0 + 4 * MINUTE, 0.0);
    seconds(T0 + 4 * MINUTE, T0 + 14 * MINUTE, 221.0);
    rig_idle(&w.rig, T0 + 14 * MINUTE, T0 + 15 * MINUTE);
    seconds(T0 + 15 * MINUTE, T0 + 15 * MINUTE + 10000, 221.0);
    json_t *all = rig_messages(&w.rig.works, OUTBOX_RECORD_15M);
    assert_int_equal(json_array_size(all), 1);
    const json_t *point = json_array_get(json_object_get(json_array_get(all, 0), "points"), 0);
    /* 13 minutes and the 2.5 s that the last reading holds; readings come 0.1 s after the second */
    assert_near(number_at(point, "voltage_monitored_s"), 13 * 60 + 1, 1.5);
    assert_near(number_at(point, "voltage_ok_pct"), 10.0 / 13.0 * 100.0, 0.2);
    json_decref(all);
    rig_fini(&w.rig);
}

/* ---- a measure ---------------------------------------------------------------------------- */

#define DAY      (24 * 60 * MINUTE)
#define MEASURED (T0 / DAY * DAY + 40 * DAY + 10 * 60 * MINUTE)

/* A quarter as the store keeps it: 90 % load before the measure, 70 % after, 2 % of time bad. */
static void put_quarter(ms_t t) {
    static struct slot_facts f;
    static uint8_t blob[FACTS_BYTES_MAX];
    struct pack p;
    const struct site *site = &w.rig.works.site;
    double load = t < MEASURED ? 0.9 : 0.7;
    facts_init(&f, site, SLOT_15M, t, t + QUARTER);
    f.transformers[0] = (struct transformer_facts){load * 1600.0, load * 1600.0 + 20.0, 1.0};
    f.points[0].monitored_ms = (uint64_t)QUARTER;
    f.points[0].qualified_ms = (uint64_t)(t < MEASURED ? QUARTER / 2 : QUARTER);
    f.accounts[0].block_kw = load * 1500.0;
    f.accounts[0].block_at = t;
    pack_init(&p, blob, sizeof blob);
    facts_write(&p, site, &f);
    const struct writer_record r = {.code = slot_code(SLOT_15M),
                                    .kind = OUTBOX_RECORD_15M,
                                    .start = t,
                                    .text = "",
                                    .facts = p.data,
                                    .facts_n = p.len};
    assert_int_equal(writer_put_record(&w.rig.writer, &r, t + QUARTER), ERR_OK);
}

static void put_measure(void) {
    char sql[300];
    snprintf(sql, sizeof sql,
             "INSERT INTO alert(id,source,rule,object,active,handling,severity,worst,raised,config,"
             "measure,measured) VALUES(7,%d,'A03','t1',0,0,1,1,1,'','second_transformer',%" PRId64
             ")",
             ALERT_BY_HAND, MEASURED);
    assert_int_equal(db_exec(w.rig.writer.db, sql), ERR_OK);
}

static int64_t count(const char *sql) {
    int64_t n = -1;
    assert_int_equal(db_get_i64(w.rig.writer.db, sql, -1, &n), ERR_OK);
    return n;
}

static void commit_until_calm(ms_t now) {
    int rounds = 0;
    do {
        rig_commit(&w.rig, now += 1000);
        assert_true(++rounds < 2000);
    } while (w.rig.writer.more);
}

static void a_measure_is_compared_once_its_days_are_stored(void **state) {
    (void)state;
    const ms_t from = MEASURED / DAY * DAY - 31 * DAY, day_after = MEASURED / DAY * DAY + DAY;
    const ms_t now = day_after + 30 * DAY + 5 * MINUTE;
    open_works(now);
    put_measure();
    assert_int_equal(writer_begin(&w.rig.writer), ERR_OK);
    for (ms_t t = from; t < day_after + 29 * DAY; t += QUARTER)
        put_quarter(t);
    assert_int_equal(writer_end(&w.rig.writer, ERR_OK), ERR_OK);
    w.rig.writer.more = true;
    commit_until_calm(now);
    assert_int_equal(count("SELECT count(*) FROM supply_effect"), 0); /* one day is missing */
    assert_int_equal(writer_begin(&w.rig.writer), ERR_OK);
    for (ms_t t = day_after + 29 * DAY; t < day_after + 30 * DAY; t += QUARTER)
        put_quarter(t);
    assert_int_equal(writer_end(&w.rig.writer, ERR_OK), ERR_OK);
    w.rig.writer.more = true;
    commit_until_calm(now + 15 * MINUTE);
    w.rig.writer.more = true; /* as long as readings come */
    commit_until_calm(now + 30 * MINUTE);
    restart(now + 60 * MINUTE);
    w.rig.writer.more = true;
    commit_until_calm(now + 80 * MINUTE);
    assert_int_equal(count("SELECT count(*) FROM supply_effect WHERE alert=7"), 1);
    assert_int_equal(count("SELECT count(*) FROM alert_step WHERE alert=7 AND step=9"), 1);
    assert_int_equal(ALERT_EFFECT, 9);
    assert_int_equal(count("SELECT count(*) FROM event WHERE body LIKE '%\"measure_compared\"%'"),
                     1);
    assert_int_equal(count("SELECT count(*) FROM supply_effect WHERE note LIKE '%maximum 1460 ->"
                           " 1140 kVA, load 90 -> 70 %, demand 1350 -> 1050 kW, over 80 % load"
                           " 43200 -> 0 min%voltage qualified 50 -> 100 %'||'%known 100 -> 100%'"),
                     1);
    rig_fini(&w.rig);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sag_and_an_interruption_are_told_once_each),
        cmocka_unit_test(an_interruption_goes_on_over_restarts),
        cmocka_unit_test(many_in_an_hour_are_not_recorded),
        cmocka_unit_test(silence_of_all_is_only_a_sign),
        cmocka_unit_test(time_of_good_voltage_is_in_the_record),
        cmocka_unit_test(a_measure_is_compared_once_its_days_are_stored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
