#include "publish/notice_read.h"

#include <math.h>

static const char *text_of(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static double number_of(const json_t *object, const char *name) {
    const json_t *v = json_object_get(object, name);
    return json_is_number(v) ? json_number_value(v) : (double)NAN;
}

static bool fill(const json_t *m, struct notice *n) {
    const json_t *alert = json_object_get(m, "alert"), *text = json_object_get(m, "text");
    if (!json_is_integer(alert) || iso8601_parse(text_of(m, "at"), 0, &n->at) < 0 ||
        !notice_severity_parse(text_of(m, "severity"), &n->severity))
        return false;
    n->alert = json_integer_value(alert);
    n->epoch = json_integer_value(json_object_get(m, "epoch"));
    n->seq = (uint64_t)json_integer_value(json_object_get(m, "seq"));
    n->state = text_of(m, "state");
    n->rule = text_of(m, "rule");
    n->object = text_of(m, "object");
    n->unit = text_of(m, "unit");
    n->actor = text_of(m, "actor");
    n->action = text_of(m, "action");
    n->text_zh = text_of(text, "zh");
    n->text_en = text_of(text, "en");
    n->note_zh = text_of(m, "note_zh");
    n->note_en = text_of(m, "note");
    n->value = number_of(m, "value");
    n->threshold = number_of(m, "threshold");
    return true;
}

bool notice_read(const char *body, size_t n, struct notice *ret, json_t **ret_json) {
    json_t *m = json_loadb(body, n, 0, NULL);
    if (m && fill(m, ret)) {
        *ret_json = m;
        return true;
    }
    json_decref(m);
    return false;
}
