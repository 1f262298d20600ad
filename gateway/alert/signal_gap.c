#include "alert/signal_gap.h"

void gap_init(struct gap_state *g) {
    *g = (struct gap_state){.good_at = INT64_MIN};
}

void gap_good(struct gap_state *g, ms_t at) {
    g->good_at = at;
    if (g->gap && g->good_polls < GAP_BACK_POLLS)
        g->good_polls++;
}

ms_t gap_allowed(uint32_t poll_ms) {
    ms_t polls = GAP_POLLS * (ms_t)poll_ms;
    return polls > GAP_LEAST_MS ? polls : GAP_LEAST_MS;
}

double signal_gap(struct gap_state *g, ms_t t, ms_t allowed, const struct alert_limits *l) {
    if (g->good_at == INT64_MIN || g->good_at > t)
        g->good_at = t;
    double pct = 100.0 * (double)(t - g->good_at) / (double)allowed;
    if (pct >= l->levels[0].raise) {
        g->gap = true;
        g->good_polls = 0;
        return pct;
    }
    if (g->gap && g->good_polls < GAP_BACK_POLLS)
        return alert_limits_between(l);
    g->gap = false;
    return pct;
}

void link_init(struct link_state *s) {
    *s = (struct link_state){.moved_at = INT64_MIN};
}

double signal_link(struct link_state *s, uint64_t acknowledged, uint64_t head, ms_t t) {
    if (s->moved_at == INT64_MIN || s->moved_at > t || acknowledged != s->acknowledged ||
        acknowledged >= head)
        s->moved_at = t;
    s->acknowledged = acknowledged;
    return 100.0 * (double)(t - s->moved_at) / (double)GAP_LINK_MS;
}
