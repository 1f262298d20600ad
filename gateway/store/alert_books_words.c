#include "store/alert_books_words.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "calc/tariff.h"

#define MONEY_MAX 32

/* Adds to a note; what does not fit as a whole is left out. */
__attribute__((format(printf, 2, 3))) static void add(char note[ALERT_NOTE_MAX], const char *format,
                                                      ...) {
    size_t n = strlen(note);
    va_list args;
    va_start(args, format);
    int more = vsnprintf(note + n, ALERT_NOTE_MAX - n, format, args);
    va_end(args);
    if (more < 0 || n + (size_t)more >= ALERT_NOTE_MAX)
        note[n] = '\0';
}

static void begin(struct alert_change *c) {
    c->note_en[0] = c->note_zh[0] = '\0';
}

static void say(struct alert_change *c, double value, double threshold, const char *unit) {
    c->value = value;
    c->threshold = threshold;
    snprintf(c->unit, sizeof c->unit, "%s", unit);
}

/* ---- A24 ---------------------------------------------------------------------------------- */

static void add_suspect(const struct site *site, const struct suspect *s, struct alert_change *c) {
    static const char *const en[] = {[SUSPECT_REVERSED] = "its direction is reversed",
                                     [SUSPECT_RATIO] = "its ratio is wrong",
                                     [SUSPECT_DEAD] = "it counts nothing"};
    static const char *const zh[] = {
        [SUSPECT_REVERSED] = "方向接反", [SUSPECT_RATIO] = "变比错误", [SUSPECT_DEAD] = "计量停走"};
    if (s->kind == SUSPECT_NONE || s->feed < 0 || (size_t)s->feed >= site->feed_count) {
        add(c->note_en, "; no single meter is named (that takes hours of it, up to a day): look at "
                        "directions and "
                        "ratios, and for a load without a meter");
        add(c->note_zh,
            "；尚不能指出单一表计（需数小时至一日的数据），请核对极性和变比，并查找未装表的负荷");
        return;
    }
    const char *id = site->feeds[s->feed].id;
    add(c->note_en, "; best explained by %s: %s", id, en[s->kind]);
    add(c->note_zh, "；最可能是 %s：%s", id, zh[s->kind]);
    if (s->kind == SUSPECT_RATIO) {
        add(c->note_en, " (reading x %.4g)", s->ratio);
        add(c->note_zh, "（读数应乘以 %.4g）", s->ratio);
    }
}

void words_balance(const void *arg, struct alert_change *c) {
    const struct balance_words *w = arg;
    begin(c);
    say(c, w->pct, w->limit_pct, "%");
    add(c->note_en, "%.1f kWh are unexplained in %s", w->residual_kwh,
        w->of_day ? "the day" : "15 minutes");
    add(c->note_zh, "%s有 %.1f kWh 无法平衡", w->of_day ? "当日" : "15 分钟内", w->residual_kwh);
    if (c->step != ALERT_CLEARED)
        add_suspect(w->site, w->suspect, c);
}

/* ---- A04, A06, A14, A27 ------------------------------------------------------------------- */

void words_week(const void *arg, struct alert_change *c) {
    const struct week_words *w = arg;
    double kva = w->transformer->kva;
    begin(c);
    say(c, w->pct, c->threshold, "%");
    add(c->note_en, "mean of seven days %.0f of %.0f kVA", w->pct * kva / 100.0, kva);
    add(c->note_zh, "近七日平均 %.0f kVA，容量 %.0f kVA", w->pct * kva / 100.0, kva);
}

void words_pf(const void *arg, struct alert_change *c) {
    const struct pf_words *w = arg;
    const struct pf_advice *pf = &w->month->pf;
    begin(c);
    say(c, (double)pf->pf_hundredths / 100.0, w->standard, "");
    add(c->note_en, "month to date %.2f, standard %.2f", c->value, w->standard);
    add(c->note_zh, "本月累计 %.2f，标准 %.2f", c->value, w->standard);
    if (!w->has_table)
        return;
    add(c->note_en, "; adjustment %+.2f %%", (double)pf->adjust_e4 / 100.0);
    add(c->note_zh, "；力调 %+.2f %%", (double)pf->adjust_e4 / 100.0);
    if (w->month->adjust_known) {
        char money[MONEY_MAX];
        money_format(w->month->adjust_e8, money);
        add(c->note_en, ", %s CNY so far", money);
        add(c->note_zh, "，至今 %s 元", money);
    }
    if (c->step != ALERT_CLEARED && pf->kvar > 0.0) {
        add(c->note_en, "; %.0f kvar more reach %.2f", pf->kvar,
            (double)pf->next_hundredths / 100.0);
        add(c->note_zh, "；再投 %.0f kvar 可达 %.2f", pf->kvar,
            (double)pf->next_hundredths / 100.0);
    }
}

void words_self_use(const void *arg, struct alert_change *c) {
    static const char *const en[] = {[SELF_USED_OF_AVAILABLE] = "self-used of the generation",
                                     [SELF_USED_OF_CONSUMPTION] =
                                         "self-used new energy of the consumption",
                                     [EXPORT_OF_AVAILABLE] = "exported of the generation"};
    static const char *const zh[] = {[SELF_USED_OF_AVAILABLE] = "自发自用占发电量",
                                     [SELF_USED_OF_CONSUMPTION] = "自用新能源占用电量",
                                     [EXPORT_OF_AVAILABLE] = "上网占发电量"};
    const struct self_use *w = arg;
    begin(c);
    say(c, w->share_pct, w->limit_pct, "%");
    add(c->note_en, "month to date: %s %.1f %%, limit %.0f %%", en[w->worst], w->share_pct,
        w->limit_pct);
    add(c->note_zh, "本月累计：%s %.1f %%，限值 %.0f %%", zh[w->worst], w->share_pct, w->limit_pct);
}

static double change_pct(double now, double before) {
    return before > 0.0 ? 100.0 * (now - before) / before : (double)NAN;
}

static void add_change(struct alert_change *c, const char *en, const char *zh, double pct) {
    if (isnan(pct))
        return;
    add(c->note_en, "; %s %+.0f %%", en, pct);
    add(c->note_zh, "；%s %+.0f %%", zh, pct);
}

void words_carbon(const void *arg, struct alert_change *c) {
    const struct carbon_words *w = arg;
    begin(c);
    add(c->note_en, "%.1f t so far, %.1f t allowed (%.1f t in the month)", w->kg / 1000.0,
        w->allowed_t, w->budget_t);
    add(c->note_zh, "已排放 %.1f t，进度限额 %.1f t（全月 %.1f t）", w->kg / 1000.0, w->allowed_t,
        w->budget_t);
    add(c->note_en, "; grid import %.0f kWh, own fuel %.1f t", w->import_kwh,
        w->scope1_kg / 1000.0);
    add(c->note_zh, "；网购电 %.0f kWh，燃料 %.1f t", w->import_kwh, w->scope1_kg / 1000.0);
    if (!w->compared)
        return;
    add(c->note_en, "; against the same days of last month");
    add(c->note_zh, "；与上月同期比");
    add_change(c, "import", "购电", change_pct(w->import_kwh, w->before_import_kwh));
    add_change(c, "PV and wind", "新能源", change_pct(w->pv_kwh, w->before_pv_kwh));
    add_change(c, "share of peak hours", "峰段占比",
               change_pct(w->peak_share, w->before_peak_share));
}

/* ---- A21 ---------------------------------------------------------------------------------- */

void words_night(const void *arg, struct alert_change *c) {
    const struct night_words *w = arg;
    begin(c);
    say(c, w->kw, w->signal->limit_kw, "kW");
    add(c->note_en, "00-05 h mean %.0f kW, usual %.0f kW", w->kw, w->signal->usual_kw);
    add(c->note_zh, "0-5 时平均 %.0f kW，平常 %.0f kW", w->kw, w->signal->usual_kw);
    for (size_t i = 0; i < w->grew_count && c->step != ALERT_CLEARED; i++) {
        const struct night_growth *g = &w->grew[i];
        const char *id = w->site->feeds[g->feed].id;
        add(c->note_en, "%s %s %.0f (%+.0f)", i == 0 ? "; grew:" : ",", id, g->kw,
            g->kw - g->usual_kw);
        add(c->note_zh, "%s %s %.0f（%+.0f）", i == 0 ? "；增长的馈线：" : "，", id, g->kw,
            g->kw - g->usual_kw);
    }
}

/* ---- A15 ---------------------------------------------------------------------------------- */

void words_sun(const void *arg, struct alert_change *c) {
    const struct sun_words *w = arg;
    begin(c);
    if (w->of_day) {
        say(c, 100.0 * w->ratio / w->usual, w->limit_pct, "%");
        add(c->note_en, "%.2f kWh/kWp in the day, the other PV feeds %.2f", w->ratio, w->usual);
        add(c->note_zh, "当日等效 %.2f h，其他光伏 %.2f h", w->ratio, w->usual);
        return;
    }
    add(c->note_en, "performance ratio %.2f, its median of 30 days %.2f", w->ratio, w->usual);
    add(c->note_zh, "系统效率 %.2f，近 30 日中位数 %.2f", w->ratio, w->usual);
}

/* ---- A29 ---------------------------------------------------------------------------------- */

void words_billing(const void *arg, struct alert_change *c) {
    const struct billing_words *w = arg;
    char capacity[MONEY_MAX], actual[MONEY_MAX], contract[MONEY_MAX];
    begin(c);
    add(c->note_en, "Dm/S_N %.3f, even at %.3f", w->ratio, w->even_ratio);
    add(c->note_zh, "最大需量/容量 %.3f，平衡点 %.3f", w->ratio, w->even_ratio);
    if (isnan(w->contract_kw))
        return;
    money_format(w->capacity_e8, capacity);
    money_format(w->actual_e8, actual);
    money_format(w->contract_e8, contract);
    add(c->note_en,
        "; three months cost by capacity %s CNY, by actual demand %s, by a contract of "
        "%.0f kW %s",
        capacity, actual, w->contract_kw, contract);
    add(c->note_zh, "；三个月：按容量 %s 元，按实际需量 %s 元，按合同需量 %.0f kW %s 元", capacity,
        actual, w->contract_kw, contract);
}
