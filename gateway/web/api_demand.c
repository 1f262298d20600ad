/* Demand as it was stored last, and as it runs. */
#include "base/err.h"
#include "format/head.h"
#include "format/json.h"
#include "format/record.h"
#include "sys/clock.h"
#include "web/answer.h"
#include "web/api.h"
#include "web/member.h"
#include "web/newest.h"

struct demand_view {
    struct live_site live;
    const struct buf *record; /* body of the last quarter; empty: there is none */
};

/* A member as the record has it. */
static void copy_member(struct buf *b, const struct buf *record, const char *name,
                        const char *otherwise) {
    const char *value;
    size_t n;
    json_key(b, name);
    if (member_find(record->data, record->len, name, &value, &n))
        buf_put(b, value, n);
    else
        buf_puts(b, otherwise);
}

static void write_demand(const void *arg, struct buf *b) {
    static const char *const of_record[] = {"epoch",    "seq",      "start",  "end",
                                            "revision", "coverage", "quality"};
    const struct demand_view *v = arg;
    const struct live_site *l = &v->live;
    buf_putc(b, '{');
    json_u64(b, "v", BODY_VERSION);
    json_time(b, "t", l->utc_ms, clock_utc_offset_s(l->utc_ms));
    json_open(b, "live");
    json_decimal(b, "demand_kw", l->demand_kw, DECIMALS_POWER);
    json_decimal(b, "demand_forecast_kw", l->demand_forecast_kw, DECIMALS_POWER);
    json_close(b);
    if (v->record->len == 0) {
        json_text(b, "record", NULL);
    } else {
        json_open(b, "record");
        for (size_t i = 0; i < sizeof of_record / sizeof of_record[0]; i++)
            copy_member(b, v->record, of_record[i], "null");
        json_close(b);
    }
    copy_member(b, v->record, "demand", "[]");
    json_close(b);
}

enum MHD_Result api_demand(struct api *a, struct MHD_Connection *c) {
    struct buf record;
    struct outbox_row row;
    struct reader *r = api_reader(a);
    if (!r)
        return api_no_store(c);
    buf_init(&record, a->body, sizeof a->body);
    int err = newest_last(r, OUTBOX_RECORD_15M, &row);
    if (err == ERR_OK)
        err = reader_body(r, &row, &record);
    if (err == ERR_NOT_FOUND) {
        buf_reset(&record);
    } else if (err < 0) {
        api_reader_failed(a, err);
        return api_no_store(c);
    }
    struct demand_view v = {.record = &record};
    live_get_site(a->live, &v.live);
    return answer_json(c, write_demand, &v);
}
