#include "format/notice_body.h"

#include <math.h>

#include "format/head.h"
#include "format/json.h"
#include "format/template.h"

#define TITLE_MAX 1024
#define TEXT_MAX  (16 * 1024)
#define SHORT_MAX 48

static const struct notice_style plain_style = {.newline = "\n"};
static const struct notice_style guarded_style = {.newline = "\n", .guard = true};
/* DingTalk breaks a line of markdown only with blanks beside the line feed. */
static const struct notice_style dingtalk_style = {.newline = "  \n  ", .guard = true};

static void init_title(struct buf *title, char *memory, const struct notice_set *s,
                       enum notice_lang lang, const struct notice_style *style) {
    buf_init(title, memory, TITLE_MAX);
    notice_title(title, s, lang, style);
}

/* ---- group robots --------------------------------------------------------------------------- */

static void put_wecom(struct buf *b, const struct notice_set *s, enum notice_lang lang) {
    char title_memory[TITLE_MAX], text_memory[TEXT_MAX];
    struct buf title, text;
    init_title(&title, title_memory, s, lang, &guarded_style);
    buf_init(&text, text_memory, sizeof text_memory);
    buf_puts(&text, "**");
    buf_puts(&text, title.data);
    buf_puts(&text, "**\n");
    notice_text(&text, s, lang, &guarded_style, NOTICE_WECOM_MAX - text.len);
    buf_putc(b, '{');
    json_text(b, "msgtype", "markdown");
    json_open(b, "markdown");
    json_text(b, "content", text.data);
    json_close(b);
    json_close(b);
}

static void put_dingtalk(struct buf *b, const struct notice_set *s, enum notice_lang lang) {
    char title_memory[TITLE_MAX], text_memory[TEXT_MAX];
    struct buf title, text;
    init_title(&title, title_memory, s, lang, &dingtalk_style);
    buf_init(&text, text_memory, sizeof text_memory);
    buf_puts(&text, "#### ");
    buf_puts(&text, title.data);
    buf_puts(&text, "\n\n");
    notice_text(&text, s, lang, &dingtalk_style, NOTICE_DINGTALK_MAX);
    buf_putc(b, '{');
    json_text(b, "msgtype", "markdown");
    json_open(b, "markdown");
    json_text(b, "title", title.data);
    json_text(b, "text", text.data);
    json_close(b);
    json_close(b);
}

static void put_feishu(struct buf *b, const struct notice_set *s, enum notice_lang lang,
                       const struct notice_signature *signature) {
    char text_memory[TEXT_MAX];
    struct buf text;
    buf_init(&text, text_memory, sizeof text_memory);
    notice_title(&text, s, lang, &guarded_style);
    buf_putc(&text, '\n');
    notice_text(&text, s, lang, &guarded_style, NOTICE_FEISHU_MAX);
    buf_putc(b, '{');
    if (signature != NULL) {
        json_text(b, "timestamp", signature->timestamp);
        json_text(b, "sign", signature->sign);
    }
    json_text(b, "msg_type", "text");
    json_open(b, "content");
    json_text(b, "text", text.data);
    json_close(b);
    json_close(b);
}

/* ---- json ----------------------------------------------------------------------------------- */

static void text_or_null(struct buf *b, const char *name, const char *text) {
    json_text(b, name, *text ? text : NULL);
}

static void put_notice(struct buf *b, const struct notice *n, int utc_offset_s) {
    json_item(b);
    json_i64(b, "epoch", n->epoch);
    json_u64(b, "seq", n->seq);
    json_i64(b, "alert", n->alert);
    json_text(b, "rule", n->rule);
    text_or_null(b, "object", n->object);
    json_text(b, "severity", alert_severity_str(n->severity));
    json_text(b, "state", n->state);
    json_time(b, "at", n->at, utc_offset_s);
    json_decimal(b, "value", n->value, DECIMALS_FINE);
    json_decimal(b, "threshold", n->threshold, DECIMALS_FINE);
    text_or_null(b, "unit", n->unit);
    text_or_null(b, "action", n->action);
    text_or_null(b, "actor", n->actor);
    json_open(b, "text");
    text_or_null(b, "zh", n->text_zh);
    text_or_null(b, "en", n->text_en);
    json_close(b);
    json_open(b, "note");
    text_or_null(b, "zh", n->note_zh);
    text_or_null(b, "en", n->note_en);
    json_close(b);
    json_close(b);
}

static void put_json(struct buf *b, const struct notice_set *s, enum notice_lang lang) {
    char title_memory[TITLE_MAX], text_memory[TEXT_MAX];
    struct buf title, text;
    init_title(&title, title_memory, s, lang, &plain_style);
    buf_init(&text, text_memory, sizeof text_memory);
    notice_text(&text, s, lang, &plain_style, NOTICE_JSON_MAX);
    buf_putc(b, '{');
    json_u64(b, "v", BODY_VERSION);
    json_text(b, "site", s->site);
    json_text(b, "gateway", s->gateway);
    json_text(b, "name", s->name);
    json_time(b, "t", s->now, s->utc_offset_s);
    json_text(b, "title", title.data);
    json_text(b, "text", text.data);
    json_u64(b, "count", s->count + s->late);
    json_u64(b, "late", s->late);
    json_open_list(b, "alerts");
    for (size_t i = 0; !s->brief && i < s->count; i++)
        put_notice(b, &s->notice[i], s->utc_offset_s);
    json_close_list(b);
    json_close(b);
}

/* ---- a template ------------------------------------------------------------------------------ */

const char *const notice_placeholders[] = {"title", "text",  "site",      "gateway", "name",
                                           "count", "late",  "alert",     "rule",    "object",
                                           "state", "value", "threshold", "unit",    "severity",
                                           "note",  "at",    "action",    NULL};

static void put_short(struct buf *b, char memory[SHORT_MAX], double v) {
    buf_init(b, memory, SHORT_MAX);
    if (v == v)
        buf_put_decimal(b, v, DECIMALS_FINE);
}

/* Of several alerts the most severe one fills what stands for one. */
static void put_template(struct buf *b, const struct webhook_settings *w,
                         const struct notice_set *s) {
    static const struct notice none = {.state = "",
                                       .rule = "",
                                       .object = "",
                                       .unit = "",
                                       .action = "",
                                       .note_zh = "",
                                       .note_en = ""};
    const struct notice *n = s->count > 0 ? &s->notice[0] : &none;
    char title_memory[TITLE_MAX], text_memory[TEXT_MAX], at[ISO8601_MAX] = "";
    char memory[5][SHORT_MAX];
    struct buf title, text, count, late, alert, value, threshold;
    init_title(&title, title_memory, s, w->lang, &plain_style);
    buf_init(&text, text_memory, sizeof text_memory);
    notice_text(&text, s, w->lang, &plain_style, NOTICE_JSON_MAX);
    put_short(&count, memory[0], (double)(s->count + s->late));
    put_short(&late, memory[1], (double)s->late);
    put_short(&alert, memory[2], s->count > 0 ? (double)n->alert : (double)NAN);
    put_short(&value, memory[3], s->count > 0 ? n->value : (double)NAN);
    put_short(&threshold, memory[4], s->count > 0 ? n->threshold : (double)NAN);
    if (s->count > 0)
        iso8601_format(at, n->at, s->utc_offset_s);
    const struct template_value values[] = {
        {"title", title.data},
        {"text", text.data},
        {"site", s->site},
        {"gateway", s->gateway},
        {"name", s->name},
        {"count", count.data},
        {"late", late.data},
        {"alert", alert.data},
        {"rule", n->rule},
        {"object", n->object},
        {"state", n->state},
        {"value", value.data},
        {"threshold", threshold.data},
        {"unit", n->unit},
        {"severity", s->count > 0 ? alert_severity_str(n->severity) : ""},
        {"note", w->lang != NOTICE_EN && *n->note_zh ? n->note_zh : n->note_en},
        {"at", at},
        {"action", n->action},
    };
    template_write(b, w->template, values, sizeof values / sizeof values[0]);
}

void notice_body_write(struct buf *b, const struct webhook_settings *w, const struct notice_set *s,
                       const struct notice_signature *signature) {
    switch (w->kind) {
    case WEBHOOK_WECOM:
        put_wecom(b, s, w->lang);
        break;
    case WEBHOOK_DINGTALK:
        put_dingtalk(b, s, w->lang);
        break;
    case WEBHOOK_FEISHU:
        put_feishu(b, s, w->lang, signature);
        break;
    case WEBHOOK_JSON:
    case WEBHOOK_KINDS:
        if (w->template != NULL)
            put_template(b, w, s);
        else
            put_json(b, s, w->lang);
        break;
    }
}
