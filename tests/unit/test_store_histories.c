/* Random histories of the real store in a folder: kills at any instant, devices that are silent,
 * hours without a gateway, clock steps. Afterwards the rows and records must add up to what the
 * meter's register counted. BUSBAR_SEED and BUSBAR_STORE_HISTORIES vary them. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "chance.h"
#include "store/facts_codec.h"
#include "store/slot_code.h"
#include "store_rig.h"
#include "sys/log.h"

#define HISTORIES_DEFAULT 100
#define COUNT_KWH         0.01 /* of the grid's register, before the ratio */

/* ---- the works ---------------------------------------------------------------------------- */

struct history {
    struct rig rig;
    ms_t now;
    int64_t counts, first, last; /* of the grid's register; at its first and last reading */
    bool read, ratio_changed;
};

static struct history h;

static void begin(ms_t now, double rated_kw) {
    memset(&h, 0, sizeof h);
    h.now = now;
    h.counts = 100000;
    rig_init(&h.rig, h.now);
    h.rig.works.devices[GRID].rated_kw = rated_kw;
}

static void restart(ms_t off) {
    rig_kill(&h.rig);
    h.now += off;
    assert_int_equal(rig_open(&h.rig, h.now), ERR_OK);
}

static void commit(bool lasting) {
    core_second(&h.rig.core, h.now);
    if (lasting)
        rig_commit(&h.rig, h.now);
}

/* One poll of the works; the grid counts up to 8 kWh a second. */
static void poll(bool with_grid, ms_t after) {
    struct works *w = &h.rig.works;
    h.now += after;
    h.counts += random_long(after / 100 + 2);
    double kw = (double)random_long(3) * 14400.0;
    if (with_grid) {
        /* the fixture's register is one behind a CT of 80 */
        double shown = (double)h.counts * COUNT_KWH * w->devices[GRID].ct_ratio / 80.0;
        core_reading(&h.rig.core, works_grid(w, h.now, kw, shown, 50.0));
        if (!h.read)
            h.first = h.counts;
        h.read = true;
        h.last = h.counts;
    }
    core_reading(&h.rig.core, works_pv(w, h.now, PV_KW, pv_register(h.now)));
}

static void polls(bool with_grid, int64_t n, ms_t apart) {
    for (int64_t i = 0; i < n; i++) {
        poll(with_grid, apart);
        h.now += random_long(500);
        commit(true);
    }
}

/* Until the core has nothing left to do: what was marked is made again. */
static void calm_down(void) {
    for (int i = 0; i < 200 && (i < 8 || h.rig.writer.more); i++)
        polls(true, 1, 1000);
    assert_false(h.rig.writer.more);
}

static void kill_and_start(ms_t off) {
    if (random_long(2) == 0) { /* in the midst of a second */
        poll(true, 300);
        h.last = h.counts; /* read, and perhaps forgotten: the next one makes up for it */
        if (random_long(2) == 0)
            commit(false);
    }
    restart(off);
}

static ms_t random_off(void) {
    switch (random_long(7)) {
    case 6: /* the clock was set back meanwhile */
        return random_long(4) == 0 ? -random_long(5 * 60 * MINUTE) : -random_long(5 * MINUTE);
    case 0:
        return random_long(20 * MINUTE);
    case 1:
        return random_long(5) == 0 ? random_long(3 * 60 * MINUTE) : random_long(40 * MINUTE);
    case 2:
        return random_long(3 * MINUTE);
    default:
        return random_long(4000);
    }
}

/* To just before, at or after the next edge. */
static void go_to_edge(enum slot_period p) {
    ms_t edge = slot_edge(p, h.now) + slot_ms(p);
    while (edge - h.now > 20000)
        polls(true, 1, 10000 + random_long(9000));
    if (edge - 600 > h.now)
        polls(true, 1, edge - h.now - 600);
    h.now = edge + random_long(3) - 1;
    poll(true, 0);
}

static void random_step(void) {
    switch (random_long(10)) {
    case 0:
    case 1:
        kill_and_start(random_off());
        break;
    case 2:
        polls(false, 1 + random_long(20), 1000 + random_long(30000));
        break;
    case 3:
        go_to_edge(random_long(3) == 0 ? SLOT_15M : SLOT_1M);
        break;
    case 4:
        h.now += random_long(4) == 0 ? random_long(10 * MINUTE) : random_long(5000);
        break;
    case 5:
        if (random_long(3) == 0) { /* the clock is stepped back, or forward */
            h.now += random_long(2) == 0 ? -random_long(5 * MINUTE) : random_long(20 * MINUTE);
        } else { /* and the core is told */
            ms_t most = random_long(3) == 0   ? 5 * 60 * MINUTE
                        : random_long(2) == 0 ? 20 * MINUTE
                                              : 2 * MINUTE;
            ms_t to = h.now + random_long(2 * most) - most;
            core_step(&h.rig.core, h.now, to);
            h.now = to;
        }
        break;
    case 6:
        if (random_long(6) == 0) {
            h.rig.works.devices[GRID].ct_ratio = random_long(2) == 0 ? 80.0 : 40.0;
            h.ratio_changed = true;
        }
        break;
    default:
        polls(true, 1 + random_long(20), 1000 + random_long(15000));
        break;
    }
}

/* ---- what was stored ----------------------------------------------------------------------- */

struct sums {
    int64_t parts;
    double amount;
    size_t rows;
};

/* The grid's import in the newest rows of a period, of slots in [from, to). */
static void sum_rows(enum slot_period p, ms_t from, ms_t to, struct sums *ret) {
    sqlite3_stmt *s;
    *ret = (struct sums){0};
    assert_int_equal(sqlite3_prepare_v2(h.rig.writer.db,
                                        "SELECT start,body,max(revision) FROM slot WHERE period=?"
                                        " AND device=? AND start>=? AND start<? GROUP BY start",
                                        -1, &s, NULL),
                     SQLITE_OK);
    sqlite3_bind_int64(s, 1, slot_code(p));
    sqlite3_bind_int64(s, 2, h.rig.writer.device_no[GRID]);
    sqlite3_bind_int64(s, 3, from);
    sqlite3_bind_int64(s, 4, to);
    while (sqlite3_step(s) == SQLITE_ROW) {
        struct unpack u;
        struct slot_head head;
        struct feed_slot f;
        unpack_init(&u, sqlite3_column_blob(s, 1), (size_t)sqlite3_column_bytes(s, 1));
        assert_int_equal(slot_read_head(&u, &head), ERR_OK);
        slot_read_feed(&u, &head, sqlite3_column_int64(s, 0), ROLE_GRID, &f);
        assert_false(u.bad);
        const struct counter_slot *c = &f.counter[FEED_FORWARD];
        ret->rows++;
        if (!c->known)
            continue;
        assert_true(c->parts >= 0);
        ret->parts += c->parts;
        ret->amount += counter_slot_amount(c);
    }
    sqlite3_finalize(s);
}

/* The record's own words say the same, in three decimals. */
static void said_in_the_text(const char *body, double kwh) {
    static const char member[] = "\"energy_kwh\":{\"import\":";
    const char *at = strstr(body, member);
    assert_non_null(at);
    at += sizeof member - 1;
    assert_int_equal(strncmp(at, "null", 4) == 0, isnan(kwh));
    if (!isnan(kwh))
        assert_near(strtod(at, NULL), kwh, 0.0005 + 1e-9);
}

/* The same from the newest records; how many there are. */
static double sum_records(enum slot_period p, ms_t from, ms_t to, size_t *ret_n) {
    static struct slot_facts facts;
    sqlite3_stmt *s;
    double sum = 0.0;
    *ret_n = 0;
    assert_int_equal(sqlite3_prepare_v2(h.rig.writer.db,
                                        "SELECT facts,body,max(revision) FROM record WHERE period=?"
                                        " AND start>=? AND start<? GROUP BY start",
                                        -1, &s, NULL),
                     SQLITE_OK);
    sqlite3_bind_int64(s, 1, slot_code(p));
    sqlite3_bind_int64(s, 2, from);
    sqlite3_bind_int64(s, 3, to);
    while (sqlite3_step(s) == SQLITE_ROW) {
        assert_int_equal(facts_read(sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0),
                                    &h.rig.works.site, &facts),
                         ERR_OK);
        double kwh = facts.energy_kwh[SITE_E_IMPORT];
        said_in_the_text((const char *)sqlite3_column_text(s, 1), kwh);
        sum += isnan(kwh) ? 0.0 : kwh;
        ++*ret_n;
    }
    sqlite3_finalize(s);
    return sum;
}

static int64_t number(const char *sql) {
    sqlite3_stmt *s;
    assert_int_equal(sqlite3_prepare_v2(h.rig.writer.db, sql, -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return n;
}

/* ---- what must hold ------------------------------------------------------------------------ */

static void nothing_was_sent_twice(void) {
    assert_int_equal(number("SELECT count(*)-max(seq) FROM outbox"), 0);
    assert_int_equal(number("SELECT min(seq) FROM outbox"), 1);
    assert_int_equal(number("SELECT count(*) FROM (SELECT 1 FROM outbox WHERE kind>1"
                            " GROUP BY kind,key,revision,part HAVING count(*)>1)"),
                     0);
    assert_int_equal(number("SELECT count(*) FROM (SELECT 1 FROM record GROUP BY period,start"
                            " HAVING count(*)<>max(revision)+1)"),
                     0);
}

/* The quarter in which the store began is left out where records count: a clock step can lead a gap
 * to slots before it, which have none. */
static void every_quarter_is_the_sum_of_its_minutes(ms_t from, ms_t to) {
    for (ms_t q = from; q < to; q += QUARTER) {
        struct sums minutes, quarter;
        size_t n;
        sum_rows(SLOT_1M, q, q + QUARTER, &minutes);
        sum_rows(SLOT_15M, q, q + QUARTER, &quarter);
        if (!h.ratio_changed)
            assert_int_equal(quarter.parts, minutes.parts);
        assert_near(quarter.amount, minutes.amount, 1e-6);
        assert_near(sum_records(SLOT_15M, q, q + QUARTER, &n), quarter.amount, 1e-6);
        assert_int_equal(n, 1);
        if (q == from)
            continue;
        assert_near(sum_records(SLOT_1M, q, q + QUARTER, &n), minutes.amount, 1e-6);
        assert_int_equal(n, 15);
    }
}

static void every_hour_is_the_sum_of_its_quarters(ms_t from, ms_t to) {
    ms_t hour = floor_div(from, MS_PER_HOUR) * MS_PER_HOUR + MS_PER_HOUR;
    for (; hour + MS_PER_HOUR <= to; hour += MS_PER_HOUR) {
        struct sums quarters, rows;
        size_t n;
        sum_rows(SLOT_15M, hour, hour + MS_PER_HOUR, &quarters);
        sum_rows(SLOT_1H, hour, hour + MS_PER_HOUR, &rows);
        assert_near(rows.amount, quarters.amount, 1e-6);
        assert_near(sum_records(SLOT_1H, hour, hour + MS_PER_HOUR, &n), quarters.amount, 1e-6);
        assert_int_equal(n, 1);
    }
}

/* All closed slots and the open one are what the register has counted since it was first read. */
static void all_is_the_register_difference(void) {
    const struct counter *c = &h.rig.core.aggregate.feeds[GRID].counter[FEED_FORWARD];
    struct sums rows;
    assert_int_equal(c->total, h.last - h.first);
    if (h.ratio_changed)
        return;
    for (int p = 0; p < SLOT_OPEN_COUNT; p++) {
        sum_rows((enum slot_period)p, INT64_MIN, INT64_MAX, &rows);
        assert_int_equal(rows.parts, c->open[p].parts_start);
    }
    int64_t open = c->total * COUNTER_PARTS - c->parts;
    assert_true(open > -c->usual_step * COUNTER_PARTS);
}

static void run_history(uint64_t seed) {
    chance_state = seed;
    begin(T0 + random_long(60 * MINUTE), random_long(2) == 0 ? GRID_KW : (double)NAN);
    ms_t from = slot_edge(SLOT_15M, h.now);
    poll(true, 500);
    commit(true);
    for (int64_t i = 5 + random_long(20); i > 0; i--) {
        random_step();
    }
    polls(true, 3, 5000);
    go_to_edge(SLOT_15M);
    calm_down();
    ms_t to = slot_edge(SLOT_15M, h.rig.core.minute);
    all_is_the_register_difference();
    every_quarter_is_the_sum_of_its_minutes(from, to);
    every_hour_is_the_sum_of_its_quarters(from, to);
    nothing_was_sent_twice();
    rig_fini(&h.rig);
}

/* The device has closed its first minute, but the site has made no record of it. */
static void a_kill_before_the_first_record_leaves_no_hole(void **state) {
    (void)state;
    size_t n;
    begin(T0, (double)NAN);
    polls(true, 14, 4000);
    h.now = T0 + MINUTE;
    poll(true, 100);
    commit(true);
    assert_int_equal(number("SELECT count(*) FROM record"), 0);
    restart(40 * MINUTE);
    polls(true, 3, 5000);
    go_to_edge(SLOT_15M);
    calm_down();
    all_is_the_register_difference();
    every_quarter_is_the_sum_of_its_minutes(T0, T0 + 3 * QUARTER);
    sum_records(SLOT_1M, T0, T0 + MINUTE, &n);
    assert_int_equal(n, 1);
    rig_fini(&h.rig);
}

/* What was read after the clock had been stepped back comes from the store before what was read
 * earlier: the register seems to fall, five times. */
static void a_clock_step_and_a_kill_count_nothing_twice(void **state) {
    (void)state;
    begin(T0 + 500, GRID_KW);
    polls(true, 30, 1000);
    h.now -= 35000;
    polls(true, 3, 1000);
    restart(300);
    polls(true, 60, 1000);
    all_is_the_register_difference();
    nothing_was_sent_twice();
    rig_fini(&h.rig);
}

static uint64_t running; /* the seed of the history under way; 0: none */

static void random_histories_of_the_store_add_up(void **state) {
    (void)state;
    uint64_t seed = number_from("BUSBAR_SEED", CHANCE_SEED);
    uint64_t histories = number_from("BUSBAR_STORE_HISTORIES", HISTORIES_DEFAULT);
    print_message("BUSBAR_SEED=%" PRIu64 " BUSBAR_STORE_HISTORIES=%" PRIu64 "\n", seed, histories);
    for (uint64_t i = 0; i < histories; i++) {
        running = seed + i;
        run_history(seed + i);
    }
    running = 0;
}

static int name_the_failed_one(void **state) {
    (void)state;
    if (running != 0)
        print_error("it was BUSBAR_SEED=%" PRIu64 " BUSBAR_STORE_HISTORIES=1\n", running);
    return 0;
}

int main(void) {
    log_set_level(LOG_LEVEL_ERROR);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_kill_before_the_first_record_leaves_no_hole),
        cmocka_unit_test(a_clock_step_and_a_kill_count_nothing_twice),
        cmocka_unit_test_teardown(random_histories_of_the_store_add_up, name_the_failed_one)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
