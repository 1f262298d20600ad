#include <math.h>

#include "format/head.h"
#include "format/json.h"
#include "format/record.h"

void live_write(struct buf *b, const struct live_body *l, int utc_offset_s) {
    buf_putc(b, '{');
    json_u64(b, "v", BODY_VERSION);
    json_time(b, "t", l->t, utc_offset_s);
    json_open(b, "power_kw");
    for (size_t p = 0; p < SITE_POWER_COUNT; p++) {
        if (!l->absent[p] || !isnan(l->power_kw[p]))
            json_decimal(b, site_power_str((enum site_power)p), l->power_kw[p], DECIMALS_POWER);
    }
    json_close(b);
    json_decimal(b, "soc_pct", l->soc_pct, DECIMALS_POWER);
    json_decimal(b, "demand_kw", l->demand_kw, DECIMALS_POWER);
    json_decimal(b, "demand_forecast_kw", l->demand_forecast_kw, DECIMALS_POWER);
    json_decimal(b, "demand_shed_kw", l->demand_shed_kw, DECIMALS_POWER);
    json_decimal(b, "contract_kw", l->contract_kw, DECIMALS_POWER);
    json_decimal(b, "carbon_kg_h", l->carbon_kg_h, DECIMALS_POWER);
    json_text(b, "quality", quality_str(l->quality));
    json_open(b, "devices");
    json_u64(b, "online", l->devices_online);
    json_u64(b, "total", l->devices_total);
    json_close(b);
    json_close(b);
}
