/* What the endpoints share, and the ones that tell how it is now. */
#include "web/api.h"

#include <string.h>

#include "base/err.h"
#include "format/head.h"
#include "format/json.h"
#include "format/record.h"
#include "sys/clock.h"
#include "sys/log.h"
#include "web/answer.h"

#define RETRY_US     (5 * (us_t)US_PER_S)
#define TICK_MAX_MS  (60 * (ms_t)MS_PER_S) /* live values come every second */
#define START_MAX_US (60 * (us_t)US_PER_S)

void api_fini(struct api *a) {
    reader_close(a->reader);
    a->reader = NULL;
}

struct reader *api_reader(struct api *a) {
    us_t now = clock_now().mono_us;
    if (a->reader && reader_replaced(a->reader)) {
        reader_close(a->reader);
        a->reader = NULL;
    }
    if (a->reader || now < a->retry_mono_us)
        return a->reader;
    a->retry_mono_us = now + RETRY_US;
    int err = reader_open(a->site->store.path, &a->reader);
    if (err < 0)
        api_reader_failed(a, err);
    else
        a->failing = false;
    return a->reader;
}

void api_reader_failed(struct api *a, int err) {
    if (!a->failing)
        log_warn("web: store %s cannot be read: %s; tried again with the next request",
                 a->site->store.path, err_str(err));
    a->failing = true;
    reader_close(a->reader);
    a->reader = NULL;
}

enum MHD_Result api_no_store(struct MHD_Connection *c) {
    return answer_error(c, MHD_HTTP_SERVICE_UNAVAILABLE,
                        "the store cannot be read now; see the gateway's log and try again");
}

const char *api_parameter(struct MHD_Connection *c, const char *name) {
    const char *text = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, name);
    return text && text[0] != '\0' ? text : NULL;
}

int api_time(const char *text, ms_t *ret) {
    char copy[ISO8601_MAX];
    size_t n = strlen(text);
    if (n >= sizeof copy)
        return ERR_SYNTAX;
    memcpy(copy, text, n + 1);
    /* a plus sign that was not escaped has become a blank: behind the date there is no other */
    for (size_t i = sizeof "2026-01-31 "; i < n; i++)
        if (copy[i] == ' ')
            copy[i] = '+';
    /* a time without an offset is local: with the offset of that day */
    ms_t t;
    int err = iso8601_parse(copy, 0, &t);
    return err < 0 ? err : iso8601_parse(copy, clock_utc_offset_s(t), ret);
}

static ms_t now_ms(void) {
    return floor_div(clock_now().utc_us, US_PER_MS);
}

/* ---- live --------------------------------------------------------------------------------- */

void api_write_live(const void *arg, struct buf *b) {
    const struct api *a = arg;
    struct live_site l;
    live_get_site(a->live, &l);
    struct live_body body;
    live_site_body(&l, a->site, &body);
    live_write(b, &body, clock_utc_offset_s(l.utc_ms));
}

enum MHD_Result api_live(struct api *a, struct MHD_Connection *c) {
    return answer_json(c, api_write_live, a);
}

/* ---- accounts ----------------------------------------------------------------------------- */

static void write_accounts(const void *arg, struct buf *b) {
    const struct api *a = arg;
    ms_t now = now_ms();
    buf_putc(b, '{');
    json_u64(b, "v", BODY_VERSION);
    json_time(b, "t", now, clock_utc_offset_s(now));
    json_text(b, "config", a->site->config_hash);
    site_accounts_write(b, a->site);
    json_close(b);
}

enum MHD_Result api_accounts(struct api *a, struct MHD_Connection *c) {
    return answer_json(c, write_accounts, a);
}

/* ---- health ------------------------------------------------------------------------------- */

static void write_health(const void *arg, struct buf *b) {
    const struct api *a = arg;
    struct live_site l;
    live_get_site(a->live, &l);
    buf_putc(b, '{');
    json_text(b, "status", "ok");
    json_text(b, "version", a->version);
    json_text(b, "config", a->site->config_hash);
    json_time(b, "live_at", l.utc_ms, clock_utc_offset_s(l.utc_ms));
    json_close(b);
}

/* Live values stand still when the historian does; at the start there are none yet. */
static bool is_alive(const struct api *a) {
    struct live_site l;
    live_get_site(a->live, &l);
    if (l.utc_ms == 0)
        return clock_now().mono_us - a->started_mono_us < START_MAX_US;
    return now_ms() - l.utc_ms <= TICK_MAX_MS;
}

enum MHD_Result api_healthz(struct api *a, struct MHD_Connection *c) {
    if (!api_reader(a))
        return api_no_store(c);
    if (!is_alive(a))
        return answer_error(c, MHD_HTTP_SERVICE_UNAVAILABLE,
                            "live values have stood still for a minute; see the gateway's log");
    return answer_json(c, write_health, a);
}
