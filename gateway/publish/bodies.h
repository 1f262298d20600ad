/* Topics and bodies of what is not a stored row: status (also the will), site, live, the reply to a
 * command, and the tombstone of a row whose content was thinned. Bytes out, no I/O but the clock's
 * zone offset. */
#ifndef BUSBAR_PUBLISH_BODIES_H
#define BUSBAR_PUBLISH_BODIES_H

#include <stdbool.h>

#include "base/buf.h"
#include "meter/site.h"
#include "store/live.h"
#include "store/reader.h"

#define TOPIC_MAX      192
#define SMALL_BODY_MAX 2048

struct topics {
    char status[TOPIC_MAX], site[TOPIC_MAX], live[TOPIC_MAX], ack[TOPIC_MAX], cmd[TOPIC_MAX],
        alert[TOPIC_MAX], cmd_reply[TOPIC_MAX];
};

int topics_write(struct topics *t, const struct site *s); /* ERR_LIMIT */

/* since 0 = null: what the will says. */
void status_body_write(struct buf *b, const struct site *s, const char *version, bool online,
                       ms_t now, ms_t since, const struct outbox_head *head);
void live_body_write(struct buf *b, const struct site *s, const struct live_site *l);
/* On the heap, the caller frees it; NULL without memory. */
char *site_body_new(const struct site *s, ms_t now, size_t *ret_len);
/* {"v":1,"t":..,"id":.., and the members of reply, an order's JSON object. id "": null. */
void command_reply_write(struct buf *b, ms_t now, const char *id, const char *reply);
void tombstone_write(struct buf *b, ms_t epoch, const struct outbox_row *row);

#endif
