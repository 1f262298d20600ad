/* A day so far, beside the day before up to the same time: what an officer compares at a glance. */
#include <math.h>
#include <stdlib.h>

#include "base/err.h"
#include "calc/calendar.h"
#include "calc/facts.h"
#include "format/head.h"
#include "format/json.h"
#include "sys/clock.h"
#include "web/answer.h"
#include "web/api.h"

#define MINUTES_OF_DAY 1440
#define BAND_MIN       15
#define MONEY_MAX      32

enum { DAY_THIS, DAY_BEFORE_UNTIL_NOW, DAY_BEFORE, DAYS };

struct day_view {
    const struct api *api;
    int32_t day;
    ms_t now;
    ms_t from[DAYS], to[DAYS];
    struct slot_facts facts[DAYS];
    uint32_t slots[DAYS]; /* quarters that have a record */
};

static int on_facts(void *arg, const struct slot_facts *f) {
    struct day_view *v = arg;
    for (size_t i = 0; i < DAYS; i++) {
        if (f->start < v->from[i] || f->end > v->to[i])
            continue;
        facts_merge(&v->facts[i], f);
        v->slots[i]++;
    }
    return ERR_OK;
}

static int load(struct day_view *v, struct reader *r) {
    uint64_t bad_rows;
    const struct site *site = v->api->site;
    ms_t begin = local_midnight(v->day, clock_utc_offset_s);
    ms_t before = local_midnight(v->day - 1, clock_utc_offset_s);
    ms_t end = local_midnight(v->day + 1, clock_utc_offset_s);
    ms_t until = v->now < end ? v->now : end;
    const ms_t from[DAYS] = {begin, before, before};
    const ms_t to[DAYS] = {until, before + (until - begin), begin};
    for (size_t i = 0; i < DAYS; i++) {
        v->from[i] = from[i];
        v->to[i] = to[i];
        facts_init(&v->facts[i], site, SLOT_1D, from[i], to[i]);
    }
    return reader_facts(r, site, SLOT_15M, -1, before, end, on_facts, v, &bad_rows);
}

/* ---- the answer ---------------------------------------------------------------------------- */

static void write_money(struct buf *b, const struct slot_facts *f) {
    char text[MONEY_MAX];
    int64_t sum = 0;
    bool known = f->account_count > 0, verified = true;
    for (size_t i = 0; i < f->account_count; i++) {
        sum += f->accounts[i].cost_e8;
        known = known && f->accounts[i].cost_known;
        verified = verified && f->accounts[i].cost_verified;
    }
    if (known)
        money_format(sum, text);
    json_text(b, "cost_cny", known ? text : NULL);
    json_bool(b, "cost_estimated", known && !verified);
    json_open(b, "import_by_period_kwh");
    for (size_t p = 0; p < TARIFF_PERIODS; p++) {
        double kwh = (double)NAN;
        for (size_t i = 0; i < f->account_count; i++)
            if (f->accounts[i].split_known)
                kwh = (isnan(kwh) ? 0 : kwh) + f->accounts[i].import_kwh[p];
        json_decimal(b, tariff_period_str((enum tariff_period)p), kwh, DECIMALS_POWER);
    }
    json_close(b);
}

static void write_one(struct buf *b, const struct day_view *v, size_t i) {
    const struct slot_facts *f = &v->facts[i];
    bool any = v->slots[i] > 0;
    json_time(b, "from", v->from[i], clock_utc_offset_s(v->from[i]));
    json_time(b, "to", v->to[i], clock_utc_offset_s(v->to[i]));
    json_u64(b, "quarters", v->slots[i]);
    json_decimal(b, "coverage", any ? f->coverage : 0, DECIMALS_RATIO);
    json_text(b, "quality", quality_str(any ? f->quality : QUALITY_MISSING));
    json_open(b, "energy_kwh");
    for (size_t e = 0; e < SITE_ENERGY_COUNT; e++)
        json_decimal(b, site_energy_str((enum site_energy)e), any ? f->energy_kwh[e] : (double)NAN,
                     DECIMALS_POWER);
    json_close(b);
    write_money(b, f);
    json_decimal(b, "location_kg", any ? f->carbon.location_kg : (double)NAN, DECIMALS_POWER);
    json_text(b, "factor", f->carbon.factor.id[0] != '\0' ? f->carbon.factor.id : NULL);
}

/* The first account's periods of the day, from change to change. */
static void write_bands(struct buf *b, const struct day_view *v) {
    const struct site *site = v->api->site;
    const struct tariff *t = site->account_count > 0 ? site->accounts[0].tariff : NULL;
    const struct tariff_version *version = t ? tariff_at(t, v->day) : NULL;
    struct local_time noon = local_time(
        local_midnight(v->day, clock_utc_offset_s) + 12 * MS_PER_HOUR, clock_utc_offset_s);
    enum tariff_period last = TARIFF_PERIODS;
    json_open_list(b, "tariff_bands");
    for (int minute = 0; version && minute < MINUTES_OF_DAY; minute += BAND_MIN) {
        enum tariff_period p =
            tariff_resolve(version, noon.month, tariff_day_type(t, v->day), minute);
        if (p == last || p == TARIFF_PERIODS)
            continue;
        json_item(b);
        json_i64(b, "from_min", minute);
        json_text(b, "period", tariff_period_str(p));
        json_close(b);
        last = p;
    }
    json_close_list(b);
}

static void write_day(const void *arg, struct buf *b) {
    static const char *const names[DAYS] = {"day", "before_until_now", "before"};
    const struct day_view *v = arg;
    buf_putc(b, '{');
    json_u64(b, "v", BODY_VERSION);
    json_time(b, "t", v->now, clock_utc_offset_s(v->now));
    for (size_t i = 0; i < DAYS; i++) {
        json_open(b, names[i]);
        write_one(b, v, i);
        json_close(b);
    }
    write_bands(b, v);
    json_close(b);
}

enum MHD_Result api_day(struct api *a, struct MHD_Connection *c) {
    const char *date = api_parameter(c, "date");
    struct reader *r = api_reader(a);
    if (!r)
        return api_no_store(c);
    struct day_view *v = calloc(1, sizeof *v);
    if (!v)
        return answer_error(c, MHD_HTTP_SERVICE_UNAVAILABLE, "memory is short; try again later");
    v->api = a;
    v->now = floor_div(clock_now().utc_us, US_PER_MS);
    v->day = local_time(v->now, clock_utc_offset_s).day;
    enum MHD_Result result;
    int err = date && civil_day_parse(date, &v->day) < 0 ? ERR_SYNTAX : load(v, r);
    if (err == ERR_OK) {
        result = answer_json(c, write_day, v);
    } else if (err == ERR_SYNTAX) {
        result = answer_error(c, MHD_HTTP_BAD_REQUEST,
                              "date is wrong; write it like 2026-01-31, or leave it out for today");
    } else {
        api_reader_failed(a, err);
        result = api_no_store(c);
    }
    free(v);
    return result;
}
