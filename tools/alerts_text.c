/* The ledger for people: a table of alerts, or one with its steps and the curves before them. */
#include <math.h>
#include <string.h>

#include "alert/case.h"
#include "alerts_view.h"
#include "base/buf.h"
#include "base/err.h"
#include "format/alert_body.h"
#include "sys/clock.h"
#include "text_columns.h"

#define SAY(lang, en, zh) ((lang) == ALERTS_ZH ? (zh) : (en))
#define NUMBER_MAX        64

struct page {
    enum alerts_lang lang;
    FILE *out;
    ms_t now;
    size_t overdue;
    struct alert_entry entry; /* of one that is shown */
};

/* "2026-11-23 08:15", local; "-" for never. */
static const char *put_time(ms_t t, char out[ISO8601_MAX]) {
    iso8601_format(out, t, clock_utc_offset_s(t));
    out[10] = ' ';
    out[16] = '\0';
    return t != 0 ? out : "-";
}

static const char *put_number(double v, char out[NUMBER_MAX]) {
    struct buf b;
    buf_init(&b, out, NUMBER_MAX);
    buf_put_decimal(&b, v, 3);
    return isnan(v) ? "-" : out;
}

/* "103.2 / 100 %"; "" when nothing was measured. */
static const char *put_value(double value, double threshold, const char *unit, char *out,
                             size_t cap) {
    char a[NUMBER_MAX], b[NUMBER_MAX];
    if (isnan(value))
        return "";
    snprintf(out, cap, "%s%s%s%s%s", put_number(value, a), isnan(threshold) ? "" : " / ",
             isnan(threshold) ? "" : put_number(threshold, b), unit[0] ? " " : "", unit);
    return out;
}

/* ---- the table ---------------------------------------------------------------------------- */

enum { W_ID = 6, W_SEVERITY = 10, W_NOW = 9, W_HANDLING = 14, W_RULE = 7, W_OBJECT = 18 };
enum { W_RAISED = 18, W_VALUE = 20, W_DUE = 13 };

static void put_row(FILE *out, const char *const cells[9], const char *text) {
    static const int widths[] = {W_SEVERITY, W_NOW,    W_HANDLING, W_RULE,
                                 W_OBJECT,   W_RAISED, W_VALUE,    W_DUE};
    text_right(out, W_ID, cells[0]);
    fputs("  ", out);
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        text_left(out, widths[i], cells[i + 1]);
        if (text_width(cells[i + 1]) >= widths[i])
            fputc(' ', out);
    }
    fprintf(out, "%s\n", text);
}

static void put_head(const struct page *p) {
    const char *const heads[] = {
        SAY(p->lang, "id", "编号"),         SAY(p->lang, "severity", "级别"),
        SAY(p->lang, "now", "状态"),        SAY(p->lang, "handling", "处理"),
        SAY(p->lang, "rule", "规则"),       SAY(p->lang, "object", "对象"),
        SAY(p->lang, "raised", "发生时间"), SAY(p->lang, "value / limit", "数值 / 限值"),
        SAY(p->lang, "due", "期限")};
    put_row(p->out, heads, SAY(p->lang, "what", "内容"));
}

static const char *condition(const struct alert_entry *e, enum alerts_lang lang) {
    return e->active ? SAY(lang, "active", "持续") : SAY(lang, "cleared", "已消除");
}

static int list_one(void *arg, const struct alert_entry *e) {
    struct page *p = arg;
    char id[NUMBER_MAX], raised[ISO8601_MAX], value[3 * NUMBER_MAX], day[ISO8601_MAX] = "-",
                                                                     due[ISO8601_MAX + 1];
    bool overdue = case_is_overdue(e, p->now);
    snprintf(id, sizeof id, "%lld", (long long)e->id);
    if (e->due != 0)
        alert_due_day(e->due, clock_utc_offset_s, day);
    snprintf(due, sizeof due, "%s%s", day, overdue ? "!" : "");
    const char *const cells[] = {id,
                                 alerts_severity_words(e->severity, p->lang),
                                 condition(e, p->lang),
                                 alerts_handling_words(e->handling, p->lang),
                                 e->rule,
                                 e->object,
                                 put_time(e->raised, raised),
                                 put_value(e->value, e->threshold, e->unit, value, sizeof value),
                                 due};
    put_row(p->out, cells, alerts_text(e->text_zh, e->text_en, p->lang));
    p->overdue += overdue;
    return ERR_OK;
}

int alerts_list(struct reader *r, const struct alert_query *q, enum alerts_lang lang, FILE *out) {
    struct page p = {.lang = lang, .out = out, .now = q->now};
    put_head(&p);
    int n = reader_alerts(r, q, list_one, &p);
    if (n >= 0)
        fprintf(out, SAY(lang, "alerts: %d, overdue: %zu (!)\n", "共 %d 条，逾期 %zu 条（!）\n"), n,
                p.overdue);
    return n;
}

/* ---- one alert ---------------------------------------------------------------------------- */

static void put_line(const struct page *p, const char *name, const char *value) {
    if (value[0] == '\0')
        return;
    fputs("  ", p->out);
    text_left(p->out, 14, name);
    fprintf(p->out, "%s\n", value);
}

static void put_course(const struct page *p, const struct alert_entry *e) {
    char text[ISO8601_MAX], peak[NUMBER_MAX], value[3 * NUMBER_MAX];
    put_line(p, SAY(p->lang, "raised", "发生"), put_time(e->raised, text));
    if (e->returns > 0) {
        char words[ISO8601_MAX + 40];
        snprintf(words, sizeof words, SAY(p->lang, "%u times, last %s", "%u 次，最近 %s"),
                 e->returns, put_time(e->returned, text));
        put_line(p, SAY(p->lang, "came back", "再次发生"), words);
    }
    if (e->cleared != 0)
        put_line(p, SAY(p->lang, "cleared", "消除"), put_time(e->cleared, text));
    if (e->closed != 0)
        put_line(p, SAY(p->lang, "closed", "销号"), put_time(e->closed, text));
    put_line(p, SAY(p->lang, "value / limit", "数值 / 限值"),
             put_value(e->value, e->threshold, e->unit, value, sizeof value));
    if (!isnan(e->peak))
        put_line(p, SAY(p->lang, "worst value", "最不利值"), put_number(e->peak, peak));
}

static void put_work(const struct page *p, const struct alert_entry *e) {
    char due[ISO8601_MAX] = "", text[ISO8601_MAX];
    if (e->due != 0)
        alert_due_day(e->due, clock_utc_offset_s, due);
    put_line(p, SAY(p->lang, "owner", "责任人"), e->owner);
    put_line(p, SAY(p->lang, "due", "期限"), due);
    if (case_is_overdue(e, p->now))
        put_line(p, "", SAY(p->lang, "overdue", "已逾期"));
    if (e->measured != 0) {
        put_line(p, SAY(p->lang, "measure", "整改措施"), e->measure);
        put_line(p, "", e->measure_text);
        put_line(p, SAY(p->lang, "taken", "整改时间"), put_time(e->measured, text));
        put_line(p, SAY(p->lang, "by", "整改人"), e->measured_by);
    }
    put_line(p, SAY(p->lang, "verified by", "核验人"), e->verifier);
}

/* Eight heights between the least and the largest value; a blank where it is not known. */
static void put_curve(const struct page *p, const struct alert_curve *c) {
    static const char *const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    double low = INFINITY, high = -INFINITY;
    char from[ISO8601_MAX], to[ISO8601_MAX], a[NUMBER_MAX], b[NUMBER_MAX];
    for (uint32_t i = 0; i < c->count; i++) {
        low = c->value[i] < low ? c->value[i] : low;
        high = c->value[i] > high ? c->value[i] : high;
    }
    if (c->count == 0 || low > high)
        return;
    fputs("         ", p->out);
    for (uint32_t i = 0; i < c->count; i++) {
        double share = high > low ? (c->value[i] - low) / (high - low) : 0.5;
        fputs(isnan(share) ? " " : bars[(size_t)(share * 7.0 + 0.5)], p->out);
    }
    fprintf(p->out, SAY(p->lang, "  %s to %s, %s .. %s\n", "  %s 至 %s，%s .. %s\n"),
            put_time(c->t[0], from), put_time(c->t[c->count - 1], to), put_number(low, a),
            put_number(high, b));
}

static void put_evidence(const struct page *p, const struct alert_entry_step *s) {
    if (s->evidence_count == 0)
        return;
    fprintf(p->out,
            SAY(p->lang, "         records of epoch %lld:", "         记录（epoch %lld）："),
            (long long)s->epoch);
    for (size_t i = 0; i < s->evidence_count; i++)
        fprintf(p->out, " %llu", (unsigned long long)s->evidence[i]);
    fputc('\n', p->out);
}

static int show_step(void *arg, const struct alert_entry_step *s) {
    const struct page *p = arg;
    char time[ISO8601_MAX], value[3 * NUMBER_MAX];
    fprintf(p->out, "  %3u  %s  ", s->n, put_time(s->t, time));
    text_left(p->out, 14, alerts_step_words(s->step, p->lang));
    text_left(p->out, 10, alerts_severity_words(s->severity, p->lang));
    fputs(put_value(s->value, (double)NAN, p->entry.unit, value, sizeof value), p->out);
    fprintf(p->out, "%s%s\n", s->actor[0] ? "  " : "", s->actor);
    const char *note = alerts_text(s->note_zh, s->note_en, p->lang);
    if (note[0] != '\0')
        fprintf(p->out, "         %s\n", note);
    put_evidence(p, s);
    put_curve(p, &s->before);
    return ERR_OK;
}

static int keep_one(void *arg, const struct alert_entry *e) {
    struct page *p = arg;
    p->entry = *e;
    return ERR_OK;
}

int alerts_show(struct reader *r, const struct alert_query *q, enum alerts_lang lang, FILE *out) {
    struct page p = {.lang = lang, .out = out, .now = q->now};
    const struct alert_entry *e = &p.entry;
    int n = reader_alerts(r, q, keep_one, &p);
    if (n <= 0)
        return n < 0 ? n : ERR_NOT_FOUND;
    fprintf(out, SAY(lang, "alert %lld: %s %s, %s, %s\n", "告警 %lld：%s %s，%s，%s\n"),
            (long long)e->id, e->rule, e->object, condition(e, lang),
            alerts_handling_words(e->handling, lang));
    put_line(&p, SAY(lang, "what", "内容"), alerts_text(e->text_zh, e->text_en, lang));
    put_line(&p, SAY(lang, "action", "建议动作"), e->action);
    put_line(&p, SAY(lang, "severity", "级别"), alerts_severity_words(e->severity, lang));
    put_line(&p, SAY(lang, "source", "来源"), alerts_source_words(e->source, lang));
    put_course(&p, e);
    put_line(&p, SAY(lang, "configuration", "配置版本"), e->config);
    put_work(&p, e);
    fputs(SAY(lang, "  steps\n", "  过程\n"), out);
    n = reader_alert_steps(r, e->id, show_step, &p);
    return n < 0 ? n : ERR_OK;
}
