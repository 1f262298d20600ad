/* Who is told of alerts, and when not: the settings alerts.webhooks and alerts.quiet. Pure. */
#ifndef BUSBAR_METER_NOTIFY_H
#define BUSBAR_METER_NOTIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WEBHOOKS_MAX           8
#define WEBHOOK_RULES_MAX      64
#define QUIET_MAX              16
#define WEBHOOK_PER_MINUTE_MAX 100

enum webhook_kind { WEBHOOK_JSON, WEBHOOK_WECOM, WEBHOOK_DINGTALK, WEBHOOK_FEISHU, WEBHOOK_KINDS };
enum notice_lang { NOTICE_ZH, NOTICE_EN, NOTICE_BOTH };

struct webhook_settings {
    const char *id;
    const char *cursor; /* its name in the store: "alert/<id>" */
    enum webhook_kind kind;
    /* One of the two is NULL. The address holds a secret: it goes into no message. */
    const char *url, *url_file;
    const char *secret_file; /* signs what is sent */
    const char *token_file;  /* json: a bearer token */
    const char *ca_file;
    const char *template; /* json: the body with {placeholders}; NULL: docs/schema/webhook.json */
    int min_severity;     /* enum alert_severity */
    enum notice_lang lang;
    uint32_t per_minute; /* requests, at most */
    uint32_t timeout_s;  /* of a whole request */
    const char **rules;  /* codes; none: all */
    size_t rule_count;
};

/* Every week: from a minute of the local day to another, over midnight when to <= from. */
struct quiet_span {
    uint16_t from_min, to_min; /* of the day; to_min at most 1440 */
    uint8_t days;              /* bit 0: a span that begins on a Monday counts */
    uint8_t below;             /* holds back what is below this enum alert_severity */
};

struct notify_settings {
    struct webhook_settings *webhooks;
    size_t webhook_count;
    struct quiet_span *quiet;
    size_t quiet_count;
};

#endif
