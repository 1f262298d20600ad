/* A longer slot from shorter ones, in order of time: what is added, what wins, what comes last. */
#include <math.h>

#include "calc/facts.h"

/* Unknown only when no part is known. */
static void add(double *sum, double part) {
    if (!isnan(part))
        *sum = isnan(*sum) ? part : *sum + part;
}

static void later(double *value, double part) {
    if (!isnan(part))
        *value = part;
}

static void first(double *value, double part) {
    if (isnan(*value))
        *value = part;
}

/* Both known: their mean by weight; without any weight the earlier stays. */
static void average(double *avg, double weight, double part, double part_weight) {
    if (isnan(part))
        return;
    if (isnan(*avg))
        *avg = part;
    else if (weight + part_weight > 0.0)
        *avg = (*avg * weight + part * part_weight) / (weight + part_weight);
}

/* The larger; of equal ones the earlier. As demand_peak_take(). */
static bool larger(double *kw, ms_t *at, double part_kw, ms_t part_at) {
    if (isnan(part_kw) || part_kw <= *kw)
        return false;
    *kw = part_kw;
    *at = part_at;
    return true;
}

static void merge_peak(struct demand_peak *into, const struct demand_peak *part) {
    larger(&into->kw, &into->at, part->kw, part->at);
}

/* A maximum of the month so far: the newest holds the earlier ones. */
static void later_peak(struct demand_peak *into, const struct demand_peak *part) {
    if (!isnan(part->kw))
        *into = *part;
}

void range_merge(struct range_stat *into, const struct range_stat *part) {
    if (!isnan(part->avg)) {
        average(&into->avg, (double)into->covered_ms, part->avg, (double)part->covered_ms);
        into->covered_ms += part->covered_ms;
    }
    into->min = fmin(into->min, part->min);
    into->max = fmax(into->max, part->max);
}

/* confirmed: the part was as long as it says, so its block may be a maximum. */
static void merge_point(struct point_facts *into, const struct point_facts *part, bool confirmed) {
    double s_max = into->s_kva.max;

    add(&into->import_kwh, part->import_kwh);
    add(&into->export_kwh, part->export_kwh);
    for (size_t q = 0; q < 4; q++)
        add(&into->kvarh[q], part->kvarh[q]);
    into->kvarh_integrated = into->kvarh_integrated || part->kvarh_integrated;
    larger(&s_max, &into->s_max_at, part->s_kva.max, part->s_max_at);
    range_merge(&into->s_kva, &part->s_kva);
    into->p_max_kw = fmax(into->p_max_kw, part->p_max_kw);
    if (confirmed)
        larger(&into->block_kw, &into->block_at, part->block_kw, part->block_at);
    merge_peak(&into->sliding, &part->sliding);
    later_peak(&into->month_max, &part->month_max);
    range_merge(&into->voltage_deviation_pct, &part->voltage_deviation_pct);
    range_merge(&into->voltage_unbalance_pct, &part->voltage_unbalance_pct);
    range_merge(&into->current_unbalance_pct, &part->current_unbalance_pct);
    range_merge(&into->frequency_hz, &part->frequency_hz);
    into->monitored_ms += part->monitored_ms;
    into->qualified_ms += part->qualified_ms;
}

/* Whether an account took energy that costs something. Without a split, or where the site has but
 * one account, the site's import says it too. */
static bool has_import(const struct slot_facts *f, size_t account) {
    const struct account_facts *a = &f->accounts[account];
    double kwh = 0.0;

    for (size_t p = 0; a->split_known && p < TARIFF_PERIODS; p++)
        add(&kwh, a->import_kwh[p]);
    return kwh > 0.0 ||
           ((!a->split_known || f->account_count == 1) && f->energy_kwh[SITE_E_IMPORT] > 0.0);
}

static bool storage_moved(const struct slot_facts *f) {
    return f->energy_kwh[SITE_E_CHARGE] > 0.0 || f->energy_kwh[SITE_E_DISCHARGE] > 0.0;
}

/* As the cost, by what the storage took and gave. */
static void merge_arbitrage(struct slot_facts *f, const struct slot_facts *part, size_t account) {
    struct account_facts *into = &f->accounts[account];
    const struct account_facts *from = &part->accounts[account];
    bool missing = (!into->arbitrage_known && storage_moved(f)) ||
                   (!from->arbitrage_known && storage_moved(part));

    into->arbitrage_known = !missing && (into->arbitrage_known || from->arbitrage_known);
    into->arbitrage_e8 += from->arbitrage_e8;
}

/* Before the energies are merged: the cost is known when some part's is, and that of every part
 * with import. One whose cost is missing keeps it unknown, whatever follows. */
static void merge_cost(struct slot_facts *f, const struct slot_facts *part, size_t account) {
    struct account_facts *into = &f->accounts[account];
    const struct account_facts *from = &part->accounts[account];
    bool missing = (!into->cost_known && has_import(f, account)) ||
                   (!from->cost_known && has_import(part, account));
    bool known = !missing && (into->cost_known || from->cost_known);

    into->cost_verified = known && (into->cost_verified || !into->cost_known) &&
                          (from->cost_verified || !from->cost_known);
    into->cost_known = known;
    into->cost_e8 += from->cost_e8;
    if (from->price_version > into->price_version)
        into->price_version = from->price_version;
    into->priced_by_curve = into->priced_by_curve || from->priced_by_curve;
}

static void merge_account(struct account_facts *into, const struct account_facts *part,
                          bool confirmed) {
    if (confirmed)
        larger(&into->block_kw, &into->block_at, part->block_kw, part->block_at);
    merge_peak(&into->sliding, &part->sliding);
    merge_peak(&into->coincident, &part->coincident);
    later_peak(&into->month_max, &part->month_max);
    first(&into->contract_kw, part->contract_kw);
    for (size_t p = 0; part->split_known && p < TARIFF_PERIODS; p++) {
        add(&into->import_kwh[p], part->import_kwh[p]);
        add(&into->export_kwh[p], part->export_kwh[p]);
    }
    into->split_known = into->split_known || part->split_known;
}

static void merge_factor(struct factor_used *into, const struct factor_used *part) {
    bool provisional = into->provisional || part->provisional;

    if (part->id[0] != '\0')
        *into = *part;
    into->provisional = provisional;
}

static void merge_carbon(struct carbon_facts *into, const struct carbon_facts *part) {
    add(&into->location_kg, part->location_kg);
    add(&into->national_kg, part->national_kg);
    add(&into->market_base_kwh, part->market_base_kwh);
    add(&into->avoided_pv_kg, part->avoided_pv_kg);
    add(&into->avoided_storage_kg, part->avoided_storage_kg);
    for (size_t i = 0; i < FUEL_KINDS; i++)
        add(&into->fuel_amount[i], part->fuel_amount[i]);
    add(&into->scope1_kg, part->scope1_kg);
    add(&into->fuel_kgce, part->fuel_kgce);
    add(&into->charge_kg, part->charge_kg);
    add(&into->discharge_kg, part->discharge_kg);
    add(&into->busbar_kg, part->busbar_kg);
    add(&into->busbar_kwh, part->busbar_kwh);
    if (!isnan(part->ess.kwh))
        into->ess = part->ess;
    into->factor_varies = into->factor_varies || part->factor_varies;
    merge_factor(&into->factor, &part->factor);
    merge_factor(&into->national, &part->national);
}

/* By its feed: another configuration may have had other nodes. */
static void merge_node(struct balance_facts *into, const struct node_facts *part) {
    size_t i = 0;

    while (i < into->node_count && into->nodes[i].feed != part->feed)
        i++;
    if (i == NODES_MAX)
        return;
    if (i == into->node_count)
        into->nodes[into->node_count++].feed = part->feed;
    add(&into->nodes[i].residual_kwh, part->residual_kwh);
    add(&into->nodes[i].flow_kwh, part->flow_kwh);
}

static void merge_balance(struct balance_facts *into, const struct balance_facts *part) {
    add(&into->residual_kwh, part->residual_kwh);
    add(&into->feeders_kwh, part->feeders_kwh);
    for (size_t i = 0; i < part->node_count; i++)
        merge_node(into, &part->nodes[i]);
    into->bad_slots += part->bad_slots;
    into->suspect = part->suspect;
}

/* The time that an average stands for: what was kept, else all of the slot, if it is known. */
static uint64_t weight_of(double avg, uint64_t kept_ms, uint64_t all_ms) {
    if (isnan(avg))
        return 0;
    return kept_ms > 0 ? kept_ms : all_ms;
}

static void merge_powers(struct slot_facts *f, const struct slot_facts *part) {
    for (size_t i = 0; i < SITE_POWER_COUNT; i++) {
        struct power_stat *into = &f->power[i];
        const struct power_stat *from = &part->power[i];
        uint64_t weight = weight_of(into->avg, f->power_ms[i], f->covered);
        uint64_t part_weight = weight_of(from->avg, part->power_ms[i], part->covered);
        average(&into->avg, (double)weight, from->avg, (double)part_weight);
        f->power_ms[i] = weight + part_weight;
        into->min = fmin(into->min, from->min);
        into->max = fmax(into->max, from->max);
    }
}

static void merge_transformers(struct slot_facts *f, const struct slot_facts *part) {
    uint64_t length = (uint64_t)(part->end - part->start);

    for (size_t i = 0; i < f->transformer_count && i < part->transformer_count; i++) {
        struct transformer_facts *into = &f->transformers[i];
        const struct transformer_facts *from = &part->transformers[i];
        uint64_t weight =
            weight_of(into->s_avg_kva, f->transformer_ms[i], (uint64_t)(part->start - f->start));
        uint64_t part_weight = weight_of(from->s_avg_kva, part->transformer_ms[i], length);
        average(&into->s_avg_kva, (double)weight, from->s_avg_kva, (double)part_weight);
        f->transformer_ms[i] = weight + part_weight;
        into->s_max_kva = fmax(into->s_max_kva, from->s_max_kva);
        add(&into->loss_kwh, from->loss_kwh);
    }
}

/* Numbers on the wire stay as they are: how bad a cause is, is not its number. */
static int badness(enum cause c) {
    switch (c) {
    case CAUSE_GATEWAY_OFF:
        return 4;
    case CAUSE_DEVICE_DOWN:
        return 3;
    case CAUSE_CLOCK:
        return 2;
    case CAUSE_INCOMPLETE:
        return 1;
    case CAUSE_NONE:
        break;
    }
    return 0;
}

static void merge_state(struct slot_facts *f, const struct slot_facts *part) {
    ms_t length = f->end - f->start;

    f->covered += part->covered;
    f->coverage = length > 0 ? fmin((double)f->covered / (double)length, 1.0) : 0.0;
    f->quality = quality_worst(f->quality, part->quality);
    if (badness(part->cause) > badness(f->cause))
        f->cause = part->cause;
    f->late = f->late || part->late;
    if (part->clock_state > f->clock_state)
        f->clock_state = part->clock_state;
    if (isnan(f->clock_offset_ms) || fabs(part->clock_offset_ms) > fabs(f->clock_offset_ms))
        f->clock_offset_ms = part->clock_offset_ms;
    f->expected += part->expected;
    f->stored += part->stored;
}

static void merge_virtuals(struct slot_facts *f, const struct slot_facts *part) {
    for (size_t i = 0; i < f->virtual_count && i < part->virtual_count; i++) {
        struct virtual_facts *into = &f->virtuals[i];
        const struct virtual_facts *from = &part->virtuals[i];
        average(&into->avg_kw, (double)into->known_ms, from->avg_kw, (double)from->known_ms);
        into->known_ms += from->known_ms;
        add(&into->kwh, from->kwh);
    }
}

void facts_merge(struct slot_facts *f, const struct slot_facts *part) {
    bool confirmed = part->lived_ms == 0;
    for (size_t i = 0; i < f->account_count && i < part->account_count; i++) {
        merge_cost(f, part, i);
        merge_arbitrage(f, part, i);
        merge_account(&f->accounts[i], &part->accounts[i], confirmed);
    }
    for (size_t i = 0; i < f->point_count && i < part->point_count; i++)
        merge_point(&f->points[i], &part->points[i], confirmed);
    merge_powers(f, part);
    merge_transformers(f, part);
    for (size_t i = 0; i < SITE_ENERGY_COUNT; i++)
        add(&f->energy_kwh[i], part->energy_kwh[i]);
    first(&f->soc_start_pct, part->soc_start_pct);
    later(&f->soc_end_pct, part->soc_end_pct);
    merge_carbon(&f->carbon, &part->carbon);
    merge_balance(&f->balance, &part->balance);
    merge_virtuals(f, part);
    add(&f->claimed_kwh, part->claimed_kwh);
    add(&f->unclaimed_kwh, part->unclaimed_kwh);
    add(&f->irradiation_kwh_m2, part->irradiation_kwh_m2);
    add(&f->output, part->output);
    merge_state(f, part);
}
