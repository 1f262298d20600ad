#include "format/notice.h"

#include <math.h>
#include <string.h>

#define VALUE_DECIMALS 3
#define LINE_MAX_BYTES 3000 /* longest texts and note of an alert, all of it widened */
#define TAIL_BYTES     120  /* "... and 12 more", and those too old */

enum lang_index { ZH, EN };

enum word {
    WORD_SITE,
    WORD_ALERT,
    WORD_NUMBER,
    WORD_TIME,
    WORD_VALUE,
    WORD_LIMIT,
    WORD_NOTE,
    WORD_ADVICE,
    WORD_BY,
    WORD_COLON,
    WORD_COMMA,
    WORD_ALERTS,
    WORD_MORE,
    WORD_LATE,
    WORD_BRIEF,
    WORD_COUNT
};

static const char *const words[WORD_COUNT][2] = {
    [WORD_SITE] = {"站点", "site"},
    [WORD_ALERT] = {"告警", "alert"},
    [WORD_NUMBER] = {"编号", "no."},
    [WORD_TIME] = {"时间", "time"},
    [WORD_VALUE] = {"数值", "value"},
    [WORD_LIMIT] = {"限值", "limit"},
    [WORD_NOTE] = {"说明", "note"},
    [WORD_ADVICE] = {"建议", "advice"},
    [WORD_BY] = {"操作人", "by"},
    [WORD_COLON] = {"：", ": "},
    [WORD_COMMA] = {"，", ", "},
    [WORD_ALERTS] = {" 条告警", " alerts"},
    [WORD_MORE] = {" 条未列出，见台账（busbar alerts）", " more: see busbar alerts"},
    [WORD_LATE] = {" 条超过24小时，只计数，见台账（busbar alerts）",
                   " older than 24 h are only counted: see busbar alerts"},
    [WORD_BRIEF] = {"接收方不接受详细内容，只报编号",
                    "the receiver does not take the words: numbers "
                    "only"},
};

static const char *const severities[ALERT_SEVERITIES][2] = {
    {"提示", "info"}, {"警告", "warning"}, {"重要", "major"}, {"严重", "critical"}};

static const struct {
    const char *state, *zh;
} states[] = {
    {"raised", "触发"}, {"reopened", "再次触发"}, {"escalated", "升级"}, {"cleared", "恢复"}};
#define STATES (sizeof states / sizeof states[0])

bool notice_state_is_told(const char *state) {
    for (size_t i = 0; i < STATES; i++) {
        if (strcmp(states[i].state, state) == 0)
            return true;
    }
    return false;
}

bool notice_severity_parse(const char *name, enum alert_severity *ret) {
    for (int i = 0; i < ALERT_SEVERITIES; i++) {
        if (strcmp(severities[i][EN], name) == 0) {
            *ret = (enum alert_severity)i;
            return true;
        }
    }
    return false;
}

size_t notice_fit(const char *text, size_t len, size_t max) {
    if (len <= max)
        return len;
    while (max > 0 && ((unsigned char)text[max] & 0xc0) == 0x80)
        max--;
    return max;
}

/* ---- pieces ------------------------------------------------------------------------------- */

static const char *state_word(const char *state, enum lang_index l) {
    for (size_t i = 0; l == ZH && i < STATES; i++) {
        if (strcmp(states[i].state, state) == 0)
            return states[i].zh;
    }
    return state;
}

static void put_word(struct buf *b, enum word w, enum lang_index l) {
    buf_puts(b, words[w][l]);
}

/* Text of others: on one line, and without marks where they would be taken for such. */
static void put_text(struct buf *b, const char *text, size_t n, const struct notice_style *style) {
    static const char marks[] = "<>[]*`";
    static const char *const wide[] = {"＜", "＞", "［", "］", "＊", "｀"};
    for (const char *end = text + n; text < end; text++) {
        const char *mark = style->guard ? strchr(marks, *text) : NULL;
        if (mark)
            buf_puts(b, wide[mark - marks]);
        else
            buf_putc(b, (unsigned char)*text < ' ' ? ' ' : *text);
    }
}

static void put_all(struct buf *b, const char *text, const struct notice_style *style) {
    put_text(b, text, strlen(text), style);
}

/* "2026-11-23 08:15:00", local. */
static void put_time(struct buf *b, ms_t utc_ms, int utc_offset_s) {
    char text[ISO8601_MAX];
    iso8601_format(text, floor_div(utc_ms, MS_PER_S) * MS_PER_S, utc_offset_s);
    text[10] = ' ';
    buf_put(b, text, 19);
}

static void put_number(struct buf *b, double v, const char *unit,
                       const struct notice_style *style) {
    buf_put_decimal(b, v, VALUE_DECIMALS);
    if (*unit) {
        buf_putc(b, ' ');
        put_all(b, unit, style);
    }
}

static void put_values(struct buf *b, const struct notice *n, enum lang_index l,
                       const struct notice_style *style) {
    put_word(b, WORD_VALUE, l);
    buf_putc(b, ' ');
    put_number(b, n->value, n->unit, style);
    if (isnan(n->threshold))
        return;
    put_word(b, WORD_COMMA, l);
    put_word(b, WORD_LIMIT, l);
    buf_putc(b, ' ');
    put_number(b, n->threshold, n->unit, style);
}

/* In the language, else in the other one. */
static const char *either(const char *zh, const char *en, enum lang_index l) {
    if (l == ZH)
        return *zh ? zh : en;
    return *en ? en : zh;
}

static const char *note_of(const struct notice *n, enum lang_index l) {
    return either(n->note_zh, n->note_en, l);
}

/* An alert's text is "name: what to do": the length of its name. */
static size_t name_length(const char *text, enum lang_index l) {
    const char *end = strstr(text, words[WORD_COLON][l]);
    return end != NULL ? (size_t)(end - text) : strlen(text);
}

/* "A01 Demand near contract main" */
static void put_subject(struct buf *b, const struct notice *n, enum lang_index l,
                        const struct notice_style *style) {
    const char *text = either(n->text_zh, n->text_en, l);
    put_all(b, n->rule, style);
    if (*text) {
        buf_putc(b, ' ');
        put_text(b, text, name_length(text, l), style);
    }
    if (*n->object) {
        buf_putc(b, ' ');
        put_all(b, n->object, style);
    }
}

static void begin_line(struct buf *b, enum word w, enum lang_index l,
                       const struct notice_style *style) {
    buf_puts(b, style->newline);
    put_word(b, w, l);
    put_word(b, WORD_COLON, l);
}

static void put_site(struct buf *b, const struct notice_set *s, enum lang_index l,
                     const struct notice_style *style) {
    put_word(b, WORD_SITE, l);
    put_word(b, WORD_COLON, l);
    put_all(b, s->name, style);
    buf_puts(b, " (");
    put_all(b, s->site, style);
    buf_putc(b, '/');
    put_all(b, s->gateway, style);
    buf_putc(b, ')');
}

/* ---- a message ------------------------------------------------------------------------------ */

/* Several lines for one alert. */
static void put_single(struct buf *b, const struct notice_set *s, enum lang_index l,
                       const struct notice_style *style) {
    const struct notice *n = &s->notice[0];
    put_site(b, s, l, style);
    begin_line(b, WORD_ALERT, l, style);
    put_subject(b, n, l, style);
    put_word(b, WORD_COMMA, l);
    put_word(b, WORD_NUMBER, l);
    buf_putc(b, ' ');
    buf_put_i64(b, n->alert);
    begin_line(b, WORD_TIME, l, style);
    put_time(b, n->at, s->utc_offset_s);
    if (!isnan(n->value)) {
        buf_puts(b, style->newline);
        put_values(b, n, l, style);
    }
    const char *text = either(n->text_zh, n->text_en, l);
    size_t name = name_length(text, l);
    if (text[name] != '\0') {
        begin_line(b, WORD_ADVICE, l, style);
        put_all(b, text + name + strlen(words[WORD_COLON][l]), style);
    }
    if (*note_of(n, l)) {
        begin_line(b, WORD_NOTE, l, style);
        put_all(b, note_of(n, l), style);
    }
    if (*n->actor) {
        begin_line(b, WORD_BY, l, style);
        put_all(b, n->actor, style);
    }
}

/* One line for one of many. */
static void put_line(struct buf *b, const struct notice_set *s, const struct notice *n,
                     enum lang_index l, const struct notice_style *style) {
    buf_puts(b, style->newline);
    put_word(b, WORD_NUMBER, l);
    buf_putc(b, ' ');
    buf_put_i64(b, n->alert);
    if (s->brief)
        return;
    buf_putc(b, ' ');
    put_time(b, n->at, s->utc_offset_s);
    buf_putc(b, ' ');
    buf_puts(b, severities[n->severity][l]);
    buf_putc(b, ' ');
    put_all(b, state_word(n->state, l), style);
    buf_putc(b, ' ');
    put_subject(b, n, l, style);
    if (!isnan(n->value)) {
        put_word(b, WORD_COMMA, l);
        put_values(b, n, l, style);
    }
    if (*note_of(n, l)) {
        put_word(b, WORD_COLON, l);
        put_all(b, note_of(n, l), style);
    }
}

static void put_count(struct buf *b, size_t n, enum word w, enum lang_index l,
                      const struct notice_style *style) {
    if (n == 0)
        return;
    buf_puts(b, style->newline);
    buf_put_u64(b, n);
    put_word(b, w, l);
}

/* A line that found no room was cut at a byte: back to a whole character. */
static void trim(struct buf *line) {
    if (buf_ok(line))
        return;
    while (line->len > 0 && ((unsigned char)line->data[line->len - 1] & 0xc0) == 0x80)
        line->len--;
    if (line->len > 0 && (unsigned char)line->data[line->len - 1] >= 0xc0)
        line->len--;
}

/* As many lines as there is room for. */
static void put_list(struct buf *b, const struct notice_set *s, enum lang_index l,
                     const struct notice_style *style, size_t limit) {
    char memory[LINE_MAX_BYTES];
    size_t shown = 0, start = b->len;
    put_site(b, s, l, style);
    if (s->brief) {
        buf_puts(b, style->newline);
        put_word(b, WORD_BRIEF, l);
    }
    for (; shown < s->count; shown++) {
        struct buf line;
        buf_init(&line, memory, sizeof memory);
        put_line(&line, s, &s->notice[shown], l, style);
        trim(&line);
        if (b->len - start + line.len + 2 * TAIL_BYTES > limit)
            break;
        buf_put(b, line.data, line.len);
    }
    put_count(b, s->count - shown, WORD_MORE, l, style);
    put_count(b, s->late, WORD_LATE, l, style);
}

static bool is_single(const struct notice_set *s) {
    return s->count == 1 && s->late == 0 && !s->joined && !s->brief;
}

/* "2 critical, 3 major" */
static void put_severities(struct buf *b, const struct notice_set *s, enum lang_index l) {
    bool any = false;
    for (int v = ALERT_CRITICAL; v >= 0; v--) {
        size_t count = 0;
        for (size_t i = 0; i < s->count; i++)
            count += s->notice[i].severity == (enum alert_severity)v;
        if (count == 0)
            continue;
        if (any)
            put_word(b, WORD_COMMA, l);
        any = true;
        if (l == ZH) {
            buf_puts(b, severities[v][l]);
            buf_putc(b, ' ');
            buf_put_u64(b, count);
        } else {
            buf_put_u64(b, count);
            buf_putc(b, ' ');
            buf_puts(b, severities[v][l]);
        }
    }
}

static void put_title(struct buf *b, const struct notice_set *s, enum lang_index l,
                      const struct notice_style *style) {
    if (is_single(s)) {
        const struct notice *n = &s->notice[0];
        buf_puts(b, severities[n->severity][l]);
        buf_putc(b, ' ');
        put_all(b, state_word(n->state, l), style);
        put_word(b, WORD_COLON, l);
        put_subject(b, n, l, style);
        return;
    }
    buf_put_u64(b, s->count + s->late);
    put_word(b, WORD_ALERTS, l);
    if (s->count > 0) {
        put_word(b, WORD_COLON, l);
        put_severities(b, s, l);
    }
}

void notice_title(struct buf *b, const struct notice_set *s, enum notice_lang lang,
                  const struct notice_style *style) {
    if (lang != NOTICE_EN)
        put_title(b, s, ZH, style);
    if (lang == NOTICE_BOTH)
        buf_puts(b, " / ");
    if (lang != NOTICE_ZH)
        put_title(b, s, EN, style);
}

static void put_part(struct buf *b, const struct notice_set *s, enum lang_index l,
                     const struct notice_style *style, size_t limit) {
    size_t start = b->len;
    if (is_single(s))
        put_single(b, s, l, style);
    else
        put_list(b, s, l, style, limit);
    if (b->len - start > limit && !b->overflow) {
        b->len = start + notice_fit(b->data + start, b->len - start, limit);
        b->data[b->len] = '\0';
    }
}

void notice_text(struct buf *b, const struct notice_set *s, enum notice_lang lang,
                 const struct notice_style *style, size_t limit) {
    size_t part = lang == NOTICE_BOTH ? limit / 2 - 8 : limit;
    if (lang != NOTICE_EN)
        put_part(b, s, ZH, style, part);
    if (lang == NOTICE_BOTH)
        buf_puts(b, style->newline);
    if (lang != NOTICE_ZH)
        put_part(b, s, EN, style, part);
}
