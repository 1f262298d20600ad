#include "config/summary.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/err.h"
#include "poll/plan.h"

static struct link_cost cost_of(const struct site *s, const struct device *d) {
    const struct link_def *l = &s->links[d->link];
    return l->kind == LINK_RTU ? link_cost_serial(l->baud, d->request_gap_ms)
                               : link_cost_tcp(d->request_gap_ms);
}

struct device_plan {
    size_t requests, registers;
    uint64_t cost_us;
};

static int plan_device(const struct site *s, const struct device *d, struct arena *arena,
                       struct device_plan *ret) {
    size_t parts = plan_part_count(d->profile);
    struct plan plan = {0};
    struct plan_part *part_room = arena_alloc(arena, parts + 1, sizeof *part_room);
    struct plan_request *request_room = arena_alloc(arena, parts + 1, sizeof *request_room);
    if (part_room == NULL || request_room == NULL) {
        return ERR_NOMEM;
    }
    int result = plan_build(d->profile, cost_of(s, d), &plan, part_room, request_room, parts);
    if (result < 0) {
        return result;
    }
    struct device_plan sum = {plan.request_count, 0, plan.cost_us};
    for (size_t i = 0; i < plan.request_count; i++) {
        sum.registers += plan.requests[i].read.count;
    }
    *ret = sum;
    return ERR_OK;
}

struct bus_budget config_bus_budget(const struct site *s, int32_t link, const uint64_t *cost_us) {
    struct bus_budget b = {0};
    for (size_t i = 0; i < s->device_count; i++) {
        const struct device *d = &s->devices[i];
        if (d->link != link || !d->enabled) {
            continue;
        }
        b.devices++;
        b.cycle_us += cost_us[i];
        b.load += (double)cost_us[i] / 1000 / d->poll_ms;
        if (b.fastest_ms == 0 || d->poll_ms < b.fastest_ms) {
            b.fastest_ms = d->poll_ms;
        }
    }
    return b;
}

static void print_site(const struct site *s, FILE *out) {
    fprintf(out, "site %s (%s), gateway %s, district %s\n", s->id, s->name, s->gateway,
            s->district);
    fprintf(out, "  %zu links, %zu devices, %zu feeds, %zu points, %zu virtual; configuration %s\n",
            s->link_count, s->device_count, s->feed_count, s->point_count, s->virtual_count,
            s->config_hash);
    fprintf(out, "  store %s, %" PRIu64 " MB\n", s->store.path,
            s->store.budget_bytes / (1024 * 1024));
    const struct mqtt_settings *m = &s->mqtt;
    if (m->configured) {
        fprintf(out, "  mqtt%s to %s port %u\n", m->tls ? " with TLS" : "", m->host, m->port);
    }
    for (size_t i = 0; i < s->deliver_count; i++) {
        fprintf(out, "  deliver %s to %s, up to %u rows a request\n", s->deliver[i].id,
                s->deliver[i].host, s->deliver[i].batch);
    }
}

static void print_link(const struct link_def *l, size_t devices, FILE *out) {
    fprintf(out, "  %-16s ", l->id);
    if (l->kind == LINK_RTU) {
        fprintf(out, "rtu %s %u 8%c%u", l->path, l->baud, l->parity, l->stop_bits);
    } else {
        bool v6 = strchr(l->host, ':') != NULL;
        fprintf(out, "%s %s%s%s:%u", l->kind == LINK_TCP ? "tcp" : "rtu_over_tcp", v6 ? "[" : "",
                l->host, v6 ? "]" : "", l->port);
    }
    fprintf(out, ", %zu device%s\n", devices, devices == 1 ? "" : "s");
}

static void print_links(const struct site *s, FILE *out) {
    fprintf(out, "links\n");
    for (size_t i = 0; i < s->link_count; i++) {
        size_t devices = 0;
        for (size_t k = 0; k < s->device_count; k++) {
            devices += s->devices[k].link == (int32_t)i;
        }
        print_link(&s->links[i], devices, out);
    }
}

static void print_device(const struct site *s, const struct device *d,
                         const struct device_plan *plan, FILE *out) {
    fprintf(out,
            "  %-16s %-10s %s unit %u, %s: %zu points in %zu request%s of %zu registers, %.1f ms "
            "every %u ms%s\n",
            d->id, role_str(d->role), s->links[d->link].id, d->unit, d->profile->name,
            d->profile->point_count, plan->requests, plan->requests == 1 ? "" : "s",
            plan->registers, (double)plan->cost_us / 1000, d->poll_ms,
            d->enabled ? "" : " (disabled)");
}

static void print_budgets(const struct site *s, const uint64_t *cost_us, FILE *out) {
    bool title = false;
    for (size_t i = 0; i < s->link_count; i++) {
        const struct link_def *l = &s->links[i];
        if (l->kind != LINK_RTU) {
            continue;
        }
        struct bus_budget b = config_bus_budget(s, (int32_t)i, cost_us);
        fprintf(out,
                "%s  %-16s one round of %zu device%s takes %.0f ms, asked every %u ms: "
                "%.0f %% of the line\n",
                title ? "" : "serial lines\n", l->id, b.devices, b.devices == 1 ? "" : "s",
                (double)b.cycle_us / 1000, b.fastest_ms, b.load * 100);
        title = true;
        if (b.load > 1) {
            fprintf(out,
                    "  warning: line %s cannot keep up; raise poll_ms to %.0f, the baud rate, or "
                    "spread the devices over more lines\n",
                    l->id, ceil((double)b.fastest_ms * b.load / 100) * 100);
        }
    }
}

static bool has_role(const struct site *s, enum role role) {
    for (size_t i = 0; i < s->feed_count; i++) {
        if (s->feeds[i].role == role && s->feeds[i].counted) {
            return true;
        }
    }
    return false;
}

/* A metric that a missing value switches off. */
static void print_missing(FILE *out, bool missing, const char *what, const char *why) {
    if (missing) {
        fprintf(out, "  %s: %s\n", what, why);
    }
}

static void print_feed_gaps(const struct site *s, const struct feed *f, FILE *out) {
    const struct device *d = &s->devices[f->device];
    bool electrical = f->role <= ROLE_LOAD && f->role != ROLE_BATTERY;
    char what[80];
    snprintf(what, sizeof what, "%s", f->id);
    if (electrical && f->power < 0 && f->power_phase[0] < 0) {
        print_missing(out, true, what, "power is null; its profile has no active_power");
    }
    if (electrical && f->forward < 0 && f->reverse < 0) {
        print_missing(out, true, what,
                      "energy is integrated from power; no counter in its profile");
    }
    if (f->role == ROLE_STORAGE) {
        print_missing(out, isnan(d->capacity_kwh), what, "cycles are null without capacity_kwh");
    }
}

static bool is_scaled(const struct device *d, bool ct) {
    for (size_t i = 0; i < d->profile->point_count; i++) {
        enum ratio_kind kind = d->profile->points[i].ratio;
        if (kind == RATIO_CT_PT || kind == (ct ? RATIO_CT : RATIO_PT)) {
            return true;
        }
    }
    return false;
}

/* Given by the device, by one of its steps, or read from it. */
static bool has_ratio(const struct device *d, bool ct) {
    bool found = !isnan(ct ? d->ct_ratio : d->pt_ratio) ||
                 (ct ? d->profile->ct_ratio_point : d->profile->pt_ratio_point) != POINT_NONE;
    for (size_t i = 0; i < d->ratio_count; i++) {
        found = found || !isnan(ct ? d->ratios[i].ct_ratio : d->ratios[i].pt_ratio);
    }
    return found;
}

/* Points scaled by a ratio that nobody gives are taken as they are: often wrong by 100. */
static void print_ratio_gaps(const struct device *d, FILE *out) {
    print_missing(out, is_scaled(d, true) && !has_ratio(d, true), d->id,
                  "ct_ratio is neither given nor read; 1 is used");
    print_missing(out, is_scaled(d, false) && !has_ratio(d, false), d->id,
                  "pt_ratio is neither given nor read; 1 is used");
}

static void print_gaps(const struct site *s, FILE *out) {
    fprintf(out, "left out or assumed\n");
    config_summary_account_gaps(s, out);
    print_missing(out, s->uscc == NULL, "uscc", "null in /site: the platform cannot match it");
    print_missing(out, !has_role(s, ROLE_GRID), "grid, load, balance",
                  "null without a counted grid device");
    print_missing(out, !has_role(s, ROLE_LOAD), "load_metered, residual",
                  "null without a counted load device");
    print_missing(out, !s->mqtt.configured, "platform", "nothing is sent without mqtt.url");
    for (size_t i = 0; i < s->device_count; i++) {
        print_ratio_gaps(&s->devices[i], out);
    }
    for (size_t i = 0; i < s->feed_count; i++) {
        print_feed_gaps(s, &s->feeds[i], out);
    }
}

int config_summary_print(const struct site *s, FILE *out) {
    struct arena *scratch = arena_new();
    uint64_t *cost_us =
        scratch != NULL ? arena_alloc(scratch, s->device_count + 1, sizeof *cost_us) : NULL;
    int result = cost_us != NULL ? ERR_OK : ERR_NOMEM;
    print_site(s, out);
    print_links(s, out);
    fprintf(out, "devices\n");
    for (size_t i = 0; result == ERR_OK && i < s->device_count; i++) {
        struct device_plan plan = {0};
        struct arena *room = arena_new(); /* a big site has thousands of plans: one at a time */
        result = room != NULL ? plan_device(s, &s->devices[i], room, &plan) : ERR_NOMEM;
        arena_free(room);
        cost_us[i] = plan.cost_us;
        if (result == ERR_OK) {
            print_device(s, &s->devices[i], &plan, out);
        }
    }
    if (result == ERR_OK) {
        print_budgets(s, cost_us, out);
        config_summary_accounts(s, out);
        print_gaps(s, out);
    }
    arena_free(scratch);
    return result;
}

int config_check(const char *file, const char *data_dir, FILE *out, FILE *err) {
    struct config_errors errors;
    struct site *site = NULL;
    config_errors_init(&errors);
    int result = config_load_site(file, data_dir, &errors, &site);
    if (result == ERR_OK) {
        result = config_summary_print(site, out);
    }
    fflush(out);
    config_errors_print(&errors, err);
    if (result < 0 && errors.total == 0) {
        fprintf(err, "%s: %s\n", file, err_str(result));
    }
    site_free(site);
    config_errors_free(&errors);
    return result;
}
