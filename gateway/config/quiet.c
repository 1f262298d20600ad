/* alerts.quiet: spans of the week that hold back what does not matter much. */
#include <string.h>

#include "alert/alert.h"
#include "config/site_draft.h"

#define EVERY_DAY 0x7f

static const char *const severities[] = {"info", "warning", "major", "critical", NULL};
static const char *const weekdays[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun", NULL};

struct quiet_draft {
    struct quiet_span span;
    int below;
};

/* "22:00"; 24:00 is the end of the day. */
static bool parse_time(const char *t, size_t n, uint16_t *ret) {
    if (n != 5 || strspn(t, "0123456789") != 2 || t[2] != ':' || strspn(t + 3, "0123456789") < 2)
        return false;
    int hour = (t[0] - '0') * 10 + t[1] - '0', minute = (t[3] - '0') * 10 + t[4] - '0';
    if (minute > 59 || hour * 60 + minute > 1440)
        return false;
    *ret = (uint16_t)(hour * 60 + minute);
    return true;
}

static void read_time(struct reader *r, yaml_node_t *node, const char *what, uint16_t *ret) {
    const char *text = NULL;
    if (schema_text(r, node, what, 0, &text) && !parse_time(text, strlen(text), ret)) {
        schema_error(r, node, "%s '%.40s' is not a time of the day; write \"22:00\"", what, text);
    }
}

static void read_from(struct reader *r, yaml_node_t *node, void *target) {
    read_time(r, node, "from", &((struct quiet_draft *)target)->span.from_min);
}

static void read_to(struct reader *r, yaml_node_t *node, void *target) {
    read_time(r, node, "to", &((struct quiet_draft *)target)->span.to_min);
}

static void read_day(struct reader *r, yaml_node_t *item, size_t index, void *target) {
    struct quiet_draft *d = target;
    int day = 0;
    (void)index;
    if (schema_choice(r, item, "days", weekdays, &day)) {
        d->span.days = (uint8_t)(d->span.days | 1U << day);
    }
}

static void read_days(struct reader *r, yaml_node_t *node, void *target) {
    struct quiet_draft *d = target;
    d->span.days = 0;
    if (schema_each(r, node, "days", read_day, target) == 0) {
        schema_error(r, node,
                     "days is empty; write [mon, tue, ...], or leave it out for every "
                     "day");
    }
}

static const struct field quiet_fields[] = {
    {"from", FIELD_CUSTOM, .required = true, .read = read_from},
    {"to", FIELD_CUSTOM, .required = true, .read = read_to},
    {"days", FIELD_CUSTOM, .read = read_days},
    {"below", FIELD_CHOICE, KEEP(struct quiet_draft, below), .choices = severities,
     .preset = ALERT_CRITICAL},
    {0},
};

/* The short form: "22:00-06:00". */
static bool read_span(struct reader *r, yaml_node_t *item, struct quiet_draft *d) {
    const char *text = NULL;
    if (!schema_text(r, item, "quiet", 0, &text)) {
        return false;
    }
    if (strlen(text) != 11 || text[5] != '-' || !parse_time(text, 5, &d->span.from_min) ||
        !parse_time(text + 6, 5, &d->span.to_min)) {
        schema_error(r, item, "quiet '%.40s' is not a span of the day; write \"22:00-06:00\"",
                     text);
        return false;
    }
    return true;
}

static void read_item(struct reader *r, yaml_node_t *item, size_t index, void *target) {
    struct site_draft *s = target;
    struct quiet_draft d = {.span = {.days = EVERY_DAY}, .below = ALERT_CRITICAL};
    if (index >= QUIET_MAX) {
        if (index == QUIET_MAX) {
            schema_error(r, item, "quiet has more than %d spans; take some away", QUIET_MAX);
        }
        return;
    }
    bool sound = item->type == YAML_SCALAR_NODE
                     ? read_span(r, item, &d)
                     : schema_read(r, item, "a quiet span", quiet_fields, &d);
    if (sound && d.span.from_min == d.span.to_min && d.span.to_min > 0) {
        schema_error(r, item, "from and to are the same; for a whole day write 00:00 and 24:00");
    } else if (sound && d.below == ALERT_INFO) {
        message_error(r->errors, yaml_doc_place_of(r->doc, item, "below"),
                      "nothing is below info; use one of warning, major, critical");
    }
    d.span.below = (uint8_t)d.below;
    s->site->notify.quiet[index] = d.span;
    s->site->notify.quiet_count = index + 1;
}

void read_quiet(struct reader *r, yaml_node_t *node, void *target) {
    struct site_draft *s = target;
    s->site->notify.quiet = draft_room(r, r->arena, node, sizeof *s->site->notify.quiet);
    if (s->site->notify.quiet != NULL) {
        schema_each(r, node, "quiet", read_item, target);
    }
}
