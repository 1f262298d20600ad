/* The things of a site file in facts. */
#include "config/describe.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "calc/calendar.h"
#include "calc/tariff.h"

/* ---- facts -------------------------------------------------------------------------------- */

void fact_add(struct fact_list *out, const char *key, const char *format, ...) {
    if (out->count == FACTS_MAX)
        return;
    struct fact *f = &out->fact[out->count++];
    va_list args;
    f->key = key;
    va_start(args, format);
    (void)vsnprintf(f->text, sizeof f->text, format, args);
    va_end(args);
}

void fact_text(struct fact_list *out, const char *key, const char *text) {
    if (text != NULL)
        fact_add(out, key, "%s", text);
}

void fact_number(struct fact_list *out, const char *key, double v) {
    if (!isnan(v))
        fact_add(out, key, "%.15g", v);
}

void fact_flag(struct fact_list *out, const char *key, bool v) {
    fact_add(out, key, "%s", v ? "yes" : "no");
}

static void fact_day(struct fact_list *out, const char *key, int32_t day, const char *rest) {
    int y, m, d;
    if (day == INT32_MIN) {
        fact_add(out, key, "%s", rest);
        return;
    }
    civil_date(day, &y, &m, &d);
    fact_add(out, key, "%s from %04d-%02d-%02d", rest, y, m, d);
}

/* ---- site, store, mqtt, web ----------------------------------------------------------------- */

static size_t one(const struct site *s) {
    (void)s;
    return 1;
}

static const char *no_id(const struct site *s, size_t i) {
    (void)s;
    (void)i;
    return "";
}

/* A year's, or each month's. */
static void describe_budget(const struct carbon_budget *b, struct fact_list *out) {
    char text[FACT_TEXT_MAX];
    size_t n = 0;
    if (!b->by_month) {
        fact_number(out, "carbon_budget_t", b->year_t);
        return;
    }
    for (size_t i = 0; i < 12 && n < sizeof text; i++) {
        int more = snprintf(text + n, sizeof text - n, "%s%.9g", i > 0 ? " " : "", b->month_t[i]);
        n += more > 0 ? (size_t)more : 0;
    }
    fact_text(out, "carbon_budget_t", text);
}

static void describe_site(const struct site *s, size_t i, struct fact_list *out) {
    (void)i;
    fact_text(out, "id", s->id);
    fact_text(out, "gateway", s->gateway);
    fact_text(out, "name", s->name);
    fact_text(out, "district", s->district);
    fact_text(out, "uscc", s->uscc);
    fact_text(out, "industry_code", s->industry_code);
    fact_text(out, "timezone", s->timezone);
    fact_number(out, "transformer_kva", s->transformer_kva);
    fact_number(out, "contract_demand_kw", s->contract_demand_kw);
    fact_flag(out, "export_allowed", s->export_allowed);
    fact_text(out, "tariff", s->tariff);
    fact_text(out, "carbon", s->carbon);
    fact_number(out, "green contract_kwh_year", s->green.contract_kwh_year);
    fact_number(out, "green certificates_year", s->green.certificates_year);
    fact_number(out, "green bundled_certificates_year", s->green.bundled_certificates_year);
    fact_number(out, "green own_pv_sold_kwh_year", s->green.own_pv_sold_kwh_year);
    describe_budget(&s->carbon_budget, out);
    fact_number(out, "self_use of_available_pct", s->self_use.of_available_pct);
    fact_number(out, "self_use of_consumption_pct", s->self_use.of_consumption_pct);
    fact_number(out, "self_use export_pct", s->self_use.export_pct);
}

static void describe_store(const struct site *s, size_t i, struct fact_list *out) {
    (void)i;
    fact_text(out, "path", s->store.path);
    fact_add(out, "budget", "%llu MB",
             (unsigned long long)(s->store.budget_bytes / ((uint64_t)1024 * 1024)));
}

static size_t mqtt_count(const struct site *s) {
    return s->mqtt.configured;
}

static void describe_mqtt(const struct site *s, size_t i, struct fact_list *out) {
    static const char *const acks[] = {
        [ACK_PUBACK] = "puback", [ACK_SUBSCRIBER] = "subscriber", [ACK_PLATFORM] = "platform"};
    const struct mqtt_settings *m = &s->mqtt;
    (void)i;
    fact_add(out, "url", "%s://%s:%u", m->tls ? "mqtts" : "mqtt", m->host, (unsigned)m->port);
    fact_text(out, "ca_file", m->ca_file);
    fact_text(out, "cert_file", m->cert_file);
    fact_text(out, "key_file", m->key_file);
    fact_text(out, "username", m->username);
    fact_text(out, "password_file", m->password_file);
    fact_text(out, "client_id", m->client_id);
    fact_add(out, "live_s", "%u", m->live_s);
    fact_add(out, "backlog_per_s", "%u", m->backlog_per_s);
    fact_text(out, "ack", acks[m->ack]);
    fact_flag(out, "minute_devices", m->minute_devices);
}

static size_t deliver_count(const struct site *s) {
    return s->deliver_count;
}

static const char *deliver_id(const struct site *s, size_t i) {
    return s->deliver[i].id;
}

static void describe_deliver(const struct site *s, size_t i, struct fact_list *out) {
    static const char *const compressions[] = {
        [DELIVER_ZSTD] = "zstd", [DELIVER_GZIP] = "gzip", [DELIVER_PLAIN] = "none"};
    const struct deliver_settings *d = &s->deliver[i];
    fact_text(out, "https", d->url);
    fact_text(out, "token_file", d->token_file);
    fact_text(out, "ca_file", d->ca_file);
    fact_text(out, "cert_file", d->cert_file);
    fact_text(out, "key_file", d->key_file);
    fact_add(out, "batch", "%u", d->batch);
    fact_add(out, "backlog_per_s", "%u", d->backlog_per_s);
    fact_add(out, "timeout_s", "%u", d->timeout_s);
    fact_text(out, "compression", compressions[d->compression]);
}

static void describe_web(const struct site *s, size_t i, struct fact_list *out) {
    (void)i;
    fact_text(out, "listen", s->web.listen);
    fact_text(out, "users_file", s->web.users_file);
    fact_text(out, "tls.cert_file", s->web.cert_file);
    fact_text(out, "tls.key_file", s->web.key_file);
}

static void describe_reload(const struct site *s, size_t i, struct fact_list *out) {
    (void)i;
    fact_add(out, "probation_s", "%u", s->reload.probation_s);
}

/* ---- links, devices, profiles --------------------------------------------------------------- */

static size_t link_count(const struct site *s) {
    return s->link_count;
}

static const char *link_id(const struct site *s, size_t i) {
    return s->links[i].id;
}

static void describe_link(const struct site *s, size_t i, struct fact_list *out) {
    const struct link_def *l = &s->links[i];
    if (l->kind == LINK_RTU) {
        fact_text(out, "rtu", l->path);
        fact_add(out, "baud", "%u", l->baud);
        fact_add(out, "parity", "%c", l->parity);
        fact_add(out, "stop_bits", "%u", l->stop_bits);
    } else {
        fact_add(out, l->kind == LINK_TCP ? "tcp" : "rtu_over_tcp", "%s:%u", l->host, l->port);
    }
    fact_add(out, "timeout_ms", "%u", l->timeout_ms);
    fact_add(out, "request_gap_ms", "%u", l->request_gap_ms);
    fact_add(out, "connect_gap_ms", "%u", l->connect_gap_ms);
}

static size_t device_count(const struct site *s) {
    return s->device_count;
}

static const char *device_id(const struct site *s, size_t i) {
    return s->devices[i].id;
}

static void describe_ratios(const struct device *d, struct fact_list *out) {
    fact_number(out, "ct_ratio", d->ct_ratio);
    fact_number(out, "pt_ratio", d->pt_ratio);
    if (d->ratio_count == 0)
        return;
    char text[FACT_TEXT_MAX] = "";
    size_t n = 0;
    for (size_t i = 0; i < d->ratio_count && n + 48 < sizeof text; i++) {
        int y, m, day;
        civil_date(d->ratios[i].from_day, &y, &m, &day);
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%04d-%02d-%02d %.9g/%.9g",
                              i > 0 ? "; " : "", y, m, day, d->ratios[i].ct_ratio,
                              d->ratios[i].pt_ratio);
    }
    fact_add(out, "ratios_from", "%s", text);
}

static void describe_device(const struct site *s, size_t i, struct fact_list *out) {
    const struct device *d = &s->devices[i];
    fact_text(out, "name", d->name);
    fact_text(out, "link", s->links[d->link].id);
    fact_add(out, "unit", "%u", d->unit);
    fact_text(out, "profile", d->profile->name);
    fact_text(out, "role", role_str(d->role));
    fact_text(out, "parent", d->parent == SITE_NONE ? NULL : s->devices[d->parent].id);
    fact_add(out, "poll_ms", "%u", d->poll_ms);
    fact_add(out, "timeout_ms", "%u", d->timeout_ms);
    fact_add(out, "request_gap_ms", "%u", d->request_gap_ms);
    fact_add(out, "sign", "%d", d->sign);
    describe_ratios(d, out);
    fact_number(out, "rated_kw", d->rated_kw);
    fact_number(out, "rated_kwp", d->rated_kwp);
    fact_number(out, "capacity_kwh", d->capacity_kwh);
    fact_number(out, "soc_min", d->soc_min);
    fact_number(out, "soc_max", d->soc_max);
    fact_number(out, "round_trip_pct", d->round_trip_pct);
    fact_flag(out, "enabled", d->enabled);
    fact_flag(out, "counted", d->counted);
    fact_flag(out, "flexible", d->flexible);
    fact_flag(out, "claimed", d->claimed);
    fact_text(out, "owner", d->owner);
    fact_text(out, "tenant", d->tenant);
    fact_text(out, "meter_no", d->meter_no);
    fact_text(out, "accuracy_class", d->accuracy_class);
    fact_text(out, "calibrated_until", d->calibrated_until);
}

/* A profile stands at the first device that uses it. */
static const char *profile_id(const struct site *s, size_t i) {
    const char *name = s->devices[i].profile->name;
    for (size_t k = 0; k < i; k++) {
        if (strcmp(s->devices[k].profile->name, name) == 0)
            return NULL;
    }
    return name;
}

void describe_profile(const struct device_profile *p, struct fact_list *out) {
    fact_text(out, "vendor", p->vendor);
    fact_text(out, "model", p->model);
    fact_add(out, "points", "%zu", p->point_count);
    fact_add(out, "roles", "0x%x", p->roles);
    fact_flag(out, "source_convention", p->source_convention);
    fact_add(out, "max_registers", "%u", p->limits.max_registers);
    fact_add(out, "max_gap", "%u", p->limits.max_gap);
    fact_add(out, "align", "%u", p->limits.align);
    fact_add(out, "request_gap_ms", "%u", p->request_gap_ms);
    fact_add(out, "connect_gap_ms", "%u", p->connect_gap_ms);
    fact_add(out, "ct_ratio point", "%d", p->ct_ratio_point);
    fact_add(out, "pt_ratio point", "%d", p->pt_ratio_point);
}

static void describe_profile_of(const struct site *s, size_t i, struct fact_list *out) {
    describe_profile(s->devices[i].profile, out);
}

void describe_point(const struct point_def *p, struct fact_list *out) {
    static const char *const ratios[] = {[RATIO_NONE] = "none",
                                         [RATIO_CT] = "ct",
                                         [RATIO_PT] = "pt",
                                         [RATIO_CT_PT] = "ct_pt",
                                         [RATIO_POINT] = "a point"};
    fact_text(out, "quantity", p->quantity_name);
    fact_add(out, "phase", "%s", phase_str(p->phase));
    fact_text(out, "unit", p->unit);
    fact_add(out, "function", "%u", p->function);
    fact_add(out, "register", "%u", p->register_no);
    if (p->split)
        fact_add(out, "register_low", "%u", p->register_low);
    fact_add(out, "type", "%d", (int)p->type);
    fact_add(out, "registers", "%u", p->registers);
    fact_text(out, "word_order", p->word_order == WORD_ORDER_BIG ? "big" : "little");
    fact_number(out, "scale", p->scale);
    fact_number(out, "offset", p->offset);
    fact_add(out, "sign", "%d", p->sign);
    fact_text(out, "ratio", ratios[p->ratio]);
    fact_add(out, "ratio point", "%d", p->ratio == RATIO_POINT ? p->ratio_point : POINT_NONE);
    fact_add(out, "exponent point", "%d", p->exponent_point);
    fact_add(out, "pf_format", "%u", p->pf_format);
    for (size_t i = 0; i < p->unavailable_count; i++)
        fact_add(out, "unavailable", "0x%llx", (unsigned long long)p->unavailable[i]);
    fact_number(out, "modulus", p->modulus);
    fact_number(out, "min", p->min);
    fact_number(out, "max", p->max);
    fact_add(out, "bits", "%u", p->bit_count);
    fact_flag(out, "writable", p->writable);
}

/* ---- virtual points, accounts ---------------------------------------------------------------- */

static size_t virtual_count(const struct site *s) {
    return s->virtual_count;
}

static const char *virtual_id(const struct site *s, size_t i) {
    return s->virtuals[i].id;
}

static void describe_virtual(const struct site *s, size_t i, struct fact_list *out) {
    const struct virtual_def *v = &s->virtuals[i];
    fact_text(out, "role", role_str(v->role));
    for (size_t k = 0; k < v->term_count; k++)
        fact_add(out, "sum", "%c%s", v->terms[k].sign < 0 ? '-' : '+',
                 s->points[v->terms[k].point].id);
}

static size_t account_count(const struct site *s) {
    return s->account_count;
}

static const char *account_id(const struct site *s, size_t i) {
    return s->accounts[i].id;
}

static void describe_account(const struct site *s, size_t i, struct fact_list *out) {
    static const char *const billings[] = {[BILLING_CAPACITY] = "capacity",
                                           [BILLING_CONTRACT_DEMAND] = "contract_demand",
                                           [BILLING_ACTUAL_DEMAND] = "actual_demand"};
    static const char *const combinations[] = {[DEMAND_SUM_OF_MAXIMA] = "sum_of_maxima",
                                               [DEMAND_COINCIDENT] = "coincident",
                                               [DEMAND_MAX] = "max"};
    const struct account *a = &s->accounts[i];
    fact_text(out, "account_no", a->account_no);
    fact_text(out, "billing", a->billing_given ? billings[a->billing] : NULL);
    for (size_t k = 0; k < a->contract_count; k++) {
        char kw[32];
        (void)snprintf(kw, sizeof kw, "%.15g kW", a->contracts[k].kw);
        fact_day(out, "contract_demand", a->contracts[k].from_day, kw);
    }
    fact_text(out, "demand_combination", combinations[a->combination]);
    fact_add(out, "billing_day", "%d", a->billing_day);
    fact_number(out, "pf_standard", a->pf_standard);
    fact_add(out, "pf_reactive", "%s%s%s%s", a->pf_quadrants & 1U ? "q1" : "",
             a->pf_quadrants & 2U ? "q2" : "", a->pf_quadrants & 4U ? "q3" : "",
             a->pf_quadrants & 8U ? "q4" : "");
    fact_text(out, "tariff", a->tariff_id);
}

static const char *feed_id(const struct site *s, int32_t feed) {
    return feed == SITE_NONE ? NULL : s->feeds[feed].id;
}

static size_t metering_count(const struct site *s) {
    return s->metering_point_count;
}

static const char *metering_id(const struct site *s, size_t i) {
    return s->metering_points[i].id;
}

static void describe_metering(const struct site *s, size_t i, struct fact_list *out) {
    const struct metering_point *p = &s->metering_points[i];
    fact_text(out, "account", s->accounts[p->account].id);
    fact_text(out, "point_no", p->point_no);
    fact_text(out, "line_no", p->line_no);
    fact_text(out, "device", feed_id(s, p->feed));
    fact_text(out, "check_device", feed_id(s, p->check_feed));
    fact_flag(out, "standby", p->standby);
    fact_number(out, "line_limit_kva", p->line_limit_kva);
}

static size_t transformer_count(const struct site *s) {
    return s->transformer_count;
}

static const char *transformer_id(const struct site *s, size_t i) {
    return s->transformers[i].id;
}

static void describe_transformer(const struct site *s, size_t i, struct fact_list *out) {
    const struct transformer *t = &s->transformers[i];
    fact_text(out, "account", s->accounts[t->account].id);
    fact_number(out, "kva", t->kva);
    fact_number(out, "p0_w", t->p0_w);
    fact_number(out, "pk_w", t->pk_w);
    fact_text(out, "device", feed_id(s, t->feed));
}

/* ---- tariff, carbon ------------------------------------------------------------------------- */

/* A tariff stands at the first account that uses it. */
static const char *tariff_id(const struct site *s, size_t i) {
    const struct tariff *t = s->accounts[i].tariff;
    for (size_t k = 0; t != NULL && k < i; k++) {
        if (s->accounts[k].tariff != NULL && strcmp(s->accounts[k].tariff->id, t->id) == 0)
            return NULL;
    }
    return t != NULL ? t->id : NULL;
}

static void describe_tariff_of(const struct site *s, size_t i, struct fact_list *out) {
    describe_tariff(s->accounts[i].tariff, out);
}

static size_t carbon_count(const struct site *s) {
    return s->carbon_book != NULL;
}

static void describe_carbon_of(const struct site *s, size_t i, struct fact_list *out) {
    (void)i;
    describe_carbon(s->carbon_book, out);
}

const struct kind site_kinds[] = {
    {"site", one, no_id, describe_site},
    {"link", link_count, link_id, describe_link},
    {"device", device_count, device_id, describe_device},
    {"profile", device_count, profile_id, describe_profile_of},
    {"virtual", virtual_count, virtual_id, describe_virtual},
    {"account", account_count, account_id, describe_account},
    {"metering point", metering_count, metering_id, describe_metering},
    {"transformer", transformer_count, transformer_id, describe_transformer},
    {"tariff", account_count, tariff_id, describe_tariff_of},
    {"carbon", carbon_count, no_id, describe_carbon_of},
    {"store", one, no_id, describe_store},
    {"mqtt", mqtt_count, no_id, describe_mqtt},
    {"deliver", deliver_count, deliver_id, describe_deliver},
    {"webhook", webhook_count, webhook_id, describe_webhook},
    {"quiet", quiet_count, no_id, describe_quiet},
    {"web", one, no_id, describe_web},
    {"reload", one, no_id, describe_reload},
    {"alerts", one, no_id, describe_alert_cases},
    {"alert rule", describe_rule_count, describe_rule_id, describe_rule},
    {"alert rule", describe_override_count, describe_override_id, describe_override},
    {NULL, NULL, NULL, NULL},
};
