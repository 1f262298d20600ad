/* What is made of a record's energies: ratios, storage, balance; and how complete it is. */
#include <math.h>

#include "calc/completeness.h"
#include "calc/indicators.h"
#include "calc/settle.h"
#include "format/record_sections.h"

#define UNKNOWN ((double)NAN)

#define FLOOR_SHARE         0.10 /* of the capacity: less load says nothing of a residual */
#define CERTIFICATE_KWH     1000.0
#define UNKNOWN_SLOTS_COUNT UINT32_MAX

/* What a role that the site does not have adds to a ratio: nothing. */
static double energy_of(const struct slot_facts *f, enum site_energy e) {
    const double kwh = f->energy_kwh[e];

    return isnan(kwh) && f->absent[site_energy_power(e)] ? 0.0 : kwh;
}

/* The site's transformers together, NAN without any. */
static double capacity_kva(const struct site *s) {
    double kva = 0.0;

    for (size_t i = 0; i < s->transformer_count; i++)
        kva += s->transformers[i].kva;
    return s->transformer_count > 0 ? kva : UNKNOWN;
}

/* ---- ratios ------------------------------------------------------------------------------ */

/* The part of a year's green supply that falls to the slot, by time. Of less than a month it is not
 * known, and none is taken. */
static double year_share(const struct slot_facts *f, utc_offset_fn *zone) {
    if (f->period < SLOT_1MO)
        return 0.0;
    const int year = local_time(f->start, zone).year;
    const ms_t from = local_midnight(civil_day(year, 1, 1), zone);
    const ms_t to = local_midnight(civil_day(year + 1, 1, 1), zone);
    return (double)(f->end - f->start) / (double)(to - from);
}

static struct indicator_input input_of(const struct record_source *r, utc_offset_fn *zone) {
    const struct slot_facts *f = r->facts;
    const struct green_supply *g = &r->site->green;
    const double share = year_share(f, zone);
    const double unbundled = fmax(0.0, g->certificates_year - g->bundled_certificates_year);

    return (struct indicator_input){
        .import = energy_of(f, SITE_E_IMPORT),
        .export = energy_of(f, SITE_E_EXPORT),
        .pv = energy_of(f, SITE_E_PV),
        .wind = energy_of(f, SITE_E_WIND),
        .generator = energy_of(f, SITE_E_GENERATOR),
        .load = energy_of(f, SITE_E_LOAD),
        .charge = energy_of(f, SITE_E_CHARGE),
        .discharge = energy_of(f, SITE_E_DISCHARGE),
        .curtailed = UNKNOWN, /* no meter shows it */
        .claimed = isnan(f->claimed_kwh) && f->absent[SITE_PV] && f->absent[SITE_WIND]
                       ? 0.0
                       : f->claimed_kwh,
        .unclaimed = isnan(f->unclaimed_kwh) ? 0.0 : f->unclaimed_kwh,
        .green_contract = share * g->contract_kwh_year,
        .unbundled_certificates_kwh = share * unbundled * CERTIFICATE_KWH,
        .own_pv_sold = share * g->own_pv_sold_kwh_year,
    };
}

/* Mean load of all transformers over their capacity. */
static double transformer_load(const struct record_source *r) {
    double s_kva = 0.0;

    for (size_t i = 0; i < record_transformer_count(r); i++)
        s_kva += r->facts->transformers[i].s_avg_kva;
    return s_kva / capacity_kva(r->site);
}

static void policy_write(struct buf *b, const struct indicator_input *in) {
    struct policy_shares p;

    policy_shares_of(in, &p);
    json_decimal(b, "self_used_of_available", p.self_used_of_available, DECIMALS_RATIO);
    json_decimal(b, "self_used_of_consumption", p.self_used_of_consumption, DECIMALS_RATIO);
    json_decimal(b, "export_of_available", p.export_of_available, DECIMALS_RATIO);
    json_bool(b, "available_known", p.available_known != 0);
}

void record_ratios_write(struct buf *b, const struct record_source *r, utc_offset_fn *zone) {
    const struct indicator_input in = input_of(r, zone);

    json_open(b, "ratios");
    json_decimal(b, "self_consumption", self_consumption(&in), DECIMALS_RATIO);
    json_decimal(b, "self_sufficiency", self_sufficiency(&in), DECIMALS_RATIO);
    json_decimal(b, "green_share", green_share(&in), DECIMALS_RATIO);
    json_decimal(b, "transformer_load", transformer_load(r), DECIMALS_RATIO);
    if (r->facts->period >= SLOT_1MO)
        policy_write(b, &in);
    json_close(b);
}

/* ---- storage ----------------------------------------------------------------------------- */

void record_storage_write(struct buf *b, const struct record_source *r) {
    const struct slot_facts *f = r->facts;
    const double charge = f->energy_kwh[SITE_E_CHARGE];
    const double discharge = f->energy_kwh[SITE_E_DISCHARGE];
    const double start = f->soc_start_pct, end = f->soc_end_pct;

    if (f->absent[SITE_STORAGE] && isnan(start) && isnan(end))
        return;
    const double capacity = settle_storage_kwh(r->site);
    json_open(b, "storage");
    json_decimal(b, "soc_start_pct", start, DECIMALS_POWER);
    json_decimal(b, "soc_end_pct", end, DECIMALS_POWER);
    json_decimal(b, "cycles", equivalent_cycles(charge, discharge, capacity), DECIMALS_FINE);
    if (f->period >= SLOT_1D) {
        json_decimal(b, "round_trip", round_trip(charge, discharge, start, end, capacity),
                     DECIMALS_RATIO);
        json_decimal(b, "soc_drift_kwh",
                     soc_drift(charge, discharge, start, end, capacity, r->storage_eta),
                     DECIMALS_POWER);
    }
    json_close(b);
}

/* ---- balance ----------------------------------------------------------------------------- */

static const char *suspect_kind_str(enum suspect_kind k) {
    switch (k) {
    case SUSPECT_REVERSED:
        return "reversed";
    case SUSPECT_RATIO:
        return "ratio";
    case SUSPECT_DEAD:
        return "dead";
    case SUSPECT_NONE:
        break;
    }
    return NULL;
}

static void suspect_write(struct buf *b, const struct site *s, const struct suspect *suspect) {
    const bool named = suspect->kind != SUSPECT_NONE && suspect->feed >= 0 &&
                       (size_t)suspect->feed < s->feed_count;

    json_text(b, "suspect", named ? s->feeds[suspect->feed].id : NULL);
    json_text(b, "suspect_kind", named ? suspect_kind_str(suspect->kind) : NULL);
    json_decimal(b, "suspect_ratio",
                 named && suspect->kind == SUSPECT_RATIO ? suspect->ratio : UNKNOWN, DECIMALS_FINE);
}

/* Inner nodes of the electrical tree. */
static void nodes_write(struct buf *b, const struct site *s, const struct balance_facts *balance) {
    if (balance->node_count == 0)
        return;
    json_open_list(b, "nodes");
    for (size_t i = 0; i < balance->node_count; i++) {
        const struct node_facts *n = &balance->nodes[i];
        if (n->feed < 0 || (size_t)n->feed >= s->feed_count)
            continue;
        json_item(b);
        json_text(b, "id", s->feeds[n->feed].id);
        json_decimal(b, "residual_kwh", n->residual_kwh, DECIMALS_POWER);
        json_decimal(b, "residual_pct", residual_pct(n->residual_kwh, fabs(n->flow_kwh), UNKNOWN),
                     DECIMALS_POWER);
        json_close(b);
    }
    json_close_list(b);
}

void record_virtuals_write(struct buf *b, const struct record_source *r) {
    const struct slot_facts *f = r->facts;

    if (f->virtual_count == 0 || r->site->virtual_count == 0)
        return;
    json_open_list(b, "virtual");
    for (size_t i = 0; i < f->virtual_count && i < r->site->virtual_count; i++) {
        json_item(b);
        json_text(b, "id", r->site->virtuals[i].id);
        json_text(b, "role", role_str(r->site->virtuals[i].role));
        json_decimal(b, "avg_kw", f->virtuals[i].avg_kw, DECIMALS_POWER);
        json_decimal(b, "energy_kwh", f->virtuals[i].kwh, DECIMALS_POWER);
        json_close(b);
    }
    json_close_list(b);
}

void record_balance_write(struct buf *b, const struct record_source *r) {
    const struct slot_facts *f = r->facts;
    const struct balance_facts *balance = &f->balance;
    const double hours = (double)(f->end - f->start) / (double)MS_PER_HOUR;
    const double floor_kwh = FLOOR_SHARE * capacity_kva(r->site) * hours;

    if (f->absent[SITE_LOAD_METERED] && isnan(balance->residual_kwh))
        return;
    json_open(b, "balance");
    json_decimal(b, "residual_kwh", balance->residual_kwh, DECIMALS_POWER);
    json_decimal(b, "residual_pct",
                 residual_pct(balance->residual_kwh, balance->feeders_kwh, floor_kwh),
                 DECIMALS_POWER);
    json_u64(b, "bad_slots", balance->bad_slots);
    suspect_write(b, r->site, &balance->suspect);
    nodes_write(b, r->site, balance);
    json_close(b);
}

/* ---- completeness ------------------------------------------------------------------------ */

static void acknowledged_write(struct buf *b, uint32_t slots) {
    if (slots == UNKNOWN_SLOTS_COUNT)
        json_text(b, "acknowledged", NULL);
    else
        json_u64(b, "acknowledged", slots);
}

static void month_slots_write(struct buf *b, const struct month_facts *m) {
    json_open(b, "slots");
    json_u64(b, "expected", m->slots_expected);
    json_u64(b, "stored", m->slots_stored);
    acknowledged_write(b, m->slots_acknowledged);
    json_decimal(b, "ratio", completeness_ratio(m->slots_stored, m->slots_expected),
                 DECIMALS_RATIO);
    json_close(b);
    json_decimal(b, "boundary_error_s", m->boundary_error_ms / (double)MS_PER_S, DECIMALS_POWER);
    json_decimal(b, "day_month_deviation", m->day_month_deviation, DECIMALS_RATIO);
}

void record_completeness_write(struct buf *b, const struct record_source *r) {
    json_open(b, "completeness");
    json_u64(b, "expected", r->facts->expected);
    json_u64(b, "stored", r->facts->stored);
    acknowledged_write(b, r->acknowledged);
    if (r->month != NULL)
        month_slots_write(b, r->month);
    json_close(b);
}
