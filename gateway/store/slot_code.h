/* How the tables name a period: its nominal length in seconds. A bill's code holds the number of
 * its account, since accounts may begin their month on the same day. */
#ifndef BUSBAR_STORE_SLOT_CODE_H
#define BUSBAR_STORE_SLOT_CODE_H

#include <stdint.h>

#include "calc/slot.h"

#define SLOT_CODE_BILL 1000000000

static inline int64_t slot_code(enum slot_period p) {
    static const int64_t codes[SLOT_PERIOD_COUNT] = {
        [SLOT_1M] = 60,    [SLOT_15M] = 900,     [SLOT_1H] = 3600,
        [SLOT_1D] = 86400, [SLOT_1MO] = 2592000, [SLOT_BILL] = SLOT_CODE_BILL,
    };
    return codes[p];
}

static inline int64_t slot_code_bill(int64_t account_no) {
    return SLOT_CODE_BILL + account_no;
}

#endif
