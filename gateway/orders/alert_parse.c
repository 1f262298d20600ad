#include "orders/alert_parse.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "orders/fields.h"

static const char code_letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                   "_.-";

static int read_severity(const struct fields *f, enum alert_severity *ret) {
    const char *words[ALERT_SEVERITIES];
    int i = 0;
    for (int s = 0; s < ALERT_SEVERITIES; s++)
        words[s] = alert_severity_str((enum alert_severity)s);
    int rc =
        fields_word(f, "severity", words, ALERT_SEVERITIES, "info, warning, major or critical", &i);
    *ret = (enum alert_severity)i;
    return rc;
}

static int read_code(const struct fields *f, char *out) {
    const char *text = json_string_value(json_object_get(f->object, "code"));
    const size_t n = text ? strlen(text) : 0;
    if (n < 1 || n > ALERT_RULE_MAX || strspn(text, code_letters) != n)
        return fields_wrong(f, "code", "1 to 32 of a-z A-Z 0-9 _ . and -");
    memcpy(out, text, n + 1);
    return ERR_OK;
}

/* Of text that is good UTF-8: bytes that begin a character. */
static size_t count_characters(const char *text) {
    size_t n = 0;
    for (; *text != '\0'; text++)
        n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

/* A text of one language; name as people know it, "text.zh". */
static int read_language(const struct fields *f, const json_t *texts, const char *name,
                         char out[4 * PLATFORM_ALERT_TEXT_MAX + 1]) {
    const char *language = strchr(name, '.') + 1;
    const struct fields inner = {.object = texts, .why = f->why, .cap = f->cap};
    int rc = fields_text(&inner, language, out, 4 * PLATFORM_ALERT_TEXT_MAX);
    if (rc == ERR_OK && count_characters(out) <= PLATFORM_ALERT_TEXT_MAX)
        return ERR_OK;
    return fields_fail(
        f, ERR_RANGE, "%s is %s; it is a text of 1 to %d characters without control characters",
        name, json_object_get(texts, language) ? "not usable" : "missing", PLATFORM_ALERT_TEXT_MAX);
}

static int read_texts(const struct fields *f, struct platform_alert *a) {
    const json_t *texts = json_object_get(f->object, "text");
    if (!json_is_object(texts))
        return fields_wrong(f, "text", "an object with zh and en");
    int rc = read_language(f, texts, "text.zh", a->text_zh);
    return rc < 0 ? rc : read_language(f, texts, "text.en", a->text_en);
}

static int read_expected(const struct fields *f, double *ret) {
    const json_t *value = json_object_get(f->object, "expected_kw");
    *ret = (double)NAN;
    if (!value || json_is_null(value))
        return ERR_OK;
    if (!json_is_number(value) || !(fabs(json_number_value(value)) <= PLATFORM_ALERT_KW_MAX))
        return fields_wrong(f, "expected_kw", "a number from -1000000 to 1000000, in kW, or null");
    *ret = json_number_value(value);
    return ERR_OK;
}

static int read_alert(const struct fields *f, struct platform_alert *a) {
    int rc = fields_text(f, "id", a->id, PLATFORM_ALERT_ID_MAX);
    if (rc == ERR_OK)
        rc = read_severity(f, &a->severity);
    if (rc == ERR_OK)
        rc = read_code(f, a->code);
    if (rc == ERR_OK)
        rc = read_texts(f, a);
    if (rc == ERR_OK)
        rc = fields_time(f, "valid_until", &a->valid_until);
    return rc < 0 ? rc : read_expected(f, &a->expected_kw);
}

int alert_parse(const void *json, size_t n, struct platform_alert *ret) {
    const struct fields no_object = {.why = ret->refusal, .cap = sizeof ret->refusal};
    memset(ret, 0, sizeof *ret);
    if (n > PLATFORM_ALERT_JSON_MAX)
        return fields_fail(&no_object, ERR_LIMIT, "an alert has at most %d bytes, not %zu",
                           PLATFORM_ALERT_JSON_MAX, n);
    json_error_t where;
    json_t *root = json_loadb(json, n, JSON_REJECT_DUPLICATES, &where);
    if (!root)
        return fields_fail(&no_object, ERR_SYNTAX, "no JSON: %s (column %d); send one object",
                           where.text, where.column);
    const struct fields f = {.object = root, .why = ret->refusal, .cap = sizeof ret->refusal};
    int rc = json_is_object(root) ? read_alert(&f, ret)
                                  : fields_fail(&f, ERR_SYNTAX, "no JSON object; send one alert");
    json_decref(root);
    return rc;
}
