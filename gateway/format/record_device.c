#include <math.h>

#include "format/record_sections.h"

static const char *method_str(enum energy_method m) {
    switch (m) {
    case METHOD_REGISTER:
        return "register";
    case METHOD_RECOVERED:
        return "recovered";
    case METHOD_INTEGRATED:
        return "integrated";
    case METHOD_MANUAL:
        return "manual";
    case METHOD_NONE:
        break;
    }
    return NULL;
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
    if (first)
        json_open_list(b, "devices");
    json_item(b);
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
    json_decimal(b, "edge_export_kwh", d->edge_export_kwh, DECIMALS_POWER);
    json_decimal(b, "rollover_kwh", d->rollover_kwh, DECIMALS_POWER);
    json_decimal(b, "rollover_export_kwh", d->rollover_export_kwh, DECIMALS_POWER);
    record_power_write(b, "power_kw", &d->power_kw);
    json_decimal(b, "coverage", d->coverage, DECIMALS_RATIO);
    json_text(b, "quality", quality_str(d->quality));
    json_close(b);
}
