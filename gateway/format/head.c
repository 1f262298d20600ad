#include "format/head.h"

#include "format/json.h"

void head_write(struct buf *b, const struct message_head *h, ms_t t, const char *members,
                size_t n) {
    buf_putc(b, '{');
    json_u64(b, "v", BODY_VERSION);
    json_i64(b, "epoch", h->epoch);
    json_u64(b, "seq", h->seq);
    json_text(b, "site", h->site);
    json_text(b, "gateway", h->gateway);
    json_time(b, "t", t, h->utc_offset_s);
    if (h->parts > 1) {
        json_u64(b, "part", h->part);
        json_u64(b, "parts", h->parts);
    }
    if (n > 0)
        buf_putc(b, ',');
    buf_put(b, members, n);
}
