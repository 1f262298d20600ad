/* Intrusive binary min-heap of timers: the next link to wake is at the top.
 *
 * Memory for the slots is the caller's, bounded at creation. A node knows its slot, so moving and
 * removing are O(log n). Pure. */
#ifndef BUSBAR_BASE_HEAP_H
#define BUSBAR_BASE_HEAP_H

#include <stddef.h>

#include "base/units.h"

#define HEAP_ABSENT ((size_t)-1)

struct heap_node {
    us_t at;
    size_t slot; /* HEAP_ABSENT when not in a heap */
};

struct heap {
    struct heap_node **slots;
    size_t len, cap;
};

void heap_init(struct heap *h, struct heap_node **slots, size_t cap);
void heap_node_init(struct heap_node *n);
/* Inserts the node, or moves it when it is in the heap already. ERR_LIMIT when full. */
int heap_set(struct heap *h, struct heap_node *n, us_t at);
void heap_remove(struct heap *h, struct heap_node *n); /* absent is fine */
struct heap_node *heap_top(const struct heap *h);      /* NULL when empty */

#endif
