/* The bodies of notifications, one for each kind of receiver. Pure.
 *
 * json: docs/schema/webhook.json, or a template of the configuration. The others are those of group
 * robots: docs/notifications.md names the documents of their makers. */
#ifndef BUSBAR_FORMAT_NOTICE_BODY_H
#define BUSBAR_FORMAT_NOTICE_BODY_H

#include "format/notice.h"

#define NOTICE_WECOM_MAX    4096 /* bytes of a markdown message: its maker's limit */
#define NOTICE_DINGTALK_MAX 8000 /* bytes of text: well below the makers' 20 kB a request */
#define NOTICE_FEISHU_MAX   8000
#define NOTICE_JSON_MAX     8000 /* bytes of the member text */
#define NOTICE_ROWS_MAX     100  /* alerts in one message */
#define NOTICE_BODY_MAX     (NOTICE_ROWS_MAX * 8 * 1024 + 64 * 1024)

/* Of Feishu: stands in the body; NULL: unsigned. */
struct notice_signature {
    const char *timestamp, *sign;
};

void notice_body_write(struct buf *b, const struct webhook_settings *w, const struct notice_set *s,
                       const struct notice_signature *signature);

/* What a template may name; ends with NULL. */
extern const char *const notice_placeholders[];

#endif
