/* The site as it is configured, and the latest value of every point. */
#include <math.h>

#include "format/head.h"
#include "format/json.h"
#include "format/record.h"
#include "sys/clock.h"
#include "web/answer.h"
#include "web/api.h"

static ms_t now_ms(void) {
    return floor_div(clock_now().utc_us, US_PER_MS);
}

static void write_site(const void *arg, struct buf *b) {
    const struct api *a = arg;
    ms_t now = now_ms();
    site_write(b, a->site, now, a->started_ms, clock_utc_offset_s(now));
}

enum MHD_Result api_site(struct api *a, struct MHD_Connection *c) {
    return answer_json(c, write_site, a);
}

static void write_point(const struct api *a, struct buf *b, uint32_t i) {
    const struct site_point *p = &a->site->points[i];
    struct sample s = {0};
    bool known = live_get(a->live, i, &s);
    enum quality q = known ? (enum quality)s.quality : QUALITY_MISSING;
    json_item(b);
    json_text(b, "id", p->id);
    json_text(b, "quantity", p->def->quantity_name);
    json_text(b, "unit", p->def->unit);
    json_time(b, "t", known ? s.utc_ms : 0, known ? clock_utc_offset_s(s.utc_ms) : 0);
    json_decimal(b, "value", known ? s.value : (double)NAN, DECIMALS_FINE);
    json_text(b, "quality", quality_str(q));
    json_close(b);
}

static void write_device(const struct api *a, struct buf *b, const struct device *d) {
    const struct device_profile *p = d->profile;
    json_item(b);
    json_text(b, "id", d->id);
    json_text(b, "name", d->name);
    json_text(b, "role", role_str(d->role));
    json_text(b, "vendor", p->vendor);
    json_text(b, "model", p->model);
    json_text(b, "link", a->site->links[d->link].id);
    json_u64(b, "unit", d->unit);
    json_u64(b, "poll_ms", d->poll_ms);
    json_bool(b, "enabled", d->enabled);
    json_open_list(b, "points");
    for (uint32_t i = 0; i < p->point_count; i++)
        write_point(a, b, d->point_base + i);
    json_close_list(b);
    json_close(b);
}

static void write_devices(const void *arg, struct buf *b) {
    const struct api *a = arg;
    ms_t now = now_ms();
    buf_putc(b, '{');
    json_u64(b, "v", BODY_VERSION);
    json_time(b, "t", now, clock_utc_offset_s(now));
    json_open_list(b, "devices");
    for (size_t i = 0; i < a->site->device_count; i++)
        write_device(a, b, &a->site->devices[i]);
    json_close_list(b);
    json_close(b);
}

enum MHD_Result api_devices(struct api *a, struct MHD_Connection *c) {
    return answer_json(c, write_devices, a);
}
