#include "web/newest.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#define BATCH      256
#define LAST_REACH 4096 /* rows of the outbox among which the last record surely is: a day's */
#define TIME_END   INT64_MAX

static bool same_slot(const struct outbox_row *a, const struct outbox_row *b) {
    return a->key == b->key && a->account_no == b->account_no;
}

static bool comes_before(const struct outbox_row *a, const struct outbox_row *b) {
    if (a->key != b->key)
        return a->key < b->key;
    if (a->account_no != b->account_no)
        return a->account_no < b->account_no;
    return a->part < b->part;
}

static void remove_rows(struct newest_page *p, size_t from, size_t n) {
    memmove(&p->rows[from], &p->rows[from + n], (p->count - from - n) * sizeof p->rows[0]);
    p->count -= n;
}

static bool make_room(struct newest_page *p) {
    if (p->count < p->cap)
        return true;
    size_t cap = p->cap * 2 + 64;
    struct outbox_row *rows = realloc(p->rows, cap * sizeof *rows);
    if (!rows) {
        p->out_of_mem = true;
        return false;
    }
    p->rows = rows;
    p->cap = cap;
    return true;
}

/* Gives up the last slot while there are too many rows, but never the first one. */
static void hold_limit(struct newest_page *p) {
    while (p->count > p->limit && p->rows[p->count - 1].key != p->rows[0].key) {
        p->more = true;
        p->next = p->rows[p->count - 1].key;
        while (p->rows[p->count - 1].key == p->next)
            p->count--;
    }
}

/* An older revision of the same slot gives way; rows come by seq, mostly in order of time. */
static void take(struct newest_page *p, const struct outbox_row *row) {
    if (p->more && row->key >= p->next)
        return;
    size_t first = p->count;
    while (first > 0 && comes_before(row, &p->rows[first - 1]))
        first--;
    while (first > 0 && same_slot(row, &p->rows[first - 1]))
        first--;
    size_t end = first;
    while (end < p->count && same_slot(row, &p->rows[end]))
        end++;
    if (end > first && p->rows[first].revision > row->revision)
        return;
    if (end > first && p->rows[first].revision < row->revision) {
        remove_rows(p, first, end - first);
        end = first;
    }
    if (!make_room(p))
        return;
    size_t at = end;
    while (at > first && comes_before(row, &p->rows[at - 1]))
        at--;
    memmove(&p->rows[at + 1], &p->rows[at], (p->count - at) * sizeof p->rows[0]);
    p->rows[at] = *row;
    p->count++;
    hold_limit(p);
}

int newest_collect(struct reader *r, enum outbox_kind kind, ms_t from, ms_t to, size_t limit,
                   struct newest_page *ret) {
    struct newest_page p = {.limit = limit};
    struct outbox_row batch[BATCH];
    uint64_t after = 0;
    int n;
    do {
        n = reader_range(r, 1u << kind, from, p.more ? p.next : to, after, batch, BATCH);
        for (int i = 0; i < n; i++)
            take(&p, &batch[i]);
        if (n > 0)
            after = batch[n - 1].seq;
    } while (n == BATCH && !p.out_of_mem);
    if (n < 0 || p.out_of_mem) {
        newest_free(&p);
        return n < 0 ? n : ERR_NOMEM;
    }
    *ret = p;
    return ERR_OK;
}

void newest_free(struct newest_page *p) {
    free(p->rows);
    p->rows = NULL;
    p->count = 0;
}

static bool is_newer(const struct outbox_row *row, const struct outbox_row *than) {
    if (row->key != than->key)
        return row->key > than->key;
    return row->revision > than->revision;
}

static int last_after(struct reader *r, enum outbox_kind kind, uint64_t after,
                      struct outbox_row *ret) {
    struct outbox_row batch[BATCH], last = {.key = INT64_MIN};
    bool found = false;
    int n;
    do {
        n = reader_range(r, 1u << kind, INT64_MIN, TIME_END, after, batch, BATCH);
        for (int i = 0; i < n; i++)
            if (batch[i].part == 1 && (!found || is_newer(&batch[i], &last))) {
                last = batch[i];
                found = true;
            }
        if (n > 0)
            after = batch[n - 1].seq;
    } while (n == BATCH);
    if (n < 0)
        return n;
    if (!found)
        return ERR_NOT_FOUND;
    *ret = last;
    return ERR_OK;
}

int newest_last(struct reader *r, enum outbox_kind kind, struct outbox_row *ret) {
    struct outbox_head head;
    int err = reader_head(r, "", &head); /* of no destination: where the outbox ends */
    if (err < 0)
        return err;
    uint64_t after = head.seq_head > LAST_REACH ? head.seq_head - LAST_REACH : 0;
    err = last_after(r, kind, after, ret);
    return err == ERR_NOT_FOUND && after > 0 ? last_after(r, kind, 0, ret) : err;
}
