#include "format/record.h"

#include <assert.h>
#include <math.h>

#include "format/head.h"
#include "format/json.h"
#include "format/record_sections.h"

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

size_t record_point_count(const struct record_source *r) {
    return smaller(r->facts->point_count, r->site->metering_point_count);
}

size_t record_account_count(const struct record_source *r) {
    return smaller(r->facts->account_count, r->site->account_count);
}

size_t record_transformer_count(const struct record_source *r) {
    return smaller(r->facts->transformer_count, r->site->transformer_count);
}

bool record_takes_account(const struct record_source *r, size_t account) {
    return r->facts->period != SLOT_BILL || (size_t)r->account == account;
}

void record_power_write(struct buf *b, const char *name, const struct power_stat *p) {
    json_open(b, name);
    json_decimal(b, "avg", p->avg, DECIMALS_POWER);
    json_decimal(b, "min", p->min, DECIMALS_POWER);
    json_decimal(b, "max", p->max, DECIMALS_POWER);
    json_close(b);
}

void record_time_write(struct buf *b, const char *name, ms_t at, utc_offset_fn *zone) {
    json_time(b, name, at, at == 0 ? 0 : zone(at));
}

static void slot_write(struct buf *b, const struct record_source *r, utc_offset_fn *zone) {
    const struct slot_facts *f = r->facts;

    json_text(b, "period", slot_name(f->period));
    if (f->period == SLOT_BILL) {
        assert(r->account >= 0 && (size_t)r->account < r->site->account_count);
        json_text(b, "account", r->site->accounts[r->account].id);
    }
    record_time_write(b, "start", f->start, zone);
    record_time_write(b, "end", f->end, zone);
    json_decimal(b, "coverage", f->coverage, DECIMALS_RATIO);
    json_text(b, "quality", quality_str(f->quality));
    json_text(b, "cause", cause_str(f->cause));
    json_bool(b, "late", f->late);
    json_open(b, "clock");
    json_text(b, "state", r->clock_state);
    json_decimal(b, "offset_ms", f->clock_offset_ms, DECIMALS_POWER);
    if (f->lived_ms > 0) /* of slots in which the clock was stepped */
        json_decimal(b, "length_s", (double)f->lived_ms / 1000.0, DECIMALS_POWER);
    json_close(b);
}

static void powers_write(struct buf *b, const struct slot_facts *f) {
    json_open(b, "power_kw");
    for (size_t p = 0; p < SITE_POWER_COUNT; p++) {
        if (!f->absent[p] || !isnan(f->power[p].avg))
            record_power_write(b, site_power_str((enum site_power)p), &f->power[p]);
    }
    json_close(b);
}

static void energies_write(struct buf *b, const struct slot_facts *f) {
    json_open(b, "energy_kwh");
    for (size_t i = 0; i < SITE_ENERGY_COUNT; i++) {
        enum site_energy e = (enum site_energy)i;
        if (!f->absent[site_energy_power(e)] || !isnan(f->energy_kwh[i]))
            json_decimal(b, site_energy_str(e), f->energy_kwh[i], DECIMALS_POWER);
    }
    json_close(b);
}

/* A minute is for curves: what is counted by 15 minutes and longer is left out of it. */
void record_site_write(struct buf *b, const struct record_source *r, utc_offset_fn *zone) {
    const bool full = r->facts->period != SLOT_1M;

    slot_write(b, r, zone);
    powers_write(b, r->facts);
    energies_write(b, r->facts);
    if (full) {
        record_points_write(b, r, zone);
        record_demand_write(b, r, zone);
        record_transformers_write(b, r);
    }
    record_carbon_write(b, r);
    if (full) {
        record_tariff_write(b, r, zone);
        record_ratios_write(b, r, zone);
    }
    record_storage_write(b, r);
    if (full) {
        record_balance_write(b, r);
        record_virtuals_write(b, r);
    }
    record_completeness_write(b, r);
    if (r->month != NULL)
        record_month_write(b, r);
}

void record_begin(struct buf *b, const struct message_head *h, ms_t t, uint32_t revision,
                  const char *site_members, size_t n) {
    head_write(b, h, t, "", 0);
    json_u64(b, "revision", revision);
    if (n > 0)
        buf_putc(b, ',');
    buf_put(b, site_members, n);
}

void record_end(struct buf *b, bool with_devices) {
    if (with_devices)
        json_close_list(b);
    json_close(b);
}
