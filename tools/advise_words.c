/* The words of the advice: names, and sentences that say what is missing and what to do. */
#include <math.h>
#include <string.h>

#include "advise.h"
#include "advise_say.h"
#include "base/buf.h"

const char *advise_refusal_code(enum advise_refusal r) {
    static const char *const codes[] = {
        [ADVISE_GIVEN] = NULL,
        [ADVISE_NO_TARIFF] = "no_tariff",
        [ADVISE_NO_VERSION] = "no_tariff_version",
        [ADVISE_NO_RULES] = "no_billing_rules",
        [ADVISE_NO_CAPACITY] = "no_transformers",
        [ADVISE_NO_MONTHS] = "no_months",
        [ADVISE_NONE_COUNTED] = "no_complete_month",
        [ADVISE_STEP] = "step",
    };
    return codes[r];
}

const char *advise_object_code(enum advise_object o) {
    static const char *const codes[] = {[ADVISE_TRANSFORMER] = "transformer",
                                        [ADVISE_TOGETHER] = "transformers",
                                        [ADVISE_INCOMER] = "incomer",
                                        [ADVISE_LINE] = "line"};
    return codes[o];
}

const char *advise_billing_code(enum billing b) {
    static const char *const codes[] = {[BILLING_CAPACITY] = "capacity",
                                        [BILLING_CONTRACT_DEMAND] = "contract_demand",
                                        [BILLING_ACTUAL_DEMAND] = "actual_demand"};
    return codes[b];
}

const char *advise_billing_words(enum billing b, enum advise_lang lang) {
    switch (b) {
    case BILLING_CAPACITY:
        return SAY(lang, "by capacity", "按变压器容量");
    case BILLING_CONTRACT_DEMAND:
        return SAY(lang, "by contract demand", "按合同最大需量");
    case BILLING_ACTUAL_DEMAND:
        break;
    }
    return SAY(lang, "by actual demand", "按实际最大需量");
}

void advise_refusal_words(const struct advise *x, const struct advise_account *a,
                          enum advise_lang lang, char *out, size_t cap) {
    const struct account *account = &x->site->accounts[a->index];
    const char *tariff = account->tariff_id ? account->tariff_id : "";
    out[0] = '\0';
    switch (a->demand.refusal) {
    case ADVISE_GIVEN:
        return;
    case ADVISE_NO_TARIFF:
        if (account->tariff_id)
            snprintf(out, cap,
                     SAY(lang, "the file of tariff %s was not found: put tariffs/%s.yaml in place",
                         "没有找到电价文件 %s：请放置 tariffs/%s.yaml"),
                     tariff, tariff);
        else
            snprintf(out, cap,
                     SAY(lang, "no tariff for account %s: name one in the site file",
                         "户 %s 没有电价：请在站点文件中指定 tariff"),
                     account->id);
        return;
    case ADVISE_NO_VERSION:
        snprintf(out, cap,
                 SAY(lang, "tariff %s has no version that is valid at the end of the range",
                     "电价 %s 没有在统计期末有效的版本"),
                 tariff);
        return;
    case ADVISE_NO_RULES:
        snprintf(out, cap,
                 SAY(lang, "tariff %s has no billing rules: add its section billing",
                     "电价 %s 没有基本电费规则：请补充 billing 一节"),
                 tariff);
        return;
    case ADVISE_NO_CAPACITY:
        snprintf(out, cap,
                 SAY(lang, "account %s has no transformers: their kVA are needed",
                     "户 %s 没有变压器：需要其容量 kVA"),
                 account->id);
        return;
    case ADVISE_NO_MONTHS:
        snprintf(out, cap,
                 SAY(lang,
                     "no billing month that ended in this range is recorded for account %s: give "
                     "another range, or wait for the end of the month",
                     "统计期内没有户 %s 的已结算月份记录：请换一个统计期，或等到月末"),
                 account->id);
        return;
    case ADVISE_NONE_COUNTED:
        snprintf(out, cap, "%s",
                 SAY(lang, "no recorded month has all that is needed: see what each lacks",
                     "没有一个月份数据齐全：缺什么见各月说明"));
        return;
    case ADVISE_STEP:
        snprintf(out, cap,
                 SAY(lang, "--step-kw gives no contract, or more than %d: give another step",
                     "--step-kw 得不到候选值，或多于 %d 个：请换一个步长"),
                 ADVICE_CANDIDATES_MAX);
        return;
    }
}

static const char *component_words(enum advise_price p, enum advise_lang lang) {
    static const char *const zh[ADVISE_PRICES] = {[ADVISE_DEMAND] = "需量电价",
                                                  [ADVISE_ACTUAL] = "实际需量电价",
                                                  [ADVISE_CAPACITY] = "容量电价"};
    return SAY(lang, price_component_str(advise_component(p)), zh[p]);
}

static void join(struct buf *b, enum advise_lang lang, const char *text) {
    if (b->len > 0)
        buf_puts(b, SAY(lang, "; ", "；"));
    buf_puts(b, text);
}

void advise_month_words(const struct advise_month_row *m, enum advise_lang lang, char *out,
                        size_t cap) {
    struct buf b;
    char text[160], month[8];
    buf_init(&b, out, cap);
    advise_put_month(m->month, month);
    if (isnan(m->values.max_kw))
        join(&b, lang, SAY(lang, "maximum demand unknown", "最大需量未知"));
    if (isnan(m->values.kwh))
        join(&b, lang, SAY(lang, "energy unknown", "电量未知"));
    if (m->coverage < ADVISE_LEAST_COVERAGE) {
        char pct[ADVISE_NUMBER_MAX];
        advise_put_fixed(m->coverage * 100.0, 1, pct);
        snprintf(
            text, sizeof text,
            SAY(lang, "demand of only %s %% of the month is known", "全月只有 %s %% 的需量已知"),
            pct);
        join(&b, lang, text);
    }
    for (int p = 0; p < ADVISE_PRICES; p++) {
        if (m->price_known[p] || p == ADVISE_ACTUAL) /* that of the contract stands in for it */
            continue;
        snprintf(text, sizeof text,
                 SAY(lang, "no price %s for %s: busbar import prices",
                     "缺%s（%s）：busbar import prices"),
                 component_words((enum advise_price)p, lang), month);
        join(&b, lang, text);
    }
}

/* ---- numbers ------------------------------------------------------------------------------ */

void advise_put_month(int32_t month, char out[8]) {
    int year = (int)floor_div(month, 12);
    snprintf(out, 8, "%04u-%02u", (unsigned)year % 10000u,
             (unsigned)(month - year * 12 + 1) % 100u);
}

void advise_put_fixed(double v, int decimals, char out[ADVISE_NUMBER_MAX]) {
    struct buf b;
    buf_init(&b, out, ADVISE_NUMBER_MAX);
    if (!(fabs(v) < 1e12)) {
        buf_putc(&b, '-');
        return;
    }
    buf_put_decimal(&b, v, decimals);
    const char *point = strchr(out, '.');
    int have = point ? (int)strlen(point + 1) : 0;
    if (!point && decimals > 0)
        buf_putc(&b, '.');
    for (; have < decimals; have++)
        buf_putc(&b, '0');
}
