#include "alert/past.h"

#include <string.h>

#define SPACING_MAX_MS MS_PER_MIN /* of a rule that holds no time */
#define LENGTH_MAX_MS  ((ms_t)UINT32_MAX * MS_PER_S)

void past_init(struct past *p, const struct alert_limits *l) {
    uint32_t hold_s = 0;
    memset(p, 0, sizeof *p);
    p->from = INT64_MIN;
    for (int i = 0; i < l->level_count; i++)
        if (l->levels[i].hold_s > hold_s)
            hold_s = l->levels[i].hold_s;
    p->spacing_ms = hold_s > 0 ? hold_s / (ALERT_CURVE_MAX / 2) * MS_PER_S : SPACING_MAX_MS;
    if (p->spacing_ms < MS_PER_S)
        p->spacing_ms = MS_PER_S;
}

static ms_t newest(const struct past *p) {
    size_t i = (size_t)(p->next + ALERT_CURVE_MAX - 1) % ALERT_CURVE_MAX;
    return p->from + (ms_t)p->after_s[i] * MS_PER_S;
}

void past_take(struct past *p, double value, ms_t t) {
    if (p->count > 0 && (t < newest(p) || t - p->from > LENGTH_MAX_MS))
        p->count = p->next = 0;
    if (p->count == 0)
        p->from = floor_div(t, MS_PER_S) * MS_PER_S;
    else if (t - newest(p) < p->spacing_ms)
        return;
    p->after_s[p->next] = (uint32_t)((t - p->from) / MS_PER_S);
    p->value[p->next] = (float)value;
    p->next = (uint8_t)((p->next + 1) % ALERT_CURVE_MAX);
    if (p->count < ALERT_CURVE_MAX)
        p->count++;
}

void past_show(const struct past *p, struct alert_curve *ret) {
    ret->count = p->count;
    for (size_t i = 0; i < p->count; i++) {
        size_t at = (size_t)(p->next + ALERT_CURVE_MAX - p->count + (int)i) % ALERT_CURVE_MAX;
        ret->t[i] = p->from + (ms_t)p->after_s[at] * MS_PER_S;
        ret->value[i] = (double)p->value[at];
    }
}
