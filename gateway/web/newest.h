/* The newest revisions among the outbox rows of one period: what the records of a span of time say
 * now. Memory is bounded by the page. */
#ifndef BUSBAR_WEB_NEWEST_H
#define BUSBAR_WEB_NEWEST_H

#include "store/reader.h"

struct newest_page {
    struct outbox_row *rows; /* by slot start, account, part */
    size_t count, cap;
    size_t limit;
    bool more;       /* slots that start at next or later are not in it */
    ms_t next;       /* when more */
    bool out_of_mem; /* a row was lost: the page is no good */
};

/* Records of a kind whose slots start in [from, to), at most limit rows, but a slot is whole: its
 * parts and, of bills, its accounts. */
int newest_collect(struct reader *r, enum outbox_kind kind, ms_t from, ms_t to, size_t limit,
                   struct newest_page *ret);
void newest_free(struct newest_page *p);

/* First part of the newest revision of the last slot of a kind. ERR_NOT_FOUND. */
int newest_last(struct reader *r, enum outbox_kind kind, struct outbox_row *ret);

#endif
