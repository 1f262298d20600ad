/* The section deliver: further destinations of records and events, over HTTPS. */
#include <string.h>

#include "base/url.h"
#include "config/site_draft.h"

#define MQTT_ID "mqtt" /* the name of MQTT's own cursor */

static const char *const compressions[] = {"zstd", "gzip", "none", NULL}; /* enum order */

/* Records and tokens do not travel in the open: without TLS only to this machine itself. */
static void read_https(struct reader *r, yaml_node_t *node, void *target) {
    struct deliver_settings *d = target;
    const char *url = NULL;
    struct url parts;
    if (!schema_text(r, node, "https", 1024, &url)) {
        return;
    }
    switch (url_check(url, &parts)) {
    case URL_SOUND:
        d->url = url;
        d->host = arena_strndup(r->arena, parts.host, parts.host_len);
        break;
    case URL_SCHEME:
        schema_error(r, node, "'%.80s' is not an https:// address; write https://HOST[:PORT]/PATH",
                     url);
        break;
    case URL_USER:
        schema_error(r, node, "https holds a user or password; use token_file instead");
        break;
    case URL_MALFORMED:
        schema_error(r, node, "'%.80s' is not an address; write https://HOST[:PORT]/PATH", url);
        break;
    case URL_FRAGMENT:
        schema_error(r, node, "'%.80s' has a part behind #, which is never sent; end it there",
                     url);
        break;
    case URL_OPEN:
        schema_error(r, node,
                     "'%.80s' is not an https:// address; records and token would travel in the "
                     "open: only to 127.0.0.1, [::1] or localhost may it be http://",
                     url);
        break;
    }
}

/* A time without an offset is local; the zone is known when the store asks for it. */
static void read_from(struct reader *r, yaml_node_t *node, void *target) {
    static const char *const words[] = {"now", "start", NULL};
    struct deliver_settings *d = target;
    const char *text = yaml_doc_text(node);
    int word = 0;
    if (text == NULL || text[0] < '0' || text[0] > '9') {
        if (schema_choice(r, node, "from", words, &word)) {
            d->from = word == 0 ? DELIVER_FROM_NOW : DELIVER_FROM_START;
        }
        return;
    }
    ms_t utc, moved;
    if (iso8601_parse(text, 0, &utc) != 0 || iso8601_parse(text, 3600, &moved) != 0) {
        schema_error(r, node,
                     "from '%.40s' is not a time; write now, start, 2026-01-31 or "
                     "2026-01-31T08:00:00+08:00",
                     text);
        return;
    }
    d->from = DELIVER_FROM_TIME;
    d->from_utc_ms = utc;
    d->from_local = utc != moved;
}

#define D struct deliver_settings
static const struct field deliver_fields[] = {
    {"id", FIELD_ID, .required = true, KEEP(D, id)},
    {"https", FIELD_CUSTOM, .required = true, .read = read_https},
    {"token_file", FIELD_TEXT, KEEP(D, token_file), .min = 1, .max = 1024},
    {"ca_file", FIELD_TEXT, KEEP(D, ca_file), .min = 1, .max = 1024},
    {"cert_file", FIELD_TEXT, KEEP(D, cert_file), .min = 1, .max = 1024},
    {"key_file", FIELD_TEXT, KEEP(D, key_file), .min = 1, .max = 1024},
    {"batch", FIELD_INT, KEEP(D, batch), .min = 1, .max = 5000, .preset = 500},
    {"backlog_per_s", FIELD_INT, KEEP(D, backlog_per_s), .max = 100000},
    {"timeout_s", FIELD_INT, KEEP(D, timeout_s), .min = 1, .max = 600, .preset = 30},
    {"compression", FIELD_CHOICE, KEEP(D, compression), .choices = compressions},
    {"from", FIELD_CUSTOM, .read = read_from},
    {0},
};
#undef D

static void check_tls(struct reader *r, yaml_node_t *node, const struct deliver_settings *d) {
    static const char *const keys[] = {"ca_file", "cert_file", "key_file"};
    bool plain = d->url != NULL && strncmp(d->url, "http://", 7) == 0;
    for (size_t i = 0; plain && i < 3; i++) {
        yaml_node_t *odd = yaml_doc_find(r->doc, node, keys[i]);
        if (odd != NULL) {
            schema_error(r, odd, "%s needs an encrypted connection; write https as https://",
                         keys[i]);
        }
    }
    if ((d->cert_file == NULL) != (d->key_file == NULL)) {
        schema_error(r, node, "cert_file and key_file go together; add the other one");
    }
}

static void check_id(struct site_draft *s, struct reader *r, yaml_node_t *node, size_t index) {
    const char *id = s->site->deliver[index].id;
    if (id == NULL) {
        return;
    }
    if (strcmp(id, MQTT_ID) == 0) {
        message_error(r->errors, yaml_doc_place_of(r->doc, node, "id"),
                      "destination id 'mqtt' is the name of the section mqtt; choose another");
    }
    for (size_t i = 0; i < index; i++) {
        if (s->site->deliver[i].id != NULL && strcmp(s->site->deliver[i].id, id) == 0) {
            message_error(r->errors, yaml_doc_place_of(r->doc, node, "id"),
                          "destination id '%s' stands twice; choose another", id);
        }
    }
}

static void settle_file(struct reader *r, yaml_node_t *node, const char *site_file, const char *key,
                        const char **path) {
    *path = data_file_beside(r->arena, site_file, *path);
    warn_unreadable(r, node, key, *path);
}

static void read_destination(struct reader *r, yaml_node_t *item, size_t index, void *target) {
    struct site_draft *s = target;
    if (index >= DELIVER_MAX) {
        if (index == DELIVER_MAX) {
            schema_error(r, item, "deliver has more than %d destinations; take some away",
                         DELIVER_MAX);
        }
        return;
    }
    struct deliver_settings *d = &s->site->deliver[index];
    s->site->deliver_count = index + 1;
    schema_read(r, item, "a deliver destination", deliver_fields, d);
    if (item->type != YAML_MAPPING_NODE) {
        return;
    }
    check_id(s, r, item, index);
    check_tls(r, item, d);
    settle_file(r, item, s->site->file, "token_file", &d->token_file);
    settle_file(r, item, s->site->file, "ca_file", &d->ca_file);
    settle_file(r, item, s->site->file, "cert_file", &d->cert_file);
    settle_file(r, item, s->site->file, "key_file", &d->key_file);
}

void read_deliver(struct reader *r, yaml_node_t *node, void *target) {
    struct site_draft *s = target;
    s->site->deliver = draft_room(r, r->arena, node, sizeof *s->site->deliver);
    if (s->site->deliver != NULL) {
        schema_each(r, node, "deliver", read_destination, target);
    }
}
