#include "web/completeness_body.h"

#include <math.h>
#include <string.h>

#include "format/head.h"
#include "format/json.h"

#define UNKNOWN ((double)NAN)

/* "2026-01-31", or with a shorter length "2026-01". */
static void date_write(struct buf *b, const char *name, int32_t day, size_t length) {
    char text[ISO8601_MAX];
    (void)iso8601_format(text, day * MS_PER_DAY, 0);
    text[length] = '\0';
    json_text(b, name, text);
}

static int32_t first_day(const struct completeness_view *v) {
    return civil_day(v->month / 12, v->month % 12 + 1, 1);
}

static void add(struct completeness *into, const struct completeness *part) {
    into->expected += part->expected;
    into->stored += part->stored;
    into->acknowledged += part->acknowledged;
}

static void put_count(struct buf *b, const struct completeness_view *v, uint32_t acknowledged) {
    if (v->has_platform)
        buf_put_u64(b, acknowledged);
    else
        buf_puts(b, "null");
}

static void slots_write(struct buf *b, const struct completeness_view *v,
                        const struct completeness *c) {
    double ratio = completeness_ratio(c->stored, c->expected);
    json_u64(b, "expected", c->expected);
    json_u64(b, "stored", c->stored);
    json_key(b, "acknowledged");
    put_count(b, v, c->acknowledged);
    json_decimal(b, "ratio", ratio, DECIMALS_RATIO);
    json_decimal(b, "acknowledged_ratio",
                 v->has_platform ? completeness_ratio(c->acknowledged, c->expected) : UNKNOWN,
                 DECIMALS_RATIO);
    if (isnan(ratio))
        json_text(b, "meets", NULL);
    else
        json_bool(b, "meets", ratio >= COMPLETENESS_RATIO_MIN);
}

static double worst_boundary_ms(const struct device_month *m) {
    double worst = UNKNOWN;
    for (size_t d = 0; d < MONTH_DAYS; d++)
        worst = fmax(worst, m->boundary_ms[d]);
    return worst;
}

static void edges_write(struct buf *b, double deviation, double boundary_ms) {
    json_decimal(b, "day_month_deviation", deviation, DECIMALS_RATIO);
    json_decimal(b, "boundary_error_s", boundary_ms / (double)MS_PER_S, DECIMALS_POWER);
}

static void site_section(struct buf *b, const struct completeness_view *v, int days) {
    struct completeness all = {0};
    double deviation = UNKNOWN, boundary_ms = UNKNOWN;
    for (size_t i = 0; i < v->site->device_count; i++) {
        if (!v->site->devices[i].enabled)
            continue;
        for (int d = 0; d < days; d++)
            add(&all, &v->devices[i].day[d]);
        deviation = fmax(deviation, v->devices[i].day_month_deviation);
        boundary_ms = fmax(boundary_ms, worst_boundary_ms(&v->devices[i]));
    }
    json_open(b, "site");
    slots_write(b, v, &all);
    edges_write(b, deviation, boundary_ms);
    json_close(b);
}

static void days_section(struct buf *b, const struct completeness_view *v, int days) {
    json_open_list(b, "days");
    for (int d = 0; d < days; d++) {
        struct completeness all = {0};
        uint32_t slots = 0;
        for (size_t i = 0; i < v->site->device_count; i++) {
            if (!v->site->devices[i].enabled)
                continue;
            slots = v->devices[i].day[d].expected;
            add(&all, &v->devices[i].day[d]);
        }
        json_item(b);
        date_write(b, "day", first_day(v) + d, strlen("2026-01-31"));
        json_u64(b, "slots", slots);
        slots_write(b, v, &all);
        json_close(b);
    }
    json_close_list(b);
}

/* One number a day, in the order of the section `days`. */
static void by_day_write(struct buf *b, const struct completeness_view *v,
                         const struct device_month *m, int days) {
    json_open_list(b, "stored_by_day");
    for (int d = 0; d < days; d++) {
        buf_puts(b, d > 0 ? "," : "");
        buf_put_u64(b, m->day[d].stored);
    }
    json_close_list(b);
    json_open_list(b, "acknowledged_by_day");
    for (int d = 0; d < days; d++) {
        buf_puts(b, d > 0 ? "," : "");
        put_count(b, v, m->day[d].acknowledged);
    }
    json_close_list(b);
    json_open_list(b, "boundary_error_s_by_day");
    for (int d = 0; d < days; d++) {
        buf_puts(b, d > 0 ? "," : "");
        buf_put_decimal(b, m->boundary_ms[d] / (double)MS_PER_S, DECIMALS_POWER);
    }
    json_close_list(b);
}

static void devices_section(struct buf *b, const struct completeness_view *v, int days) {
    json_open_list(b, "devices");
    for (size_t i = 0; i < v->site->device_count; i++) {
        struct completeness all = {0};
        if (!v->site->devices[i].enabled)
            continue;
        for (int d = 0; d < days; d++)
            add(&all, &v->devices[i].day[d]);
        json_item(b);
        json_text(b, "id", v->site->devices[i].id);
        slots_write(b, v, &all);
        edges_write(b, v->devices[i].day_month_deviation, worst_boundary_ms(&v->devices[i]));
        by_day_write(b, v, &v->devices[i], days);
        json_close(b);
    }
    json_close_list(b);
}

/* Days of the month that have begun. */
static int days_begun(const struct completeness_view *v, utc_offset_fn *zone) {
    int32_t first = first_day(v), today = local_time(v->now, zone).day;
    int days = civil_day(v->month / 12, v->month % 12 + 2, 1) - first;
    if (today < first)
        return 0;
    return today - first + 1 < days ? today - first + 1 : days;
}

void completeness_write(struct buf *b, const struct completeness_view *v, utc_offset_fn *zone) {
    int days = days_begun(v, zone);
    buf_putc(b, '{');
    json_u64(b, "v", BODY_VERSION);
    json_time(b, "t", v->now, zone(v->now));
    date_write(b, "month", first_day(v), strlen("2026-01"));
    json_open(b, "requirement");
    json_decimal(b, "ratio", COMPLETENESS_RATIO_MIN, DECIMALS_RATIO);
    json_decimal(b, "day_month_deviation", COMPLETENESS_DEVIATION_MAX, DECIMALS_RATIO);
    json_decimal(b, "boundary_error_s", (double)COMPLETENESS_BOUNDARY_MAX_MS / (double)MS_PER_S,
                 DECIMALS_POWER);
    json_close(b);
    site_section(b, v, days);
    days_section(b, v, days);
    devices_section(b, v, days);
    json_close(b);
}
