#include "reload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acquire/acquire.h"
#include "base/err.h"
#include "config/config.h"
#include "config/diff.h"
#include "store/historian.h"
#include "sys/clock.h"
#include "sys/log.h"

#define HISTORY_US     (30 * (us_t)US_PER_S)
#define DIFF_LINES_MAX 40

int load_site(const struct gateway *g, struct site **ret_site) {
    struct config_errors errors;
    config_errors_init(&errors);
    int rc = config_load_site(g->config_file, g->data_dir, &errors, ret_site);
    config_errors_print(&errors, stderr);
    config_errors_free(&errors);
    return rc;
}

/* ---- how reads go ---------------------------------------------------------------------------- */

static void count_reads(const struct gateway *g, struct read_counts *out) {
    for (size_t i = 0; i < g->site->device_count; i++) {
        struct acquire_device_stats s = {0};
        acquire_device_stats(g->acquire, i, &s);
        out[i] = (struct read_counts){.asked = s.values_asked, .good = s.values_good};
    }
}

static void free_history(struct read_history *h) {
    free(h->older);
    free(h->newer);
    *h = (struct read_history){0};
}

/* The counts of acquire begin at 0, and so does this. */
static int new_history(const struct site *site, struct read_history *ret) {
    struct read_history h = {.older = calloc(site->device_count + 1, sizeof *h.older),
                             .newer = calloc(site->device_count + 1, sizeof *h.newer),
                             .newer_us = clock_now().mono_us};
    if (h.older == NULL || h.newer == NULL) {
        free_history(&h);
        return ERR_NOMEM;
    }
    *ret = h;
    return ERR_OK;
}

static void follow_reads(struct gateway *g, us_t now) {
    if (g->reads.newer == NULL && new_history(g->site, &g->reads) < 0)
        return; /* then a reload is not compared with anything: the next second tries again */
    if (now - g->reads.newer_us < HISTORY_US)
        return;
    struct read_counts *oldest = g->reads.older;
    g->reads.older = g->reads.newer;
    g->reads.newer = oldest;
    count_reads(g, g->reads.newer);
    g->reads.newer_us = now;
}

/* What came in the last 30 to 60 s; to be freed. */
static struct read_counts *recent_reads(const struct gateway *g) {
    struct read_counts *c = calloc(g->site->device_count + 1, sizeof *c);
    if (c == NULL || g->reads.older == NULL)
        return c;
    count_reads(g, c);
    for (size_t i = 0; i < g->site->device_count; i++) {
        c[i].asked -= g->reads.older[i].asked;
        c[i].good -= g->reads.older[i].good;
    }
    return c;
}

/* ---- another site -----------------------------------------------------------------------------
 */

/* The shells work on `next`; the one before stays the caller's. */
static int activate(struct gateway *g, struct site *next) {
    acquire_stop(g->acquire);
    g->acquire = NULL;
    stop_web(g);
    stop_deliver(g);
    stop_publish(g);
    pthread_mutex_lock(&g->site_lock);
    g->site = next;
    pthread_mutex_unlock(&g->site_lock);
    g->site_version++;
    historian_set_site(g->historian, next, g->site_version);
    free_history(&g->reads);
    int rc = acquire_start(g->site, g->site_version, g->readings, &g->acquire);
    if (rc == ERR_OK)
        rc = start_publish(g);
    if (rc == ERR_OK) {
        start_deliver(g);
        start_web(g);
    }
    return rc;
}

static void tell(const struct gateway *g, const char *event, const char *severity,
                 const char *note) {
    historian_event(g->historian, event, NULL, severity, "raised", note);
}

static void end_probation(struct gateway *g) {
    site_free(g->probation.former);
    free(g->probation.before);
    g->probation = (struct probation){0};
}

/* ---- probation --------------------------------------------------------------------------------
 */

static void accept(struct gateway *g) {
    char note[200];
    (void)snprintf(note, sizeof note, "configuration %s is active, in place of %s",
                   g->site->config_hash, g->probation.former->config_hash);
    log_info("reload: %s", note);
    tell(g, "config_activated", "info", note);
    end_probation(g);
}

/* Back to the former site; `why` goes on record. */
static int roll_back(struct gateway *g, const char *why) {
    struct site *rejected = g->site;
    char note[300];
    (void)snprintf(note, sizeof note,
                   "%s under configuration %s; the former one %s is active again", why,
                   rejected->config_hash, g->probation.former->config_hash);
    int rc = activate(g, g->probation.former);
    g->probation.former = NULL;
    end_probation(g);
    site_free(rejected);
    log_error("reload: %s; %s is as you left it: correct it and reload, a restart would read it",
              note, g->config_file);
    tell(g, "config_rolled_back", "warning", note);
    return rc;
}

static void name_worse(const struct probation_verdict *v, char *out, size_t cap) {
    int n = snprintf(out, cap, "%zu of %zu devices read worse (", v->worse, v->compared);
    for (size_t i = 0; i < PROBATION_NAMES && v->names[i] != NULL && (size_t)n < cap; i++)
        n += snprintf(out + n, cap - (size_t)n, "%s%s", i > 0 ? ", " : "", v->names[i]);
    if ((size_t)n < cap)
        (void)snprintf(out + n, cap - (size_t)n, "%s)", v->worse > PROBATION_NAMES ? ", ..." : "");
}

int reload_turn(struct gateway *g) {
    us_t now = clock_now().mono_us;
    const struct probation *p = &g->probation;
    follow_reads(g, now);
    if (p->former == NULL || now < p->began_us + (us_t)g->site->reload.probation_s * US_PER_S)
        return ERR_OK;
    struct read_counts *after = calloc(g->site->device_count + 1, sizeof *after);
    if (after == NULL)
        return ERR_OK; /* the next second tries again */
    struct probation_verdict v;
    count_reads(g, after);
    probation_judge(p->former, p->before, g->site, after, (now - p->began_us) / US_PER_MS, &v);
    char why[200];
    name_worse(&v, why, sizeof why);
    free(after);
    if (v.roll_back)
        return roll_back(g, why);
    if (v.worse > 0)
        log_warn("reload: %s, none of which the change could reach; it stays", why);
    accept(g);
    return ERR_OK;
}

/* ---- reload -----------------------------------------------------------------------------------
 */

struct shown {
    size_t lines;
};

static void show_line(void *arg, const char *line) {
    struct shown *s = arg;
    if (s->lines++ < DIFF_LINES_MAX)
        log_info("reload: %s", line);
}

static void show_difference(const struct site *from, const struct site *to) {
    struct shown s = {0};
    size_t n = site_diff(from, to, show_line, &s);
    if (n == 0)
        log_info("reload: no difference to the running configuration");
    if (n > DIFF_LINES_MAX)
        log_info("reload: and %zu more; busbar diff shows all", n - DIFF_LINES_MAX);
}

static bool may_take(const struct gateway *g, const struct site *next) {
    if (strcmp(next->store.path, g->site->store.path) == 0 &&
        strcmp(next->timezone, g->site->timezone) == 0)
        return true;
    log_error("reload: store.path and site.timezone need a restart; the running configuration %s "
              "stays",
              g->site->config_hash);
    return false;
}

/* The running site becomes the one to return to, unless it is itself on probation. */
static int begin_probation(struct gateway *g) {
    if (g->probation.former != NULL)
        return ERR_OK;
    struct read_counts *before = recent_reads(g);
    if (before == NULL)
        return ERR_NOMEM;
    g->probation = (struct probation){.former = g->site, .before = before};
    return ERR_OK;
}

int reload(struct gateway *g) {
    struct site *next = NULL;
    if (load_site(g, &next) < 0) {
        log_error("reload: %s has errors (above); the running configuration %s stays",
                  g->config_file, g->site->config_hash);
        return ERR_OK;
    }
    if (!may_take(g, next) || begin_probation(g) < 0) {
        log_error("reload: %s was not taken", g->config_file);
        site_free(next);
        return ERR_OK;
    }
    struct site *before = g->site;
    show_difference(before, next);
    int rc = activate(g, next);
    if (before != g->probation.former)
        site_free(before);
    if (rc < 0)
        return roll_back(g, "it could not be started");
    bool watched =
        next->reload.probation_s > 0 && site_diff(g->probation.former, next, NULL, NULL) > 0;
    g->probation.began_us = clock_now().mono_us;
    log_info("reload: configuration %s is active, %zu devices", next->config_hash,
             next->device_count);
    if (watched)
        log_info("reload: on probation for %u s: when reads get worse, %s comes back",
                 next->reload.probation_s, g->probation.former->config_hash);
    else
        accept(g);
    return ERR_OK;
}

void reload_fini(struct gateway *g) {
    end_probation(g);
    free_history(&g->reads);
}
