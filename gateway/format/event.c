#include "format/head.h"
#include "format/json.h"
#include "format/record.h"

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
    json_key(b, "evidence");
    buf_puts(b, "[]");
}

void event_write(struct buf *b, const struct message_head *h, ms_t t, const char *members,
                 size_t n) {
    head_write(b, h, t, members, n);
    json_close(b);
}
