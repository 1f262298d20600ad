#include "poll/rare.h"

#include "poll/link_fsm.h"

#define RETRY_GROWTH 6

void rare_start(struct rare *r, us_t now) {
    r->due = r->read.count > 0 ? now + RARE_SETTLE_US : LINK_NEVER;
    r->failed_us = 0;
}

void rare_answered(struct rare *r, us_t now) {
    r->due = now + r->every_us;
    r->failed_us = 0;
}

void rare_failed(struct rare *r, us_t now) {
    us_t pause = r->failed_us == 0 ? RARE_RETRY_US : r->failed_us * RETRY_GROWTH;
    r->failed_us = pause < r->every_us ? pause : r->every_us;
    r->due = now + r->failed_us;
}
