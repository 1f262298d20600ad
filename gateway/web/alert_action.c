#include "web/alert_action.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "web/answer.h"

static const char start[] = "/api/v1/alerts/";
#define START_LEN   (sizeof start - 1)
#define ID_DIGITS   9
#define LOCAL_ACTOR "web"

static const struct {
    const char *verb, *cmd;
    const char *person; /* the member that names who answers for it */
} actions[] = {
    {"ack", "alert-ack", "by"},           {"refuse", "alert-refuse", "by"},
    {"assign", "alert-assign", "by"},     {"measure", "alert-measure", "by"},
    {"close", "alert-close", "verifier"},
};
#define ACTIONS (sizeof actions / sizeof actions[0])

/* ACTIONS: it is none. */
static size_t find_action(const char *path, int64_t *ret_id) {
    size_t i = ACTIONS;
    if (strncmp(path, start, START_LEN) != 0)
        return ACTIONS;
    size_t digits = strspn(path + START_LEN, "0123456789");
    const char *after = path + START_LEN + digits;
    if (digits == 0 || digits > ID_DIGITS || *after != '/')
        return ACTIONS;
    for (i = 0; i < ACTIONS && strcmp(actions[i].verb, after + 1) != 0; i++) {
    }
    *ret_id = strtoll(path + START_LEN, NULL, 10);
    return i;
}

bool alert_action_is(const char *path) {
    int64_t id;
    return find_action(path, &id) < ACTIONS;
}

/* The body with what the address and the login say. NULL: no JSON object, or no memory. */
static char *complete(const char *body, size_t n, size_t action, int64_t id,
                      const struct caller *who) {
    json_t *j = json_loadb(n > 0 ? body : "{}", n > 0 ? n : 2, JSON_REJECT_DUPLICATES, NULL);
    char *text = NULL;
    if (json_is_object(j) && json_object_set_new(j, "cmd", json_string(actions[action].cmd)) == 0 &&
        json_object_set_new(j, "alert", json_integer(id)) == 0 &&
        (who->name[0] == '\0' ||
         json_object_set_new(j, actions[action].person, json_string(who->name)) == 0))
        text = json_dumps(j, JSON_COMPACT);
    json_decref(j);
    return text;
}

static enum MHD_Result answer_reply(struct MHD_Connection *c, const char *reply, size_t n) {
    bool good = strncmp(reply, "{\"ok\":true", 10) == 0;
    return answer(
        c, good ? MHD_HTTP_OK : MHD_HTTP_CONFLICT,
        MHD_create_response_from_buffer(n, (void *)(uintptr_t)reply, MHD_RESPMEM_MUST_COPY));
}

enum MHD_Result alert_action_post(struct MHD_Connection *c, const char *path, const char *body,
                                  size_t n, const struct caller *who, order_fn *order, void *arg) {
    int64_t id = 0;
    size_t action = find_action(path, &id);
    char why[ORDER_WHY_MAX], reply[ORDER_REPLY_MAX], actor[ORDER_ACTOR_MAX];
    if (!order)
        return answer_error(c, MHD_HTTP_SERVICE_UNAVAILABLE,
                            "orders are not taken here; use busbar alerts on the box");
    char *text = complete(body, n, action, id, who);
    struct order *o = text ? calloc(1, sizeof *o) : NULL;
    enum MHD_Result result;
    if (!o) {
        result = answer_error(c, MHD_HTTP_BAD_REQUEST,
                              "the body is no JSON object; docs/http.md shows what to send");
    } else if (order_parse(text, strlen(text), o, why, sizeof why) < 0) {
        result = answer_error(c, MHD_HTTP_BAD_REQUEST, "%s", why);
    } else {
        snprintf(actor, sizeof actor, LOCAL_ACTOR ":%s",
                 who->name[0] != '\0' ? who->name : "local");
        size_t reply_n = order(arg, o, actor, reply, sizeof reply);
        result = answer_reply(c, reply, reply_n);
    }
    free(o);
    free(text);
    return result;
}
