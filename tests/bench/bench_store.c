/* What the store costs: METERS_DEVICES devices x METERS_POINTS points at 1 Hz through the
 * historian's core and a real SQLite file, with a clock of its own, as fast as it goes.
 *
 * usage: bench_store [SECONDS [minute_devices]]
 * SECONDS: 3700 unless given, so that an hour is closed too. The run begins 40 s before
 * midnight; what closes then is not measured. Prints one JSON line. CPU is that of the thread (user
 * and kernel).
 *
 * Closing costs are what the first CLOSE_S seconds after an edge cost more than the mean of the
 * other seconds: devices close with their first reading beyond the edge, their rows are committed
 * half a second later, the record is made when the grace of the slot is over. */
#include <inttypes.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "bench_meters.h"
#include "meter/decode.h"
#include "store/core.h"
#include "store/slot_code.h"
#include "sys/log.h"

#define START_MS ((ms_t)1772294400000 - 40000) /* midnight of 2026-03-01 at +08:00, less 40 s */
#define WARM_S   40
#define CLOSE_S  5
#define SAMPLES  ((double)METERS_DEVICES * METERS_POINTS) /* a second */

/* ---- allocations: linked with --wrap, so only what the project itself asks for is counted ---- */

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *old, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *old, size_t n);

static uint64_t allocations;

void *__wrap_malloc(size_t n) {
    allocations++;
    return __real_malloc(n);
}

void *__wrap_calloc(size_t count, size_t n) {
    allocations++;
    return __real_calloc(count, n);
}

void *__wrap_realloc(void *old, size_t n) {
    allocations++;
    return __real_realloc(old, n);
}

/* ---- what is measured -------------------------------------------------------------------- */

enum kind { PLAIN, MINUTE, QUARTER, HOUR, KINDS };

struct cost {
    double readings_us, second_us, commit_us;
};

struct bench {
    struct meters *meters;
    const struct site *site;
    struct live *live;
    struct writer writer;
    struct core core;
    struct aggregate alone; /* the aggregation by itself: no raw rows, its slots go nowhere */
    struct sample samples[METERS_POINTS];
    ms_t now;
    /* sums by kind of second */
    struct cost cost[KINDS];
    uint64_t seconds[KINDS], edges[KINDS], reading_allocations, commit_allocations[KINDS];
    double worst_commit_us;
    double decode_us, alone_us, alone_close_us[KINDS]; /* alone_us: of plain seconds */
    uint64_t written_bytes;
};

static double cpu_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Bytes given to write() so far: database, WAL and checkpoints. */
static uint64_t written(void) {
    char line[80];
    uint64_t n = 0;
    FILE *f = fopen("/proc/self/io", "r");
    while (f && fgets(line, sizeof line, f))
        if (strncmp(line, "wchar: ", 7) == 0)
            n = strtoull(line + 7, NULL, 10);
    if (f)
        fclose(f);
    return n;
}

static enum kind edge_kind(ms_t t) {
    bool quarter = t % slot_ms(SLOT_15M) == 0, hour = t % (4 * slot_ms(SLOT_15M)) == 0;
    return hour ? HOUR : quarter ? QUARTER : MINUTE;
}

static enum kind second_kind(ms_t second) {
    ms_t minute = slot_edge(SLOT_1M, second);
    return second - minute < (ms_t)CLOSE_S * MS_PER_S ? edge_kind(minute) : PLAIN;
}

static void must(int err, const char *what) {
    if (err >= 0)
        return;
    fprintf(stderr, "bench_store: %s: %s\n", what, err_str(err));
    exit(1);
}

/* ---- sinks of the aggregation by itself --------------------------------------------------- */

static int drop_slot(void *arg, enum slot_period p, ms_t start, size_t device, const uint8_t *body,
                     size_t n) {
    (void)arg, (void)p, (void)start, (void)device, (void)body, (void)n;
    return ERR_OK;
}
static void drop_checkpoint(void *arg, size_t device, const uint8_t *body, size_t n) {
    (void)arg, (void)device, (void)body, (void)n;
}
static int drop_gap(void *arg, const struct gap_entry *g) {
    (void)arg, (void)g;
    return ERR_OK;
}
static void drop_ledger(void *arg, size_t device, ms_t at, const struct ledger_entry *e) {
    (void)arg, (void)device, (void)at, (void)e;
}
static void drop_event(void *arg, const struct event_body *e) {
    (void)arg, (void)e;
}

/* ---- the run ------------------------------------------------------------------------------ */

static void open_all(struct bench *b, bool minute_devices) {
    static const struct aggregate_sink drop = {.slot = drop_slot,
                                               .checkpoint = drop_checkpoint,
                                               .gap = drop_gap,
                                               .ledger = drop_ledger,
                                               .event = drop_event};
    must(meters_new(BENCH_DATA_DIR, START_MS, METERS_DEVICES, minute_devices, &b->meters), "site");
    b->site = meters_site(b->meters);
    must(clock_set_zone(b->site->timezone), "time zone");
    b->live = live_new(b->site->point_count);
    must(b->live ? ERR_OK : ERR_NOMEM, "live values");
    must(writer_open(&b->writer, b->site->store.path, START_MS), "store");
    must(writer_set_site(&b->writer, b->site), "site in the store");
    must(core_init(&b->core, b->site, b->live, &b->writer, START_MS), "core");
    must(aggregate_init(&b->alone, b->site, 1, b->live, &drop, START_MS), "aggregate");
}

static void close_all(struct bench *b) {
    aggregate_fini(&b->alone);
    core_fini(&b->core);
    writer_close(&b->writer);
    live_free(b->live);
    meters_free(b->meters);
}

static void run_core(struct bench *b, enum kind kind, bool measured) {
    bool news;
    uint64_t before = allocations;
    double t0 = cpu_us();
    for (size_t i = 0; i < METERS_DEVICES; i++)
        core_reading(&b->core, meters_reading(b->meters, i));
    double t1 = cpu_us();
    uint64_t after_readings = allocations;
    core_second(&b->core, b->now + 500);
    double t2 = cpu_us();
    must(writer_commit(&b->writer, b->now + 500, &news), "commit");
    double t3 = cpu_us();
    if (!measured)
        return;
    b->reading_allocations += after_readings - before;
    b->commit_allocations[kind] += allocations - after_readings;
    b->cost[kind].readings_us += t1 - t0;
    b->cost[kind].second_us += t2 - t1;
    b->cost[kind].commit_us += t3 - t2;
    b->worst_commit_us = fmax(b->worst_commit_us, t3 - t2);
    b->seconds[kind]++;
    if (kind != PLAIN && b->now % slot_ms(SLOT_1M) == 0)
        b->edges[kind]++;
}

static void run_alone(struct bench *b, enum kind kind, bool measured) {
    double t0 = cpu_us();
    if (b->now % slot_ms(SLOT_1M) == 0)
        for (size_t i = 0; i < METERS_DEVICES; i++)
            aggregate_close_minute(&b->alone, i);
    double t1 = cpu_us();
    for (size_t i = 0; i < METERS_DEVICES; i++)
        aggregate_reading(&b->alone, meters_reading(b->meters, i));
    double t2 = cpu_us();
    for (size_t i = 0; i < METERS_DEVICES; i++)
        decode_reading(&b->site->devices[i], meters_reading(b->meters, i), b->samples);
    double t3 = cpu_us();
    if (!measured)
        return;
    b->alone_close_us[kind] += kind != PLAIN ? t1 - t0 : 0.0;
    if (kind != PLAIN)
        return;
    b->alone_us += t2 - t1;
    b->decode_us += t3 - t2;
}

/* ---- what came of it ---------------------------------------------------------------------- */

static double mean(double sum, uint64_t n) {
    return n > 0 ? sum / (double)n : (double)NAN;
}

static void put(const char *name, double v, int decimals) {
    if (!isnan(v))
        printf(", \"%s\": %.*f", name, decimals, v);
}

/* Beyond what plain seconds cost, in ms an edge. */
static double extra_ms(const struct bench *b, enum kind k, double sum, double plain_sum) {
    double usual = mean(plain_sum, b->seconds[PLAIN]) * (double)b->seconds[k];
    return mean(sum - usual, b->edges[k]) / 1e3;
}

static void print_closing(const struct bench *b, enum kind k, const char *name) {
    char key[64];
    const struct cost *c = &b->cost[k], *p = &b->cost[PLAIN];
    double parts[] = {extra_ms(b, k, c->readings_us, p->readings_us),
                      extra_ms(b, k, c->second_us, p->second_us),
                      extra_ms(b, k, c->commit_us, p->commit_us)};
    snprintf(key, sizeof key, "close_%s_ms", name);
    put(key, parts[0] + parts[1] + parts[2], 2);
    snprintf(key, sizeof key, "close_%s_aggregate_ms", name);
    put(key, mean(b->alone_close_us[k], b->edges[k]) / 1e3, 2);
    snprintf(key, sizeof key, "close_%s_commit_ms", name);
    put(key, parts[2], 2);
}

/* Rows of a period: how many a device and slot, bytes of one, and bytes a raw sample. */
static double print_rows(const struct bench *b, enum slot_period p) {
    sqlite3_stmt *s = NULL;
    char key[64];
    double per_sample = 0.0;
    int rc = sqlite3_prepare_v2(b->writer.db,
                                "SELECT count(*),count(DISTINCT start),total(length(body))"
                                " FROM slot WHERE period=? AND start>=?",
                                -1, &s, NULL);
    must(rc == SQLITE_OK ? ERR_OK : ERR_IO, "rows");
    sqlite3_bind_int64(s, 1, slot_code(p));
    sqlite3_bind_int64(s, 2, START_MS + (ms_t)WARM_S * MS_PER_S);
    if (sqlite3_step(s) == SQLITE_ROW && sqlite3_column_int64(s, 1) > 0) {
        double rows = sqlite3_column_double(s, 0), slots = sqlite3_column_double(s, 1);
        double bytes = sqlite3_column_double(s, 2);
        per_sample = bytes / rows / ((double)slot_code(p) * METERS_POINTS);
        snprintf(key, sizeof key, "rows_%s", slot_name(p));
        put(key, rows / slots / METERS_DEVICES, 3);
        snprintf(key, sizeof key, "row_bytes_%s", slot_name(p));
        put(key, bytes / rows, 1);
    }
    sqlite3_finalize(s);
    return per_sample;
}

static double one_number(const struct bench *b, const char *sql) {
    sqlite3_stmt *s = NULL;
    double v = (double)NAN;
    if (sqlite3_prepare_v2(b->writer.db, sql, -1, &s, NULL) == SQLITE_OK &&
        sqlite3_step(s) == SQLITE_ROW)
        v = sqlite3_column_double(s, 0);
    sqlite3_finalize(s);
    return v;
}

static void report(const struct bench *b, int seconds) {
    const struct cost *plain = &b->cost[PLAIN];
    double plain_s = (double)b->seconds[PLAIN], measured = (double)(seconds - WARM_S) * SAMPLES;
    printf("{\"case\": \"store\", \"seconds\": %d, \"devices\": %d, \"points\": %d", seconds,
           METERS_DEVICES, METERS_POINTS);
    put("reading_us_per_sample", plain->readings_us / plain_s / SAMPLES, 3);
    put("aggregate_us_per_sample", b->alone_us / plain_s / SAMPLES, 3);
    put("decode_us_per_sample", b->decode_us / plain_s / SAMPLES, 3);
    put("second_ms", plain->second_us / plain_s / 1e3, 2);
    put("commit_ms", plain->commit_us / plain_s / 1e3, 2);
    print_closing(b, MINUTE, "minute");
    print_closing(b, QUARTER, "quarter");
    print_closing(b, HOUR, "hour");
    put("worst_commit_ms", b->worst_commit_us / 1e3, 1);
    put("allocations_per_sample", (double)b->reading_allocations / measured, 6);
    put("allocations_plain_second", mean((double)b->commit_allocations[PLAIN], b->seconds[PLAIN]),
        1);
    put("allocations_minute", mean((double)b->commit_allocations[MINUTE], b->edges[MINUTE]), 1);
    double slots = print_rows(b, SLOT_1M) + print_rows(b, SLOT_15M) + print_rows(b, SLOT_1H);
    put("slot_bytes_per_sample", slots, 3);
    put("raw_bytes_per_sample",
        one_number(b, "SELECT total(length(body)) FROM raw") / ((double)seconds * SAMPLES), 3);
    put("file_bytes_per_sample",
        one_number(b, "SELECT page_count*page_size FROM pragma_page_count(),pragma_page_size()") /
            ((double)seconds * SAMPLES),
        3);
    put("written_bytes_per_sample", (double)b->written_bytes / measured, 2);
    printf("}\n");
}

int main(int argc, char **argv) {
    static struct bench b;
    int seconds = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 3700;
    bool minute_devices = argc > 2 && strcmp(argv[2], "minute_devices") == 0;
    if (seconds < WARM_S + 70) {
        fprintf(stderr, "bench_store: %d s at least\n", WARM_S + 70);
        return 2;
    }
    log_set_level(LOG_LEVEL_WARN);
    open_all(&b, minute_devices);
    for (int s = 0; s < seconds; s++) {
        if (s == WARM_S)
            b.written_bytes = written();
        meters_second(b.meters, &b.now);
        enum kind kind = second_kind(b.now);
        run_core(&b, kind, s >= WARM_S + CLOSE_S);
        run_alone(&b, kind, s >= WARM_S + CLOSE_S);
    }
    b.written_bytes = written() - b.written_bytes;
    report(&b, seconds);
    close_all(&b);
    return 0;
}
