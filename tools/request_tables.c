/* The tables of the page. */
#include <math.h>

#include "request_page.h"
#include "sys/clock.h"

#define DIPS_SHOWN  12
#define DIPS_BESIDE 6   /* a comparison, which takes its place on the page */
#define LEAST_KNOWN 0.9 /* of the quarters: a maximum of less may be too low */

/* ---- marks -------------------------------------------------------------------------------- */

/* † too little is known; ‡ not measured but shared out. */
static const char *mark_of(const struct request *r, const struct advise_capacity *c) {
    bool thin = (double)c->headroom.known < LEAST_KNOWN * (double)r->expected;
    bool share = request_is_share(r->site, c);
    return thin && share ? "†‡" : thin ? "†" : share ? "‡" : "";
}

/* ---- capacity ----------------------------------------------------------------------------- */

static const char *object_words(enum advise_object o, enum advise_lang lang) {
    switch (o) {
    case ADVISE_TRANSFORMER:
        return SAY(lang, "transformer", "变压器");
    case ADVISE_TOGETHER:
        return SAY(lang, "all transformers", "全部变压器");
    case ADVISE_INCOMER:
        return SAY(lang, "incomer", "进线");
    case ADVISE_LINE:
        break;
    }
    return SAY(lang, "line", "线路");
}

void request_put_capacity(const struct request_page *p, size_t account) {
    const struct advise_account *a = &p->request->advice.accounts[account];
    const struct request_demand *d = &p->request->demand[a->index];
    const char *const heads[] = {SAY(p->lang, "object", "对象"),
                                 SAY(p->lang, "rated / limit", "额定/限值"),
                                 SAY(p->lang, "maximum", "最大"),
                                 SAY(p->lang, "at", "时间"),
                                 SAY(p->lang, "load %", "负载率 %"),
                                 SAY(p->lang, "left", "余量"),
                                 ""};
    request_open_table(p,
                       SAY(p->lang, "1 Capacity and demand: maxima of the period",
                           "一、容量与需量（统计期内最大值）"),
                       heads, sizeof heads / sizeof heads[0]);
    for (size_t i = 0; i < a->row_count; i++) {
        const struct advise_capacity *c = &a->rows[i];
        fputs("<tr><td>", p->out);
        request_put_text(p, object_words(c->object, p->lang));
        fputc(' ', p->out);
        if (c->object != ADVISE_TOGETHER)
            request_put_text(p, c->id);
        fputs("</td>", p->out);
        request_put_number(p, c->limit_kva, 0, "");
        request_put_number(p, c->headroom.max_kva, 1, mark_of(p->request, c));
        request_put_time_cell(p, c->headroom.max_at);
        request_put_number(p, c->headroom.load_pct, 1, "");
        request_put_number(p, c->headroom.headroom_kva, 1, "");
        fputs("<td>kVA</td></tr>\n", p->out);
    }
    fputs("<tr><td>", p->out);
    request_put_text(
        p, SAY(p->lang, "demand (15 min, sliding) / contract", "最大需量（15分钟滑差）/合同需量"));
    fputs("</td>", p->out);
    request_put_number(p, d->contract_kw, 0, "");
    request_put_number(p, d->max_kw, 1, "");
    request_put_time_cell(p, d->max_at);
    request_put_number(p, d->max_kw / d->contract_kw * 100.0, 1, "");
    request_put_number(p, d->contract_kw - d->max_kw, 1, "");
    fputs("<td>kW</td></tr>\n", p->out);
    request_close_table(p);
}

/* ---- voltage ------------------------------------------------------------------------------ */

void request_put_voltage(const struct request_page *p, size_t account) {
    const struct request *r = p->request;
    const char *const heads[] = {
        SAY(p->lang, "metering point", "计量点"),    SAY(p->lang, "qualified %", "合格率 %"),
        SAY(p->lang, "monitored h", "监测小时"),     SAY(p->lang, "outside h", "越限小时"),
        SAY(p->lang, "lowest dev. %", "最低偏差 %"), SAY(p->lang, "highest dev. %", "最高偏差 %")};
    request_open_table(p,
                       SAY(p->lang, "2 Voltage (GB/T 12325, means of one minute)",
                           "二、电压（GB/T 12325，1分钟平均值）"),
                       heads, sizeof heads / sizeof heads[0]);
    for (size_t i = 0; i < r->site->metering_point_count; i++) {
        const struct metering_point *m = &r->site->metering_points[i];
        const struct request_point *v = &r->points[i];
        if ((size_t)m->account != r->advice.accounts[account].index)
            continue;
        double hours = (double)v->monitored_ms / (double)MS_PER_HOUR;
        double good = (double)v->qualified_ms / (double)MS_PER_HOUR;
        double expected = (double)(r->options.to - r->options.from) / (double)MS_PER_HOUR;
        fputs("<tr>", p->out);
        request_put_cell(p, m->id);
        request_put_number(p, good / hours * 100.0, 3, hours < LEAST_KNOWN * expected ? "†" : "");
        request_put_number(p, hours, 1, "");
        request_put_number(p, hours - good, 2, "");
        request_put_number(p, v->low_pct, 1, "");
        request_put_number(p, v->high_pct, 1, "");
        fputs("</tr>\n", p->out);
    }
    request_close_table(p);
}

/* ---- sags and interruptions --------------------------------------------------------------- */

static const char *kind_words(const struct request_page *p, const struct supply_entry *e) {
    if (!e->certain)
        return SAY(p->lang, "perhaps an interruption: all devices silent",
                   "疑似停电：全部设备无应答");
    return e->dip.kind == DIP_SAG ? SAY(p->lang, "sag", "电压暂降")
                                  : SAY(p->lang, "interruption", "供电中断");
}

static void put_dip(const struct request_page *p, const struct supply_entry *e) {
    const struct dip_change *d = &e->dip;
    fputs("<tr>", p->out);
    request_put_time_cell(p, d->begin);
    request_put_cell(p, e->object);
    request_put_cell(p, kind_words(p, e));
    request_put_number(p, d->lowest_pct, 1, "");
    request_put_number(p, d->ended ? (double)(d->end - d->begin) / (double)MS_PER_S : (double)NAN,
                       1, d->begin_unseen ? "†" : "");
    request_put_number(p, (double)d->resolution_ms / (double)MS_PER_S, 1, "");
    fputs("</tr>\n", p->out);
}

/* Interruptions first, then the deepest sags: what is left out is in the CSV. */
static bool is_shown(const struct request *r, size_t account, size_t at) {
    const struct supply_entry *e = &r->dips[at];
    size_t before = 0;
    for (size_t i = 0; i < r->dip_count; i++) {
        const struct supply_entry *o = &r->dips[i];
        if (i == at || !request_concerns(r, account, o))
            continue;
        bool same = o->dip.kind == e->dip.kind;
        bool deeper = o->dip.lowest_pct < e->dip.lowest_pct ||
                      (!(o->dip.lowest_pct > e->dip.lowest_pct) && i < at);
        before += (same && deeper) || (!same && o->dip.kind == DIP_INTERRUPTION);
    }
    return before < (r->has_measure ? DIPS_BESIDE : DIPS_SHOWN);
}

void request_put_dips(const struct request_page *p, size_t account) {
    const struct request *r = p->request;
    size_t index = r->advice.accounts[account].index, all = 0, shown = 0;
    const char *const heads[] = {
        SAY(p->lang, "begin", "开始"),        SAY(p->lang, "object", "对象"),
        SAY(p->lang, "kind", "类型"),         SAY(p->lang, "lowest, % of nominal", "残余电压 %"),
        SAY(p->lang, "duration s", "持续 s"), SAY(p->lang, "resolution s", "时间分辨率 s")};
    request_open_table(p,
                       SAY(p->lang, "3 Interruptions (&lt; 10 %) and sags (&lt; 90 %)",
                           "三、供电中断（&lt;10%）与电压暂降（&lt;90%）"),
                       heads, sizeof heads / sizeof heads[0]);
    for (size_t i = 0; i < r->dip_count; i++) {
        if (!request_concerns(r, index, &r->dips[i]))
            continue;
        all++;
        if (!is_shown(r, index, i))
            continue;
        shown++;
        put_dip(p, &r->dips[i]);
    }
    if (all == 0)
        fprintf(p->out, "<tr><td colspan=\"6\">%s</td></tr>\n",
                SAY(p->lang, "none was seen", "未监测到"));
    if (shown < all)
        fprintf(p->out,
                SAY(p->lang, "<tr><td colspan=\"6\">and %zu more: see the CSV</td></tr>\n",
                    "<tr><td colspan=\"6\">另有 %zu 次，见 CSV 附表</td></tr>\n"),
                all - shown);
    request_close_table(p);
}

/* ---- before and after --------------------------------------------------------------------- */

static void put_pair(const struct request_page *p, const char *name, double was, double is,
                     int decimals) {
    fputs("<tr>", p->out);
    request_put_cell(p, name);
    request_put_number(p, was, decimals, "");
    request_put_number(p, is, decimals, "");
    request_put_number(p, is - was, decimals, "");
    fputs("</tr>\n", p->out);
}

static void put_loads(const struct request_page *p) {
    const struct supply_period *a = &p->request->periods[0], *b = &p->request->periods[1];
    put_pair(p, SAY(p->lang, "largest load, kVA", "最大负荷 kVA"), a->max_kva, b->max_kva, 1);
    put_pair(p, SAY(p->lang, "largest load, % (mean of 15 min)", "最大负载率 %（15分钟平均）"),
             a->max_load_pct, b->max_load_pct, 1);
    put_pair(p, SAY(p->lang, "largest demand, kW", "最大需量 kW"), a->max_kw, b->max_kw, 1);
    put_pair(p, SAY(p->lang, "over 80 % load, min", "负载率≥80% 分钟"),
             (double)a->heavy_ms / MS_PER_MIN, (double)b->heavy_ms / MS_PER_MIN, 0);
    put_pair(p, SAY(p->lang, "over 100 % load, min", "负载率≥100% 分钟"),
             (double)a->full_ms / MS_PER_MIN, (double)b->full_ms / MS_PER_MIN, 0);
}

void request_put_measure(const struct request_page *p) {
    const struct request *r = p->request;
    const struct supply_period *a = &r->periods[0], *b = &r->periods[1];
    const char *const heads[] = {
        SAY(p->lang, "figure", "指标"), SAY(p->lang, "30 days before", "措施前30天"),
        SAY(p->lang, "30 days after", "措施后30天"), SAY(p->lang, "difference", "变化")};
    char at[REQUEST_TIME_MAX];
    if (!r->has_measure)
        return;
    request_put_time(r->measure.measured, at);
    fputs("<p class=\"measure\">", p->out);
    request_put_text(p, SAY(p->lang, "Measure: ", "措施："));
    request_put_text(p, r->measure.measure);
    fputc(' ', p->out);
    request_put_text(p, r->measure.text);
    fprintf(p->out, " (%s, %s, ", at, r->measure.rule);
    request_put_text(p, r->measure.object);
    fputs(")</p>\n", p->out);
    request_open_table(p, SAY(p->lang, "4 Before and after the measure", "四、措施前后对比"), heads,
                       sizeof heads / sizeof heads[0]);
    put_loads(p);
    put_pair(p, SAY(p->lang, "voltage qualified, %", "电压合格率 %"), supply_period_ok_pct(a),
             supply_period_ok_pct(b), 3);
    put_pair(p, SAY(p->lang, "interruptions", "供电中断次数"), a->interruptions, b->interruptions,
             0);
    put_pair(p, SAY(p->lang, "sags", "电压暂降次数"), a->sags, b->sags, 0);
    put_pair(p, SAY(p->lang, "data known, %", "数据完整率 %"), supply_period_known(a) * 100.0,
             supply_period_known(b) * 100.0, 1);
    request_close_table(p);
}
