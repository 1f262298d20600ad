/* The power is cut at every write of some minutes of the store's life: its making, a second's
 * commits, a closing hour, checkpoints, a reload, orders, a clean end and the next start. After
 * each cut the store opens, is whole, has everything that anybody was told of, and goes on counting
 * where the meters are.
 *
 * BUSBAR_SEED varies what a cut keeps; BUSBAR_CUT_WAYS is how many ways are tried at each write
 * (default 3), BUSBAR_CUT_DEEP every how manieth store runs on to its next quarter (default 40). */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "chance.h"
#include "cut_disk.h"
#include "store/db.h"
#include "store_rig.h"
#include "sys/log.h"

#define BEGIN       (T0 + 3 * QUARTER - 2 * MINUTE) /* an hour ends two minutes later */
#define MARKS_MAX   2000
#define SEQ_MAX     2000
#define PAGES_KEPT  60  /* of the WAL, before it is written back: many checkpoints */
#define NUMBERS_KWH 1.7 /* a step of the register (0.8) at both ends, and rounding */

/* What somebody knew when the mark was set. */
struct promise {
    ms_t now, epoch, raw; /* raw: time of the last reading committed; 0 none */
    uint64_t seq;         /* the highest one that a commit had returned for */
};

static struct {
    struct promise marks[MARKS_MAX];
    size_t count;
    struct promise told;
    uint64_t seen; /* by another reader, in the midst of a commit */
    sqlite3 *reader;
    uint64_t hashes[SEQ_MAX]; /* of the bodies, by seq */
    uint64_t last_seq;
    ms_t first_reading;
} story;

/* ---- the scenario ------------------------------------------------------------------------- */

static uint64_t head_of(sqlite3 *db) {
    int64_t head = 0;
    assert_int_equal(db_get_i64(db, "SELECT max(seq) FROM outbox", 0, &head), ERR_OK);
    return (uint64_t)head;
}

static void set_mark(void) {
    assert_true(story.count < MARKS_MAX);
    story.marks[story.count] = story.told;
    cut_disk_mark(story.count++);
}

/* Another program reads behind every write: what it sees is told. */
static void look(void) {
    if (!story.reader)
        return;
    uint64_t seq = head_of(story.reader);
    if (seq > story.told.seq) {
        story.told.seq = seq;
        set_mark();
    }
}

static void start_story(struct rig *g, ms_t now) {
    assert_int_equal(rig_open(g, now), ERR_OK);
    char pragma[64];
    snprintf(pragma, sizeof pragma, "PRAGMA wal_autocheckpoint=%d", PAGES_KEPT);
    assert_int_equal(db_exec(g->writer.db, pragma), ERR_OK);
    assert_int_equal(sqlite3_open(g->works.path, &story.reader), SQLITE_OK);
    story.told.now = now;
    story.told.epoch = g->writer.epoch;
    set_mark();
}

static void end_story(struct rig *g) {
    sqlite3_close(story.reader);
    story.reader = NULL;
    rig_kill(g);
}

static void commit_and_tell(struct rig *g, ms_t now) {
    rig_commit(g, now);
    story.told.now = now;
    story.told.raw = floor_div(now, 1000) * 1000 + 100; /* of its second's poll */
    story.told.seq = g->writer.seq_next - 1;
    writer_ack(&g->writer, "mqtt", g->writer.epoch, 1, story.told.seq / 2);
    set_mark();
}

static void live(struct rig *g, ms_t from, ms_t to) {
    for (ms_t s = from; s < to; s += 1000) {
        rig_poll_all(g, s + 100);
        core_second(&g->core, s + 500);
        commit_and_tell(g, s + 500);
    }
}

static void say_event(struct rig *g, ms_t at) {
    const struct event_body e = {
        .event = "device_down", .object = "grid", .severity = "warning", .state = "on", .at = at};
    core_event(&g->core, &e);
    core_flush(&g->core);
    rig_commit(g, at);
    story.told.now = at;
    story.told.seq = g->writer.seq_next - 1;
    set_mark();
}

static void reload(struct rig *g, ms_t now) {
    core_flush(&g->core);
    rig_commit(g, now);
    assert_int_equal(writer_set_site(&g->writer, &g->works.site), ERR_OK);
    assert_int_equal(core_set_site(&g->core, &g->works.site), ERR_OK);
}

/* The works' store lies in a folder in memory, if there is one. */
static void move_store(struct works *w, const char *folder) {
    snprintf(w->path, sizeof w->path, "%s/busbar.db", folder);
}

static void remember_bodies(const struct works *w) {
    static char *bodies[BODIES_MAX];
    static struct outbox_row rows[BODIES_MAX];
    size_t n = rig_bodies(w, bodies, rows);
    for (size_t i = 0; i < n; i++) {
        assert_true(rows[i].seq < SEQ_MAX);
        story.hashes[rows[i].seq] = hash_bytes(HASH_START, bodies[i], strlen(bodies[i]));
        story.last_seq = rows[i].seq;
        free(bodies[i]);
    }
}

static void tell_story(const char *folder) {
    static struct rig g;
    works_init(&g.works);
    move_store(&g.works, folder);
    cut_disk_record(folder, look);
    start_story(&g, BEGIN + 50);
    story.first_reading = BEGIN + 100;
    ms_t t = BEGIN;
    live(&g, t, t + 20000);
    say_event(&g, t + 20000);
    live(&g, t + 21000, t + 40000);
    reload(&g, t + 40000);
    live(&g, t + 41000, t + 2 * MINUTE + 15000); /* over the hour's end */
    end_story(&g);
    t += 2 * MINUTE + 15000;
    start_story(&g, t + 4000);                    /* some seconds are missing */
    live(&g, t + 5000, T0 + 4 * QUARTER + 15000); /* over the next quarter's end */
    cut_disk_stop();
    remember_bodies(&g.works);
    end_story(&g);
    works_fini(&g.works);
}

/* ---- after a cut -------------------------------------------------------------------------- */

struct last_seen {
    ms_t t;
};

static int on_reading(void *arg, const struct site *site, struct reading *r) {
    struct last_seen *l = arg;
    (void)site;
    if (r->utc_ms > l->t)
        l->t = r->utc_ms;
    return ERR_OK;
}

static void readings_are_there(const struct rig *g, const struct promise *p) {
    struct last_seen last = {0};
    struct reader *r;
    uint64_t bad = 0;
    assert_int_equal(reader_open(g->works.path, &r), ERR_OK);
    assert_int_equal(
        reader_readings(r, &(struct raw_query){.from = p->raw - 5000, .to = p->raw + 2000},
                        on_reading, &last, &bad),
        ERR_OK);
    reader_close(r);
    assert_int_equal(bad, 0);
    if (last.t < p->raw)
        fail_msg("the readings of %" PRId64 " were committed, the last one is of %" PRId64, p->raw,
                 last.t);
}

static void is_whole(struct rig *g, const struct promise *p) {
    sqlite3_stmt *s;
    sqlite3 *db = g->writer.db;
    assert_int_equal(sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(s, 0), "ok");
    sqlite3_finalize(s);
    if (p->epoch != 0)
        assert_int_equal(g->writer.epoch, p->epoch);
    int64_t missing = -1, floor = 0;
    assert_int_equal(
        db_get_i64(db, "SELECT ifnull(max(seq)-count(*),0)+ifnull(min(seq)-1,0) FROM outbox", -1,
                   &missing),
        ERR_OK);
    assert_int_equal(missing, 0);
    assert_int_equal(db_get_i64(db, "SELECT floor FROM cursor", 0, &floor), ERR_OK);
    assert_true((uint64_t)floor <= head_of(db));
}

static void messages_are_there(const struct rig *g, const struct promise *p) {
    static struct outbox_row rows[SEQ_MAX];
    static char memory[BODY_MAX];
    struct buf b;
    struct reader *r;
    assert_int_equal(reader_open(g->works.path, &r), ERR_OK);
    int n = reader_outbox(r, "nobody", p->seq > 8 ? p->seq - 8 : 0, rows, SEQ_MAX);
    assert_true(n >= 0);
    uint64_t last = n > 0 ? rows[n - 1].seq : 0;
    if (last < p->seq)
        fail_msg("seq %" PRIu64 " was told of, the store has %" PRIu64, p->seq, last);
    buf_init(&b, memory, sizeof memory);
    for (int i = 0; i < n; i++) {
        assert_int_equal(reader_body(r, &rows[i], &b), ERR_OK);
        assert_true(rows[i].seq <= story.last_seq);
        assert_true(story.hashes[rows[i].seq] == hash_bytes(HASH_START, b.data, b.len));
    }
    reader_close(r);
}

/* Import of all minutes from the first to before edge, newest revisions. */
static double minutes_kwh(const struct works *w, ms_t edge) {
    static double kwh[6 * 60];
    json_t *all = rig_messages(w, OUTBOX_RECORD_1M);
    size_t i, last = 0;
    const json_t *m;
    memset(kwh, 0, sizeof kwh);
    json_array_foreach(all, i, m) {
        int minute = 0, hour = 0;
        assert_int_equal(sscanf(text_at(m, "start"), "%*10cT%2d:%2d", &hour, &minute), 2);
        size_t k = (size_t)(60 * hour + minute) % (6 * 60);
        double v = number_at(m, "energy_kwh/import");
        kwh[k] = isnan(v) ? 0.0 : v; /* a later revision replaces an earlier one */
        last = k > last ? k : last;
    }
    json_decref(all);
    double sum = 0.0;
    size_t end = (size_t)(edge / MINUTE) % (6 * 60);
    assert_true(last + 1 >= end);
    for (i = 0; i < end; i++)
        sum += kwh[i];
    return sum;
}

/* Goes on to the end of a quarter: what was counted before the cut, in it and after it is there. */
static void counts_on(struct rig *g, ms_t now) {
    ms_t edge = slot_edge(SLOT_15M, now) + QUARTER;
    for (ms_t s = floor_div(now, 1000) * 1000; s < edge + 40000; s += 20000) {
        rig_poll_all(g, s + 100);
        core_second(&g->core, s + 500);
        rig_commit(g, s + 500);
    }
    for (int i = 0; i < 100 && g->writer.more; i++)
        rig_commit(g, edge + 41000 + i);
    double truth = 80.0 * (grid_register(edge) - grid_register(story.first_reading));
    double found = minutes_kwh(&g->works, edge);
    if (fabs(found - truth) > NUMBERS_KWH)
        fail_msg("the minutes have %.3f kWh, the register counted %.3f", found, truth);
}

static void survives(const char *folder, const struct promise *p, bool deep) {
    static struct rig g;
    works_init(&g.works);
    move_store(&g.works, folder);
    ms_t now = (p->now ? p->now : BEGIN) + 7000;
    assert_int_equal(rig_open(&g, now), ERR_OK);
    is_whole(&g, p);
    if (p->seq > 0)
        messages_are_there(&g, p);
    if (p->raw > 0)
        readings_are_there(&g, p);
    if (deep && p->raw > 0)
        counts_on(&g, now);
    rig_fini(&g);
}

/* ---- every write -------------------------------------------------------------------------- */

static char recorded[64], image[64];
static struct {
    size_t operations, cuts, deep, kinds[CUT_MARK + 1];
    enum cut_way way;
    size_t sector;
} run;

static void empty(const char *folder) {
    static const char *const names[] = {"busbar.db", "busbar.db-wal", "busbar.db-shm",
                                        "busbar.db-journal", "busbar.db.lock"};
    char path[128];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        unlink(path);
    }
}

static void cut(const struct promise *p, uint64_t ways, uint64_t deep_every) {
    for (uint64_t i = 0; i < ways; i++) {
        run.way = i == 0 ? (one_in(2) ? CUT_KEEP_SOME : CUT_KEEP_NONE)
                         : (enum cut_way)random_long(CUT_WAYS);
        run.sector = one_in(2) ? 512 : 4096;
        bool deep = one_in((int32_t)deep_every);
        empty(image);
        cut_disk_write(image, run.way, run.sector);
        survives(image, p, deep);
        run.cuts++;
        run.deep += deep;
    }
}

static void whatever_was_told_of_survives_a_cut_at_every_write(void **state) {
    (void)state;
    uint64_t seed = number_from("BUSBAR_SEED", CHANCE_SEED);
    uint64_t ways = number_from("BUSBAR_CUT_WAYS", 3);
    uint64_t deep_every = number_from("BUSBAR_CUT_DEEP", 40);
    struct promise told = {0};
    enum cut_kind kind;
    size_t mark;
    print_message("BUSBAR_SEED=%" PRIu64 " BUSBAR_CUT_WAYS=%" PRIu64 " BUSBAR_CUT_DEEP=%" PRIu64
                  "\n",
                  seed, ways, deep_every);
    chance_state = seed;
    tell_story(recorded);
    cut_disk_rewind();
    while (cut_disk_next(&kind, &mark)) {
        run.kinds[kind]++;
        run.operations++;
        if (kind == CUT_MARK)
            told = story.marks[mark];
        cut(&told, ways, deep_every);
    }
    print_message("%zu writes, %zu truncations, %zu syncs, %zu deletions; %zu cuts, %zu went on to "
                  "the next quarter; %" PRIu64 " messages\n",
                  run.kinds[CUT_WRITE], run.kinds[CUT_TRUNCATE], run.kinds[CUT_SYNC],
                  run.kinds[CUT_DELETE], run.cuts, run.deep, story.last_seq);
    run.operations = 0;
    assert_true(run.kinds[CUT_WRITE] > 1000 && run.kinds[CUT_SYNC] > 150);
}

static int make_folders(void **state) {
    (void)state;
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(recorded, sizeof recorded, "%s/busbar-story-XXXXXX", base);
    snprintf(image, sizeof image, "%s/busbar-cut-XXXXXX", base);
    return mkdtemp(recorded) && mkdtemp(image) ? 0 : -1;
}

static int remove_folders(void **state) {
    (void)state;
    if (run.operations > 0)
        print_error("it was the cut behind operation %zu, way %d, sectors of %zu\n", run.operations,
                    (int)run.way, run.sector);
    cut_disk_free();
    empty(recorded);
    empty(image);
    rmdir(recorded);
    rmdir(image);
    return 0;
}

int main(void) {
    log_set_level(LOG_LEVEL_ERROR);
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(
        whatever_was_told_of_survives_a_cut_at_every_write, make_folders, remove_folders)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
