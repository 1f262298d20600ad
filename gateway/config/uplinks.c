/* The sections mqtt and web. */
#include <string.h>

#include "config/site_draft.h"

static const char *const ack_modes[] = {"puback", "subscriber", "platform", NULL}; /* enum order */
static const char *const payloads[] = {"json", NULL};

static void read_mqtt_url(struct reader *r, yaml_node_t *node, void *target) {
    struct mqtt_settings *m = target;
    const char *url = NULL;
    if (!schema_text(r, node, "url", 0, &url)) {
        return;
    }
    const char *rest = NULL;
    if (strncmp(url, "mqtt://", 7) == 0) {
        rest = url + 7;
    } else if (strncmp(url, "mqtts://", 8) == 0) {
        rest = url + 8;
        m->tls = true;
    } else {
        schema_error(r, node, "url '%.80s' is not mqtt://HOST[:PORT] or mqtts://HOST[:PORT]", url);
        return;
    }
    if (strchr(rest, '@') != NULL) {
        schema_error(r, node,
                     "url holds a user or password; use username and password_file instead");
        return;
    }
    if (rest[strcspn(rest, "/?# ")] != 0) {
        schema_error(r, node, "url '%.80s' goes on after the port; topics are fixed, end it there",
                     url);
        return;
    }
    if (read_host_port(r, node, "url", rest, false, &m->host, &m->port) && m->port == 0) {
        m->port = m->tls ? 8883 : 1883;
    }
}

static const struct field mqtt_fields[] = {
    {"url", FIELD_CUSTOM, .required = true, .read = read_mqtt_url},
    {"payload", FIELD_CHOICE, .choices = payloads},
    {"ca_file", FIELD_TEXT, KEEP(struct mqtt_settings, ca_file), .min = 1, .max = 1024},
    {"cert_file", FIELD_TEXT, KEEP(struct mqtt_settings, cert_file), .min = 1, .max = 1024},
    {"key_file", FIELD_TEXT, KEEP(struct mqtt_settings, key_file), .min = 1, .max = 1024},
    {"username", FIELD_TEXT, KEEP(struct mqtt_settings, username)},
    {"password_file", FIELD_TEXT, KEEP(struct mqtt_settings, password_file), .min = 1, .max = 1024},
    {"client_id", FIELD_TEXT, KEEP(struct mqtt_settings, client_id), .min = 1, .max = 64},
    {"live_s", FIELD_INT, KEEP(struct mqtt_settings, live_s), .min = 1, .max = 3600, .preset = 5},
    {"backlog_per_s", FIELD_INT, KEEP(struct mqtt_settings, backlog_per_s), .max = 100000},
    {"ack", FIELD_CHOICE, KEEP(struct mqtt_settings, ack), .choices = ack_modes},
    {"minute_devices", FIELD_BOOL, KEEP(struct mqtt_settings, minute_devices)},
    {0},
};

void mqtt_defaults(struct site_draft *d) {
    schema_presets(mqtt_fields, &d->site->mqtt);
}

static void settle_file(struct reader *r, yaml_node_t *node, const char *site_file, const char *key,
                        const char **path) {
    *path = data_file_beside(r->arena, site_file, *path);
    warn_unreadable(r, node, key, *path);
}

static void check_tls(struct reader *r, yaml_node_t *node, const struct mqtt_settings *m) {
    static const char *const keys[] = {"ca_file", "cert_file", "key_file"};
    for (size_t i = 0; m->host != NULL && !m->tls && i < 3; i++) {
        yaml_node_t *odd = yaml_doc_find(r->doc, node, keys[i]);
        if (odd != NULL) {
            schema_error(r, odd, "%s needs an encrypted connection; write url as mqtts://",
                         keys[i]);
        }
    }
    if ((m->cert_file == NULL) != (m->key_file == NULL)) {
        schema_error(r, node, "cert_file and key_file go together; add the other one");
    }
    if (m->password_file != NULL && m->username == NULL) {
        schema_error(r, node, "password_file needs username too");
    }
}

void read_mqtt(struct reader *r, yaml_node_t *node, void *target) {
    struct site_draft *d = target;
    struct mqtt_settings *m = &d->site->mqtt;
    schema_read(r, node, "mqtt", mqtt_fields, m);
    m->configured = m->host != NULL;
    check_tls(r, node, m);
    settle_file(r, node, d->site->file, "ca_file", &m->ca_file);
    settle_file(r, node, d->site->file, "cert_file", &m->cert_file);
    settle_file(r, node, d->site->file, "key_file", &m->key_file);
    settle_file(r, node, d->site->file, "password_file", &m->password_file);
}

static const struct field tls_fields[] = {
    {"cert_file", FIELD_TEXT, .required = true, KEEP(struct web_settings, cert_file), .min = 1,
     .max = 1024},
    {"key_file", FIELD_TEXT, .required = true, KEEP(struct web_settings, key_file), .min = 1,
     .max = 1024},
    {0},
};

static void read_web_tls(struct reader *r, yaml_node_t *node, void *target) {
    schema_read(r, node, "web.tls", tls_fields, target);
}

static const struct field web_fields[] = {
    {"listen", FIELD_TEXT, .required = true, KEEP(struct web_settings, listen), .min = 1},
    {"users_file", FIELD_TEXT, KEEP(struct web_settings, users_file), .min = 1, .max = 1024},
    {"tls", FIELD_CUSTOM, .read = read_web_tls},
    {0},
};

void read_web(struct reader *r, yaml_node_t *node, void *target) {
    struct site_draft *d = target;
    struct web_settings w = {0};
    const char *host = NULL;
    uint16_t port = 0;
    schema_read(r, node, "web", web_fields, &w);
    yaml_node_t *at = yaml_doc_find(r->doc, node, "listen");
    if (w.listen == NULL || !read_host_port(r, at, "listen", w.listen, true, &host, &port)) {
        return;
    }
    bool loopback =
        strcmp(host, "localhost") == 0 || strcmp(host, "::1") == 0 || strncmp(host, "127.", 4) == 0;
    if (port == 0) {
        schema_error(r, at, "listen '%.80s' has no port; write 127.0.0.1:8080", w.listen);
    } else if (!loopback && w.users_file == NULL) {
        schema_error(r, at,
                     "listen %s is open to the network; add users_file, or listen on "
                     "127.0.0.1",
                     w.listen);
    }
    yaml_node_t *tls = yaml_doc_find(r->doc, node, "tls");
    settle_file(r, node, d->site->file, "users_file", &w.users_file);
    if (tls != NULL) {
        settle_file(r, tls, d->site->file, "cert_file", &w.cert_file);
        settle_file(r, tls, d->site->file, "key_file", &w.key_file);
    }
    d->site->web = w;
}
