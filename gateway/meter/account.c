#include "meter/account.h"

#include <math.h>

double account_contract_kw(const struct account *a, int32_t day) {
    double kw = (double)NAN;

    for (size_t i = 0; i < a->contract_count && a->contracts[i].from_day <= day; i++)
        kw = a->contracts[i].kw;
    return kw;
}
