/* What is due after the quarters: longer slots whose time is up, and slots to be made again. A
 * bounded piece of work in each transaction, so that readings never wait long. Historian thread. */
#ifndef BUSBAR_STORE_ROLLUP_H
#define BUSBAR_STORE_ROLLUP_H

#include "store/records.h"

struct rollup {
    struct records *records;
    ms_t waiting_since; /* when marked slots were first seen; 0: none wait */
    ms_t calm_since;    /* when the last ones came */
    int64_t waiting;    /* marked slots */
    bool behind;        /* longer slots are due */
};

/* The writer's after hook: arg is the struct rollup. */
int rollup_run(struct rollup *u, ms_t now_ms);
/* Local days [from_day, to_day) and what is above them are to be made again with today's prices and
 * factors. to_day INT32_MAX: all that follow. Days of filed months stay as they are, *ret_filed
 * counts them; the number of the others is returned. Inside a transaction. */
int rollup_recompute(struct rollup *u, int32_t from_day, int32_t to_day, int *ret_filed);

#endif
