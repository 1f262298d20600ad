#include "alert/signal_capacity.h"

#include <math.h>

double signal_transformer_load_pct(const struct slot_facts *week, size_t transformer, double kva) {
    double known = (double)week->transformer_ms[transformer];
    if (known < CAPACITY_KNOWN * (double)(week->end - week->start) || !(kva > 0.0))
        return (double)NAN;
    return 100.0 * week->transformers[transformer].s_avg_kva / kva;
}

/* What one way costs less than the other, in % of the other. */
static double saving_pct(double present, double other) {
    return present > 0.0 ? 100.0 * (present - other) / present : (double)NAN;
}

double signal_demand_saving_pct(const struct advice_month *m, double capacity_kva) {
    return saving_pct(capacity_kva * (double)m->capacity_e8, m->max_kw * (double)m->actual_e8);
}

double signal_billing_mode_pct(enum billing present, double capacity_kva,
                               const struct advice_month months[CAPACITY_MONTHS]) {
    double least = INFINITY;
    for (size_t i = 0; i < CAPACITY_MONTHS; i++) {
        const struct advice_month *m = &months[i];
        double per_kw = (double)(present == BILLING_ACTUAL_DEMAND ? m->actual_e8 : m->demand_e8);
        double pct = present == BILLING_CAPACITY
                         ? signal_demand_saving_pct(m, capacity_kva)
                         : saving_pct(m->max_kw * per_kw, capacity_kva * (double)m->capacity_e8);
        if (isnan(pct))
            return (double)NAN;
        least = fmin(least, pct);
    }
    return least;
}
