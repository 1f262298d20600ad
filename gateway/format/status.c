#include "format/head.h"
#include "format/json.h"
#include "format/record.h"

void status_write(struct buf *b, const struct status_body *s, int utc_offset_s) {
    buf_putc(b, '{');
    json_u64(b, "v", BODY_VERSION);
    json_time(b, "t", s->t, utc_offset_s);
    json_text(b, "state", s->online ? "online" : "offline");
    json_time(b, "since", s->since, utc_offset_s);
    json_text(b, "version", s->version);
    json_text(b, "config", s->config_hash);
    json_i64(b, "epoch", s->epoch);
    json_u64(b, "seq_first", s->seq_first);
    json_u64(b, "seq_head", s->seq_head);
    json_close(b);
}
