#include "base/heap.h"

#include "base/err.h"

void heap_init(struct heap *h, struct heap_node **slots, size_t cap) {
    h->slots = slots;
    h->len = 0;
    h->cap = cap;
}

void heap_node_init(struct heap_node *n) {
    n->at = 0;
    n->slot = HEAP_ABSENT;
}

static void place(struct heap *h, struct heap_node *n, size_t slot) {
    h->slots[slot] = n;
    n->slot = slot;
}

/* Moves the node at its slot up or down until its parent is not later and its children not earlier.
 */
static void settle(struct heap *h, struct heap_node *n) {
    size_t slot = n->slot;
    while (slot > 0) {
        const size_t parent = (slot - 1) / 2;
        if (h->slots[parent]->at <= n->at)
            break;
        place(h, h->slots[parent], slot);
        slot = parent;
    }
    for (;;) {
        size_t child = 2 * slot + 1;
        if (child >= h->len)
            break;
        if (child + 1 < h->len && h->slots[child + 1]->at < h->slots[child]->at)
            child++;
        if (n->at <= h->slots[child]->at)
            break;
        place(h, h->slots[child], slot);
        slot = child;
    }
    place(h, n, slot);
}

int heap_set(struct heap *h, struct heap_node *n, us_t at) {
    if (n->slot == HEAP_ABSENT) {
        if (h->len == h->cap)
            return ERR_LIMIT;
        place(h, n, h->len++);
    }
    n->at = at;
    settle(h, n);
    return ERR_OK;
}

void heap_remove(struct heap *h, struct heap_node *n) {
    if (n->slot == HEAP_ABSENT)
        return;
    struct heap_node *last = h->slots[--h->len];
    if (last != n) {
        place(h, last, n->slot);
        settle(h, last);
    }
    n->slot = HEAP_ABSENT;
}

struct heap_node *heap_top(const struct heap *h) {
    return h->len > 0 ? h->slots[0] : NULL;
}
