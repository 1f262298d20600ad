/* What an alert of a device says besides its name: particulars, and the next step. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "alert/signal_health.h"
#include "store/alert_devices.h"

#define SAY(c, en, zh, ...)                                                                        \
    do {                                                                                           \
        snprintf((c)->note_en, sizeof(c)->note_en, en, __VA_ARGS__);                               \
        snprintf((c)->note_zh, sizeof(c)->note_zh, zh, __VA_ARGS__);                               \
    } while (0)

static void in_terms(struct alert_change *c, double value, double threshold, const char *unit) {
    c->value = value;
    c->threshold = threshold;
    snprintf(c->unit, sizeof c->unit, "%s", unit);
}

static double seconds(ms_t ms) {
    return (double)ms / MS_PER_S;
}

static const char *link_of(const struct site *s, const struct device *d) {
    return d->link >= 0 && (size_t)d->link < s->link_count ? s->links[d->link].id : "?";
}

void note_gap(const void *arg, struct alert_change *c) {
    const struct device_note *n = arg;
    const struct device *device = &n->d->site->devices[n->device];
    const struct device_watch *w = &n->d->devices[n->device];
    const char *link = link_of(n->d->site, device);
    double allowed = seconds(gap_allowed(device->poll_ms));
    double silent = seconds(n->d->tick - w->gap.good_at);
    if (c->step != ALERT_CLEARED && silent < allowed && w->day_coverage < GAP_DAY_PART) {
        in_terms(c, 100.0 * w->day_coverage, 100.0 * GAP_DAY_PART, "%");
        SAY(c, "only %.1f %% of yesterday was read; look at its gaps on link %s",
            "昨日数据完整率仅 %.1f %%；请检查链路 %s 的中断", c->value, link);
        return;
    }
    in_terms(c, silent, c->threshold / 100.0 * allowed, "s");
    if (c->step == ALERT_CLEARED)
        SAY(c, "readings come again on link %s, unit %u", "链路 %s 单元 %u 恢复采集", link,
            device->unit);
    else
        SAY(c, "no good reading for %.0f s on link %s, unit %u",
            "%.0f 秒无有效数据，链路 %s 单元 %u", silent, link, device->unit);
}

void note_link(const void *arg, struct alert_change *c) {
    const struct device_note *n = arg;
    const struct mqtt_settings *m = &n->d->site->mqtt;
    uint64_t waiting;
    memcpy(&waiting, n->detail, sizeof waiting);
    in_terms(c, c->value / 100.0 * seconds(GAP_LINK_MS),
             c->threshold / 100.0 * seconds(GAP_LINK_MS), "s");
    if (c->step == ALERT_CLEARED)
        SAY(c, "%s:%u acknowledges again; %" PRIu64 " messages wait",
            "%s:%u 已恢复确认，待传 %" PRIu64 " 条", m->host, m->port, waiting);
    else
        SAY(c,
            "the platform at %s:%u has acknowledged nothing for %.0f s; %" PRIu64
            " messages wait in the store; check the network and the broker",
            "平台 %s:%u 已 %.0f 秒无确认，待传 %" PRIu64 " 条（已存盘）；请检查网络和消息服务器",
            m->host, m->port, c->value, waiting);
}

void note_stuck(const void *arg, struct alert_change *c) {
    const struct device_note *n = arg;
    const struct stuck *s = &n->d->devices[n->device].stuck;
    enum stuck_sign sign;
    signal_stuck(s, &sign);
    if (c->step == ALERT_CLEARED) {
        snprintf(c->note_en, sizeof c->note_en, "its values change again");
        snprintf(c->note_zh, sizeof c->note_zh, "数值恢复变化");
    } else if (sign == STUCK_READINGS) {
        in_terms(c, s->same, c->threshold / 100.0 * STUCK_POLLS, "polls");
        SAY(c, "%u polls in a row have read the same power, current and voltage",
            "连续 %u 次采集的功率、电流、电压完全相同", s->same);
    } else {
        double minutes = seconds(s->at - s->energy_since) / 60.0;
        in_terms(c, minutes, c->threshold / 100.0 * (double)STUCK_ENERGY_MS / MS_PER_MIN, "min");
        SAY(c, "its energy stands at %.2f kWh for %.0f min while %.1f kW flow",
            "电量停在 %.2f kWh 已 %.0f 分钟，而功率为 %.1f kW", s->energy, minutes, s->kw);
    }
}

void note_register(const void *arg, struct alert_change *c) {
    const struct device_note *n = arg;
    const struct register_news *r = &n->d->devices[n->device].news;
    if (c->step == ALERT_CLEARED) {
        snprintf(c->note_en, sizeof c->note_en, "the registers count on");
        snprintf(c->note_zh, sizeof c->note_zh, "表码继续正常累计");
        return;
    }
    in_terms(c, r->now, r->before, r->unit);
    SAY(c,
        "%s of %s: from %.3f to %.3f %s; confirm with busbar meter change if the meter was "
        "exchanged",
        "%s：%s 由 %.3f 变为 %.3f %s；如已换表请用 busbar meter change 录入", r->what, r->point,
        r->before, r->now, r->unit);
}

static void name_bits(const struct point_def *p, uint32_t bits, char *out, size_t cap) {
    size_t n = (size_t)snprintf(out, cap, "0x%04x", (unsigned)bits);
    for (size_t i = 0; i < p->bit_count && n < cap; i++)
        if (bits >> p->bits[i].bit & 1)
            n += (size_t)snprintf(out + n, cap - n, " %s", p->bits[i].name);
}

void note_health(const void *arg, struct alert_change *c) {
    static const struct {
        const char *en, *zh;
    } names[HEALTH_SIGNS] = {
        [HEALTH_SOC_LOW] = {"state of charge below its limit", "SOC 低于下限"},
        [HEALTH_SOC_HIGH] = {"state of charge above its limit", "SOC 高于上限"},
        [HEALTH_SPREAD] = {"spread of the cell voltages at rest", "静置单体压差大"},
        [HEALTH_TEMPERATURE] = {"hottest cell", "单体最高温度高"},
        [HEALTH_ROUND_TRIP] = {"round trip of 7 days below its design", "7 日循环效率低于设计值"},
        [HEALTH_FAULT_BIT] = {"fault word", "故障字"},
    };
    const struct device_note *n = arg;
    const struct health *h = n->detail;
    const struct storage_seen *seen = &n->d->devices[n->device].seen;
    if (c->step == ALERT_CLEARED) {
        snprintf(c->note_en, sizeof c->note_en, "every sign is back within its limits");
        snprintf(c->note_zh, sizeof c->note_zh, "各项指标恢复正常");
        return;
    }
    in_terms(c, h->measured, h->limit, h->unit);
    if (h->sign == HEALTH_FAULT_BIT && seen->fault_point != SITE_NONE) {
        char bits[160];
        const struct site_point *p = &n->d->site->points[seen->fault_point];
        name_bits(p->def, seen->fault_bits, bits, sizeof bits);
        in_terms(c, seen->fault_bits, (double)NAN, "");
        SAY(c, "fault word %s: %s", "故障字 %s：%s", p->id, bits);
        return;
    }
    snprintf(c->note_en, sizeof c->note_en, "%s: %.1f %s, limit %.1f", names[h->sign].en,
             h->measured, h->unit, h->limit);
    snprintf(c->note_zh, sizeof c->note_zh, "%s：%.1f %s，限值 %.1f", names[h->sign].zh,
             h->measured, h->unit, h->limit);
}

void note_clock(const void *arg, struct alert_change *c) {
    const struct device_note *n = arg;
    const struct core *core = n->d->core;
    bool alone;
    memcpy(&alone, n->detail, sizeof alone);
    if (alone) {
        c->value = c->threshold = (double)NAN;
        snprintf(c->note_en, sizeof c->note_en,
                 "nothing has kept the clock for an hour, its offset is not known; check NTP");
        snprintf(c->note_zh, sizeof c->note_zh, "时钟已一小时未同步，偏差未知；请检查 NTP");
        return;
    }
    SAY(c, "the gateway's clock (%s) is %.3f s off; check NTP",
        "网关时钟（%s）偏差 %.3f 秒；请检查 NTP", clock_sync_str(core->clock),
        core->clock_offset_ms / 1000.0);
}
