/* The endpoints: each answers one GET. Web thread. */
#ifndef BUSBAR_WEB_API_H
#define BUSBAR_WEB_API_H

#include <microhttpd.h>
#include <stdbool.h>

#include "format/metrics.h"
#include "format/record.h"
#include "store/reader.h"
#include "web/web.h"

struct api {
    const struct site *site;
    const char *version;
    struct live *live;
    void (*stats)(void *arg, struct metrics *ret); /* may be NULL */
    void *stats_arg;
    us_t started_mono_us;
    ms_t started_ms;       /* UTC */
    struct reader *reader; /* NULL: not open */
    us_t retry_mono_us;    /* no attempt to open it before */
    bool failing;          /* said once */
    char body[BODY_MAX];   /* of one record, within one call */
};

void api_fini(struct api *a);

/* The store, opened when it is not; NULL when it cannot be read now. */
struct reader *api_reader(struct api *a);
/* After a failed call: closes it for a new attempt, logs the first of a row of failures. */
void api_reader_failed(struct api *a, int err);
/* 503: the store cannot be read. */
enum MHD_Result api_no_store(struct MHD_Connection *c);
/* A parameter of the query; NULL when it is not there or empty. */
const char *api_parameter(struct MHD_Connection *c, const char *name);

/* A time as a parameter: ISO 8601; without an offset it is local. ERR_SYNTAX. */
int api_time(const char *text, ms_t *ret);
/* The body of /api/v1/live; arg is the struct api. */
void api_write_live(const void *arg, struct buf *b);

typedef enum MHD_Result api_endpoint(struct api *a, struct MHD_Connection *c);
api_endpoint api_alerts, api_day, api_devices, api_history, api_site, api_healthz, api_live,
    api_accounts, api_demand, api_records, api_completeness, api_delivery, api_metrics;

#endif
