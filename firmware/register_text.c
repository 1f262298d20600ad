/* busbar-node-registers: the register map in words, made from the list that the firmware is
 * compiled from. usage: busbar-node-registers profile|table */
#include <stdio.h>
#include <string.h>

#include "app/registers.h"

struct row {
    unsigned start;
    enum register_kind kind;
    int first;
    int items;
    const char *quantity;
    const char *phases;
    const char *unit;
};

static const struct row rows[] = {
#define X(start, kind, first, items, quantity, phases, unit)                                       \
    {start, REGISTER_##kind, first, items, quantity, phases, unit},
    REGISTER_LIST(X)
#undef X
};

#define NAME(suffix, name) name,
static const char *const status_names[] = {STATUS_LIST(NAME)};
static const char *const count_names[] = {COUNT_LIST(NAME)};
static const char *const fault_names[] = {FAULT_LIST(NAME)};

static const struct {
    const char *name;
    const char *unit;
    int standard;
    int least;
    int greatest;
} settings[] = {
#define X(suffix, name, unit, standard, least, greatest) {name, unit, standard, least, greatest},
    SETTING_LIST(X)
#undef X
};

static const char *type_of(const struct row *r) {
    switch (r->kind) {
    case REGISTER_STATUS:
    case REGISTER_PERCENT:
    case REGISTER_SETTING:
    case REGISTER_CONTROL:
        return "u16";
    case REGISTER_COUNT:
        return "u32";
    case REGISTER_TEXT:
        return "string";
    case REGISTER_ENERGY:
        return "u64";
    case REGISTER_SECOND:
    case REGISTER_WINDOW:
    case REGISTER_CYCLE:
    case REGISTER_DEMAND:
    default:
        return "f32";
    }
}

static const char *scale_of(const struct row *r) {
    return r->kind == REGISTER_ENERGY ? "0.0001" : r->kind == REGISTER_PERCENT ? "0.01" : NULL;
}

/* The item-th word of "l1 l2 l3"; "" when there is none. */
static void phase_of(const struct row *r, int item, char ret_phase[8]) {
    const char *at = r->phases;
    int n = (int)strcspn(at, " ");
    for (int i = 0; i < item && *at != '\0'; i++) {
        at += n + (at[n] == ' ');
        n = (int)strcspn(at, " ");
    }
    snprintf(ret_phase, 8, "%.*s", n, at);
}

/* What the gateway polls: the values of a second, the counters, the faults. */
static bool in_profile(const struct row *r) {
    return r->kind == REGISTER_SECOND || r->kind == REGISTER_DEMAND || r->kind == REGISTER_ENERGY;
}

static void print_point(const struct row *r, int item) {
    char phase[8];
    phase_of(r, item, phase);
    printf("  - {register: %u, type: %s, quantity: %s",
           r->start + (unsigned)(item * register_width(r->kind)), type_of(r), r->quantity);
    if (phase[0] != '\0')
        printf(", phase: %s", phase);
    if (r->unit[0] != '\0')
        printf(", unit: %s", strcmp(r->unit, "%") == 0 ? "\"%\"" : r->unit);
    if (scale_of(r) != NULL)
        printf(", scale: %s", scale_of(r));
    printf("}\n");
}

static void print_profile(void) {
    printf("points:\n  - {register: %d, type: bits16, quantity: fault, bits: {", STATUS_FAULTS);
    for (int i = 0; i < FAULT_COUNT; i++)
        printf("%s%d: %s", i > 0 ? ", " : "", i, fault_names[i]);
    printf("}}\n");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int item = 0; in_profile(&rows[i]) && item < rows[i].items; item++)
            print_point(&rows[i], item);
    }
}

static void print_items(const struct row *r) {
    for (int i = 0; i < r->items; i++) {
        const unsigned at = r->start + (unsigned)(i * register_width(r->kind));
        if (r->kind == REGISTER_STATUS)
            printf("| %u | u16 | %s | |\n", at, status_names[i]);
        else if (r->kind == REGISTER_COUNT)
            printf("| %u | u32 | %s | |\n", at, count_names[i]);
        else if (r->kind == REGISTER_CONTROL)
            printf("| %u | u16 | %s | |\n", at, i == CONTROL_UNLOCK ? "unlock" : "command");
        else
            printf("| %u | %s | setting %s, %d to %d, default %d | %s |\n", at,
                   settings[i].least < 0 ? "i16" : "u16", settings[i].name, settings[i].least,
                   settings[i].greatest, settings[i].standard, settings[i].unit);
    }
}

static void print_table(void) {
    printf("| register | type | value | unit |\n|---|---|---|---|\n");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *r = &rows[i];
        if (r->kind == REGISTER_STATUS || r->kind == REGISTER_COUNT ||
            r->kind == REGISTER_SETTING || r->kind == REGISTER_CONTROL) {
            print_items(r);
            continue;
        }
        const unsigned last = r->start + (unsigned)(r->items * register_width(r->kind)) - 1;
        printf("| %u to %u | %s | %s%s%s%s | %s%s%s |\n", r->start, last, type_of(r), r->quantity,
               r->phases[0] != '\0' ? ": " : "", r->phases,
               r->kind == REGISTER_PERCENT ? ", orders 2 to 15 of each phase" : "",
               scale_of(r) != NULL ? scale_of(r) : "", scale_of(r) != NULL ? " " : "", r->unit);
    }
    printf("\nBits of the fault registers: ");
    for (int i = 0; i < FAULT_COUNT; i++)
        printf("%s%d %s", i > 0 ? ", " : "", i, fault_names[i]);
    printf(".\n");
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "profile") == 0) {
        print_profile();
        return 0;
    }
    if (argc == 2 && strcmp(argv[1], "table") == 0) {
        print_table();
        return 0;
    }
    fprintf(stderr, "usage: busbar-node-registers profile|table\n");
    return 64;
}
