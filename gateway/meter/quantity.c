#include "meter/quantity.h"

#include <stddef.h>
#include <string.h>

static const struct {
    char name[24]; /* in place: no pointers to relocate, so the table is truly constant */
    enum quantity_kind kind;
} quantities[QUANTITY_COUNT] = {
#define X(suffix, text, k) [QUANTITY_##suffix] = {text, QUANTITY_KIND_##k},
    QUANTITY_LIST(X)
#undef X
};

static const char phases[PHASE_COUNT][8] = {
    [PHASE_NONE] = "",     [PHASE_L1] = "l1",     [PHASE_L2] = "l2",
    [PHASE_L3] = "l3",     [PHASE_L1L2] = "l1l2", [PHASE_L2L3] = "l2l3",
    [PHASE_L3L1] = "l3l1", [PHASE_N] = "n",       [PHASE_TOTAL] = "total",
};

const char *quantity_str(enum quantity q) {
    return (unsigned)q < QUANTITY_COUNT ? quantities[q].name : quantities[QUANTITY_OTHER].name;
}

enum quantity_kind quantity_kind(enum quantity q) {
    return (unsigned)q < QUANTITY_COUNT ? quantities[q].kind : QUANTITY_KIND_GAUGE;
}

bool quantity_parse(const char *name, enum quantity *ret) {
    for (size_t i = 0; i < QUANTITY_COUNT; i++) {
        if (strcmp(name, quantities[i].name) == 0) {
            *ret = (enum quantity)i;
            return true;
        }
    }
    return false;
}

const char *phase_str(enum phase p) {
    return (unsigned)p < PHASE_COUNT ? phases[p] : "";
}

bool phase_parse(const char *name, enum phase *ret) {
    for (size_t i = 0; i < PHASE_COUNT; i++) {
        if (strcmp(name, phases[i]) == 0) {
            *ret = (enum phase)i;
            return true;
        }
    }
    return false;
}
