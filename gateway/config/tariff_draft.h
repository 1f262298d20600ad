/* A tariff file while it is read. Inside config only: load_tariff.c reads file and versions,
 * tariff_windows.c the windows and ratios, tariff_billing.c the billing rules. */
#ifndef BUSBAR_CONFIG_TARIFF_DRAFT_H
#define BUSBAR_CONFIG_TARIFF_DRAFT_H

#include "calc/tariff.h"
#include "config/schema.h"

#define TARIFF_VERSIONS_MAX 32
#define TARIFF_WINDOWS_MAX  128 /* of one version, as written */
#define TARIFF_SEASONS_MAX  12
#define TARIFF_DAYS_MAX     2000 /* holidays, or make-up workdays */
#define PF_TABLES_MAX       8
#define PF_STEPS_MAX        101

struct version_draft {
    struct tariff_version v; /* windows, seasons and tables are in the arena */
    yaml_node_t *node;
    int status;                    /* 0 verified */
    const char *from, *to;         /* NULL: absent or wrong */
    struct tariff_window *windows; /* = v.windows */
    yaml_node_t **window_nodes;    /* parallel to it */
    yaml_node_t *windows_node;
    struct tariff_season *seasons; /* = v.seasons */
    bool dated;                    /* from_day and to_day are good */
};

/* An array in the arena for the items of a list; reports a node that is none, an empty list, more
 * than max items (what names them). NULL after reporting. */
void *tariff_room(struct reader *r, struct arena *arena, yaml_node_t *list, const char *what,
                  size_t max, size_t size);

/* Custom handlers; target is a struct version_draft. */
void tariff_read_windows(struct reader *r, yaml_node_t *node, void *target);
void tariff_read_ratios(struct reader *r, yaml_node_t *node, void *target);
void tariff_read_seasons(struct reader *r, yaml_node_t *node, void *target);
void tariff_read_billing(struct reader *r, yaml_node_t *node, void *target);

/* No ratio, no rule: everything unknown. */
void tariff_no_ratios(double ratio[TARIFF_PERIODS]);
void tariff_no_billing(struct billing_rules *rules);

/* Every minute has one period, and that period a ratio. For a version read without errors. */
void tariff_check_windows(struct reader *r, const struct version_draft *d);

#endif
