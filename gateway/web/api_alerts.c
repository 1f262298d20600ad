/* The ledger of alerts: a list, or one alert with its steps and the curves before them. */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "format/alert_body.h"
#include "store/reader_alerts.h"
#include "sys/clock.h"
#include "web/answer.h"
#include "web/api.h"

#define LIMIT_MAX 1000
#define STEPS_MAX 1000 /* of one alert; of more the oldest are given */

struct alerts_view {
    struct alert_query query;
    struct alert_entry *entries;
    struct alert_entry_step *steps; /* of the one that was asked for */
    size_t entry_count, step_count, step_cap;
    bool more;
};

/* ---- the question ------------------------------------------------------------------------- */

static bool read_number(struct MHD_Connection *c, const char *name, long max, int64_t *ret) {
    const char *text = api_parameter(c, name);
    char *end;
    if (!text)
        return true;
    long n = strtol(text, &end, 10);
    *ret = n;
    return *end == '\0' && n >= 1 && n <= max;
}

static bool read_choice(struct MHD_Connection *c, enum alert_choice *ret) {
    static const char *const words[] = {
        [ALERTS_OPEN] = "open", [ALERTS_OVERDUE] = "overdue", [ALERTS_ALL] = "all"};
    const char *text = api_parameter(c, "state");
    if (!text)
        return true;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(text, words[i]) == 0) {
            *ret = (enum alert_choice)i;
            return true;
        }
    return false;
}

/* The name of the parameter that is wrong; NULL when all is well. */
static const char *read_question(struct MHD_Connection *c, struct alert_query *q) {
    const char *from = api_parameter(c, "from"), *to = api_parameter(c, "to");
    int64_t limit = LIMIT_MAX;
    *q = alert_query_all(floor_div(clock_now().utc_us, US_PER_MS));
    q->choice = api_parameter(c, "id") ? ALERTS_ALL : ALERTS_OPEN;
    q->rule = api_parameter(c, "rule");
    q->object = api_parameter(c, "object");
    if (!read_choice(c, &q->choice))
        return "state";
    if (!read_number(c, "id", INT32_MAX, &q->id))
        return "id";
    if (!read_number(c, "below", INT32_MAX, &q->below))
        return "below";
    if (!read_number(c, "limit", LIMIT_MAX, &limit))
        return "limit";
    if (from && api_time(from, &q->from) < 0)
        return "from";
    if ((to && api_time(to, &q->to) < 0) || q->from >= q->to)
        return "to";
    q->limit = (size_t)limit;
    return NULL;
}

/* ---- the answer --------------------------------------------------------------------------- */

static int keep_entry(void *arg, const struct alert_entry *e) {
    struct alerts_view *v = arg;
    v->entries[v->entry_count++] = *e;
    return ERR_OK;
}

static int keep_step(void *arg, const struct alert_entry_step *s) {
    struct alerts_view *v = arg;
    if (v->step_count == STEPS_MAX)
        return ERR_OK;
    if (v->step_count == v->step_cap) {
        size_t cap = v->step_cap > 0 ? 2 * v->step_cap : 16;
        struct alert_entry_step *room = realloc(v->steps, cap * sizeof *room);
        if (!room)
            return ERR_NOMEM;
        v->steps = room;
        v->step_cap = cap;
    }
    v->steps[v->step_count++] = *s;
    return ERR_OK;
}

/* One more than is asked for tells that there is more. */
static int collect(struct reader *r, struct alerts_view *v) {
    struct alert_query q = v->query;
    q.limit++;
    v->entries = malloc(q.limit * sizeof *v->entries);
    if (!v->entries)
        return ERR_NOMEM;
    int err = reader_alerts(r, &q, keep_entry, v);
    v->more = v->entry_count > v->query.limit;
    if (v->more)
        v->entry_count--;
    if (err >= 0 && v->query.id != 0 && v->entry_count > 0)
        err = reader_alert_steps(r, v->query.id, keep_step, v);
    return err < 0 ? err : ERR_OK;
}

static void write_view(const void *arg, struct buf *b) {
    const struct alerts_view *v = arg;
    const struct alerts_body body = {.now = v->query.now,
                                     .entries = v->entries,
                                     .entry_count = v->entry_count,
                                     .with_steps = v->query.id != 0,
                                     .steps = v->steps,
                                     .step_count = v->step_count,
                                     .more = v->more};
    alerts_write(b, &body, clock_utc_offset_s);
}

enum MHD_Result api_alerts(struct api *a, struct MHD_Connection *c) {
    struct alerts_view v = {0};
    const char *wrong = read_question(c, &v.query);
    if (wrong)
        return answer_error(c, MHD_HTTP_BAD_REQUEST,
                            "%s is wrong; state is open, overdue or all, id and below are numbers, "
                            "from and to like 2026-01-31T08:00:00Z with from before to, limit 1 to "
                            "%d",
                            wrong, LIMIT_MAX);
    struct reader *r = api_reader(a);
    if (!r)
        return api_no_store(c);
    enum MHD_Result result;
    int err = collect(r, &v);
    if (err < 0) {
        api_reader_failed(a, err);
        result = api_no_store(c);
    } else if (v.query.id != 0 && v.entry_count == 0) {
        result = answer_error(c, MHD_HTTP_NOT_FOUND,
                              "there is no alert %lld; ask for state=all without id",
                              (long long)v.query.id);
    } else {
        result = answer_json(c, write_view, &v);
    }
    free(v.entries);
    free(v.steps);
    return result;
}
