/* What history costs: 100 (or so many) meters x 30 points at 1 Hz (load/gen_readings.h, seed 42)
 * through the historian's core, the store and the packing of old readings; then bytes on disk,
 * bytes written and processor time a sample, and how long one point's readings take to come back.
 *
 * usage: bench_pack [SECONDS [DEVICES]]: prints one line of JSON. With a first argument of 0: the
 * records of 31 days instead, a reading a minute, and how long a month of quarters takes. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "bench_meters.h"
#include "store/compact.h"
#include "store/core.h"
#include "store/reader.h"
#include "sys/log.h"

#define START_MS 1767225600000 /* 2026-01-01T00:00:00Z */

struct bench {
    struct meters *meters;
    const struct site *site;
    struct live *live;
    struct writer writer;
    struct core core;
    struct compact compact;
    size_t devices;
    ms_t now;
    double cpu_us, pack_us, worst_step_us;
};

static double clock_us(clockid_t which) {
    struct timespec t;
    clock_gettime(which, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static double cpu_us(void) {
    return clock_us(CLOCK_THREAD_CPUTIME_ID);
}

static double written(void) {
    FILE *f = fopen("/proc/self/io", "r");
    char line[128];
    double n = (double)NAN;
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "write_bytes:", 12) == 0)
            n = strtod(line + 12, NULL);
    if (f)
        fclose(f);
    return n;
}

static void must(int err, const char *what) {
    if (err >= 0)
        return;
    fprintf(stderr, "bench_pack: %s: %s\n", what, err_str(err));
    exit(1);
}

static void one_second(struct bench *b) {
    bool news, more;
    meters_second(b->meters, &b->now);
    double t0 = cpu_us();
    for (size_t i = 0; i < b->devices; i++)
        core_reading(&b->core, meters_reading(b->meters, i));
    core_second(&b->core, b->now + 500);
    must(writer_commit(&b->writer, b->now + 500, &news), "commit");
    double t1 = cpu_us();
    ms_t before = b->now - COMPACT_HOLD_MS;
    must(
        compact_step(&b->compact, before < b->core.minute ? before : b->core.minute, b->now, &more),
        "packing");
    double t2 = cpu_us();
    b->cpu_us += t2 - t0;
    b->pack_us += t2 - t1;
    b->worst_step_us = fmax(b->worst_step_us, t2 - t1);
}

static double number(const struct bench *b, const char *sql) {
    sqlite3_stmt *s = NULL;
    double v = (double)NAN;
    if (sqlite3_prepare_v2(b->writer.db, sql, -1, &s, NULL) == SQLITE_OK &&
        sqlite3_step(s) == SQLITE_ROW)
        v = sqlite3_column_double(s, 0);
    sqlite3_finalize(s);
    return v;
}

static void put(const char *name, double v, int decimals) {
    printf(", \"%s\": %.*f", name, decimals, v);
}

static int count(void *arg, const struct site *site, struct reading *r) {
    (void)site;
    (void)r;
    ++*(uint64_t *)arg;
    return ERR_OK;
}

/* One point of everything that is there, as a query of the page asks it. */
static void query(struct bench *b, const char *name) {
    struct reader *r;
    uint64_t readings = 0, bad = 0;
    char key[64];
    must(reader_open(b->site->store.path, &r), "reader");
    const struct raw_query q = {
        .from = 0, .to = INT64_MAX / 2, .device = "d5", .point = "active_power.total"};
    double t0 = clock_us(CLOCK_MONOTONIC);
    must(reader_readings(r, &q, count, &readings, &bad), "query");
    double t1 = clock_us(CLOCK_MONOTONIC);
    snprintf(key, sizeof key, "%s_readings", name);
    put(key, (double)readings, 0);
    snprintf(key, sizeof key, "%s_ms", name);
    put(key, (t1 - t0) / 1e3, 1);
    reader_close(r);
}

/* What a day keeps, by table, for the sum of a year. */
static void tables(struct bench *b, int seconds) {
    static const char *const what[][2] = {
        {"raw", "SELECT total(pgsize) FROM dbstat WHERE name IN('raw','chunk',"
                "'sqlite_autoindex_chunk_1')"},
        {"slots_1m", "SELECT total(length(body)+16) FROM slot WHERE period=60"},
        {"slots_15m", "SELECT total(length(body)+16) FROM slot WHERE period=900"},
        {"records_1m", "SELECT total(length(body)+length(facts)+40) FROM record WHERE period=60"},
        {"records_15m", "SELECT total(length(body)+length(facts)+40) FROM record WHERE period=900"},
        {"all", "SELECT (page_count-freelist_count)*page_size FROM pragma_page_count(),"
                "pragma_freelist_count(),pragma_page_size()"}};
    char key[64];
    for (size_t i = 0; i < sizeof what / sizeof what[0]; i++) {
        snprintf(key, sizeof key, "%s_kb_per_day", what[i][0]);
        put(key, number(b, what[i][1]) / 1e3 * 86400.0 / seconds, 1);
    }
}

static void report(struct bench *b, int seconds, double bytes_written) {
    double samples = (double)seconds * (double)b->devices * METERS_POINTS;
    bool more = true;
    printf("{\"case\": \"pack\", \"seconds\": %d, \"devices\": %zu, \"points\": %d", seconds,
           b->devices, METERS_POINTS);
    put("written_bytes_per_sample", bytes_written / samples, 2);
    put("cpu_s_per_million_samples", b->cpu_us / samples, 3);
    put("packing_cpu_s_per_million_samples", b->pack_us / samples, 3);
    put("worst_step_ms", b->worst_step_us / 1e3, 1);
    while (more) /* what is younger too: the bytes of all the readings */
        must(compact_step(&b->compact, b->now + MS_PER_DAY, b->now, &more), "packing");
    put("packed_blob_bytes_per_sample",
        number(b, "SELECT total(length(body)) FROM chunk") / samples, 3);
    put("stored_bytes_per_sample",
        number(b, "SELECT total(pgsize) FROM dbstat WHERE name IN('raw','chunk',"
                  "'sqlite_autoindex_chunk_1')") /
            samples,
        3);
    put("slot_bytes_per_sample",
        number(b, "SELECT total(pgsize) FROM dbstat WHERE name='slot'") / samples, 3);
    tables(b, seconds);
    put("chunks", number(b, "SELECT count(*) FROM chunk"), 0);
    query(b, "point");
    printf("}\n");
}

static int count_facts(void *arg, const struct slot_facts *f) {
    double *sum = arg;
    sum[0] += 1.0;
    sum[1] += f->energy_kwh[0];
    return ERR_OK;
}

/* A month of records, then the energies of its quarters as a page asks for them. */
static void month(struct bench *b) {
    bool news;
    const int minutes = 31 * 24 * 60;
    for (int m = 0; m < minutes; m++) {
        meters_skip(b->meters, 60);
        meters_second(b->meters, &b->now);
        for (size_t i = 0; i < b->devices; i++)
            core_reading(&b->core, meters_reading(b->meters, i));
        core_second(&b->core, b->now + 500);
        must(writer_commit(&b->writer, b->now + 500, &news), "commit");
    }
    struct reader *r;
    double sum[2] = {0.0, 0.0};
    uint64_t bad = 0;
    must(reader_open(b->site->store.path, &r), "reader");
    double t0 = clock_us(CLOCK_MONOTONIC);
    must(reader_facts(r, b->site, SLOT_15M, -1, START_MS, START_MS + 31 * MS_PER_DAY, count_facts,
                      sum, &bad),
         "query");
    double t1 = clock_us(CLOCK_MONOTONIC);
    reader_close(r);
    printf("{\"case\": \"month\", \"devices\": %zu", b->devices);
    put("quarters", sum[0], 0);
    put("quarters_ms", (t1 - t0) / 1e3, 1);
    printf("}\n");
}

int main(int argc, char **argv) {
    static struct bench b;
    int seconds = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 3600;
    b.devices = argc > 2 ? strtoul(argv[2], NULL, 10) : 100;
    if (b.devices < 6 || b.devices > METERS_DEVICES) {
        fputs("bench_pack: 6 to 1000 devices\n", stderr);
        return 2;
    }
    log_set_level(LOG_LEVEL_WARN);
    must(meters_new(BENCH_DATA_DIR, START_MS, b.devices, false, &b.meters), "site");
    b.site = meters_site(b.meters);
    must(clock_set_zone(b.site->timezone), "time zone");
    b.live = live_new(b.site->point_count);
    must(b.live ? ERR_OK : ERR_NOMEM, "live values");
    must(writer_open(&b.writer, b.site->store.path, START_MS), "store");
    must(writer_set_site(&b.writer, b.site), "site in the store");
    must(core_init(&b.core, b.site, b.live, &b.writer, START_MS), "core");
    compact_init(&b.compact, b.writer.db);
    double before = written();
    for (int s = 0; s < seconds; s++)
        one_second(&b);
    if (seconds > 0)
        report(&b, seconds, written() - before);
    else
        month(&b);
    compact_fini(&b.compact);
    core_fini(&b.core);
    writer_close(&b.writer);
    live_free(b.live);
    meters_free(b.meters);
    return 0;
}
