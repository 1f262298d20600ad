#include "format/alert_body.h"

#include <string.h>

#include "alert/case.h"
#include "format/head.h"
#include "format/json.h"

static const char *text_or_null(const char *text) {
    return text[0] != '\0' ? text : NULL;
}

static void put_time(struct buf *b, const char *name, ms_t t, utc_offset_fn *zone) {
    json_time(b, name, t, zone(t));
}

void alert_due_day(ms_t due, utc_offset_fn *zone, char out[ISO8601_MAX]) {
    iso8601_format(out, due - 1, zone(due - 1));
    out[strlen("2026-12-01")] = '\0';
}

static void write_texts(struct buf *b, const char *zh, const char *en) {
    json_open(b, "text");
    json_text(b, "zh", text_or_null(zh));
    json_text(b, "en", text_or_null(en));
    json_close(b);
}

static void write_course(struct buf *b, const struct alert_entry *e, utc_offset_fn *zone) {
    put_time(b, "raised", e->raised, zone);
    put_time(b, "returned", e->returned, zone);
    json_u64(b, "returns", e->returns);
    put_time(b, "cleared", e->cleared, zone);
    put_time(b, "closed", e->closed, zone);
    json_decimal(b, "value", e->value, DECIMALS_FINE);
    json_decimal(b, "peak", e->peak, DECIMALS_FINE);
    json_decimal(b, "threshold", e->threshold, DECIMALS_FINE);
    json_text(b, "unit", text_or_null(e->unit));
}

static void write_measure(struct buf *b, const struct alert_entry *e, utc_offset_fn *zone) {
    if (e->measured == 0) {
        json_text(b, "measure", NULL);
        return;
    }
    json_open(b, "measure");
    json_text(b, "code", e->measure);
    json_text(b, "text", e->measure_text);
    put_time(b, "at", e->measured, zone);
    json_text(b, "by", e->measured_by);
    json_close(b);
}

void alert_entry_write(struct buf *b, const struct alert_entry *e, ms_t now, utc_offset_fn *zone) {
    char due[ISO8601_MAX] = "";
    if (e->due != 0)
        alert_due_day(e->due, zone, due);
    json_i64(b, "id", e->id);
    json_text(b, "source", alert_source_str(e->source));
    json_text(b, "rule", e->rule);
    json_text(b, "object", e->object);
    json_bool(b, "active", e->active);
    json_text(b, "handling", alert_handling_str(e->handling));
    json_text(b, "severity", alert_severity_str(e->severity));
    json_text(b, "worst", alert_severity_str(e->worst));
    write_course(b, e, zone);
    json_text(b, "action", text_or_null(e->action));
    write_texts(b, e->text_zh, e->text_en);
    json_text(b, "config", e->config);
    json_text(b, "owner", text_or_null(e->owner));
    json_text(b, "due", text_or_null(due));
    json_bool(b, "overdue", case_is_overdue(e, now));
    write_measure(b, e, zone);
    json_text(b, "verifier", text_or_null(e->verifier));
    json_text(b, "message_id", text_or_null(e->message_id));
    put_time(b, "valid_until", e->valid_until, zone);
    json_decimal(b, "expected_kw", e->expected_kw, DECIMALS_POWER);
}

static void write_evidence(struct buf *b, const struct alert_entry_step *s) {
    if (s->evidence_count == 0) {
        json_text(b, "evidence", NULL);
        return;
    }
    json_open(b, "evidence");
    json_i64(b, "epoch", s->epoch);
    json_open_list(b, "seq");
    for (size_t i = 0; i < s->evidence_count; i++) {
        if (i > 0)
            buf_putc(b, ',');
        buf_put_u64(b, s->evidence[i]);
    }
    json_close_list(b);
    json_close(b);
}

void alert_step_write(struct buf *b, const struct alert_entry_step *s, utc_offset_fn *zone) {
    json_u64(b, "n", s->n);
    put_time(b, "at", s->t, zone);
    json_text(b, "step", alert_step_str(s->step));
    json_text(b, "severity", alert_severity_str(s->severity));
    json_decimal(b, "value", s->value, DECIMALS_FINE);
    json_text(b, "actor", text_or_null(s->actor));
    json_text(b, "note", text_or_null(s->note_en));
    json_text(b, "note_zh", text_or_null(s->note_zh));
    write_evidence(b, s);
    json_open_list(b, "curve");
    for (uint32_t i = 0; i < s->before.count; i++) {
        json_item(b);
        put_time(b, "t", s->before.t[i], zone);
        json_decimal(b, "value", s->before.value[i], DECIMALS_FINE);
        json_close(b);
    }
    json_close_list(b);
}

static void write_steps(struct buf *b, const struct alerts_body *a, utc_offset_fn *zone) {
    json_open_list(b, "steps");
    for (size_t i = 0; i < a->step_count; i++) {
        json_item(b);
        alert_step_write(b, &a->steps[i], zone);
        json_close(b);
    }
    json_close_list(b);
}

void alerts_write(struct buf *b, const struct alerts_body *a, utc_offset_fn *zone) {
    buf_putc(b, '{');
    json_u64(b, "v", BODY_VERSION);
    put_time(b, "t", a->now, zone);
    json_open_list(b, "alerts");
    for (size_t i = 0; i < a->entry_count; i++) {
        json_item(b);
        alert_entry_write(b, &a->entries[i], a->now, zone);
        if (a->with_steps)
            write_steps(b, a, zone);
        json_close(b);
    }
    json_close_list(b);
    if (a->more)
        json_i64(b, "next_below", a->entries[a->entry_count - 1].id);
    else
        json_text(b, "next_below", NULL);
    json_close(b);
}
