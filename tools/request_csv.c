/* All figures of the request, one a row: section, object, quantity, value, unit, from, to, note. */
#include <math.h>
#include <string.h>

#include "advise_say.h"
#include "request.h"
#include "sys/clock.h"

#define QUARTER_MS (15 * MS_PER_MIN)

struct csv {
    const struct request *request;
    FILE *out;
};

struct row {
    const char *section, *object, *quantity, *unit, *note;
    double value;
    int decimals;
    ms_t from, to; /* 0: none */
};

/* RFC 4180: quotes where something in it needs them. */
static void put_field(FILE *out, const char *text) {
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (const char *c = text; *c; c++)
        fprintf(out, *c == '"' ? "\"\"" : "%c", *c);
    fputc('"', out);
}

static void put_time(FILE *out, ms_t t) {
    char iso[ISO8601_MAX];
    if (t == 0)
        return;
    iso8601_format(iso, t, clock_utc_offset_s(t));
    fputs(iso, out);
}

static void put(const struct csv *c, const struct row *r) {
    char value[ADVISE_NUMBER_MAX] = "";
    if (!isnan(r->value))
        advise_put_fixed(r->value, r->decimals, value);
    put_field(c->out, r->section);
    fputc(',', c->out);
    put_field(c->out, r->object ? r->object : "");
    fprintf(c->out, ",%s,%s,%s,", r->quantity, value, r->unit);
    put_time(c->out, r->from);
    fputc(',', c->out);
    put_time(c->out, r->to);
    fputc(',', c->out);
    put_field(c->out, r->note ? r->note : "");
    fputs("\r\n", c->out);
}

static void put_capacity(const struct csv *c, const struct advise_capacity *a) {
    ms_t at = isnan(a->headroom.max_kva) ? 0 : a->headroom.max_at;
    struct row r = {.section = advise_object_code(a->object),
                    .object = a->id,
                    .unit = "kVA",
                    .decimals = 1,
                    .note = request_is_share(c->request->site, a) ? "shared out by kVA" : ""};
    r.quantity = "limit";
    r.value = a->limit_kva;
    put(c, &r);
    r.quantity = "max";
    r.value = a->headroom.max_kva;
    r.from = at;
    r.to = at ? at + QUARTER_MS : 0;
    put(c, &r);
    r.from = r.to = 0;
    r.quantity = "headroom";
    r.value = a->headroom.headroom_kva;
    put(c, &r);
    r.quantity = "load";
    r.unit = "%";
    r.value = a->headroom.load_pct;
    put(c, &r);
    r.quantity = "known_quarters";
    r.unit = "";
    r.decimals = 0;
    r.value = (double)a->headroom.known;
    put(c, &r);
}

static void put_account(const struct csv *c, size_t i) {
    const struct request *q = c->request;
    const struct advise_account *a = &q->advice.accounts[i];
    const struct request_demand *d = &q->demand[a->index];
    struct row r = {
        .section = "demand", .object = q->site->accounts[a->index].id, .unit = "kW", .decimals = 1};
    for (size_t k = 0; k < a->row_count; k++)
        put_capacity(c, &a->rows[k]);
    r.quantity = "contract";
    r.value = d->contract_kw;
    put(c, &r);
    r.quantity = "max_sliding";
    r.value = d->max_kw;
    r.from = d->max_at;
    r.to = d->max_at ? d->max_at + QUARTER_MS : 0;
    put(c, &r);
}

static void put_points(const struct csv *c) {
    const struct request *q = c->request;
    for (size_t i = 0; i < q->site->metering_point_count; i++) {
        const struct request_point *v = &q->points[i];
        struct row r = {.section = "voltage",
                        .object = q->site->metering_points[i].id,
                        .quantity = "qualified",
                        .unit = "%",
                        .decimals = 3,
                        .from = q->options.from,
                        .to = q->options.to,
                        .value = (double)v->qualified_ms / (double)v->monitored_ms * 100.0};
        put(c, &r);
        r.quantity = "monitored";
        r.unit = "h";
        r.value = (double)v->monitored_ms / (double)MS_PER_HOUR;
        put(c, &r);
        r.quantity = "deviation_low";
        r.unit = "%";
        r.value = v->low_pct;
        put(c, &r);
        r.quantity = "deviation_high";
        r.value = v->high_pct;
        put(c, &r);
    }
}

static void put_dips(const struct csv *c) {
    for (size_t i = 0; i < c->request->dip_count; i++) {
        const struct supply_entry *e = &c->request->dips[i];
        char note[120], exact[ADVISE_NUMBER_MAX];
        advise_put_fixed((double)e->dip.resolution_ms / (double)MS_PER_S, 1, exact);
        snprintf(note, sizeof note, "%s; resolution %s s%s%s",
                 e->certain ? "seen by the meter" : "not certain: all devices silent", exact,
                 e->dip.begin_unseen ? "; had begun before" : "", e->dip.ended ? "" : "; lasts");
        const struct row r = {.section = e->dip.kind == DIP_SAG ? "sag" : "interruption",
                              .object = e->object,
                              .quantity = "lowest",
                              .unit = "%",
                              .decimals = 1,
                              .from = e->dip.begin,
                              .to = e->dip.ended ? e->dip.end : 0,
                              .value = e->dip.lowest_pct,
                              .note = note};
        put(c, &r);
    }
}

static void put_curves(const struct csv *c) {
    for (size_t i = 0; i < c->request->advice.account_count; i++) {
        const struct request_curve *v = &c->request->curves[i];
        for (size_t k = 0; v->object && k < REQUEST_DAY_QUARTERS; k++) {
            ms_t t = v->day + (ms_t)k * QUARTER_MS;
            const struct row r = {.section = "curve",
                                  .object = v->object->id,
                                  .quantity = "max",
                                  .unit = "kVA",
                                  .decimals = 1,
                                  .from = t,
                                  .to = t + QUARTER_MS,
                                  .value = v->kva[k]};
            if (t < v->end)
                put(c, &r);
        }
    }
}

static void put_period(const struct csv *c, const char *section, const struct supply_period *p) {
    const struct {
        const char *quantity, *unit;
        double value;
        int decimals;
    } figures[] = {
        {"max", "kVA", p->max_kva, 1},
        {"max_load", "%", p->max_load_pct, 1},
        {"max_demand", "kW", p->max_kw, 1},
        {"over_80_pct", "min", (double)p->heavy_ms / MS_PER_MIN, 0},
        {"over_100_pct", "min", (double)p->full_ms / MS_PER_MIN, 0},
        {"voltage_qualified", "%", supply_period_ok_pct(p), 3},
        {"interruptions", "", p->interruptions, 0},
        {"interrupted", "s", (double)p->interrupted_ms / MS_PER_S, 1},
        {"sags", "", p->sags, 0},
        {"known", "%", supply_period_known(p) * 100.0, 1},
    };
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++)
        put(c, &(struct row){.section = section,
                             .object = c->request->measure.object,
                             .quantity = figures[i].quantity,
                             .unit = figures[i].unit,
                             .value = figures[i].value,
                             .decimals = figures[i].decimals,
                             .from = p->from,
                             .to = p->to});
}

void request_csv(const struct request *r, FILE *out) {
    const struct csv c = {r, out};
    fputs("section,object,quantity,value,unit,from,to,note\r\n", out);
    for (size_t i = 0; i < r->advice.account_count; i++)
        put_account(&c, i);
    put_points(&c);
    put_dips(&c);
    put_curves(&c);
    if (r->has_measure) {
        put_period(&c, "before", &r->periods[0]);
        put_period(&c, "after", &r->periods[1]);
    }
    put(&c, &(struct row){.section = "data",
                          .object = r->site->id,
                          .quantity = "stored_quarters",
                          .unit = "",
                          .value = (double)r->quarters,
                          .from = r->options.from,
                          .to = r->options.to});
    put(&c, &(struct row){.section = "data",
                          .object = r->site->id,
                          .quantity = "expected_quarters",
                          .unit = "",
                          .value = (double)r->expected,
                          .from = r->options.from,
                          .to = r->options.to});
}
