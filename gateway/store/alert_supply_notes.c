#include "store/alert_supply_notes.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "alert/shed.h"
#include "alert/signal_supply.h"

#define FEEDERS_MAX 260 /* text: it fits into the note */

/* Value and limit in the unit of what they are percentages of. */
static void in_unit(struct alert_change *c, const struct supply_case *s, const char *unit) {
    c->value = s->value;
    c->threshold = c->threshold / 100.0 * s->full;
    snprintf(c->unit, sizeof c->unit, "%s", unit);
}

static bool is_relief(const struct alert_change *c) {
    return c->step == ALERT_CLEARED || c->step == ALERT_EASED;
}

/* Whole or not at all: a Chinese character is not cut in two. */
static void append(char note[ALERT_NOTE_MAX], const char *text) {
    size_t n = strlen(note), more = strlen(text);
    if (n + more < ALERT_NOTE_MAX)
        memcpy(note + n, text, more + 1);
}

/* "; feeders that could give it: ..." */
static void add_feeders(const struct supply_case *s, struct alert_change *c) {
    struct shed_list l;
    char names[FEEDERS_MAX];
    if (!(s->shed_kw >= 1.0))
        return;
    shed_find(s->scene->site, s->account, s->scene->feed_kw, s->shed_kw, &l);
    append(c->note_en,
           l.count > 0 ? "; feeders that could give it: " : "; no metered feeder can give it");
    append(c->note_zh, l.count > 0 ? "；可削减馈线：" : "；未见可削减的馈线");
    shed_write(s->scene->site, s->scene->feed_kw, &l, false, names, sizeof names);
    append(c->note_en, names);
    shed_write(s->scene->site, s->scene->feed_kw, &l, true, names, sizeof names);
    append(c->note_zh, names);
}

void note_demand_near(const void *arg, struct alert_change *c) {
    const struct supply_case *s = arg;
    in_unit(c, s, "kW");
    if (is_relief(c))
        return;
    snprintf(c->note_en, sizeof c->note_en,
             "%.1f %% of the contract of %.0f kW; shed %.0f kW to come below %.0f kW",
             100.0 * s->value / s->full, s->full, s->shed_kw, s->more);
    snprintf(c->note_zh, sizeof c->note_zh,
             "达到合同需量%.0f kW的%.1f%%；需削减%.0f kW以降至%.0f kW以下", s->full,
             100.0 * s->value / s->full, s->shed_kw, s->more);
    add_feeders(s, c);
}

void note_demand_forecast(const void *arg, struct alert_change *c) {
    const struct supply_case *s = arg;
    in_unit(c, s, "kW");
    if (is_relief(c))
        return;
    double left_min = (double)s->left_ms / MS_PER_MIN;
    snprintf(c->note_en, sizeof c->note_en,
             "the block ends at %.0f kW in %.1f min, contract %.0f kW; shed %.0f kW now", s->value,
             left_min, s->full, s->shed_kw);
    snprintf(c->note_zh, sizeof c->note_zh,
             "%.1f分钟后本时段需量将达%.0f kW，合同%.0f kW；立即削减%.0f kW", left_min, s->value,
             s->full, s->shed_kw);
    add_feeders(s, c);
}

/* "; allowed: ..." */
static void add_allowed_time(double pct, struct alert_change *c) {
    double outdoor, indoor;
    char text[100];
    if (!signal_overload_time(pct, &outdoor, &indoor))
        return;
    if (outdoor <= 0.0) {
        append(c->note_en, "; allowed for no time at all");
        append(c->note_zh, "；不允许运行");
        return;
    }
    snprintf(text, sizeof text, "; allowed for %g min outdoors, %g min indoors", outdoor, indoor);
    append(c->note_en, text);
    snprintf(text, sizeof text, "；允许时间：户外%g分钟，户内%g分钟", outdoor, indoor);
    append(c->note_zh, text);
}

void note_transformer(const void *arg, struct alert_change *c) {
    const struct supply_case *s = arg;
    double pct = 100.0 * s->value / s->full;
    in_unit(c, s, "kVA");
    if (is_relief(c))
        return;
    snprintf(c->note_en, sizeof c->note_en, "%.0f %% of %.0f kVA; shed %.0f kW", pct, s->full,
             s->shed_kw);
    snprintf(c->note_zh, sizeof c->note_zh, "负载率%.0f%%（额定%.0f kVA）；需削减%.0f kW", pct,
             s->full, s->shed_kw);
    add_allowed_time(pct, c);
    add_feeders(s, c);
}

void note_power_factor(const void *arg, struct alert_change *c) {
    const struct supply_case *s = arg;
    c->value = s->value;
    c->threshold += s->full;
    if (is_relief(c))
        return;
    snprintf(c->note_en, sizeof c->note_en, "power factor %.3f, standard %.2f; %.0f kvar needed",
             s->value, s->full, s->more);
    snprintf(c->note_zh, sizeof c->note_zh, "功率因数%.3f，标准%.2f；需补偿%.0f kvar", s->value,
             s->full, s->more);
}

/* The signal is a distance from a limit; the alert shows what was measured. */
void note_measured(const void *arg, struct alert_change *c) {
    const struct supply_case *s = arg;
    snprintf(c->note_en, sizeof c->note_en, "measured %.2f %s", s->value, c->unit);
    snprintf(c->note_zh, sizeof c->note_zh, "实测%.2f %s", s->value, c->unit);
}

void note_back_feed(const void *arg, struct alert_change *c) {
    const struct supply_case *s = arg;
    const struct metering_point *p = &s->scene->site->metering_points[s->object];
    const struct feed *f = &s->scene->site->feeds[p->feed];
    double poll_s = s->scene->site->devices[f->device].poll_ms / 1000.0;
    in_unit(c, s, "kW");
    if (is_relief(c))
        return;
    snprintf(c->note_en, sizeof c->note_en,
             "%.0f kW flow back, %.1f %% of %.0f kW; polled every %g s, and the limit's hold time: "
             "a protection device is faster",
             -s->value, -100.0 * s->value / s->full, s->full, poll_s);
    snprintf(c->note_zh, sizeof c->note_zh,
             "反送%.0f kW，为%.0f kW的%.1f%%；轮询周期%g秒另加持续时间，不能代替保护装置",
             -s->value, s->full, -100.0 * s->value / s->full, poll_s);
}
