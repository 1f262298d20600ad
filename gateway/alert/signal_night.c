#include "alert/signal_night.h"

#include <math.h>

#include "alert/median.h"

void signal_night(double night_kw, const double *nights_kw, size_t n, double raise_pct,
                  struct night_signal *ret) {
    double known[NIGHTS];
    size_t count = 0;
    for (size_t i = 0; i < n && count < NIGHTS; i++)
        if (!isnan(nights_kw[i]))
            known[count++] = nights_kw[i];
    *ret = (struct night_signal){(double)NAN, (double)NAN, (double)NAN};
    if (count < NIGHTS_LEAST)
        return;
    ret->usual_kw = median_of(known, count);
    ret->limit_kw = fmax(raise_pct / 100.0 * ret->usual_kw, ret->usual_kw + NIGHT_STEP_KW);
    if (ret->limit_kw > 0.0)
        ret->pct = raise_pct * night_kw / ret->limit_kw;
}

size_t night_growth(const double *night_kw, const double *usual_kw, size_t n,
                    struct night_growth ret[NIGHT_GREW]) {
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        double grew = night_kw[i] - usual_kw[i];
        if (!(grew >= NIGHT_STEP_KW / 10.0))
            continue;
        size_t at = count < NIGHT_GREW ? count++ : NIGHT_GREW;
        while (at > 0 && ret[at - 1].kw - ret[at - 1].usual_kw < grew) {
            if (at < NIGHT_GREW)
                ret[at] = ret[at - 1];
            at--;
        }
        if (at < NIGHT_GREW)
            ret[at] = (struct night_growth){i, usual_kw[i], night_kw[i]};
    }
    return count;
}
