#include "publish/seq_ranges.h"

#include <string.h>

#include "base/err.h"

static void close_gap(struct seq_ranges *r, size_t i) {
    if (i + 1 >= r->count || r->range[i].to + 1 != r->range[i + 1].from)
        return;
    r->range[i].to = r->range[i + 1].to;
    r->count--;
    memmove(&r->range[i + 1], &r->range[i + 2], (r->count - i - 1) * sizeof r->range[0]);
}

int seq_ranges_add(struct seq_ranges *r, uint64_t seq) {
    size_t i = 0;
    while (i < r->count && seq > r->range[i].to)
        i++;
    /* range[i] is the first that ends at or after seq */
    if (i < r->count && seq >= r->range[i].from)
        return ERR_OK;
    if (i > 0 && r->range[i - 1].to + 1 == seq) {
        r->range[i - 1].to = seq;
        close_gap(r, i - 1);
        return ERR_OK;
    }
    if (i < r->count && seq + 1 == r->range[i].from) {
        r->range[i].from = seq;
        return ERR_OK;
    }
    if (r->count == SEQ_RANGES_MAX)
        return ERR_FULL;
    memmove(&r->range[i + 1], &r->range[i], (r->count - i) * sizeof r->range[0]);
    r->range[i] = (struct seq_range){.from = seq, .to = seq};
    r->count++;
    return ERR_OK;
}
