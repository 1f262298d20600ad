#include <math.h>
#include <string.h>

#include "format/head.h"
#include "format/json.h"
#include "format/record.h"

/* The configured CT x PT. NAN (null) when a part of it is read from the device. */
static double configured_multiplier(const struct device *d) {
    const struct device_profile *p = d->profile;
    bool device_ct = p != NULL && p->ct_ratio_point != POINT_NONE;
    bool device_pt = p != NULL && p->pt_ratio_point != POINT_NONE;

    if ((isnan(d->ct_ratio) && device_ct) || (isnan(d->pt_ratio) && device_pt))
        return (double)NAN;
    return (isnan(d->ct_ratio) ? 1.0 : d->ct_ratio) * (isnan(d->pt_ratio) ? 1.0 : d->pt_ratio);
}

/* Every counted incomer is a metering point. */
static void metering_points_write(struct buf *b, const struct site *s) {
    uint64_t number = 0;

    json_key(b, "points");
    buf_putc(b, '[');
    for (size_t i = 0; i < s->feed_count; i++) {
        const struct feed *f = &s->feeds[i];
        if (f->role != ROLE_GRID || !f->counted)
            continue;
        number++;
        buf_puts(b, number == 1 ? "{\"id\":\"p" : ",{\"id\":\"p");
        buf_put_u64(b, number);
        buf_putc(b, '"');
        json_text(b, "point_no", NULL);
        json_text(b, "device", f->id);
        json_close(b);
    }
    buf_putc(b, ']');
}

/* The site's own transformer and contract are one account. */
static void accounts_write(struct buf *b, const struct site *s) {
    json_key(b, "accounts");
    if (isnan(s->transformer_kva) && isnan(s->contract_demand_kw)) {
        buf_puts(b, "[]");
        return;
    }
    buf_puts(b, "[{");
    json_text(b, "id", "main");
    json_text(b, "account_no", NULL);
    metering_points_write(b, s);
    json_key(b, "contract");
    buf_putc(b, '[');
    if (!isnan(s->contract_demand_kw)) {
        buf_puts(b, "{\"from\":null");
        json_decimal(b, "kw", s->contract_demand_kw, DECIMALS_POWER);
        buf_putc(b, '}');
    }
    buf_putc(b, ']');
    json_key(b, "transformers");
    buf_putc(b, '[');
    if (!isnan(s->transformer_kva)) {
        buf_puts(b, "{\"id\":\"t1\"");
        json_decimal(b, "kva", s->transformer_kva, DECIMALS_POWER);
        buf_putc(b, '}');
    }
    buf_putc(b, ']');
    json_bool(b, "export_allowed", s->export_allowed);
    json_text(b, "tariff", s->tariff);
    buf_puts(b, "}]");
}

/* One participant: a device, or one channel of a hybrid under its own id, role and parent. */
static void participant_write(struct buf *b, const struct device *d, const char *id, enum role role,
                              const char *parent, bool first) {
    buf_puts(b, first ? "{" : ",{");
    json_text(b, "id", id);
    json_text(b, "device", d->id);
    json_text(b, "name", d->name);
    json_text(b, "role", role_str(role));
    json_text(b, "parent", parent);
    json_text(b, "meter_no", d->meter_no);
    json_decimal(b, "multiplier", configured_multiplier(d), DECIMALS_FINE);
    json_text(b, "accuracy_class", d->accuracy_class);
    json_decimal(b, "rated_kw", d->rated_kw, DECIMALS_POWER);
    json_text(b, "owner", d->owner);
    json_text(b, "tenant", d->tenant);
    json_close(b);
}

static void devices_write(struct buf *b, const struct site *s) {
    json_key(b, "devices");
    buf_putc(b, '[');
    for (size_t i = 0; i < s->device_count; i++) {
        const struct device *d = &s->devices[i];
        const char *parent = d->parent == SITE_NONE ? NULL : s->devices[d->parent].id;
        participant_write(b, d, d->id, d->role, parent, i == 0);
    }
    for (size_t i = 0; i < s->feed_count; i++) {
        const struct feed *f = &s->feeds[i];
        const struct device *d = &s->devices[f->device];
        const char *parent = f->parent == SITE_NONE ? NULL : s->feeds[f->parent].id;
        if (strcmp(f->id, d->id) != 0) /* a channel */
            participant_write(b, d, f->id, f->role, parent, false);
    }
    buf_putc(b, ']');
}

void site_write(struct buf *b, const struct site *s, ms_t t, ms_t valid_from, int utc_offset_s) {
    buf_putc(b, '{');
    json_u64(b, "v", BODY_VERSION);
    json_time(b, "t", t, utc_offset_s);
    json_text(b, "site", s->id);
    json_text(b, "gateway", s->gateway);
    json_text(b, "name", s->name);
    json_text(b, "district", s->district);
    json_text(b, "timezone", s->timezone);
    json_text(b, "uscc", s->uscc);
    json_text(b, "industry", s->industry_code);
    json_text(b, "config", s->config_hash);
    json_time(b, "valid_from", valid_from, utc_offset_s);
    accounts_write(b, s);
    devices_write(b, s);
    json_close(b);
}
