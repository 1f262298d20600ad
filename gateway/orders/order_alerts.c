#include "orders/order_alerts.h"

#include <string.h>

#include "base/err.h"

/* ids are counted: nobody reaches this one */
#define ALERT_ID_MAX 999999999

#define CODE_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

static int read_which(const struct fields *f, struct order_alert *o) {
    return fields_integer(f, "alert", 1, ALERT_ID_MAX, &o->alert);
}

static int read_by(const struct fields *f, struct order_alert *o) {
    return fields_text(f, "by", o->by, ORDER_BY_MAX);
}

static int read_note(const struct fields *f, struct order_alert *o) {
    return fields_optional_text(f, "note", o->note, ORDER_NOTE_MAX);
}

static int read_code(const struct fields *f, const char *name, char *out) {
    const char *text = json_string_value(json_object_get(f->object, name));
    const size_t n = text ? strlen(text) : 0;
    if (n < 1 || n > ALERT_RULE_MAX || strspn(text, CODE_LETTERS) != n)
        return fields_wrong(f, name, "a code of 1 to 32 of A-Z a-z 0-9 _ -");
    memcpy(out, text, n + 1);
    return ERR_OK;
}

/* Missing or null: now. */
static int read_at(const struct fields *f, struct order_alert *o) {
    const json_t *at = json_object_get(f->object, "at");
    return at && !json_is_null(at) ? fields_time(f, "at", &o->at) : ERR_OK;
}

int order_read_ack(const struct fields *f, struct order_alert *ret) {
    int rc = read_which(f, ret);
    if (rc == ERR_OK)
        rc = read_by(f, ret);
    return rc < 0 ? rc : read_note(f, ret);
}

int order_read_refuse(const struct fields *f, struct order_alert *ret) {
    int rc = order_read_ack(f, ret);
    if (rc == ERR_OK && ret->note[0] == '\0')
        rc = fields_fail(f, ERR_RANGE, "note is missing; it is the reason of the refusal");
    return rc;
}

int order_read_assign(const struct fields *f, struct order_alert *ret) {
    const json_t *due = json_object_get(f->object, "due");
    int rc = order_read_ack(f, ret);
    if (rc == ERR_OK)
        rc = fields_text(f, "owner", ret->owner, ORDER_BY_MAX);
    if (rc == ERR_OK && due && !json_is_null(due))
        rc = fields_day(f, "due", &ret->due_day);
    return rc;
}

int order_read_measure(const struct fields *f, struct order_alert *ret) {
    int rc = read_which(f, ret);
    if (rc == ERR_OK)
        rc = read_by(f, ret);
    if (rc == ERR_OK)
        rc = read_code(f, "code", ret->code);
    if (rc == ERR_OK)
        rc = fields_text(f, "text", ret->text, ALERT_TEXT_MAX - 1);
    return rc < 0 ? rc : read_at(f, ret);
}

int order_read_close(const struct fields *f, struct order_alert *ret) {
    int rc = read_which(f, ret);
    if (rc == ERR_OK)
        rc = fields_optional_text(f, "verifier", ret->by, ORDER_BY_MAX);
    return rc < 0 ? rc : read_note(f, ret);
}

int order_read_enter(const struct fields *f, struct order_alert *ret) {
    static const char *const severities[] = {[ALERT_INFO] = "info",
                                             [ALERT_WARNING] = "warning",
                                             [ALERT_MAJOR] = "major",
                                             [ALERT_CRITICAL] = "critical"};
    int severity = ALERT_WARNING;
    int rc = read_by(f, ret);
    if (rc == ERR_OK)
        rc = read_code(f, "rule", ret->code);
    if (rc == ERR_OK)
        rc = fields_text(f, "object", ret->object, ALERT_OBJECT_MAX - 1);
    if (rc == ERR_OK)
        rc = fields_text(f, "text", ret->text, ALERT_TEXT_MAX - 1);
    if (rc == ERR_OK && json_object_get(f->object, "severity"))
        rc = fields_word(f, "severity", severities, ALERT_SEVERITIES,
                         "info, warning, major or critical", &severity);
    ret->severity = (enum alert_severity)severity;
    return rc < 0 ? rc : read_at(f, ret);
}
