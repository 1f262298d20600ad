#include "format/head.h"
#include "format/json.h"
#include "format/record.h"

static void alert_members(struct buf *b, const struct event_body *e) {
    json_i64(b, "alert", e->alert);
    json_text(b, "action", e->action);
    json_open(b, "text");
    json_text(b, "zh", e->text_zh);
    json_text(b, "en", e->text_en);
    json_close(b);
    json_text(b, "note_zh", e->note_zh);
}

void event_members_write(struct buf *b, const struct event_body *e, int utc_offset_s) {
    json_text(b, "event", e->event);
    json_text(b, "object", e->object);
    json_text(b, "rule", e->rule);
    json_text(b, "severity", e->severity);
    json_text(b, "state", e->state);
    json_time(b, "at", e->at, utc_offset_s);
    json_decimal(b, "value", e->value, DECIMALS_FINE);
    json_decimal(b, "threshold", e->threshold, DECIMALS_FINE);
    json_text(b, "unit", e->unit);
    json_text(b, "actor", e->actor);
    json_text(b, "note", e->note);
    json_open_list(b, "evidence");
    for (size_t i = 0; i < e->evidence_count; i++) {
        if (i > 0)
            buf_putc(b, ',');
        buf_put_u64(b, e->evidence[i]);
    }
    json_close_list(b);
    if (e->alert != 0)
        alert_members(b, e);
    if (e->message_id)
        json_text(b, "message_id", e->message_id[0] != '\0' ? e->message_id : NULL);
    if (e->effect) {
        json_key(b, "effect");
        buf_puts(b, e->effect);
    }
}

void event_write(struct buf *b, const struct message_head *h, ms_t t, const char *members,
                 size_t n) {
    head_write(b, h, t, members, n);
    json_close(b);
}
