#include "format/record.h"

#include <math.h>

#include "format/head.h"
#include "format/json.h"

static const char *method_str(enum energy_method m) {
    switch (m) {
    case METHOD_REGISTER:
        return "register";
    case METHOD_RECOVERED:
        return "recovered";
    case METHOD_INTEGRATED:
        return "integrated";
    case METHOD_NONE:
        break;
    }
    return NULL;
}

static void power_stat_write(struct buf *b, const char *name, const struct power_stat *p) {
    json_open(b, name);
    json_decimal(b, "avg", p->avg, DECIMALS_POWER);
    json_decimal(b, "min", p->min, DECIMALS_POWER);
    json_decimal(b, "max", p->max, DECIMALS_POWER);
    json_close(b);
}

static void site_powers_write(struct buf *b, const struct record_site *r) {
    json_open(b, "power_kw");
    for (size_t p = 0; p < SITE_POWER_COUNT; p++) {
        if (!r->absent[p] || !isnan(r->power[p].avg))
            power_stat_write(b, site_power_str((enum site_power)p), &r->power[p]);
    }
    json_close(b);
}

static void site_energies_write(struct buf *b, const struct record_site *r) {
    json_open(b, "energy_kwh");
    for (size_t i = 0; i < SITE_ENERGY_COUNT; i++) {
        enum site_energy e = (enum site_energy)i;
        if (!r->absent[site_energy_power(e)] || !isnan(r->energy_kwh[i]))
            json_decimal(b, site_energy_str(e), r->energy_kwh[i], DECIMALS_POWER);
    }
    json_close(b);
}

static void storage_write(struct buf *b, const struct record_site *r) {
    if (r->absent[SITE_STORAGE] && isnan(r->soc_start_pct) && isnan(r->soc_end_pct))
        return;
    json_open(b, "storage");
    json_decimal(b, "soc_start_pct", r->soc_start_pct, DECIMALS_POWER);
    json_decimal(b, "soc_end_pct", r->soc_end_pct, DECIMALS_POWER);
    json_text(b, "cycles", NULL);
    json_close(b);
}

void record_site_write(struct buf *b, const struct record_site *r, int utc_offset_s) {
    json_text(b, "period", r->period);
    json_time(b, "start", r->start, utc_offset_s);
    json_time(b, "end", r->end, utc_offset_s);
    json_u64(b, "revision", r->revision);
    json_decimal(b, "coverage", r->coverage, DECIMALS_RATIO);
    json_text(b, "quality", quality_str(r->quality));
    json_text(b, "cause", r->cause);
    json_bool(b, "late", r->late);
    json_open(b, "clock");
    json_text(b, "state", r->clock_state);
    json_decimal(b, "offset_ms", r->clock_offset_ms, DECIMALS_POWER);
    json_close(b);
    site_powers_write(b, r);
    site_energies_write(b, r);
    storage_write(b, r);
    json_open(b, "completeness");
    json_u64(b, "expected", r->expected);
    json_u64(b, "stored", r->stored);
    json_text(b, "acknowledged", NULL); /* known to the store only after this body is fixed */
    json_close(b);
}

void record_begin(struct buf *b, const struct message_head *h, ms_t t, const char *site_members,
                  size_t n) {
    head_write(b, h, t, site_members, n);
}

/* A direction that the device does not count is null as a whole. */
static void registers_write(struct buf *b, const char *name, double start, double end) {
    if (isnan(start) && isnan(end)) {
        json_text(b, name, NULL);
        return;
    }
    json_open(b, name);
    json_decimal(b, "start", start, DECIMALS_FINE);
    json_decimal(b, "end", end, DECIMALS_FINE);
    json_close(b);
}

void record_device_write(struct buf *b, const struct record_device *d, int utc_offset_s,
                         bool first) {
    if (first) {
        json_key(b, "devices");
        buf_puts(b, "[{");
    } else {
        buf_puts(b, ",{");
    }
    json_text(b, "id", d->id);
    json_text(b, "role", d->role);
    json_decimal(b, "energy_import_kwh", d->import_kwh, DECIMALS_POWER);
    json_decimal(b, "energy_export_kwh", d->export_kwh, DECIMALS_POWER);
    json_text(b, "energy_method", method_str(d->method));
    json_open(b, "register");
    registers_write(b, "import", d->import_start, d->import_end);
    registers_write(b, "export", d->export_start, d->export_end);
    json_close(b);
    json_key(b, "register_at");
    buf_putc(b, '[');
    json_put_time(b, d->register_at[0], utc_offset_s);
    buf_putc(b, ',');
    json_put_time(b, d->register_at[1], utc_offset_s);
    buf_putc(b, ']');
    json_decimal(b, "multiplier", d->multiplier, DECIMALS_FINE);
    json_decimal(b, "edge_kwh", d->edge_kwh, DECIMALS_POWER);
    power_stat_write(b, "power_kw", &d->power_kw);
    json_decimal(b, "coverage", d->coverage, DECIMALS_RATIO);
    json_text(b, "quality", quality_str(d->quality));
    json_close(b);
}

void record_end(struct buf *b, bool with_devices) {
    if (with_devices)
        buf_putc(b, ']');
    json_close(b);
}
