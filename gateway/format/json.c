#include "format/json.h"

void json_key(struct buf *b, const char *name) {
    bool comma = b->len > 0 && b->data[b->len - 1] != '{';
    buf_put_name(b, comma ? ",\"" : "\"", comma ? 2 : 1, name);
}

void json_text(struct buf *b, const char *name, const char *text) {
    json_key(b, name);
    buf_put_json(b, text);
}

void json_decimal(struct buf *b, const char *name, double v, enum json_decimals decimals) {
    json_key(b, name);
    buf_put_decimal(b, v, (int)decimals);
}

void json_i64(struct buf *b, const char *name, int64_t v) {
    json_key(b, name);
    buf_put_i64(b, v);
}

void json_u64(struct buf *b, const char *name, uint64_t v) {
    json_key(b, name);
    buf_put_u64(b, v);
}

void json_bool(struct buf *b, const char *name, bool v) {
    json_key(b, name);
    buf_puts(b, v ? "true" : "false");
}

void json_put_time(struct buf *b, ms_t utc_ms, int utc_offset_s) {
    char text[ISO8601_MAX];

    if (utc_ms == 0) {
        buf_puts(b, "null");
        return;
    }
    iso8601_format(text, utc_ms, utc_offset_s);
    buf_put_json(b, text);
}

void json_time(struct buf *b, const char *name, ms_t utc_ms, int utc_offset_s) {
    json_key(b, name);
    json_put_time(b, utc_ms, utc_offset_s);
}

void json_open(struct buf *b, const char *name) {
    json_key(b, name);
    buf_putc(b, '{');
}

void json_close(struct buf *b) {
    buf_putc(b, '}');
}

void json_open_list(struct buf *b, const char *name) {
    json_key(b, name);
    buf_putc(b, '[');
}

void json_item(struct buf *b) {
    if (b->len > 0 && b->data[b->len - 1] != '[')
        buf_putc(b, ',');
    buf_putc(b, '{');
}

void json_close_list(struct buf *b) {
    buf_putc(b, ']');
}
