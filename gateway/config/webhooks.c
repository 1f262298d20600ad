/* alerts.webhooks: who is told of alerts. An address holds a secret: no message here shows one. */
#include <jansson.h>
#include <string.h>

#include "alert/alert.h"
#include "base/url.h"
#include "config/nearest.h"
#include "config/site_draft.h"
#include "format/notice_body.h"
#include "format/template.h"

#define CURSOR_PREFIX "alert/"
#define TEMPLATE_MAX  8192

static const char *const kinds[] = {"json", "wecom", "dingtalk", "feishu", NULL}; /* enum order */
static const char *const langs[] = {"zh", "en", "both", NULL};
static const char *const severities[] = {"info", "warning", "major", "critical", NULL};
/* What its maker takes a minute. */
static const uint32_t limits[WEBHOOK_KINDS] = {
    [WEBHOOK_JSON] = 60, [WEBHOOK_WECOM] = 20, [WEBHOOK_DINGTALK] = 20, [WEBHOOK_FEISHU] = 100};

static void read_url(struct reader *r, yaml_node_t *node, void *target) {
    static const char *const faults[] = {
        [URL_SCHEME] = "url is not an https:// address; write https://HOST[:PORT]/PATH",
        [URL_USER] = "url holds a user or password; use token_file or secret_file instead",
        [URL_MALFORMED] = "url is not an address; write https://HOST[:PORT]/PATH",
        [URL_FRAGMENT] = "url has a part behind #, which is never sent; end it there",
        [URL_OPEN] = "url is not an https:// address; alerts and its key would travel in the open: "
                     "only to 127.0.0.1, [::1] or localhost may it be http://"};
    struct webhook_settings *w = target;
    const char *url = NULL;
    struct url parts;
    if (!schema_text(r, node, "url", 1000, &url)) {
        return;
    }
    enum url_fault fault = url_check(url, &parts);
    if (fault == URL_SOUND) {
        w->url = url;
    } else {
        schema_error(r, node, "%s", faults[fault]);
    }
}

static void read_rule(struct reader *r, yaml_node_t *item, size_t index, void *target) {
    struct webhook_settings *w = target;
    const char *code = NULL;
    if (!schema_text(r, item, "rules", ALERT_RULE_MAX, &code)) {
        return;
    }
    if (index == WEBHOOK_RULES_MAX) {
        schema_error(r, item, "rules has more than %d codes; take some away", WEBHOOK_RULES_MAX);
    } else if (*code == '\0' || code[strcspn(code, " \t,")] != '\0') {
        schema_error(r, item, "rules '%.40s' is not the code of a rule; write A01", code);
    } else if (index < WEBHOOK_RULES_MAX) {
        w->rules[w->rule_count++] = code;
    }
}

static void read_rules(struct reader *r, yaml_node_t *node, void *target) {
    struct webhook_settings *w = target;
    w->rules = draft_room(r, r->arena, node, sizeof *w->rules);
    if (w->rules != NULL && schema_each(r, node, "rules", read_rule, target) == 0) {
        schema_error(r, node, "rules is empty; write [A01, ...], or leave it out for all");
    }
}

static void read_template(struct reader *r, yaml_node_t *node, void *target) {
    struct webhook_settings *w = target;
    const char *text = NULL;
    json_error_t error;
    if (!schema_text(r, node, "template", TEMPLATE_MAX, &text)) {
        return;
    }
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL) {
        schema_error(r, node,
                     "template is not JSON: %.100s in its line %d; placeholders stand "
                     "inside strings, as in {\"text\": \"{title}\"}",
                     error.text, error.line);
        return;
    }
    json_decref(json);
    size_t n = 0;
    const char *unknown = template_unknown(text, notice_placeholders, &n);
    if (unknown == NULL) {
        w->template = text;
        return;
    }
    char name[32];
    struct nearest near;
    (void)snprintf(name, sizeof name, "%.*s", n > 2 ? (int)n - 2 : 0, unknown + 1);
    nearest_init(&near, name);
    for (size_t i = 0; notice_placeholders[i] != NULL; i++) {
        nearest_offer(&near, notice_placeholders[i]);
    }
    const char *best = nearest_best(&near);
    schema_error(r, node, "template has the unknown placeholder %.*s; %s%s%s", n < 40 ? (int)n : 40,
                 unknown, best != NULL ? "did you mean {" : "a brace in a text is written {{",
                 best != NULL ? best : "", best != NULL ? "}?" : "");
}

#define W struct webhook_settings
static const struct field webhook_fields[] = {
    {"id", FIELD_ID, .required = true, KEEP(W, id)},
    {"kind", FIELD_CHOICE, KEEP(W, kind), .choices = kinds},
    {"url", FIELD_CUSTOM, .read = read_url},
    {"url_file", FIELD_TEXT, KEEP(W, url_file), .min = 1, .max = 1024},
    {"secret_file", FIELD_TEXT, KEEP(W, secret_file), .min = 1, .max = 1024},
    {"token_file", FIELD_TEXT, KEEP(W, token_file), .min = 1, .max = 1024},
    {"ca_file", FIELD_TEXT, KEEP(W, ca_file), .min = 1, .max = 1024},
    {"min_severity", FIELD_CHOICE, KEEP(W, min_severity), .choices = severities,
     .preset = ALERT_WARNING},
    {"rules", FIELD_CUSTOM, .read = read_rules},
    {"lang", FIELD_CHOICE, KEEP(W, lang), .choices = langs},
    {"template", FIELD_CUSTOM, .read = read_template},
    {"per_minute", FIELD_INT, KEEP(W, per_minute), .min = 1, .max = WEBHOOK_PER_MINUTE_MAX},
    {"timeout_s", FIELD_INT, KEEP(W, timeout_s), .min = 1, .max = 60, .preset = 10},
    {0},
};
#undef W

/* Keys that this kind has no use for. */
static void check_keys(struct reader *r, yaml_node_t *item, const struct webhook_settings *w) {
    static const struct {
        const char *key, *hint;
        unsigned kinds;
    } rows[] = {
        {"template", "only kind json has a body of your own", 1U << WEBHOOK_JSON},
        {"token_file", "only kind json sends a bearer token", 1U << WEBHOOK_JSON},
        {"secret_file", "wecom signs nothing: the key in its address is the secret, use url_file",
         1U << WEBHOOK_JSON | 1U << WEBHOOK_DINGTALK | 1U << WEBHOOK_FEISHU},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        yaml_node_t *at = yaml_doc_find(r->doc, item, rows[i].key);
        if (at != NULL && (rows[i].kinds & 1U << w->kind) == 0) {
            schema_error(r, at, "%s is of no use here: %s", rows[i].key, rows[i].hint);
        }
    }
}

static void check_address(struct reader *r, yaml_node_t *item, const struct webhook_settings *w) {
    yaml_node_t *url = yaml_doc_find(r->doc, item, "url");
    yaml_node_t *ca = yaml_doc_find(r->doc, item, "ca_file");
    if ((url != NULL) == (w->url_file != NULL)) {
        schema_error(r, item,
                     "a webhook needs its address once; give url, or url_file with the "
                     "address in its first line");
    } else if (url != NULL && w->kind != WEBHOOK_JSON) {
        schema_warning(r, url,
                       "url holds the robot's key, which everybody with this file can use; "
                       "move it into a file that others cannot read and name it in "
                       "url_file");
    }
    if (ca != NULL && w->url != NULL && strncmp(w->url, "http://", 7) == 0) {
        schema_error(r, ca, "ca_file needs an encrypted connection; write url as https://");
    }
}

static void check_rate(struct reader *r, yaml_node_t *item, struct webhook_settings *w) {
    if (w->per_minute > limits[w->kind] && w->kind != WEBHOOK_JSON) {
        message_warning(r->errors, yaml_doc_place_of(r->doc, item, "per_minute"),
                        "per_minute %u is more than the %u that %s takes; what it refuses comes a "
                        "minute later",
                        w->per_minute, limits[w->kind], kinds[w->kind]);
    } else if (w->per_minute == 0) {
        w->per_minute = limits[w->kind];
    }
}

static void settle_file(struct reader *r, yaml_node_t *node, const char *site_file, const char *key,
                        const char **path) {
    *path = data_file_beside(r->arena, site_file, *path);
    warn_unreadable(r, node, key, *path);
}

static void settle(struct site_draft *s, struct reader *r, yaml_node_t *item, size_t index) {
    struct webhook_settings *w = &s->site->notify.webhooks[index];
    settle_file(r, item, s->site->file, "url_file", &w->url_file);
    settle_file(r, item, s->site->file, "secret_file", &w->secret_file);
    settle_file(r, item, s->site->file, "token_file", &w->token_file);
    settle_file(r, item, s->site->file, "ca_file", &w->ca_file);
    char cursor[sizeof CURSOR_PREFIX + 40];
    (void)snprintf(cursor, sizeof cursor, CURSOR_PREFIX "%s", w->id != NULL ? w->id : "");
    w->cursor = arena_strdup(r->arena, cursor);
    for (size_t i = 0; w->id != NULL && i < index; i++) {
        const char *other = s->site->notify.webhooks[i].id;
        if (other != NULL && strcmp(other, w->id) == 0) {
            message_error(r->errors, yaml_doc_place_of(r->doc, item, "id"),
                          "webhook id '%s' stands twice; choose another", w->id);
        }
    }
}

static void read_item(struct reader *r, yaml_node_t *item, size_t index, void *target) {
    struct site_draft *s = target;
    if (index >= WEBHOOKS_MAX) {
        if (index == WEBHOOKS_MAX) {
            schema_error(r, item, "webhooks has more than %d; take some away", WEBHOOKS_MAX);
        }
        return;
    }
    struct webhook_settings *w = &s->site->notify.webhooks[index];
    s->site->notify.webhook_count = index + 1;
    if (item->type == YAML_SCALAR_NODE) {
        schema_error(r, item,
                     "a webhook needs an id, under which what waits for it is kept; write "
                     "{id: NAME, url: ADDRESS}");
        return;
    }
    schema_read(r, item, "a webhook", webhook_fields, w);
    if (item->type != YAML_MAPPING_NODE) {
        return;
    }
    check_keys(r, item, w);
    check_address(r, item, w);
    check_rate(r, item, w);
    settle(s, r, item, index);
}

void read_webhooks(struct reader *r, yaml_node_t *node, void *target) {
    struct site_draft *s = target;
    s->site->notify.webhooks = draft_room(r, r->arena, node, sizeof *s->site->notify.webhooks);
    if (s->site->notify.webhooks != NULL) {
        schema_each(r, node, "webhooks", read_item, target);
    }
}
