/* How complete a month is. */
#include <stdlib.h>

#include "base/err.h"
#include "sys/clock.h"
#include "web/answer.h"
#include "web/api.h"
#include "web/completeness_body.h"

#define PLATFORM_DEST "mqtt" /* the platform's name among the store's destinations */

static void write_view(const void *arg, struct buf *b) {
    completeness_write(b, arg, clock_utc_offset_s);
}

static int32_t this_month(ms_t now) {
    struct local_time t = local_time(now, clock_utc_offset_s);
    return t.year * 12 + t.month - 1;
}

enum MHD_Result api_completeness(struct api *a, struct MHD_Connection *c) {
    const char *text = api_parameter(c, "month");
    struct completeness_view v = {.site = a->site,
                                  .now = floor_div(clock_now().utc_us, US_PER_MS),
                                  .has_platform = a->site->mqtt.configured};
    v.month = this_month(v.now);
    if (text && civil_month_parse(text, &v.month) < 0)
        return answer_error(c, MHD_HTTP_BAD_REQUEST,
                            "month is wrong; write it like 2026-01, or leave it out for this one");
    struct reader *r = api_reader(a);
    if (!r)
        return api_no_store(c);
    struct device_month *devices = calloc(a->site->device_count + 1, sizeof *devices);
    int err = devices ? reader_completeness(r, a->site, v.has_platform ? PLATFORM_DEST : NULL,
                                            v.month, clock_utc_offset_s, v.now, devices)
                      : ERR_NOMEM;
    v.devices = devices;
    enum MHD_Result result;
    if (err == ERR_OK) {
        result = answer_json(c, write_view, &v);
    } else if (err == ERR_RANGE) {
        result = answer_error(c, MHD_HTTP_BAD_REQUEST,
                              "month is out of range; ask for one since "
                              "1970-01");
    } else {
        api_reader_failed(a, err);
        result = api_no_store(c);
    }
    free(devices);
    return result;
}
