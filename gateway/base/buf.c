#include "base/buf.h"

#include <math.h>
#include <string.h>

#define U64_DIGITS 20

void buf_init(struct buf *b, void *memory, size_t cap) {
    b->data = memory;
    b->cap = cap;
    buf_reset(b);
}

void buf_reset(struct buf *b) {
    b->len = 0;
    b->overflow = false;
    b->data[0] = '\0';
}

void buf_put(struct buf *b, const void *bytes, size_t n) {
    if (b->overflow || n >= b->cap - b->len) { /* one byte is the NUL's */
        b->overflow = true;
        return;
    }
    if (n > 0)
        memcpy(b->data + b->len, bytes, n);
    b->len += n;
    b->data[b->len] = '\0';
}

void buf_puts(struct buf *b, const char *text) {
    buf_put(b, text, strlen(text));
}

void buf_putc(struct buf *b, char c) {
    if (b->overflow || b->cap - b->len < 2) {
        b->overflow = true;
        return;
    }
    b->data[b->len++] = c;
    b->data[b->len] = '\0';
}

/* Records are made of some fifty of these a device: one check and one copy each. */
void buf_put_name(struct buf *b, const char *before, size_t before_n, const char *name) {
    const size_t name_n = strlen(name), n = before_n + name_n + 2;
    if (b->overflow || n >= b->cap - b->len) {
        b->overflow = true;
        return;
    }
    char *out = b->data + b->len;
    for (size_t i = 0; i < before_n; i++)
        *out++ = before[i];
    memcpy(out, name, name_n);
    out += name_n;
    *out++ = '"';
    *out++ = ':';
    *out = '\0';
    b->len += n;
}

/* Writes the digits of v, at least width of them, to the end of out; returns how many. */
static size_t digits_before(char *end, uint64_t v, size_t width) {
    size_t n = 0;
    do {
        *--end = (char)('0' + v % 10);
        v /= 10;
        n++;
    } while (v > 0 || n < width);
    return n;
}

static void put_signed(struct buf *b, bool negative, uint64_t magnitude) {
    char text[U64_DIGITS + 1];
    size_t n = digits_before(text + sizeof text, magnitude, 1);
    if (negative)
        text[sizeof text - ++n] = '-';
    buf_put(b, text + sizeof text - n, n);
}

void buf_put_i64(struct buf *b, int64_t v) {
    put_signed(b, v < 0, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void buf_put_u64(struct buf *b, uint64_t v) {
    put_signed(b, false, v);
}

/* Rounds a positive scaled value half-up. The double nearest to a decimal tie counts as the tie
 * (2.675 and 1.005 with two decimals are 2.68 and 1.01, although both doubles are a hair below):
 * slack is the two half-ulp errors of v and of the scaling. Above 2^48 (15 digits) the doubles lie
 * too coarsely for that, and only the fraction itself speaks. */
static uint64_t round_half_up(double scaled) {
    const uint64_t whole = (uint64_t)scaled;
    const double fraction = scaled - (double)whole; /* exact */
    const double slack = scaled < 0x1p48 ? scaled * 0x1p-52 : 0.0;
    return whole + (fraction >= 0.5 - slack);
}

void buf_put_decimal(struct buf *b, double v, int decimals) {
    static const uint32_t powers[] = {1,      10,      100,      1000,      10000,
                                      100000, 1000000, 10000000, 100000000, 1000000000};
    const size_t places = decimals < 0 ? 0 : decimals > 9 ? 9 : (size_t)decimals;
    const double scaled = fabs(v) * (double)powers[places];
    if (!(scaled < 9.2e18)) { /* also NAN and infinities */
        buf_put(b, "null", 4);
        return;
    }
    const uint64_t rounded = round_half_up(scaled);
    uint64_t fraction = rounded % powers[places];
    size_t width = places;
    while (width > 0 && fraction % 10 == 0) {
        fraction /= 10;
        width--;
    }
    put_signed(b, v < 0 && rounded > 0, rounded / powers[places]);
    if (width > 0) {
        char text[10];
        digits_before(text + sizeof text, fraction, width);
        text[sizeof text - width - 1] = '.';
        buf_put(b, text + sizeof text - width - 1, width + 1);
    }
}

/* Length of the UTF-8 sequence at s, or of the bytes that one U+FFFD stands for: the maximal
 * subpart of an ill-formed sequence. Source: The Unicode Standard, table 3-7 and section 3.9. The
 * final NUL is no continuation byte, so nothing behind it is read. */
static size_t utf8_span(const unsigned char *s, bool *ret_valid) {
    const unsigned char lead = s[0];
    const size_t more = lead < 0x80 ? 0 : lead < 0xC2 ? 4 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    unsigned char low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    unsigned char high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    *ret_valid = false;
    if (more == 4 || lead > 0xF4)
        return 1;
    for (size_t i = 1; i <= more; i++) {
        if (s[i] < low || s[i] > high)
            return i;
        low = 0x80;
        high = 0xBF;
    }
    *ret_valid = true;
    return more + 1;
}

static void put_escape(struct buf *b, unsigned char c) {
    static const char hex[] = "0123456789abcdef";
    static const char plain[] = "\"\\\b\f\n\r\t";
    static const char letter[] = "\"\\bfnrt";
    const char *at = strchr(plain, c);
    if (at != NULL) {
        const char two[] = {'\\', letter[at - plain]};
        buf_put(b, two, sizeof two);
    } else {
        const char six[] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
        buf_put(b, six, sizeof six);
    }
}

void buf_put_json(struct buf *b, const char *text) {
    if (text == NULL) {
        buf_put(b, "null", 4);
        return;
    }
    const unsigned char *s = (const unsigned char *)text;
    const unsigned char *run = s; /* bytes that go out as they are */
    buf_putc(b, '"');
    while (*s != '\0') {
        if (*s >= 0x20 && *s < 0x80 && *s != '"' && *s != '\\') { /* nearly all there is */
            s++;
            continue;
        }
        bool valid;
        const size_t n = utf8_span(s, &valid);
        if (!valid || *s < 0x20 || *s == '"' || *s == '\\') {
            buf_put(b, run, (size_t)(s - run));
            if (valid)
                put_escape(b, *s);
            else
                buf_puts(b, "\xEF\xBF\xBD");
            run = s + n;
        }
        s += n;
    }
    buf_put(b, run, (size_t)(s - run));
    buf_putc(b, '"');
}
