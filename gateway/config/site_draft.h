/* A site between reading and linking: what the file says, names still unresolved. Inside config.
 *
 * load_site.c reads the file; site_section.c, accounts.c, site_links.c, site_devices.c,
 * uplinks.c and deliver.c read a section or a few each; site_books.c reads the tariff and carbon
 * files that they name; link_site.c resolves names; feeds.c makes the feeds, tree_check.c looks for
 * what is counted twice, account_short.c and account_links.c finish the accounts,
 * alert_thresholds.c the limits of alert rules. Drafts live in
 * the scratch arena of the load, what is kept in the site's. */
#ifndef BUSBAR_CONFIG_SITE_DRAFT_H
#define BUSBAR_CONFIG_SITE_DRAFT_H

#include "config/data_files.h"
#include "config/name_table.h"
#include "config/schema.h"
#include "meter/site.h"

struct link_draft {
    struct link_def l;
    yaml_node_t *node;
    const char *tcp, *rtu, *rtu_over_tcp; /* as written; exactly one */
    const char *parity;
    const char *endpoint; /* canonical, to find two links to one place; NULL when unreadable */
};

struct device_draft {
    struct device d;
    yaml_node_t *node;
    const char *link, *profile, *parent; /* as written */
    int32_t timeout_ms, request_gap_ms;  /* -1: not given */
    int32_t parent_feed;                 /* SITE_NONE, or a feed of the parent */
    bool role_known;
};

struct virtual_draft {
    struct virtual_def v;
    yaml_node_t *node, *sum;
    bool role_known;
};

/* A device that an account names, as device or device.channel. */
struct device_reference {
    const char *what, *name; /* who names it, for the message */
    yaml_node_t *node;
    struct device_reference *next;
};

struct metering_draft {
    struct metering_point p;
    yaml_node_t *node;
    const char *device, *check_device; /* as written */
};

struct transformer_draft {
    struct transformer t;
    yaml_node_t *node;
    const char *device;
};

struct account_draft {
    struct account a;
    yaml_node_t *node;
    int billing; /* -1: not given */
};

/* The counts go one beyond the limit when there is too much; then the load has failed. */
struct accounts_draft {
    bool given; /* the section is there; else the short form counts */
    size_t count, point_count, transformer_count;
    struct account_draft accounts[ACCOUNTS_MAX];
    struct metering_draft points[METERING_POINTS_MAX];
    struct transformer_draft transformers[TRANSFORMERS_MAX];
};

struct site_draft {
    struct load *load;
    struct reader *reader;
    struct site *site;
    struct link_draft *links;
    struct device_draft *devices;
    struct virtual_draft *virtuals;
    size_t link_count, device_count, virtual_count;
    struct device_reference *references;
    struct name_table link_names, device_names, feed_names, point_names;
    struct accounts_draft accounts;
    const struct tariff *site_tariff; /* of site.tariff; NULL: none */
    yaml_node_t *thresholds;          /* of alerts; NULL: not given */
};

/* Handlers of the top-level keys: target is the struct site_draft. */
void read_site_section(struct reader *r, yaml_node_t *node, void *target);
void read_accounts(struct reader *r, yaml_node_t *node, void *target);
void read_links(struct reader *r, yaml_node_t *node, void *target);
void read_devices(struct reader *r, yaml_node_t *node, void *target);
void read_virtuals(struct reader *r, yaml_node_t *node, void *target);
void read_store(struct reader *r, yaml_node_t *node, void *target);
void read_reload(struct reader *r, yaml_node_t *node, void *target);
void read_mqtt(struct reader *r, yaml_node_t *node, void *target);
void read_deliver(struct reader *r, yaml_node_t *node, void *target);
void read_web(struct reader *r, yaml_node_t *node, void *target);
void read_alerts(struct reader *r, yaml_node_t *node, void *target);
/* Of the section alerts. */
void read_webhooks(struct reader *r, yaml_node_t *node, void *target);
void read_quiet(struct reader *r, yaml_node_t *node, void *target);

/* Defaults of sections that are left out, and what is checked only at the end of the file. */
void store_defaults(struct site_draft *d);
void mqtt_defaults(struct site_draft *d);
void reload_defaults(struct site_draft *d);

/* Resolves links, profiles, parents, references; fills site->links and site->devices, points, then
 * feeds and virtual points. Stops before the feeds when anything was wrong. */
void site_link(struct site_draft *d);
void site_name_points(struct site_draft *d);
void site_build_feeds(struct site_draft *d);
void site_link_virtuals(struct site_draft *d);

/* Reads the files that site.tariff, site.carbon and the accounts name, each once. */
void site_load_books(struct site_draft *d);
/* Joins short and long form, before linking: each completes the other or says the same. */
void accounts_settle(struct site_draft *d);
/* Metering points of the short form: one for each counted incomer. After the feeds. */
void accounts_short_points(struct site_draft *d);
/* Devices of the accounts -> feeds; fills the arrays of struct site. After the feeds. */
void accounts_link(struct site_draft *d);
/* Reports what counts one energy twice. After feeds and virtual points. */
void tree_check(struct site_draft *d);
/* Limits of alert rules, for the site and for single objects. After the accounts. objects: the
 * site's things are complete, so a name that is none of them is a mistake. */
void alert_thresholds_settle(struct site_draft *d, bool objects);
/* The feed named "device" (when it is one feed) or "device.channel"; SITE_NONE: not one feed. */
int32_t site_find_feed(const struct site_draft *d, const char *name);
/* A point with the name that its quantity and phase give it: the device's own total or phase, not
 * an older register or a tariff's. */
bool point_is_plain(const struct point_def *p);

/* A role by name, with the list of roles in the message. */
bool read_role(struct reader *r, yaml_node_t *node, enum role *ret);
/* Room in an arena for the items of a list (one more, so never empty); NULL after reporting. */
void *draft_room(struct reader *r, struct arena *arena, yaml_node_t *node, size_t size);
/* Reports a name that is a sound id but taken: the first use's line is in the message. */
bool draft_unique(struct reader *r, yaml_node_t *node, const char *what, const char *id,
                  const yaml_node_t *first);

/* "HOST:PORT", "[v6]:PORT"; port 0 when absent. numeric: only addresses and localhost. False after
 * reporting. *ret_host is the bare address. */
bool read_host_port(struct reader *r, yaml_node_t *node, const char *what, const char *text,
                    bool numeric, const char **ret_host, uint16_t *ret_port);
/* Reports a file of the site that is not readable here, as a warning. */
void warn_unreadable(struct reader *r, yaml_node_t *node, const char *key, const char *path);

int load_site_from_memory(const char *file, const char *bytes, size_t n, const char *data_dir,
                          struct config_errors *e, struct site **ret_site);

#endif
