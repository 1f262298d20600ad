/* Orders that come on /cmd: kept until one can be answered, then parsed, executed and answered.
 *
 * Owns copies of the messages that wait, at most COMMANDS_PENDING: with more, the newest is dropped
 * and counted, and its sender gets no reply. Runs on the publish thread. Knows no connection: a
 * command that came on a lost one is executed and answered on the next. */
#ifndef BUSBAR_PUBLISH_COMMANDS_H
#define BUSBAR_PUBLISH_COMMANDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "publish/inbox.h"
#include "publish/per_minute.h"
#include "publish/publish.h"

#define COMMANDS_PENDING  16
#define COMMAND_REPLY_MAX (ORDER_REPLY_MAX + 512)

struct command {
    char *payload; /* NULL: it was too long */
    size_t len;
};

struct commands {
    struct command pending[COMMANDS_PENDING];
    size_t first, count;
    struct per_minute allowance;
    uint64_t retained, dropped;
};

void commands_fini(struct commands *c);
/* Takes the payload over and sets it NULL. A retained message is old by nature: it is counted, the
 * first one logged, and never executed. */
void commands_push(struct commands *c, struct inbox_item *item);
static inline bool commands_waiting(const struct commands *c) {
    return c->count > 0;
}
/* Executes the oldest one and writes the body of its reply; buf_ok() after it. */
void commands_run(struct commands *c, const struct publish_options *o, us_t now, ms_t utc_ms,
                  struct buf *body);

#endif
