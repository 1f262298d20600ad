/* The ledger for programs: csv (RFC 4180) and ndjson. */
#include <math.h>

#include "alert/case.h"
#include "alerts_view.h"
#include "base/err.h"
#include "export.h"
#include "format/alert_body.h"
#include "format/json.h"
#include "sys/clock.h"

#define PIECE_MAX 32768 /* an alert, or a step with every byte of it escaped */

struct output {
    FILE *out;
    enum alerts_lang lang;
    ms_t now;
    struct reader *reader;
};

/* ---- csv ---------------------------------------------------------------------------------- */

static const char *const columns[] = {
    "id",       "source",    "rule",         "object",   "severity",    "worst",    "active",
    "handling", "raised",    "returned",     "returns",  "cleared",     "closed",   "value",
    "peak",     "threshold", "unit",         "action",   "text",        "owner",    "due",
    "overdue",  "measure",   "measure_text", "measured", "measured_by", "verifier", "config"};

static void put_text(FILE *out, const char *text) {
    fputc(',', out);
    export_csv_text(out, text);
}

static void put_time(FILE *out, ms_t t) {
    char text[ISO8601_MAX] = "";
    if (t != 0)
        iso8601_format(text, t, clock_utc_offset_s(t));
    put_text(out, text);
}

static void put_number(FILE *out, double v) {
    char text[64] = "";
    struct buf b;
    buf_init(&b, text, sizeof text);
    if (!isnan(v))
        buf_put_decimal(&b, v, DECIMALS_FINE);
    put_text(out, text);
}

static int put_csv(void *arg, const struct alert_entry *e) {
    const struct output *o = arg;
    char due[ISO8601_MAX] = "";
    if (e->due != 0)
        alert_due_day(e->due, clock_utc_offset_s, due);
    fprintf(o->out, "%lld", (long long)e->id);
    put_text(o->out, alert_source_str(e->source));
    put_text(o->out, e->rule);
    put_text(o->out, e->object);
    put_text(o->out, alert_severity_str(e->severity));
    put_text(o->out, alert_severity_str(e->worst));
    put_text(o->out, e->active ? "true" : "false");
    put_text(o->out, alert_handling_str(e->handling));
    put_time(o->out, e->raised);
    put_time(o->out, e->returned);
    fprintf(o->out, ",%u", e->returns);
    put_time(o->out, e->cleared);
    put_time(o->out, e->closed);
    put_number(o->out, e->value);
    put_number(o->out, e->peak);
    put_number(o->out, e->threshold);
    put_text(o->out, e->unit);
    put_text(o->out, e->action);
    put_text(o->out, alerts_text(e->text_zh, e->text_en, o->lang));
    put_text(o->out, e->owner);
    put_text(o->out, due);
    put_text(o->out, case_is_overdue(e, o->now) ? "true" : "false");
    put_text(o->out, e->measure);
    put_text(o->out, e->measure_text);
    put_time(o->out, e->measured);
    put_text(o->out, e->measured_by);
    put_text(o->out, e->verifier);
    put_text(o->out, e->config);
    fputs("\r\n", o->out);
    return ERR_OK;
}

int alerts_csv(struct reader *r, const struct alert_query *q, enum alerts_lang lang, bool bom,
               FILE *out) {
    struct output o = {.out = out, .lang = lang, .now = q->now, .reader = r};
    if (bom)
        fputs("\xEF\xBB\xBF", out);
    for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
        fprintf(out, "%s%s", i > 0 ? "," : "", columns[i]);
    fputs("\r\n", out);
    return reader_alerts(r, q, put_csv, &o);
}

/* ---- ndjson ------------------------------------------------------------------------------- */

static int put_json_step(void *arg, const struct alert_entry_step *s) {
    const struct output *o = arg;
    char text[PIECE_MAX];
    struct buf b;
    buf_init(&b, text, sizeof text);
    buf_puts(&b, s->n > 1 ? ",{" : "{");
    alert_step_write(&b, s, clock_utc_offset_s);
    json_close(&b);
    fputs(text, o->out);
    return buf_ok(&b) ? ERR_OK : ERR_LIMIT;
}

static int put_json(void *arg, const struct alert_entry *e) {
    const struct output *o = arg;
    char text[PIECE_MAX];
    struct buf b;
    buf_init(&b, text, sizeof text);
    buf_putc(&b, '{');
    alert_entry_write(&b, e, o->now, clock_utc_offset_s);
    json_open_list(&b, "steps");
    fputs(text, o->out);
    int n = buf_ok(&b) ? reader_alert_steps(o->reader, e->id, put_json_step, arg) : ERR_LIMIT;
    fputs("]}\n", o->out);
    return n < 0 ? n : ERR_OK;
}

int alerts_ndjson(struct reader *r, const struct alert_query *q, FILE *out) {
    struct output o = {.out = out, .now = q->now, .reader = r};
    return reader_alerts(r, q, put_json, &o);
}
