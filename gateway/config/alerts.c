/* The section alerts: its parts are read elsewhere. */
#include "config/site_draft.h"

/* They name things of sections that may come later. */
static void keep_thresholds(struct reader *r, yaml_node_t *node, void *target) {
    struct site_draft *d = target;
    (void)r;
    d->thresholds = node;
}

static void read_close_after(struct reader *r, yaml_node_t *node, void *target) {
    struct site_draft *d = target;
    int64_t days;
    if (schema_int(r, node, "close_after_days", 1, 365, &days))
        d->site->alert_close_after_days = (uint32_t)days;
}

static const struct field alert_fields[] = {
    {"thresholds", FIELD_CUSTOM, .read = keep_thresholds},
    {"webhooks", FIELD_CUSTOM, .read = read_webhooks},
    {"quiet", FIELD_CUSTOM, .read = read_quiet},
    {"close_after_days", FIELD_CUSTOM, .read = read_close_after},
    {0},
};

void read_alerts(struct reader *r, yaml_node_t *node, void *target) {
    schema_read(r, node, "alerts", alert_fields, target);
}
