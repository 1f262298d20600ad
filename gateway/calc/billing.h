/* What a month's demand and power factor cost, by rules that are data. Pure.
 *
 * Sources: contract and capacity billing 发改价格 rules as quoted in the tariff file (parts from
 * memory, marked unverified there); power-factor adjustment (83)水电财字第215号. */
#ifndef BUSBAR_CALC_BILLING_H
#define BUSBAR_CALC_BILLING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "meter/account.h"

/* One step of the adjustment table: from this power factor (in hundredths) up to the next row. */
struct pf_step {
    int16_t pf_hundredths; /* the adjustment counts for power factors >= this */
    int16_t adjust_e4;     /* 1e-4 of the base: +50 = +0.50 % surcharge, -15 = 0.15 % reduction */
};
struct pf_table {
    int16_t standard_hundredths; /* 90, 85, 80 */
    const struct pf_step *steps; /* highest power factor first */
    size_t step_count;
    /* below the last step: for each further hundredth this much more (e.g. 200 = +2 %) */
    int16_t below_e4;
};

struct billing_rules {
    /* contract demand: excess counts from contract x free_share (1.05) on, factor times (2) */
    double free_share, excess_factor;
    bool band_billed; /* the band between contract and contract x free_share is billed too */
    double min_contract_share; /* contract >= this x capacity (0.40); NAN: no rule */
    double high_use_kwh_kva;   /* at this use per kVA and month ... (260); NAN: no rule */
    double high_use_discount;  /* ... the demand price counts times this (0.90) */
    const struct pf_table *pf_tables;
    size_t pf_table_count;
    bool pf_includes_basic; /* the adjustment's base has the basic charge (true) ... */
    bool verified;
};

/* Billed demand of a month in kW. contract_kw NAN (or max_kw NAN) gives NAN.
 * Contract: Dc if Dm <= free x Dc, else Dc + factor x (Dm - free x Dc), and with band_billed also
 * the band free x Dc - Dc. Actual demand: Dm. Capacity: kVA of the account. */
double billing_demand_kw(const struct billing_rules *r, enum billing mode, double contract_kw,
                         double max_kw, double capacity_kva);
/* Whether the use of the month earns the discount on the demand price. */
bool billing_high_use(const struct billing_rules *r, double kwh, double capacity_kva);

/* Month's power factor in hundredths from energies, half-up: Wp / sqrt(Wp^2 + Wq^2); -1 when both
 * are 0, or one is NAN, or Wp is below 0. */
int pf_month_hundredths(double kwh, double kvarh);
/* The table of a standard, NULL when the rules have none. */
const struct pf_table *pf_table_of(const struct billing_rules *r, double standard);
/* Adjustment in 1e-4 of the base (positive: surcharge). */
int pf_adjust_e4(const struct pf_table *t, int pf_hundredths);

struct pf_advice {
    int pf_hundredths; /* month to date; -1 unknown, then nothing else counts */
    int adjust_e4;
    int next_hundredths; /* next better step, -1 when there is none */
    int next_adjust_e4;
    double kvarh_less; /* reactive energy to avoid so far to stand at the next step's own value */
    double kvar;       /* mean capacitive power for that over the hours so far; NAN without hours */
};
/* hours: of supply so far. kvar = Qc = P (tan phi1 - tan phi2) with mean P. Never negative. */
void pf_advise(const struct pf_table *t, double kwh, double kvarh, double hours,
               struct pf_advice *ret);

/* ---- declared-demand adviser (需量申报) -------------------------------------------------- */

struct advice_month {
    double max_kw, kwh;  /* NAN: unknown, the month is left out */
    int64_t demand_e8;   /* price per kW, 1e-8 CNY */
    int64_t actual_e8;   /* per kW of actual demand */
    int64_t capacity_e8; /* per kVA */
};
struct advice {
    double contract_kw;       /* the cheapest candidate */
    int64_t contract_cost_e8; /* over all months */
    int64_t actual_cost_e8, capacity_cost_e8;
    enum billing best; /* the cheapest way */
    size_t months;     /* counted */
};
/* What one contract costs over all usable months, in 1e-8 CNY: a candidate's cost for a contract
 * that need not be a candidate. 0 without a usable month. */
int64_t billing_contract_cost(const struct billing_rules *r, double capacity_kva,
                              double contract_kw, const struct advice_month *months,
                              size_t month_count);

/* Costs are of demand and capacity only. A tie goes to capacity, then to the contract; the smallest
 * of equal candidates.
 *
 * Every candidate from the smallest allowed contract to the largest, in steps of step_kw; ret_cost
 * (may be NULL, ret_candidate_kw too) takes the cost of each, cap entries. Returns the number of
 * candidates; 0 without any usable month or capacity, or when there are none or more than
 * ADVICE_CANDIDATES_MAX of them; then nothing is written. */
#define ADVICE_CANDIDATES_MAX 100000
size_t billing_advise(const struct billing_rules *r, double capacity_kva, double step_kw,
                      const struct advice_month *months, size_t month_count, struct advice *ret,
                      double *ret_candidate_kw, int64_t *ret_cost_e8, size_t cap);

#endif
