#include "publish/webhook_answer.h"

#include <jansson.h>

#define DENIED_PAUSE_US   (300 * (us_t)US_PER_S)
#define BUSY_PAUSE_US     (60 * (us_t)US_PER_S)
#define DINGTALK_PAUSE_US (600 * (us_t)US_PER_S) /* it shuts out who was too fast for so long */
#define NO_CODE           (-2147483647L)

/* Codes as the makers' documents give them (docs/notifications.md); any other one: later. */
static const struct {
    enum webhook_kind kind;
    long code;
    enum webhook_verdict verdict;
} codes[] = {
    {WEBHOOK_WECOM, 93000, WEBHOOK_DENIED}, /* no such key */
    {WEBHOOK_WECOM, 93004, WEBHOOK_DENIED}, /* the robot is disabled */
    {WEBHOOK_WECOM, 93008, WEBHOOK_DENIED}, /* not in the group */
    {WEBHOOK_WECOM, 93017, WEBHOOK_DENIED}, /* no permission */
    {WEBHOOK_WECOM, 45009, WEBHOOK_BUSY},
    {WEBHOOK_WECOM, 45033, WEBHOOK_BUSY},
    {WEBHOOK_WECOM, 40008, WEBHOOK_REFUSED},    /* message type */
    {WEBHOOK_WECOM, 40058, WEBHOOK_REFUSED},    /* parameters */
    {WEBHOOK_WECOM, 44004, WEBHOOK_REFUSED},    /* empty */
    {WEBHOOK_WECOM, 45002, WEBHOOK_REFUSED},    /* too long */
    {WEBHOOK_DINGTALK, 310000, WEBHOOK_DENIED}, /* signature, keyword, address list */
    {WEBHOOK_DINGTALK, 300001, WEBHOOK_DENIED}, /* no such token */
    {WEBHOOK_DINGTALK, 300005, WEBHOOK_DENIED},
    {WEBHOOK_DINGTALK, 400013, WEBHOOK_DENIED}, /* the group is gone */
    {WEBHOOK_DINGTALK, 400101, WEBHOOK_DENIED},
    {WEBHOOK_DINGTALK, 400102, WEBHOOK_DENIED}, /* the robot is disabled */
    {WEBHOOK_DINGTALK, 130101, WEBHOOK_BUSY},
    {WEBHOOK_DINGTALK, 410100, WEBHOOK_BUSY},
    {WEBHOOK_DINGTALK, 40035, WEBHOOK_REFUSED},
    {WEBHOOK_DINGTALK, 400105, WEBHOOK_REFUSED}, /* message type */
    {WEBHOOK_DINGTALK, 430101, WEBHOOK_REFUSED}, /* content rules */
    {WEBHOOK_DINGTALK, 430102, WEBHOOK_REFUSED},
    {WEBHOOK_DINGTALK, 430103, WEBHOOK_REFUSED},
    {WEBHOOK_DINGTALK, 430104, WEBHOOK_REFUSED},
    {WEBHOOK_FEISHU, 19001, WEBHOOK_DENIED}, /* no such token */
    {WEBHOOK_FEISHU, 19021, WEBHOOK_DENIED}, /* signature, or an hour off */
    {WEBHOOK_FEISHU, 19022, WEBHOOK_DENIED}, /* address list */
    {WEBHOOK_FEISHU, 19024, WEBHOOK_DENIED}, /* keyword */
    {WEBHOOK_FEISHU, 11232, WEBHOOK_BUSY},
    {WEBHOOK_FEISHU, 9499, WEBHOOK_REFUSED},
};

static long code_of(enum webhook_kind kind, const char *kept, size_t n) {
    json_t *m = json_loadb(kept, n, 0, NULL);
    const json_t *code = json_object_get(m, kind == WEBHOOK_FEISHU ? "code" : "errcode");
    if (!code && kind == WEBHOOK_FEISHU)
        code = json_object_get(m, "StatusCode");
    long v = json_is_integer(code) ? (long)json_integer_value(code) : NO_CODE;
    json_decref(m);
    return v;
}

static enum webhook_verdict of_status(long status) {
    if (status == 429)
        return WEBHOOK_BUSY;
    if (status == 400 || status == 413 || status == 415 || status == 422)
        return WEBHOOK_REFUSED;
    if (status == 401 || status == 403 || status == 404 || status == 405 || status == 410 ||
        (status >= 300 && status < 400))
        return WEBHOOK_DENIED;
    return WEBHOOK_LATER;
}

enum webhook_verdict webhook_answer_verdict(enum webhook_kind kind, long status, const char *kept,
                                            size_t n, long *ret_code) {
    bool good = status >= 200 && status < 300;
    long code = kind == WEBHOOK_JSON ? NO_CODE : code_of(kind, kept, n);
    *ret_code = code != NO_CODE ? code : status;
    if (good && (kind == WEBHOOK_JSON || code == 0))
        return WEBHOOK_TAKEN;
    for (size_t i = 0; code != NO_CODE && i < sizeof codes / sizeof codes[0]; i++) {
        if (codes[i].kind == kind && codes[i].code == code)
            return codes[i].verdict;
    }
    return good ? WEBHOOK_LATER : of_status(status);
}

const char *webhook_answer_advice(enum webhook_kind kind, enum webhook_verdict v) {
    switch (v) {
    case WEBHOOK_BUSY:
        return "it asks for fewer requests; see per_minute, and who else uses its robot";
    case WEBHOOK_REFUSED:
        return kind == WEBHOOK_JSON
                   ? "it does not take this body; see template, and what its operator expects"
                   : "it does not take this text; after the second time only numbers are sent";
    case WEBHOOK_DENIED:
        return kind == WEBHOOK_JSON
                   ? "check url or url_file, token_file and secret_file"
                   : "check the key in url or url_file, secret_file, the robot's list of "
                     "addresses and keywords, and this machine's clock";
    case WEBHOOK_LATER:
    case WEBHOOK_TAKEN:
        break;
    }
    return "the trouble is on its side";
}

us_t webhook_answer_pause(enum webhook_kind kind, enum webhook_verdict v, us_t backoff) {
    if (v == WEBHOOK_DENIED)
        return DENIED_PAUSE_US;
    if (v == WEBHOOK_BUSY)
        return kind == WEBHOOK_DINGTALK ? DINGTALK_PAUSE_US : BUSY_PAUSE_US;
    return backoff;
}
