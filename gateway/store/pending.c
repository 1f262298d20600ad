#include "store/pending.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define ALIGNMENT ((size_t)8)

int pending_init(struct pending *p, size_t cap) {
    memset(p, 0, sizeof *p);
    p->memory = malloc(cap);
    p->cap = p->memory ? cap : 0;
    return p->memory ? ERR_OK : ERR_NOMEM;
}

void pending_fini(struct pending *p) {
    free(p->memory);
    memset(p, 0, sizeof *p);
}

void pending_clear(struct pending *p) {
    p->len = 0;
    memset(p->counts, 0, sizeof p->counts);
}

static size_t room_of(const struct pending *p, const struct pending_block *head) {
    switch ((enum pending_kind)head->kind) {
    case PENDING_RAW:
        return p->cap / 2;
    case PENDING_HELD:
        return head->bytes > 0 ? p->cap / 2 : p->cap;
    case PENDING_SLOT:
        return p->cap - p->cap / 8;
    case PENDING_GAP:
        return p->cap - p->cap / 32 * 3;
    case PENDING_CHECKPOINT: /* of a slot or gap that was taken just before */
        return p->cap - p->cap / 16;
    case PENDING_RECORD:
    case PENDING_EVENT:
    case PENDING_LEDGER:
    case PENDING_ALERT:
    case PENDING_SUPPLY:
        break;
    }
    return p->cap;
}

static size_t footprint(size_t body) {
    return sizeof(struct pending_block) + (body + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

int pending_add(struct pending *p, const struct pending_block *head, const void *body) {
    size_t need = footprint(head->bytes), room = room_of(p, head);
    if (p->len > room || need > room - p->len) {
        p->refused++;
        return ERR_FULL;
    }
    memcpy(p->memory + p->len, head, sizeof *head);
    if (head->bytes > 0)
        memcpy(p->memory + p->len + sizeof *head, body, head->bytes);
    p->len += need;
    p->counts[head->kind]++;
    return ERR_OK;
}

const struct pending_block *pending_next(const struct pending *p, size_t *at,
                                         const uint8_t **ret_body) {
    if (*at >= p->len)
        return NULL;
    const struct pending_block *head = (const void *)(p->memory + *at);
    *ret_body = p->memory + *at + sizeof *head;
    *at += footprint(head->bytes);
    return head;
}
