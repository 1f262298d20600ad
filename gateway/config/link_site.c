/* Names in a site draft -> indexes: links, profiles, parents, references, points. */
#include <string.h>

#include "base/err.h"
#include "config/nearest.h"
#include "config/profile_load.h"
#include "config/site_draft.h"

/* The value node of a device's key; never NULL for a key that was read. */
static struct place place_of(struct site_draft *d, yaml_node_t *node, const char *key) {
    return yaml_doc_place_of(d->reader->doc, node, key);
}

static void name_links(struct site_draft *d) {
    struct name_table endpoints;
    if (name_table_init(&d->link_names, d->load->scratch, d->link_count) < 0 ||
        name_table_init(&endpoints, d->load->scratch, d->link_count) < 0) {
        schema_error(d->reader, yaml_doc_root(d->reader->doc), "out of memory");
        return;
    }
    for (size_t i = 0; i < d->link_count; i++) {
        struct link_draft *l = &d->links[i];
        if (l->l.id != NULL) {
            int32_t first = name_table_add(&d->link_names, l->l.id, (int32_t)i);
            draft_unique(d->reader, l->node, "link", l->l.id,
                         first >= 0 ? d->links[first].node : NULL);
        }
        int32_t same =
            l->endpoint != NULL ? name_table_add(&endpoints, l->endpoint, (int32_t)i) : -1;
        if (same >= 0) {
            schema_error(d->reader, l->node,
                         "this link goes to the same place as the link in line %zu; put the "
                         "devices on that one",
                         d->links[same].node->start_mark.line + 1);
        }
    }
}

static void name_devices(struct site_draft *d) {
    size_t names = d->device_count + d->virtual_count;
    if (name_table_init(&d->device_names, d->load->scratch, names) < 0) {
        schema_error(d->reader, yaml_doc_root(d->reader->doc), "out of memory");
        return;
    }
    for (size_t i = 0; i < d->device_count; i++) {
        struct device_draft *v = &d->devices[i];
        if (v->d.id != NULL) {
            int32_t first = name_table_add(&d->device_names, v->d.id, (int32_t)i);
            draft_unique(d->reader, v->node, "device", v->d.id,
                         first >= 0 ? d->devices[first].node : NULL);
        }
    }
    for (size_t i = 0; i < d->virtual_count; i++) {
        struct virtual_draft *v = &d->virtuals[i];
        if (v->v.id != NULL) {
            int32_t first =
                name_table_add(&d->device_names, v->v.id, (int32_t)(d->device_count + i));
            size_t k = first >= 0 ? (size_t)first : 0;
            yaml_node_t *node =
                k < d->device_count ? d->devices[k].node : d->virtuals[k - d->device_count].node;
            draft_unique(d->reader, v->node, "virtual", v->v.id, first >= 0 ? node : NULL);
        }
    }
}

/* A device's index by name, or -1 after reporting with the nearest name. */
static int32_t find_device(struct site_draft *d, struct place at, const char *what,
                           const char *name) {
    int32_t i = name_table_find(&d->device_names, name);
    if (i >= 0 && (size_t)i < d->device_count) {
        return i;
    }
    struct nearest near;
    nearest_init(&near, name);
    for (size_t k = 0; k < d->device_count; k++) {
        if (d->devices[k].d.id != NULL) {
            nearest_offer(&near, d->devices[k].d.id);
        }
    }
    const char *best = nearest_best(&near);
    message_error(d->load->errors, at, "%s names the device '%.64s', which is not there%s%s%s",
                  what, name, best != NULL ? "; did you mean '" : "; add it or correct the name",
                  best != NULL ? best : "", best != NULL ? "'?" : "");
    return -1;
}

static void resolve_link(struct site_draft *d, struct device_draft *v) {
    if (v->link == NULL) {
        return;
    }
    v->d.link = name_table_find(&d->link_names, v->link);
    if (v->d.link >= 0) {
        const struct link_draft *l = &d->links[v->d.link];
        if (l->l.kind != LINK_TCP && v->d.unit > 247) {
            message_error(d->load->errors, place_of(d, v->node, "unit"),
                          "unit %u is out of range on the serial link '%s'; give 0 to 247",
                          v->d.unit, v->link);
        }
        return;
    }
    struct nearest near;
    nearest_init(&near, v->link);
    for (size_t k = 0; k < d->link_count; k++) {
        if (d->links[k].l.id != NULL) {
            nearest_offer(&near, d->links[k].l.id);
        }
    }
    const char *best = nearest_best(&near);
    message_error(d->load->errors, place_of(d, v->node, "link"),
                  "link names '%s', which is not in links%s%s%s", v->link,
                  best != NULL ? "; did you mean '" : "; add it there", best != NULL ? best : "",
                  best != NULL ? "'?" : "");
}

/* One unit of one link answers for one device only. */
static void check_units(struct site_draft *d) {
    size_t n = d->link_count * 256;
    uint32_t *first = arena_alloc(d->load->scratch, n + 1, sizeof *first); /* device index + 1 */
    for (size_t i = 0; first != NULL && i < d->device_count; i++) {
        struct device_draft *v = &d->devices[i];
        yaml_node_t *unit = yaml_doc_find(d->reader->doc, v->node, "unit");
        if (v->d.link < 0 || unit == NULL) {
            continue;
        }
        uint32_t *slot = &first[(size_t)v->d.link * 256 + v->d.unit];
        if (*slot == 0) {
            *slot = (uint32_t)i + 1;
            continue;
        }
        const struct device_draft *other = &d->devices[*slot - 1];
        schema_error(d->reader, unit,
                     "unit %u of link '%s' is device '%s' already, in line %zu; one device a unit",
                     v->d.unit, v->link, other->d.id != NULL ? other->d.id : "?",
                     other->node->start_mark.line + 1);
    }
}

/* A file is read once, however many devices use it; a bad one is reported once. */
struct loaded_profile {
    const char *name;
    const struct device_profile *profile;
};

static void load_profiles(struct site_draft *d) {
    struct loaded_profile *loaded =
        arena_alloc(d->load->scratch, d->device_count + 1, sizeof *loaded);
    struct name_table names;
    size_t count = 0;
    if (loaded == NULL || name_table_init(&names, d->load->scratch, d->device_count) < 0) {
        schema_error(d->reader, yaml_doc_root(d->reader->doc), "out of memory");
        return;
    }
    for (size_t i = 0; i < d->device_count; i++) {
        struct device_draft *v = &d->devices[i];
        if (v->profile == NULL) {
            continue;
        }
        int32_t k = name_table_add(&names, v->profile, (int32_t)count);
        if (k < 0) {
            k = (int32_t)count++;
            profile_from_name(d->load, v->profile, place_of(d, v->node, "profile"),
                              &loaded[k].profile);
        }
        v->d.profile = loaded[k].profile;
    }
}

/* A meter (it knows grid or load) may stand anywhere in the electrical tree. */
static void check_role(struct site_draft *d, const struct device_draft *v) {
    const struct device_profile *p = v->d.profile;
    if (p == NULL || !v->role_known) {
        return;
    }
    bool electrical = v->d.role <= ROLE_LOAD && v->d.role != ROLE_BATTERY;
    uint32_t accepted = p->roles;
    if ((accepted & UINT32_C(1) << ROLE_STORAGE) != 0) {
        accepted |= UINT32_C(1) << ROLE_BATTERY;
    }
    if ((accepted & UINT32_C(1) << v->d.role) != 0 || (electrical && !p->source_convention)) {
        return;
    }
    char list[160] = "";
    size_t used = 0;
    for (int i = 0; i < ROLE_COUNT && used < sizeof list; i++) {
        if ((p->roles & UINT32_C(1) << i) != 0) {
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", used > 0 ? ", " : "",
                                     role_str((enum role)i));
        }
    }
    message_error(d->load->errors, place_of(d, v->node, "role"),
                  "profile '%s' cannot be a %s, only: %s; change role or profile", p->name,
                  role_str(v->d.role), list);
}

/* Pauses and time-outs: the device's own word, else the longer of profile and link. */
static void settle_times(struct site_draft *d, struct device_draft *v) {
    if (v->d.link < 0 || v->d.profile == NULL) {
        return;
    }
    struct link_draft *l = &d->links[v->d.link];
    uint32_t gap = v->d.profile->request_gap_ms;
    gap = gap > l->l.request_gap_ms ? gap : l->l.request_gap_ms;
    v->d.request_gap_ms = v->request_gap_ms >= 0 ? (uint32_t)v->request_gap_ms : gap;
    v->d.timeout_ms = v->timeout_ms >= 0 ? (uint32_t)v->timeout_ms : l->l.timeout_ms;
    bool given = yaml_doc_find(d->reader->doc, l->node, "connect_gap_ms") != NULL;
    if (!given && v->d.profile->connect_gap_ms > l->l.connect_gap_ms) {
        l->l.connect_gap_ms = v->d.profile->connect_gap_ms;
    }
}

/* The device of "device" or "device.channel"; -1 after reporting. */
static int32_t find_owner(struct site_draft *d, struct place at, const char *what,
                          const char *text) {
    char name[SITE_ID_MAX + 1];
    size_t n = strcspn(text, ".");
    if (n > SITE_ID_MAX) {
        message_error(d->load->errors, at, "%s '%.64s' is not a device id", what, text);
        return -1;
    }
    memcpy(name, text, n);
    name[n] = 0;
    return find_device(d, at, what, name);
}

static void resolve_parent(struct site_draft *d, struct device_draft *v) {
    if (v->parent != NULL) {
        v->d.parent = find_owner(d, place_of(d, v->node, "parent"), "parent", v->parent);
    }
}

/* Every device with its cycle counted once: walking up more steps than devices means a ring. */
static void check_cycles(struct site_draft *d) {
    uint32_t *round = arena_alloc(d->load->scratch, d->device_count + 1, sizeof *round);
    for (size_t i = 0; round != NULL && i < d->device_count; i++) {
        int32_t k = (int32_t)i;
        while (k >= 0 && round[k] == 0) {
            round[k] = (uint32_t)i + 1;
            k = d->devices[k].d.parent;
        }
        if (k >= 0 && round[k] == i + 1) { /* met on this very walk */
            struct device_draft *v = &d->devices[k];
            message_error(d->load->errors, place_of(d, v->node, "parent"),
                          "parent: device '%s' stands above itself; cut the ring of parents",
                          v->d.id != NULL ? v->d.id : "?");
            v->d.parent = SITE_NONE;
        }
    }
}

static void check_references(struct site_draft *d) {
    for (struct device_reference *ref = d->references; ref != NULL; ref = ref->next) {
        find_owner(d, yaml_doc_place(d->reader->doc, ref->node), ref->what, ref->name);
    }
}

static void warn_unused_links(struct site_draft *d) {
    bool *used = arena_alloc(d->load->scratch, d->link_count + 1, sizeof *used);
    for (size_t i = 0; used != NULL && i < d->device_count; i++) {
        if (d->devices[i].d.link >= 0) {
            used[d->devices[i].d.link] = true;
        }
    }
    for (size_t i = 0; used != NULL && i < d->link_count; i++) {
        if (!used[i] && d->links[i].l.id != NULL) {
            schema_warning(d->reader, d->links[i].node, "no device uses link '%s'",
                           d->links[i].l.id);
        }
    }
}

static int copy_out(struct site_draft *d) {
    struct site *s = d->site;
    s->links = arena_alloc(s->arena, d->link_count + 1, sizeof *s->links);
    s->devices = arena_alloc(s->arena, d->device_count + 1, sizeof *s->devices);
    if (s->links == NULL || s->devices == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < d->link_count; i++) {
        s->links[i] = d->links[i].l;
    }
    for (size_t i = 0; i < d->device_count; i++) {
        s->devices[i] = d->devices[i].d;
    }
    s->link_count = d->link_count;
    s->device_count = d->device_count;
    return ERR_OK;
}

void site_link(struct site_draft *d) {
    name_links(d);
    name_devices(d);
    if (messages_failed(d->load->errors) && d->device_names.slots == NULL) {
        return;
    }
    load_profiles(d);
    for (size_t i = 0; i < d->device_count; i++) {
        struct device_draft *v = &d->devices[i];
        resolve_link(d, v);
        resolve_parent(d, v);
        check_role(d, v);
        settle_times(d, v);
    }
    check_units(d);
    check_cycles(d);
    check_references(d);
    warn_unused_links(d);
    if (copy_out(d) < 0) {
        schema_error(d->reader, yaml_doc_root(d->reader->doc), "out of memory");
        return;
    }
    site_name_points(d);
    site_link_virtuals(d);
    if (!messages_failed(d->load->errors)) {
        site_build_feeds(d);
        tree_check(d);
        accounts_link(d);
    }
}
