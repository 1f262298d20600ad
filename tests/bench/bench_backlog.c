/* Fills the store of a site with the records of days that nobody took: readings of all devices
 * through the historian's core and a real SQLite file, with a clock of its own that ends now.
 *
 * usage: bench_backlog SITE DAYS DATA_DIR
 * Each device is read once a poll_ms of the first one. Nothing is synced: what a power cut would
 * lose is made again. Raw rows are dropped: they are no part of a backlog. Prints one JSON line. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "config/config.h"
#include "meter/decode.h"
#include "store/core.h"
#include "store/db.h"
#include "sys/log.h"

#define COMMIT_EVERY 10 /* polls */

static void must(int err, const char *what) {
    if (err >= 0)
        return;
    fprintf(stderr, "bench_backlog: %s: %s\n", what, err_str(err));
    exit(1);
}

static struct site *load(const char *file, const char *data_dir) {
    struct config_errors errors;
    struct site *site = NULL;
    config_errors_init(&errors);
    int err = config_load_site(file, data_dir, &errors, &site);
    config_errors_print(&errors, stderr);
    config_errors_free(&errors);
    must(err, file);
    return site;
}

/* Values of a size as meters have them, no two alike. */
static void fill(struct reading *r, const struct site *site, size_t device, ms_t now) {
    const struct device_profile *p = site->devices[device].profile;
    reading_init(r, (uint32_t)device, p->point_count, p->image_registers);
    r->kind = READING_POLL;
    r->utc_ms = now + (ms_t)device;
    double phase = (double)now / 7e6 + (double)device;
    for (size_t i = 0; i < p->point_count; i++) {
        double v = 230.0 + 0.1 * (double)i + 12.3 * sin(phase + (double)i);
        if (encode_value(&p->points[i], v, 1.0, reading_registers(r) + p->points[i].image_offset) ==
            ERR_OK)
            reading_quality(r)[i] = QUALITY_GOOD;
    }
}

static void run(struct core *c, struct writer *w, const struct site *site, ms_t from, ms_t to) {
    const struct device_profile *p = site->devices[0].profile;
    struct reading *r = malloc(reading_size(p->point_count, p->image_registers));
    must(r ? ERR_OK : ERR_NOMEM, "a reading");
    ms_t step = site->devices[0].poll_ms;
    int polls = 0;
    bool news;
    for (ms_t now = from; now < to; now += step) {
        for (size_t d = 0; d < site->device_count; d++) {
            fill(r, site, d, now);
            core_reading(c, r);
        }
        core_second(c, now + 500);
        if (++polls % COMMIT_EVERY == 0)
            must(writer_commit(w, now + 500, &news), "commit");
    }
    must(writer_commit(w, to, &news), "commit");
    free(r);
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fputs("usage: bench_backlog SITE DAYS DATA_DIR\n", stderr);
        return 2;
    }
    static struct writer w;
    static struct core c;
    log_set_level(LOG_LEVEL_WARN);
    struct site *site = load(argv[1], argv[3]);
    must(clock_set_zone(site->timezone), "time zone");
    ms_t to = slot_edge(SLOT_1M, clock_now().utc_us / US_PER_MS);
    ms_t from = to - (ms_t)(strtod(argv[2], NULL) * 86400e3);
    must(writer_open(&w, site->store.path, from), "store");
    must(db_exec(w.db, "PRAGMA synchronous=OFF"), "store");
    must(writer_set_site(&w, site), "site in the store");
    must(core_init(&c, site, NULL, &w, from), "core");
    run(&c, &w, site, from, to);
    must(db_exec(w.db, "DELETE FROM raw"), "raw rows");
    printf("{\"case\": \"backlog\", \"devices\": %zu, \"rows\": %llu, \"records\": %llu}\n",
           site->device_count, (unsigned long long)(w.seq_next - 1), (unsigned long long)w.records);
    core_fini(&c);
    writer_close(&w);
    site_free(site);
    return 0;
}
