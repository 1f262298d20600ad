#include "app/state.h"

void state_fault(struct state *s, enum fault which, bool on) {
    const uint16_t bit = (uint16_t)(1U << which);
    s->status[STATUS_FAULTS] =
        (uint16_t)(on ? s->status[STATUS_FAULTS] | bit : s->status[STATUS_FAULTS] & ~bit);
    s->status[STATUS_FAULTS_LATCHED] |= s->status[STATUS_FAULTS];
}
