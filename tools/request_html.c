/* The page: A4, printable, without anything from outside. One for each account. */
#include <math.h>
#include <string.h>

#include "request_page.h"

static const char style[] =
    "@page{size:A4;margin:12mm}*{box-sizing:border-box}"
    "body{font:10.5px/1.35 'Noto Sans CJK SC','WenQuanYi Zen Hei','Microsoft YaHei',sans-serif;"
    "color:#111;margin:0 auto;max-width:186mm;padding:4mm}"
    "section{break-after:page}section:last-child{break-after:auto}"
    "h1{font-size:17px;text-align:center;margin:0 0 6px}h2{font-size:12px;margin:8px 0 2px}"
    "p{margin:3px 0}table{border-collapse:collapse;width:100%}"
    "th,td{border:1px solid #888;padding:1px 4px;text-align:left;white-space:nowrap}"
    "th{background:#eee;font-weight:600}td.n{text-align:right;font-variant-numeric:tabular-nums}"
    ".head td{border:0;white-space:normal}.blank{display:inline-block;min-width:26mm;"
    "border-bottom:1px solid #111}.small{font-size:8.5px;color:#333}"
    ".sign{display:flex;justify-content:space-between;margin-top:16mm;gap:6mm}"
    ".sign div{flex:1;border-top:1px solid #111;padding-top:2px}"
    "svg{width:100%;height:auto}svg text{font-size:10px;fill:#333}.grid{stroke:#ddd}"
    ".load{fill:none;stroke:#06c;stroke-width:1.6}.limit{stroke:#c00;stroke-width:1.4}"
    ".heavy{stroke:#c60;stroke-dasharray:5 3}"
    "@media print{body{padding:0;max-width:none}table,svg,.sign{break-inside:avoid}}";

/* ---- pieces ------------------------------------------------------------------------------- */

void request_put_text(const struct request_page *p, const char *text) {
    for (const char *c = text ? text : "-"; *c; c++)
        switch (*c) {
        case '<':
            fputs("&lt;", p->out);
            break;
        case '>':
            fputs("&gt;", p->out);
            break;
        case '&':
            fputs("&amp;", p->out);
            break;
        case '"':
            fputs("&quot;", p->out);
            break;
        default:
            fputc(*c, p->out);
        }
}

void request_put_number(const struct request_page *p, double v, int decimals, const char *mark) {
    char text[ADVISE_NUMBER_MAX];
    advise_put_fixed(v, decimals, text);
    fprintf(p->out, "<td class=\"n\">%s%s</td>", text, mark);
}

void request_put_cell(const struct request_page *p, const char *text) {
    fputs("<td>", p->out);
    request_put_text(p, text);
    fputs("</td>", p->out);
}

void request_put_time_cell(const struct request_page *p, ms_t t) {
    char text[REQUEST_TIME_MAX] = "-";
    if (t != 0)
        request_put_time(t, text);
    request_put_cell(p, text);
}

void request_open_table(const struct request_page *p, const char *title, const char *const *heads,
                        size_t n) {
    fprintf(p->out, "<h2>%s</h2>\n<table><tr>", title);
    for (size_t i = 0; i < n; i++)
        fprintf(p->out, "<th>%s</th>", heads[i]);
    fputs("</tr>\n", p->out);
}

void request_close_table(const struct request_page *p) {
    fputs("</table>\n", p->out);
}

/* ---- what is asked for -------------------------------------------------------------------- */

struct request_findings request_find(const struct request *r, size_t account) {
    size_t index = r->advice.accounts[account].index;
    struct request_findings f = {.worst = r->curves[account].object,
                                 .max_kw = r->demand[index].max_kw,
                                 .contract_kw = r->demand[index].contract_kw};
    uint64_t monitored = 0, qualified = 0;
    for (size_t i = 0; i < r->site->metering_point_count; i++) {
        if ((size_t)r->site->metering_points[i].account != index)
            continue;
        monitored += r->points[i].monitored_ms;
        qualified += r->points[i].qualified_ms;
    }
    f.ok_pct = (double)qualified / (double)monitored * 100.0;
    for (size_t i = 0; i < r->dip_count; i++) {
        const struct supply_entry *e = &r->dips[i];
        if (!request_concerns(r, index, e))
            continue;
        bool out = e->dip.kind == DIP_INTERRUPTION;
        f.may_be += !e->certain;
        f.sags += e->certain && !out;
        f.interruptions += e->certain && out;
        if (e->certain && out && e->dip.ended)
            f.interrupted_s += (double)(e->dip.end - e->dip.begin) / (double)MS_PER_S;
    }
    return f;
}

static void put_wording(const struct request_page *p, const struct request_findings *f) {
    char load[ADVISE_NUMBER_MAX], kva[ADVISE_NUMBER_MAX], kw[ADVISE_NUMBER_MAX];
    char contract[ADVISE_NUMBER_MAX], ok[ADVISE_NUMBER_MAX], out[ADVISE_NUMBER_MAX];
    advise_put_fixed(f->worst ? f->worst->headroom.load_pct : (double)NAN, 1, load);
    advise_put_fixed(f->worst ? f->worst->headroom.max_kva : (double)NAN, 1, kva);
    advise_put_fixed(f->max_kw, 1, kw);
    advise_put_fixed(f->contract_kw, 0, contract);
    advise_put_fixed(f->ok_pct, 3, ok);
    advise_put_fixed(f->interrupted_s, 0, out);
    fputs("<p>", p->out);
    fprintf(
        p->out,
        SAY(p->lang,
            "In this period the most loaded equipment (%s) carried at most %s kVA, %s %% of its "
            "limit; the demand reached %s kW against a contract of %s kW. The voltage was "
            "within the limits of GB/T 12325 for %s %% of the monitored time. Our meters saw "
            "this many interruptions: %zu (%s s in all); sags: %zu; besides, likely but not "
            "certain interruptions: %zu. We ask you to examine and to approve:",
            "统计期内，负荷最重的设备（%s）最大负荷 %s kVA，为其限值的 %s%%；最大需量 %s "
            "kW，合同需量 %s kW。监测时间内供电电压符合 GB/T 12325 限值的比例为 "
            "%s%%。我方表计记录供电中断 %zu 次（合计 %s s）、电压暂降 %zu 次，另有疑似停电 %zu "
            "次。现申请贵公司核实并办理："),
        f->worst ? f->worst->id : "-", kva, load, kw, contract, ok, f->interruptions, out, f->sags,
        f->may_be);
    fputs("</p>\n<p>", p->out);
    fputs(SAY(p->lang,
              "☐ more capacity: to <span class=\"blank\"></span> kVA &nbsp; "
              "☐ contract demand: to <span class=\"blank\"></span> kW &nbsp; "
              "☐ a second line, or another line &nbsp; ☐ voltage: tap, line, compensation &nbsp; "
              "☐ causes of the interruptions and sags above<br>☐ other: <span class=\"blank\" "
              "style=\"min-width:120mm\"></span>",
              "☐ 增容至 <span class=\"blank\"></span> kVA &nbsp; "
              "☐ 合同需量调整至 <span class=\"blank\"></span> kW &nbsp; "
              "☐ 增加（更换）供电线路 &nbsp; ☐ 电压治理（调压、线路、补偿） &nbsp; "
              "☐ 查明上述中断与暂降原因<br>☐ 其他：<span class=\"blank\" "
              "style=\"min-width:120mm\"></span>"),
          p->out);
    fputs("</p>\n", p->out);
}

/* ---- the page ----------------------------------------------------------------------------- */

static void put_head(const struct request_page *p, size_t account) {
    const struct request *r = p->request;
    const struct account *a = &r->site->accounts[r->advice.accounts[account].index];
    char from[REQUEST_TIME_MAX], to[REQUEST_TIME_MAX], now[REQUEST_TIME_MAX];
    request_put_time(r->options.from, from);
    request_put_time(r->options.to - 1, to);
    request_put_time(r->options.now, now);
    fprintf(p->out, "<h1>%s</h1>\n<table class=\"head\"><tr><td>%s <span class=\"blank\"></span>",
            SAY(p->lang, "Request: supply capacity and supply quality", "增容／供电优化申请书"),
            SAY(p->lang, "To (grid company):", "致（供电公司）："));
    fprintf(p->out, "</td><td>%s ", SAY(p->lang, "Period:", "统计期："));
    fprintf(p->out, "%.10s – %.10s</td><td>%s %.16s</td></tr>\n<tr><td>", from, to,
            SAY(p->lang, "Made:", "生成："), now);
    request_put_text(p, SAY(p->lang, "Customer: ", "用户："));
    request_put_text(p, r->site->name ? r->site->name : r->site->id);
    fputs("</td><td>", p->out);
    request_put_text(p, SAY(p->lang, "USCC: ", "统一社会信用代码："));
    request_put_text(p, r->site->uscc);
    fputs("</td><td>", p->out);
    request_put_text(p, SAY(p->lang, "Account no.: ", "户号："));
    request_put_text(p, a->account_no ? a->account_no : a->id);
    fputs("</td></tr>\n<tr><td colspan=\"3\">", p->out);
    request_put_text(p, SAY(p->lang, "Metering points:", "计量点："));
    for (size_t i = 0; i < r->site->metering_point_count; i++) {
        const struct metering_point *m = &r->site->metering_points[i];
        if ((size_t)m->account != r->advice.accounts[account].index)
            continue;
        fputc(' ', p->out);
        request_put_text(p, m->id);
        fputs(SAY(p->lang, " (no. ", "（编号 "), p->out);
        request_put_text(p, m->point_no);
        fputs(SAY(p->lang, ", line ", "，线路 "), p->out);
        request_put_text(p, m->line_no);
        fputs(SAY(p->lang, ")", "）"), p->out);
    }
    fputs("</td></tr></table>\n", p->out);
}

static void put_curve(const struct request_page *p, size_t account) {
    const struct request_curve *c = &p->request->curves[account];
    char day[REQUEST_TIME_MAX];
    if (!c->object)
        return;
    request_put_time(c->day, day);
    fprintf(p->out, "<h2>%s %.10s: ", SAY(p->lang, "Day of the highest load,", "最大负荷日曲线"),
            day);
    request_put_text(p, c->object->id);
    fprintf(p->out, " (%s)</h2>\n", SAY(p->lang, "largest of each 15 minutes", "每15分钟内最大值"));
    request_curve_svg(c, p->lang, p->out);
}

static void put_signs(const struct request_page *p) {
    fprintf(p->out, "<div class=\"sign\"><div>%s</div><div>%s</div><div>%s</div></div>\n",
            SAY(p->lang, "Applicant (seal), date", "申请单位（盖章）、日期"),
            SAY(p->lang, "Contact, phone", "联系人、电话"),
            SAY(p->lang, "Received by, date", "受理人、日期"));
}

void request_html(const struct request *r, enum advise_lang lang, FILE *out) {
    const struct request_page p = {r, lang, out};
    fprintf(out,
            "<!DOCTYPE html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\"><title>%s</title>"
            "<style>%s</style></head><body>\n",
            SAY(lang, "en", "zh"), SAY(lang, "Supply request", "供电申请"), style);
    for (size_t i = 0; i < r->advice.account_count; i++) {
        const struct request_findings f = request_find(r, i);
        fputs("<section>\n", out);
        put_head(&p, i);
        put_wording(&p, &f);
        request_put_capacity(&p, i);
        put_curve(&p, i);
        request_put_voltage(&p, i);
        request_put_dips(&p, i);
        request_put_measure(&p);
        request_put_data(&p, i);
        put_signs(&p);
        fputs("</section>\n", out);
    }
    fputs("</body></html>\n", out);
}
