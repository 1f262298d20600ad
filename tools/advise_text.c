/* The advice as plain text: a table for each question, in words. */
#include <math.h>
#include <string.h>

#include "advise.h"
#include "advise_say.h"
#include "base/buf.h"
#include "sys/clock.h"
#include "text_columns.h"

#define YEAR_MONTHS 12

struct page {
    const struct advise *advice;
    enum advise_lang lang;
    FILE *out;
};

/* ---- tables ------------------------------------------------------------------------------- */

static void number(FILE *out, int width, double v, int decimals) {
    char text[ADVISE_NUMBER_MAX];
    advise_put_fixed(v, decimals, text);
    text_right(out, width, text);
}

/* A number inside a sentence. By value, so that several stand in one call. */
struct words {
    char text[ADVISE_NUMBER_MAX];
};
static struct words words_of(double v, int decimals) {
    struct words w;
    advise_put_fixed(v, decimals, w.text);
    return w;
}

static void money(FILE *out, int width, int64_t money_e8) {
    char text[ADVISE_NUMBER_MAX];
    money_format(money_e8, text);
    text_right(out, width, text);
}

/* "2026-11-23 08:15", local. */
static void put_time(ms_t t, char out[ADVISE_NUMBER_MAX]) {
    char iso[ISO8601_MAX];
    iso8601_format(iso, t, clock_utc_offset_s(t));
    snprintf(out, ADVISE_NUMBER_MAX, "%.10s %.5s", iso, iso + 11);
}

static void put_date(ms_t t, char out[ADVISE_NUMBER_MAX]) {
    put_time(t, out);
    out[10] = '\0';
}

/* ---- declared demand ---------------------------------------------------------------------- */

static void put_price(FILE *out, int width, bool known, int64_t price_e8) {
    char text[ADVISE_NUMBER_MAX];
    struct buf b;
    buf_init(&b, text, sizeof text);
    if (known)
        buf_put_decimal(&b, (double)price_e8 / PRICE_UNIT, 8);
    text_right(out, width, known ? text : "-");
}

static void put_months(const struct page *p, const struct advise_demand *d) {
    static const int widths[] = {11, 12, 15, 11, 11, 11, 11};
    const char *const heads[] = {
        SAY(p->lang, "month", "月份"),       SAY(p->lang, "max kW", "最大需量kW"),
        SAY(p->lang, "kWh", "电量kWh"),      SAY(p->lang, "known %", "已知 %"),
        SAY(p->lang, "demand", "需量电价"),  SAY(p->lang, "actual", "实际需量"),
        SAY(p->lang, "capacity", "容量电价")};
    char text[ADVISE_WORDS_MAX];
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
        text_right(p->out, widths[i], heads[i]);
    fputs(SAY(p->lang, "   (prices in CNY per kW, kW, kVA and month)\n",
              "   (电价：元/kW·月、元/kW·月、元/kVA·月)\n"),
          p->out);
    for (size_t i = 0; i < d->month_count; i++) {
        const struct advise_month_row *m = &d->months[i];
        advise_put_month(m->month, text);
        text_right(p->out, widths[0], text);
        number(p->out, widths[1], m->values.max_kw, 1);
        number(p->out, widths[2], m->values.kwh, 1);
        number(p->out, widths[3], m->coverage * 100.0, 1);
        put_price(p->out, widths[4], m->price_known[ADVISE_DEMAND], m->values.demand_e8);
        put_price(p->out, widths[5], m->price_known[ADVISE_ACTUAL], m->values.actual_e8);
        put_price(p->out, widths[6], m->price_known[ADVISE_CAPACITY], m->values.capacity_e8);
        advise_month_words(m, p->lang, text, sizeof text);
        if (!m->counted)
            fprintf(p->out, SAY(p->lang, "   left out: %s", "   未计入：%s"), text);
        fputc('\n', p->out);
    }
}

static void put_candidates(const struct page *p, const struct account *a,
                           const struct advise_demand *d) {
    const int kw_width = 22, cost_width = 20;
    text_right(p->out, kw_width, SAY(p->lang, "contract kW", "合同需量kW"));
    text_right(p->out, cost_width, SAY(p->lang, "basic charge CNY", "基本电费（元）"));
    fputc('\n', p->out);
    for (size_t i = 0; i < d->candidate_count; i++) {
        number(p->out, kw_width, d->candidate_kw[i], 1);
        money(p->out, cost_width, d->candidate_e8[i]);
        if (d->candidate_kw[i] == d->advice.contract_kw)
            fputs(SAY(p->lang, "  cheapest contract", "  最省的合同需量"), p->out);
        if (a->billing == BILLING_CONTRACT_DEMAND && d->candidate_kw[i] == d->contract_kw)
            fputs(SAY(p->lang, "  present", "  现行"), p->out);
        fputc('\n', p->out);
    }
    text_right(p->out, kw_width, advise_billing_words(BILLING_ACTUAL_DEMAND, p->lang));
    money(p->out, cost_width, d->advice.actual_cost_e8);
    fputc('\n', p->out);
    text_right(p->out, kw_width, advise_billing_words(BILLING_CAPACITY, p->lang));
    money(p->out, cost_width, d->advice.capacity_cost_e8);
    fputc('\n', p->out);
}

static void put_way(const struct page *p, const char *what, enum billing way, double kw,
                    int64_t cost_e8) {
    char cost[ADVISE_NUMBER_MAX], size[ADVISE_NUMBER_MAX + 8] = "";
    money_format(cost_e8, cost);
    if (way == BILLING_CONTRACT_DEMAND)
        snprintf(size, sizeof size, SAY(p->lang, ", %s kW", "，%s kW"), words_of(kw, 1).text);
    fprintf(p->out, SAY(p->lang, "    %s: %s%s: %s CNY\n", "    %s：%s%s：%s 元\n"), what,
            advise_billing_words(way, p->lang), size, cost);
}

static void put_result(const struct page *p, const struct account *a,
                       const struct advise_demand *d) {
    char cost[ADVISE_NUMBER_MAX];
    if (d->present_known)
        put_way(p, SAY(p->lang, "present", "现行"), a->billing, d->contract_kw, d->present_e8);
    else
        fputs(SAY(p->lang,
                  "    present: not known: the site file names no billing, or no contract\n",
                  "    现行：未知：站点文件没有 billing 或合同需量\n"),
              p->out);
    put_way(p, SAY(p->lang, "best", "最优"), d->best, d->best_kw, d->best_e8);
    if (!d->present_known)
        return;
    money_format(d->present_e8 - d->best_e8, cost);
    fprintf(p->out,
            SAY(p->lang, "    difference: %s CNY in %zu months\n", "    差额：%s 元（%zu 个月）\n"),
            cost, d->counted);
}

static void put_demand(const struct page *p, const struct advise_account *x) {
    const struct account *a = &p->advice->site->accounts[x->index];
    const struct advise_demand *d = &x->demand;
    char why[ADVISE_WORDS_MAX];
    fprintf(
        p->out,
        SAY(p->lang,
            "  declared demand: %zu of %zu billing months in the range count; %zu are recorded\n",
            "  需量申报：计入 %zu 个结算月（统计期共 %zu 个，有记录 %zu 个）\n"),
        d->counted, d->expected, d->month_count);
    if (d->version)
        fprintf(p->out, SAY(p->lang, "    rules: %s, %s%s\n", "    规则：%s，%s%s\n"), a->tariff_id,
                d->version->document,
                d->verified
                    ? ""
                    : SAY(p->lang, "; rules or prices are unverified", "；规则或电价未核实"));
    if (d->month_count > 0)
        put_months(p, d);
    if (d->refusal != ADVISE_GIVEN) {
        advise_refusal_words(p->advice, x, p->lang, why, sizeof why);
        fprintf(p->out, SAY(p->lang, "    no advice: %s\n", "    无法给出建议：%s\n"), why);
        return;
    }
    put_candidates(p, a, d);
    put_result(p, a, d);
    if (d->counted < YEAR_MONTHS)
        fputs(SAY(p->lang,
                  "    fewer than 12 months count: another season may need another contract\n",
                  "    计入不足 12 个月：其他季节可能需要不同的合同需量\n"),
              p->out);
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

static void put_capacity_row(const struct page *p, const struct advise_capacity *c) {
    char name[80], at[ADVISE_NUMBER_MAX] = "-";
    snprintf(name, sizeof name, "    %s %s", object_words(c->object, p->lang),
             c->object == ADVISE_TOGETHER ? "" : c->id);
    text_left(p->out, 30, name);
    number(p->out, 10, c->limit_kva, 1);
    number(p->out, 10, c->headroom.max_kva, 1);
    if (!isnan(c->headroom.max_kva))
        put_time(c->headroom.max_at, at);
    text_right(p->out, 18, at);
    number(p->out, 10, c->headroom.p95_kva, 1);
    number(p->out, 11, c->headroom.headroom_kva, 1);
    number(p->out, 9, c->headroom.load_pct, 1);
    number(p->out, 9, c->headroom.growth_pct_year, 1);
    number(p->out, 10, c->mean_kva, 1);
    fputc('\n', p->out);
}

static void put_capacity_notes(const struct page *p, const struct advise_capacity *c) {
    if (c->object == ADVISE_TOGETHER)
        fprintf(p->out,
                SAY(p->lang,
                    "    N-1: without the largest transformer the others carry %s %% of their kVA "
                    "at the maximum\n",
                    "    N-1：最大的变压器退出时，其余变压器最大负载率 %s %%\n"),
                words_of(c->n_minus_1_pct, 1).text);
    if (c->object != ADVISE_TRANSFORMER)
        return;
    if (isnan(c->best_load_pct)) {
        fprintf(p->out,
                SAY(p->lang, "    transformer %s: losses unknown: give its p0_w and pk_w\n",
                    "    变压器 %s：损耗未知：请给出 p0_w 和 pk_w\n"),
                c->id);
        return;
    }
    fprintf(
        p->out,
        SAY(p->lang,
            "    transformer %s: %s kWh lost; mean load %s %%, least losses for what it carries "
            "at %s %% (%s kVA)\n",
            "    变压器 %s：损耗 %s kWh；平均负载率 %s %%，经济负载率 %s %%（%s kVA）\n"),
        c->id, words_of(c->loss_kwh, 1).text, words_of(c->mean_kva / c->limit_kva * 100.0, 1).text,
        words_of(c->best_load_pct, 1).text, words_of(c->best_kva, 1).text);
}

static void put_capacity(const struct page *p, const struct advise_account *x) {
    static const int widths[] = {10, 10, 18, 10, 11, 9, 9, 10};
    const char *const heads[] = {
        SAY(p->lang, "limit kVA", "限值kVA"),   SAY(p->lang, "max kVA", "最大kVA"),
        SAY(p->lang, "quarter from", "时段起"), SAY(p->lang, "P95 kVA", "P95 kVA"),
        SAY(p->lang, "left kVA", "余量kVA"),    SAY(p->lang, "load %", "负载率%"),
        SAY(p->lang, "%/year", "年增长%"),      SAY(p->lang, "mean kVA", "平均kVA")};
    if (p->advice->quarters == 0 || x->row_count == 0) {
        fputs(SAY(p->lang, "  capacity: nothing is recorded in the range\n",
                  "  容量余量：统计期内没有记录\n"),
              p->out);
        return;
    }
    text_left(p->out, 30, SAY(p->lang, "  capacity", "  容量余量"));
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++)
        text_right(p->out, widths[i], heads[i]);
    fputc('\n', p->out);
    for (size_t i = 0; i < x->row_count; i++)
        put_capacity_row(p, &x->rows[i]);
    for (size_t i = 0; i < x->row_count; i++)
        put_capacity_notes(p, &x->rows[i]);
}

/* ---- power factor ------------------------------------------------------------------------- */

static void put_step(const struct page *p, const char *what, const struct pf_advice *pf) {
    fprintf(p->out, SAY(p->lang, "    %s: %s, adjustment %s %%", "    %s：%s，力调系数 %s %%"),
            what, words_of(pf->pf_hundredths / 100.0, 2).text,
            words_of(pf->adjust_e4 / 100.0, 2).text);
    if (pf->next_hundredths < 0)
        fputs(SAY(p->lang, "; no better step\n", "；已是最优档\n"), p->out);
    else
        fprintf(p->out,
                SAY(p->lang, "; next step %s (%s %%): %s kvarh less so far, a mean of %s kvar\n",
                    "；下一档 %s（%s %%）：至今应减少无功 %s kvarh，平均补偿 %s kvar\n"),
                words_of(pf->next_hundredths / 100.0, 2).text,
                words_of(pf->next_adjust_e4 / 100.0, 2).text, words_of(pf->kvarh_less, 1).text,
                words_of(pf->kvar, 1).text);
}

static void put_power_factor(const struct page *p, const struct advise_account *x) {
    const struct account *a = &p->advice->site->accounts[x->index];
    const struct advise_power_factor *pf = &x->pf;
    char from[ADVISE_NUMBER_MAX];
    put_date(pf->start, from);
    fprintf(p->out,
            SAY(p->lang, "  power factor of the month from %s: %s kWh, %s kvarh in %s hours%s\n",
                "  %s 起本月功率因数：%s kWh，%s kvarh，已计 %s 小时%s\n"),
            from, words_of(pf->month.kwh, 1).text, words_of(pf->month.kvarh, 1).text,
            words_of(pf->month.hours, 2).text,
            !pf->has_table || pf->verified
                ? ""
                : SAY(p->lang, "; rules are unverified", "；规则未核实"));
    if (pf->month.pf.pf_hundredths < 0) {
        fputs(SAY(p->lang,
                  "    unknown: active or reactive energy of a metering point is not recorded\n",
                  "    未知：计量点的有功或无功电量没有记录\n"),
              p->out);
        return;
    }
    if (!pf->has_table) {
        fprintf(p->out,
                SAY(p->lang, "    %s; no adjustment: the tariff has no table of standard %s\n",
                    "    %s；无法调整：电价没有标准 %s 的力调表\n"),
                words_of(pf->month.pf.pf_hundredths / 100.0, 2).text,
                words_of(a->pf_standard, 2).text);
        return;
    }
    put_step(p, SAY(p->lang, "so far", "至今"), &pf->month.pf);
    if (pf->without_pv.pf_hundredths >= 0)
        put_step(p, SAY(p->lang, "without PV", "若无光伏"), &pf->without_pv);
}

/* ---- all of it ---------------------------------------------------------------------------- */

void advise_text(const struct advise *a, enum advise_lang lang, FILE *out) {
    const struct page p = {.advice = a, .lang = lang, .out = out};
    char from[ADVISE_NUMBER_MAX], to[ADVISE_NUMBER_MAX];
    put_time(a->options.from, from);
    put_time(a->options.to, to);
    fprintf(out, SAY(lang, "site %s, %s to %s\n", "站点 %s，%s 至 %s\n"), a->site->id, from, to);
    if (a->account_count == 0)
        fputs(SAY(lang,
                  "no accounts: give the site a metering point, transformer_kva or accounts\n",
                  "没有户号：请在站点文件中给出 accounts 或 transformer_kva\n"),
              out);
    if (a->bad_rows > 0)
        fprintf(out,
                SAY(lang, "%llu stored slots cannot be read and are left out\n",
                    "%llu 条存储记录无法读取，未计入\n"),
                (unsigned long long)a->bad_rows);
    for (size_t i = 0; i < a->account_count; i++) {
        const struct account *account = &a->site->accounts[a->accounts[i].index];
        fprintf(out, SAY(lang, "\naccount %s%s%s\n", "\n户 %s%s%s\n"), account->id,
                account->account_no ? SAY(lang, ", number ", "，户号 ") : "",
                account->account_no ? account->account_no : "");
        put_demand(&p, &a->accounts[i]);
        put_capacity(&p, &a->accounts[i]);
        put_power_factor(&p, &a->accounts[i]);
    }
}
