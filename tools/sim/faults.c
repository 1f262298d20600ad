#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/err.h"
#include "sim/faults.h"

static const char *const names[FAULT_KIND_COUNT] = {
    [FAULT_SILENT] = "silent",
    [FAULT_EXCEPTION] = "exception",
    [FAULT_WRONG_UNIT] = "wrong_unit",
    [FAULT_WRONG_TRANSACTION] = "wrong_transaction",
    [FAULT_TRUNCATED] = "truncated",
    [FAULT_OVERSIZED] = "oversized",
    [FAULT_TRICKLE] = "trickle",
    [FAULT_RESET] = "reset",
    [FAULT_REFUSE] = "refuse",
    [FAULT_BAD_CRC] = "bad_crc",
    [FAULT_LATE] = "late",
    [FAULT_FREEZE_VALUE] = "freeze_value",
    [FAULT_VANISH_PTY] = "vanish_pty",
    [FAULT_CLOCK] = "clock",
    [FAULT_OUTPUT] = "output",
    [FAULT_EXTRA_LOAD] = "extra_load",
    [FAULT_LOAD] = "load",
    [FAULT_REVERSED_CT] = "reversed_ct",
};

const char *fault_str(enum fault_kind kind) {
    return (unsigned)kind < FAULT_KIND_COUNT ? names[kind] : "?";
}

/* One file being read: where to put the first complaint. */
struct reader {
    const char *file;
    const struct site *site;
    yaml_document_t doc;
    char *message;
    size_t cap;
};

static int complain(struct reader *r, const yaml_node_t *at, const char *what, const char *name) {
    (void)snprintf(r->message, r->cap, "%s:%zu:%zu: %s '%s'", r->file,
                   at != NULL ? at->start_mark.line + 1 : 1,
                   at != NULL ? at->start_mark.column + 1 : 1, what, name);
    return ERR_SYNTAX;
}

static const char *text_of(const yaml_node_t *n) {
    return n != NULL && n->type == YAML_SCALAR_NODE ? (const char *)n->data.scalar.value : "";
}

static int number_of(struct reader *r, const yaml_node_t *n, double *ret) {
    char *end;
    double v = strtod(text_of(n), &end);

    if (end == text_of(n) || *end != '\0' || !isfinite(v) || v < 0.0 || v > 1e9)
        return complain(r, n, "want a number of 0 or more, not", text_of(n));
    *ret = v;
    return ERR_OK;
}

static int power_of(struct reader *r, const yaml_node_t *n, double *ret) {
    char *end;
    double v = strtod(text_of(n), &end);

    if (end == text_of(n) || *end != '\0' || !(fabs(v) <= 1e7))
        return complain(r, n, "want a power in kW, not", text_of(n));
    *ret = v;
    return ERR_OK;
}

static int whole_of(struct reader *r, const yaml_node_t *n, double most, uint32_t *ret) {
    double v = 0.0;
    int rc = number_of(r, n, &v);

    if (rc == ERR_OK && v > most)
        rc = complain(r, n, "too large:", text_of(n));
    if (rc == ERR_OK)
        *ret = (uint32_t)v;
    return rc;
}

/* Seconds, either way. */
static int seconds_of(struct reader *r, const yaml_node_t *n, int32_t *ret) {
    char *end;
    long v = strtol(text_of(n), &end, 10);

    if (end == text_of(n) || *end != '\0' || v < -1000000000 || v > 1000000000)
        return complain(r, n, "want whole seconds, not", text_of(n));
    *ret = (int32_t)v;
    return ERR_OK;
}

static int kind_of(struct reader *r, const yaml_node_t *n, enum fault_kind *ret) {
    for (int k = 0; k < FAULT_KIND_COUNT; k++) {
        if (strcmp(names[k], text_of(n)) == 0) {
            *ret = (enum fault_kind)k;
            return ERR_OK;
        }
    }
    return complain(r, n, "no such fault (see busbar sim --help):", text_of(n));
}

static int device_of(struct reader *r, const yaml_node_t *n, int32_t *ret) {
    for (size_t i = 0; i < r->site->device_count; i++) {
        if (strcmp(r->site->devices[i].id, text_of(n)) == 0) {
            *ret = (int32_t)i;
            return ERR_OK;
        }
    }
    return complain(r, n, "the site has no device", text_of(n));
}

static int link_of(struct reader *r, const yaml_node_t *n, int32_t *ret) {
    for (size_t i = 0; i < r->site->link_count; i++) {
        if (strcmp(r->site->links[i].id, text_of(n)) == 0) {
            *ret = (int32_t)i;
            return ERR_OK;
        }
    }
    return complain(r, n, "the site has no link", text_of(n));
}

static int read_key(struct reader *r, const yaml_node_t *key, const yaml_node_t *value,
                    struct fault *f) {
    const char *k = text_of(key);

    if (strcmp(k, "at_s") == 0)
        return number_of(r, value, &f->at_s);
    if (strcmp(k, "for_s") == 0)
        return number_of(r, value, &f->for_s);
    if (strcmp(k, "device") == 0)
        return device_of(r, value, &f->device);
    if (strcmp(k, "link") == 0)
        return link_of(r, value, &f->link);
    if (strcmp(k, "fault") == 0)
        return kind_of(r, value, &f->kind);
    if (strcmp(k, "code") == 0)
        return whole_of(r, value, 255.0, &f->code);
    if (strcmp(k, "ms") == 0)
        return whole_of(r, value, 3600000.0, &f->ms);
    if (strcmp(k, "s") == 0)
        return seconds_of(r, value, &f->s);
    if (strcmp(k, "bytes") == 0)
        return whole_of(r, value, 400.0, &f->bytes);
    if (strcmp(k, "kw") == 0)
        return power_of(r, value, &f->kw);
    if (strcmp(k, "ramp_s") == 0)
        return number_of(r, value, &f->ramp_s);
    return complain(r, key, "unknown key", k);
}

static bool is_of_plant(enum fault_kind kind) {
    return kind == FAULT_OUTPUT || kind == FAULT_EXTRA_LOAD || kind == FAULT_LOAD ||
           kind == FAULT_REVERSED_CT;
}

/* A part of the plant that the fault cannot meet would be a test that cannot fail. */
static int check_part(struct reader *r, const yaml_node_t *at, const struct fault *f) {
    const struct device *d = f->device != SITE_NONE ? &r->site->devices[f->device] : NULL;

    if (d == NULL)
        return complain(r, at, "this fault is of a device, not of a link:", fault_str(f->kind));
    if (f->kind == FAULT_OUTPUT && !role_is_source(d->role))
        return complain(r, at, "only pv, wind, a generator or storage has an output:", d->id);
    if ((f->kind == FAULT_EXTRA_LOAD || f->kind == FAULT_LOAD) && d->role != ROLE_LOAD)
        return complain(r, at, "only a load draws more:", d->id);
    return ERR_OK;
}

/* A fault that its link cannot show would be a test that cannot fail. */
static int check_fit(struct reader *r, const yaml_node_t *at, const struct fault *f) {
    int32_t link = f->link != SITE_NONE ? f->link : r->site->devices[f->device].link;
    enum link_kind kind = r->site->links[link].kind;

    if (f->kind == FAULT_WRONG_TRANSACTION && kind != LINK_TCP)
        return complain(r, at, "only a tcp link has transaction ids:", r->site->links[link].id);
    if (f->kind == FAULT_BAD_CRC && kind == LINK_TCP)
        return complain(r, at, "a tcp link has no CRC:", r->site->links[link].id);
    if ((f->kind == FAULT_RESET || f->kind == FAULT_REFUSE) && kind == LINK_RTU)
        return complain(r, at, "a serial line has no connection:", r->site->links[link].id);
    if (f->kind == FAULT_VANISH_PTY && kind != LINK_RTU)
        return complain(r, at, "only an rtu link has a pty:", r->site->links[link].id);
    return ERR_OK;
}

static int read_fault(struct reader *r, const yaml_node_t *n, struct fault *f) {
    bool has_kind = false;

    *f = (struct fault){.for_s = (double)INFINITY,
                        .device = SITE_NONE,
                        .link = SITE_NONE,
                        .code = 4,
                        .bytes = 256,
                        .s = 90};
    if (n == NULL || n->type != YAML_MAPPING_NODE)
        return complain(r, n, "want {at_s, for_s, device or link, fault}, not", text_of(n));
    for (const yaml_node_pair_t *p = n->data.mapping.pairs.start; p < n->data.mapping.pairs.top;
         p++) {
        const yaml_node_t *key = yaml_document_get_node(&r->doc, p->key);
        int rc = read_key(r, key, yaml_document_get_node(&r->doc, p->value), f);

        if (rc != ERR_OK)
            return rc;
        has_kind = has_kind || strcmp(text_of(key), "fault") == 0;
    }
    if (!has_kind)
        return complain(r, n, "which fault? Add", "fault:");
    if ((f->device == SITE_NONE) == (f->link == SITE_NONE))
        return complain(r, n, "name one of", "device:, link:");
    if (f->ms == 0)
        f->ms = f->kind == FAULT_TRICKLE ? 100 : 3000;
    return is_of_plant(f->kind) ? check_part(r, n, f) : check_fit(r, n, f);
}

static int read_list(struct reader *r, struct fault **ret_list, size_t *ret_count) {
    const yaml_node_t *root = yaml_document_get_root_node(&r->doc);
    struct fault *list;
    size_t n = 0;
    int rc = ERR_OK;

    if (root == NULL) { /* an empty file: nothing goes wrong */
        *ret_list = NULL;
        *ret_count = 0;
        return ERR_OK;
    }
    if (root->type != YAML_SEQUENCE_NODE)
        return complain(r, root, "want a list of faults, each starting with", "- ");
    n = (size_t)(root->data.sequence.items.top - root->data.sequence.items.start);
    list = calloc(n + 1, sizeof *list);
    if (list == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < n && rc == ERR_OK; i++)
        rc = read_fault(r, yaml_document_get_node(&r->doc, root->data.sequence.items.start[i]),
                        &list[i]);
    if (rc != ERR_OK) {
        free(list);
        return rc;
    }
    *ret_list = list;
    *ret_count = n;
    return ERR_OK;
}

int faults_load(struct faults *f, const char *file, const struct site *site, char *message,
                size_t message_cap) {
    struct reader r = {.file = file, .site = site, .message = message, .cap = message_cap};
    struct fault *list = NULL;
    size_t count = 0;
    yaml_parser_t parser;
    FILE *in = fopen(file, "rb");
    int rc = ERR_NOMEM;

    if (in == NULL) {
        (void)snprintf(message, message_cap, "%s: %s; give --faults a YAML list", file,
                       strerror(errno));
        return ERR_NOT_FOUND;
    }
    if (yaml_parser_initialize(&parser)) {
        yaml_parser_set_input_file(&parser, in);
        if (yaml_parser_load(&parser, &r.doc)) {
            rc = read_list(&r, &list, &count);
            yaml_document_delete(&r.doc);
        } else {
            (void)snprintf(message, message_cap, "%s:%zu:%zu: %s", file,
                           parser.problem_mark.line + 1, parser.problem_mark.column + 1,
                           parser.problem != NULL ? parser.problem : "not YAML");
            rc = ERR_SYNTAX;
        }
        yaml_parser_delete(&parser);
    }
    (void)fclose(in);
    if (rc == ERR_OK) {
        free(f->list);
        f->list = list;
        f->count = count;
    }
    return rc;
}

void faults_free(struct faults *f) {
    free(f->list);
    *f = (struct faults){0};
}

static bool running(const struct faults *f, const struct fault *one, double now_s) {
    double at = now_s - f->since_s - one->at_s;

    return at >= 0.0 && at < one->for_s;
}

static bool concerns(const struct fault *one, const struct site *site, size_t device) {
    return one->device == (int32_t)device ||
           (one->link != SITE_NONE && one->link == site->devices[device].link);
}

static bool shows_in_replies(enum fault_kind kind) {
    return kind != FAULT_FREEZE_VALUE && kind != FAULT_CLOCK && !is_of_plant(kind);
}

const struct fault *faults_on_device(const struct faults *f, const struct site *site, size_t device,
                                     double now_s) {
    for (size_t i = 0; i < f->count; i++) {
        if (shows_in_replies(f->list[i].kind) && concerns(&f->list[i], site, device) &&
            running(f, &f->list[i], now_s))
            return &f->list[i];
    }
    return NULL;
}

bool faults_frozen(const struct faults *f, const struct site *site, size_t device, double now_s) {
    for (size_t i = 0; i < f->count; i++) {
        if (f->list[i].kind == FAULT_FREEZE_VALUE && concerns(&f->list[i], site, device) &&
            running(f, &f->list[i], now_s))
            return true;
    }
    return false;
}

int32_t faults_clock_s(const struct faults *f, const struct site *site, size_t device,
                       double now_s) {
    for (size_t i = 0; i < f->count; i++) {
        if (f->list[i].kind == FAULT_CLOCK && concerns(&f->list[i], site, device) &&
            running(f, &f->list[i], now_s))
            return f->list[i].s;
    }
    return 0;
}

bool faults_on_link(const struct faults *f, const struct site *site, size_t link,
                    enum fault_kind kind, double now_s) {
    for (size_t i = 0; i < f->count; i++) {
        const struct fault *one = &f->list[i];
        int32_t of = one->link != SITE_NONE ? one->link : site->devices[one->device].link;

        if (one->kind == kind && of == (int32_t)link && running(f, one, now_s))
            return true;
    }
    return false;
}

static void disturb(struct disturbance *d, const struct fault *one, double running_s) {
    double risen = running_s < one->ramp_s ? running_s / one->ramp_s : 1.0;

    switch ((int)one->kind) {
    case FAULT_OUTPUT:
        d->output_kw = one->kw;
        break;
    case FAULT_EXTRA_LOAD:
        d->extra_kw += one->kw * risen;
        break;
    case FAULT_LOAD:
        d->load_kw = one->kw;
        d->load_share = risen;
        break;
    case FAULT_REVERSED_CT:
        d->reversed_ct = true;
        break;
    default:
        break;
    }
}

void faults_disturb(const struct faults *f, struct plant *plant, double now_s) {
    for (size_t n = 0; n < plant->node_count; n++) {
        struct disturbance *d = &plant->nodes[n].disturbance;

        disturbance_clear(d);
        for (size_t i = 0; i < f->count; i++) {
            const struct fault *one = &f->list[i];

            if (one->device == (int32_t)plant->nodes[n].device && running(f, one, now_s))
                disturb(d, one, now_s - f->since_s - one->at_s);
        }
    }
}
