#include "publish/bodies.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "calc/balance.h"
#include "format/head.h"
#include "format/json.h"
#include "format/record.h"
#include "sys/clock.h"

#define SITE_BODY_FIRST (64 * 1024)
#define SITE_BODY_MAX   (16 * 1024 * 1024)

int topics_write(struct topics *t, const struct site *s) {
    const struct {
        char *out;
        const char *leaf;
    } all[] = {{t->status, "status"}, {t->site, "site"}, {t->live, "live"},
               {t->ack, "ack"},       {t->cmd, "cmd"},   {t->cmd_reply, "cmd/reply"},
               {t->alert, "alert"}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        int rc = topic_write(all[i].out, TOPIC_MAX, s, all[i].leaf);
        if (rc < 0)
            return rc;
    }
    return ERR_OK;
}

void status_body_write(struct buf *b, const struct site *s, const char *version, bool online,
                       ms_t now, ms_t since, const struct outbox_head *head) {
    const struct status_body body = {.online = online,
                                     .t = now,
                                     .since = since,
                                     .version = version,
                                     .config_hash = s->config_hash,
                                     .epoch = head->epoch,
                                     .seq_first = head->seq_first,
                                     .seq_head = head->seq_head};
    status_write(b, &body, clock_utc_offset_s(now));
}

void live_body_write(struct buf *b, const struct site *s, const struct live_site *l) {
    struct live_body body;
    live_site_body(l, s, &body);
    live_write(b, &body, clock_utc_offset_s(l->utc_ms));
}

char *site_body_new(const struct site *s, ms_t now, size_t *ret_len) {
    for (size_t cap = SITE_BODY_FIRST; cap <= SITE_BODY_MAX; cap *= 4) {
        char *memory = malloc(cap);
        if (!memory)
            return NULL;
        struct buf b;
        buf_init(&b, memory, cap);
        site_write(&b, s, now, now, clock_utc_offset_s(now));
        if (buf_ok(&b)) {
            *ret_len = b.len;
            return memory;
        }
        free(memory);
    }
    return NULL;
}

void command_reply_write(struct buf *b, ms_t now, const char *id, const char *reply) {
    buf_putc(b, '{');
    json_u64(b, "v", BODY_VERSION);
    json_time(b, "t", now, clock_utc_offset_s(now));
    json_text(b, "id", id[0] != '\0' ? id : NULL);
    buf_putc(b, ',');
    buf_puts(b, reply + 1); /* behind its opening brace */
}

/* Its time is the thinned row's own, so that it is the same each time it is sent. */
void tombstone_write(struct buf *b, ms_t epoch, const struct outbox_row *row) {
    ms_t t = row->kind == OUTBOX_EVENT ? epoch : row->key;
    buf_putc(b, '{');
    json_u64(b, "v", BODY_VERSION);
    json_time(b, "t", t, clock_utc_offset_s(t));
    json_i64(b, "epoch", epoch);
    json_u64(b, "seq_from", row->seq);
    json_u64(b, "seq_to", row->seq);
    json_text(b, "dropped", "thinned");
    json_close(b);
}
