#include "alert/signal_balance.h"

#include <math.h>
#include <stddef.h>

#include "calc/suspect.h"

#define FLOOR_SHARE 0.10 /* of the capacity */

double balance_pct(const struct balance_sum *s, double kva) {
    return fabs(residual_pct(s->residual_kwh, s->feeders_kwh, FLOOR_SHARE * kva * s->hours));
}

double signal_balance(const struct balance_sum *quarter, const struct balance_sum *day,
                      const struct balance_sum *evening, double kva, double raise, double clear,
                      bool *ret_of_day) {
    double pct = balance_pct(quarter, kva);
    *ret_of_day = false;
    if (!day || !(balance_pct(day, kva) > clear && balance_pct(evening, kva) > clear))
        return pct;
    double of_day = balance_pct(day, kva) * raise / clear;
    *ret_of_day = !(pct > of_day);
    return *ret_of_day ? of_day : pct;
}
