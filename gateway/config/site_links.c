/* The section links: where devices are reached. */
#include <arpa/inet.h>
#include <string.h>

#include "config/site_draft.h"

static const char *const parities[] = {"none", "even", "odd", "N", "E", "O", NULL};

/* Baud rates of the serial driver, and so the only ones that a port can be set to. */
static void read_baud(struct reader *r, yaml_node_t *node, void *target) {
    static const int64_t rates[] = {1200,  2400,   4800,   9600,   19200, 38400,
                                    57600, 115200, 230400, 460800, 921600};
    struct link_draft *l = target;
    int64_t v = 0;
    if (!schema_int(r, node, "baud", 1200, 921600, &v)) {
        return;
    }
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        if (rates[i] == v) {
            l->l.baud = (uint32_t)v;
            return;
        }
    }
    schema_error(r, node, "baud %lld is not a serial speed; use 9600, 19200, 38400, 115200, ...",
                 (long long)v);
}

static const struct field link_fields[] = {
    {"id", FIELD_ID, .required = true, KEEP(struct link_draft, l.id)},
    {"tcp", FIELD_TEXT, KEEP(struct link_draft, tcp), .min = 1},
    {"rtu", FIELD_TEXT, KEEP(struct link_draft, rtu), .min = 1},
    {"rtu_over_tcp", FIELD_TEXT, KEEP(struct link_draft, rtu_over_tcp), .min = 1},
    {"baud", FIELD_CUSTOM, .read = read_baud},
    {"parity", FIELD_WORD, KEEP(struct link_draft, parity), .choices = parities,
     .preset_text = "none"},
    {"stop_bits", FIELD_INT, KEEP(struct link_draft, l.stop_bits), .min = 1, .max = 2, .preset = 1},
    {"timeout_ms", FIELD_INT, KEEP(struct link_draft, l.timeout_ms), .min = 10, .max = 60000,
     .preset = 1000},
    {"request_gap_ms", FIELD_INT, KEEP(struct link_draft, l.request_gap_ms), .max = 10000},
    {"connect_gap_ms", FIELD_INT, KEEP(struct link_draft, l.connect_gap_ms), .max = 60000},
    {0},
};

/* Splits HOST:PORT in place. False when the form is wrong. */
static bool split_host_port(char *text, const char **ret_host, const char **ret_port) {
    char *host = text, *colon = NULL;
    if (text[0] == '[') {
        host = text + 1;
        char *end = strchr(host, ']');
        if (end == NULL || (end[1] != 0 && end[1] != ':')) {
            return false;
        }
        colon = end[1] == ':' ? end + 1 : NULL;
        *end = 0;
    } else {
        colon = strchr(text, ':');
        if (colon != NULL && strchr(colon + 1, ':') != NULL) {
            return false; /* IPv6 needs brackets */
        }
    }
    *ret_port = NULL;
    if (colon != NULL) {
        *colon = 0;
        *ret_port = colon + 1;
    }
    *ret_host = host;
    return host[0] != 0;
}

static bool is_numeric(const char *host) {
    unsigned char address[16];
    return strcmp(host, "localhost") == 0 || inet_pton(AF_INET, host, address) == 1 ||
           inet_pton(AF_INET6, host, address) == 1;
}

bool read_host_port(struct reader *r, yaml_node_t *node, const char *what, const char *text,
                    bool numeric, const char **ret_host, uint16_t *ret_port) {
    char *copy = arena_strdup(r->arena, text);
    const char *host = NULL, *port = NULL;
    if (copy == NULL || !split_host_port(copy, &host, &port)) {
        schema_error(r, node, "%s '%.80s' is not HOST:PORT; write 192.168.1.5:502 or [fe80::1]:502",
                     what, text);
        return false;
    }
    if (numeric && !is_numeric(host)) {
        schema_error(r, node,
                     "%s '%.80s' is a host name; give its address: a name look-up would stall "
                     "the polling of every device",
                     what, host);
        return false;
    }
    uint64_t number = 0;
    bool negative = false;
    if (port != NULL &&
        (!schema_pattern(port, &number, &negative) || negative || number < 1 || number > 65535)) {
        schema_error(r, node, "%s: port '%.20s' is not 1 to 65535", what, port);
        return false;
    }
    *ret_host = host;
    *ret_port = (uint16_t)number;
    return true;
}

/* One spelling of each address: "localhost" and "::1" written long find their equals. */
static const char *canonical(struct arena *arena, const char *host, uint16_t port) {
    unsigned char address[16];
    char text[INET6_ADDRSTRLEN + 8], spelt[INET6_ADDRSTRLEN];
    const char *shown = strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;
    if (inet_pton(AF_INET6, host, address) == 1 &&
        inet_ntop(AF_INET6, address, spelt, sizeof spelt) != NULL) {
        shown = spelt;
    }
    snprintf(text, sizeof text, "%s %u", shown, port);
    return arena_strdup(arena, text);
}

static void settle_network(struct reader *r, struct link_draft *l, const char *key,
                           const char *text, uint16_t default_port) {
    yaml_node_t *node = yaml_doc_find(r->doc, l->node, key);
    if (!read_host_port(r, node, key, text, true, &l->l.host, &l->l.port)) {
        return;
    }
    if (l->l.port == 0 && default_port == 0) {
        schema_error(r, node, "%s '%.80s' has no port; write HOST:PORT", key, text);
        return;
    }
    l->l.port = l->l.port != 0 ? l->l.port : default_port;
    l->endpoint = canonical(r->arena, l->l.host, l->l.port);
    static const char *const serial_keys[] = {"baud", "parity", "stop_bits"};
    for (size_t i = 0; i < 3; i++) {
        yaml_node_t *odd = yaml_doc_find(r->doc, l->node, serial_keys[i]);
        if (odd != NULL) {
            schema_error(r, odd, "%s is for rtu links; set it at the serial server itself",
                         serial_keys[i]);
        }
    }
}

static void settle_link(struct reader *r, struct link_draft *l) {
    int kinds = (l->tcp != NULL) + (l->rtu != NULL) + (l->rtu_over_tcp != NULL);
    if (kinds != 1) {
        schema_error(r, l->node, "a link needs one of tcp, rtu, rtu_over_tcp; this has %d", kinds);
        return;
    }
    if (l->rtu != NULL) {
        l->l.kind = LINK_RTU;
        l->l.path = l->endpoint = l->rtu;
        char c = l->parity[0];
        l->l.parity = (char)(c >= 'a' ? c - 'a' + 'A' : c);
        if (l->rtu[0] != '/') {
            schema_error(r, yaml_doc_find(r->doc, l->node, "rtu"),
                         "rtu '%.80s' is not the path of a serial port; write /dev/ttyS1", l->rtu);
        }
    } else if (l->tcp != NULL) {
        l->l.kind = LINK_TCP;
        settle_network(r, l, "tcp", l->tcp, 502);
    } else {
        l->l.kind = LINK_RTU_OVER_TCP;
        settle_network(r, l, "rtu_over_tcp", l->rtu_over_tcp, 0);
    }
}

static void read_link(struct reader *r, yaml_node_t *item, size_t index, void *target) {
    struct site_draft *d = target;
    struct link_draft *l = &d->links[index];
    l->node = item;
    l->l.baud = 9600;
    d->link_count = index + 1;
    if (item->type == YAML_MAPPING_NODE) {
        schema_read(r, item, "a link", link_fields, l);
        settle_link(r, l);
    } else {
        schema_read(r, item, "a link", link_fields, l);
    }
}

void read_links(struct reader *r, yaml_node_t *node, void *target) {
    struct site_draft *d = target;
    d->links = draft_room(r, r->scratch, node, sizeof *d->links);
    if (d->links != NULL && schema_each(r, node, "links", read_link, d) == 0 &&
        node->type == YAML_SEQUENCE_NODE) {
        schema_error(r, node, "links is empty; give at least one link");
    }
}
