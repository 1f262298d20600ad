#include "format/effect_body.h"

#include <math.h>

#include "format/json.h"

static void put_money(struct buf *b, const char *name, bool known, int64_t e8) {
    char text[32];
    if (known)
        money_format(e8, text);
    json_text(b, name, known ? text : NULL);
}

static void put_rebound(struct buf *b, const struct effect *e, const struct effect_flow_result *r) {
    const double unknown = (double)NAN;
    json_decimal(b, "rebound_kw", e->complete ? r->rebound_kw : unknown, DECIMALS_POWER);
    json_decimal(b, "rebound_kwh", e->complete ? r->rebound_kwh : unknown, DECIMALS_POWER);
}

static void put_flow(struct buf *b, const struct effect_flow_result *r) {
    json_decimal(b, "base_kw", r->base_kw, DECIMALS_POWER);
    json_decimal(b, "kw", r->kw, DECIMALS_POWER);
    json_decimal(b, "best_kw", r->best_kw, DECIMALS_POWER);
    json_decimal(b, "kwh", r->kwh, DECIMALS_POWER);
}

void effect_write(struct buf *b, const struct effect *e, int utc_offset_s) {
    const double unknown = (double)NAN;
    buf_putc(b, '{');
    json_bool(b, "complete", e->complete);
    json_text(b, "baseline", e->workdays ? "workdays" : "before");
    json_i64(b, "baseline_days", e->days);
    json_time(b, "from", e->from, utc_offset_s);
    json_time(b, "to", e->to, utc_offset_s);
    json_decimal(b, "coverage", e->coverage, DECIMALS_RATIO);
    put_flow(b, &e->meter);
    put_money(b, "cny", e->cny_known, e->cny_e8);
    json_decimal(b, "kg", e->kg, DECIMALS_POWER);
    json_time(b, "rebound_to", e->complete ? e->rebound_to : 0, utc_offset_s);
    json_decimal(b, "rebound_coverage", e->complete ? e->rebound_coverage : unknown,
                 DECIMALS_RATIO);
    put_rebound(b, e, &e->meter);
    put_money(b, "rebound_cny", e->complete && e->rebound_cny_known, e->rebound_cny_e8);
    json_decimal(b, "rebound_kg", e->complete ? e->rebound_kg : unknown, DECIMALS_POWER);
    json_open(b, "site");
    put_flow(b, &e->site);
    put_rebound(b, e, &e->site);
    json_close(b);
    json_close(b);
}
