#include <math.h>
#include <string.h>

#include "calc/calendar.h"
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

static const char *billing_str(enum billing b) {
    if (b == BILLING_CAPACITY)
        return "capacity";
    return b == BILLING_CONTRACT_DEMAND ? "contract_demand" : "actual_demand";
}

static const char *combination_str(enum demand_combination c) {
    if (c == DEMAND_SUM_OF_MAXIMA)
        return "sum_of_maxima";
    return c == DEMAND_COINCIDENT ? "coincident" : "max";
}

static const char *feed_id(const struct site *s, int32_t feed) {
    return feed == SITE_NONE ? NULL : s->feeds[feed].id;
}

static void points_write(struct buf *b, const struct site *s, int32_t account) {
    bool first = true;

    json_key(b, "points");
    buf_putc(b, '[');
    for (size_t i = 0; i < s->metering_point_count; i++) {
        const struct metering_point *p = &s->metering_points[i];
        if (p->account != account)
            continue;
        buf_puts(b, first ? "{" : ",{");
        first = false;
        json_text(b, "id", p->id);
        json_text(b, "point_no", p->point_no);
        json_text(b, "device", feed_id(s, p->feed));
        json_text(b, "check_device", feed_id(s, p->check_feed));
        json_bool(b, "standby", p->standby);
        json_text(b, "line_no", p->line_no);
        json_decimal(b, "line_limit_kva", p->line_limit_kva, DECIMALS_POWER);
        json_close(b);
    }
    buf_putc(b, ']');
}

static void contracts_write(struct buf *b, const struct account *a) {
    json_key(b, "contract");
    buf_putc(b, '[');
    for (size_t i = 0; i < a->contract_count; i++) {
        const struct contract_step *c = &a->contracts[i];
        char day[ISO8601_MAX];
        buf_puts(b, i == 0 ? "{" : ",{");
        if (c->from_day != INT32_MIN) {
            iso8601_format(day, c->from_day * MS_PER_DAY, 0);
            day[sizeof "2026-01-31" - 1] = '\0'; /* the date alone */
        }
        json_text(b, "from", c->from_day != INT32_MIN ? day : NULL);
        json_decimal(b, "kw", c->kw, DECIMALS_POWER);
        json_close(b);
    }
    buf_putc(b, ']');
}

static void transformers_write(struct buf *b, const struct site *s, int32_t account) {
    bool first = true;

    json_key(b, "transformers");
    buf_putc(b, '[');
    for (size_t i = 0; i < s->transformer_count; i++) {
        const struct transformer *t = &s->transformers[i];
        if (t->account != account)
            continue;
        buf_puts(b, first ? "{" : ",{");
        first = false;
        json_text(b, "id", t->id);
        json_decimal(b, "kva", t->kva, DECIMALS_POWER);
        json_text(b, "device", feed_id(s, t->feed));
        json_close(b);
    }
    buf_putc(b, ']');
}

void site_accounts_write(struct buf *b, const struct site *s) {
    json_key(b, "accounts");
    buf_putc(b, '[');
    for (size_t i = 0; i < s->account_count; i++) {
        const struct account *a = &s->accounts[i];
        buf_puts(b, i == 0 ? "{" : ",{");
        json_text(b, "id", a->id);
        json_text(b, "account_no", a->account_no);
        json_text(b, "billing", a->billing_given ? billing_str(a->billing) : NULL);
        json_i64(b, "billing_day", a->billing_day);
        json_text(b, "demand_combination", combination_str(a->combination));
        json_decimal(b, "pf_standard", a->pf_standard, DECIMALS_RATIO);
        points_write(b, s, (int32_t)i);
        contracts_write(b, a);
        transformers_write(b, s, (int32_t)i);
        json_bool(b, "export_allowed", s->export_allowed);
        json_text(b, "tariff", a->tariff_id);
        json_close(b);
    }
    buf_putc(b, ']');
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
    site_accounts_write(b, s);
    devices_write(b, s);
    json_close(b);
}
