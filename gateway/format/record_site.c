/* What is metered and billed: metering points, demand of the accounts, transformers. */
#include <math.h>

#include "calc/power.h"
#include "format/record_sections.h"

static const char *combination_str(enum demand_combination c) {
    static const char *const names[] = {[DEMAND_SUM_OF_MAXIMA] = "sum_of_maxima",
                                        [DEMAND_COINCIDENT] = "coincident",
                                        [DEMAND_MAX] = "max"};
    return names[c];
}

/* A demand and when its 15 minutes began; without the one there is no other. */
static void peak_write(struct buf *b, const char *kw_name, const char *at_name, double kw, ms_t at,
                       utc_offset_fn *zone) {
    json_decimal(b, kw_name, kw, DECIMALS_POWER);
    record_time_write(b, at_name, isnan(kw) ? 0 : at, zone);
}

static void range_write(struct buf *b, const char *name, const struct range_stat *s) {
    json_open(b, name);
    json_decimal(b, "avg", s->avg, DECIMALS_POWER);
    json_decimal(b, "min", s->min, DECIMALS_POWER);
    json_decimal(b, "max", s->max, DECIMALS_POWER);
    json_close(b);
}

static const char *reactive_method(const struct point_facts *p) {
    bool known = false;

    for (size_t q = 0; q < 4; q++)
        known = known || !isnan(p->kvarh[q]);
    if (!known)
        return NULL;
    return p->kvarh_integrated ? "integrated" : "register";
}

static void point_write(struct buf *b, const char *id, const struct point_facts *p,
                        utc_offset_fn *zone) {
    static const char *const quadrants[] = {"q1", "q2", "q3", "q4"};
    const double taken_kvarh = fabs(p->kvarh[0]) + fabs(p->kvarh[3]); /* while importing */

    json_item(b);
    json_text(b, "id", id);
    json_decimal(b, "import_kwh", p->import_kwh, DECIMALS_POWER);
    json_decimal(b, "export_kwh", p->export_kwh, DECIMALS_POWER);
    json_open(b, "kvarh");
    for (size_t q = 0; q < 4; q++)
        json_decimal(b, quadrants[q], p->kvarh[q], DECIMALS_POWER);
    json_close(b);
    json_text(b, "reactive_method", reactive_method(p));
    json_decimal(b, "s_avg_kva", p->s_kva.avg, DECIMALS_POWER);
    peak_write(b, "s_max_kva", "s_max_at", p->s_kva.max, p->s_max_at, zone);
    json_decimal(b, "p_max_kw", p->p_max_kw, DECIMALS_POWER);
    json_decimal(b, "power_factor", power_factor_energy(p->import_kwh, taken_kvarh),
                 DECIMALS_RATIO);
    peak_write(b, "block_kw", "block_at", p->block_kw, p->block_at, zone);
    peak_write(b, "sliding_max_kw", "sliding_max_at", p->sliding.kw, p->sliding.at, zone);
    peak_write(b, "month_max_kw", "month_max_at", p->month_max.kw, p->month_max.at, zone);
    range_write(b, "voltage_deviation_pct", &p->voltage_deviation_pct);
    range_write(b, "voltage_unbalance_pct", &p->voltage_unbalance_pct);
    range_write(b, "current_unbalance_pct", &p->current_unbalance_pct);
    range_write(b, "frequency_hz", &p->frequency_hz);
    json_decimal(b, "voltage_ok_pct", (double)p->qualified_ms / (double)p->monitored_ms * 100.0,
                 DECIMALS_FINE);
    json_u64(b, "voltage_monitored_s", p->monitored_ms / 1000);
    json_close(b);
}

void record_points_write(struct buf *b, const struct record_source *r, utc_offset_fn *zone) {
    const size_t count = record_point_count(r);

    if (count == 0)
        return;
    json_open_list(b, "points");
    for (size_t i = 0; i < count; i++) {
        const struct metering_point *m = &r->site->metering_points[i];
        if (record_takes_account(r, (size_t)m->account))
            point_write(b, m->id, &r->facts->points[i], zone);
    }
    json_close_list(b);
}

void record_demand_write(struct buf *b, const struct record_source *r, utc_offset_fn *zone) {
    const size_t count = record_account_count(r);

    if (count == 0)
        return;
    json_open_list(b, "demand");
    for (size_t i = 0; i < count; i++) {
        const struct account *account = &r->site->accounts[i];
        const struct account_facts *a = &r->facts->accounts[i];
        if (!record_takes_account(r, i))
            continue;
        json_item(b);
        json_text(b, "account", account->id);
        peak_write(b, "block_kw", "block_at", a->block_kw, a->block_at, zone);
        peak_write(b, "sliding_max_kw", "sliding_max_at", a->sliding.kw, a->sliding.at, zone);
        peak_write(b, "month_max_kw", "month_max_at", a->month_max.kw, a->month_max.at, zone);
        json_decimal(b, "contract_kw", a->contract_kw, DECIMALS_POWER);
        json_text(b, "combination", combination_str(account->combination));
        json_close(b);
    }
    json_close_list(b);
}

void record_transformers_write(struct buf *b, const struct record_source *r) {
    const size_t count = record_transformer_count(r);

    if (count == 0)
        return;
    json_open_list(b, "transformers");
    for (size_t i = 0; i < count; i++) {
        const struct transformer *t = &r->site->transformers[i];
        const struct transformer_facts *f = &r->facts->transformers[i];
        if (!record_takes_account(r, (size_t)t->account))
            continue;
        json_item(b);
        json_text(b, "id", t->id);
        json_decimal(b, "s_avg_kva", f->s_avg_kva, DECIMALS_POWER);
        json_decimal(b, "s_max_kva", f->s_max_kva, DECIMALS_POWER);
        json_decimal(b, "load_pct", f->s_max_kva / t->kva * 100.0, DECIMALS_POWER);
        json_decimal(b, "headroom_kva", t->kva - f->s_max_kva, DECIMALS_POWER);
        json_decimal(b, "loss_kwh", f->loss_kwh, DECIMALS_POWER);
        json_close(b);
    }
    json_close_list(b);
}
