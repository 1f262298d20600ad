/* The clock of a device: written among its points, but read by itself once in a while. */
#include <stdlib.h>
#include <string.h>

#include "config/profile_load.h"

#define EVERY_PRESET_S 86400
#define EVERY_MIN_S    3600
#define EVERY_MAX_S    (7 * 86400)

/* "12h", "1d". 0: not one of them. */
static uint32_t parse_every(const char *text) {
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    unsigned long unit = strcmp(end, "h") == 0 ? 3600 : strcmp(end, "d") == 0 ? 86400 : 0;
    bool digits = text[0] >= '0' && text[0] <= '9';
    if (!digits || n > EVERY_MAX_S || n * unit < EVERY_MIN_S || n * unit > EVERY_MAX_S)
        return 0;
    return (uint32_t)(n * unit);
}

static bool is_plain(const struct point_def *p) {
    return p->phase == PHASE_NONE && p->channel == NULL && p->sign == 1 && p->bit_count == 0 &&
           p->scale >= 1 && p->scale <= 1 && p->offset >= 0 && p->offset <= 0 &&
           !(p->modulus > 0) && p->function <= 4;
}

/* Its form by its type; false: not one that is known. */
static bool settle_form(struct meter_clock *c, const struct point_draft *p) {
    if (p->p.type == POINT_U16 && p->count == METER_CLOCK_REGISTERS) {
        c->form = METER_CLOCK_DATE;
        c->p.registers = METER_CLOCK_REGISTERS;
        return true;
    }
    c->form = METER_CLOCK_EPOCH;
    return p->p.type == POINT_U32 && p->count == 0;
}

static void settle_clock(struct reader *r, const struct profile_draft *d,
                         const struct point_draft *p, struct meter_clock *c) {
    *c = (struct meter_clock){.p = p->p, .local = p->shows == 1, .every_s = EVERY_PRESET_S};
    int order = p->word_order >= 0 ? p->word_order : d->word_order;
    c->p.word_order = order == 1 ? WORD_ORDER_LITTLE : WORD_ORDER_BIG;
    c->p.exponent_point = c->p.ratio_point = POINT_NONE;
    if (c->p.function == 0)
        c->p.function = (uint8_t)d->function;
    if (!settle_form(c, p))
        schema_error(r, p->node,
                     "a clock is a u32 of seconds since 1970, or a u16 with count: 6 (year, month, "
                     "day, hour, minute, second)");
    if (p->ratio != NULL || p->exponent != NULL || p->register_low >= 0 || !is_plain(&p->p))
        schema_error(r, p->node,
                     "a clock has register, type, count, function, word_order, unavailable, time "
                     "and every, nothing else");
    if (c->p.function < 3)
        schema_error(r, p->node, "a clock stands in registers; give function: 3 or 4");
    if (p->p.register_no + c->p.registers > 65536 || c->p.registers > d->max_registers)
        schema_error(r, p->node, "no read may be as long as the clock (max_registers, 65535)");
    if (p->shows < 0 && yaml_doc_find(r->doc, p->node, "time") == NULL)
        schema_error(r, p->node, "a clock needs time: local or utc, what it shows");
    if (p->every != NULL)
        c->every_s = parse_every(p->every);
    if (c->every_s == 0)
        schema_error(r, p->node, "every is 1h to 7d, in hours or days such as 12h, not '%s'",
                     p->every);
}

void profile_take_clock(struct reader *r, struct profile_draft *d) {
    size_t kept = 0;
    for (size_t i = 0; i < d->count; i++) {
        struct point_draft *p = &d->points[i];
        if (p->broken || p->p.quantity != QUANTITY_CLOCK) {
            if (!p->broken && (p->every != NULL || p->shows >= 0))
                schema_error(r, p->node,
                             "only a clock has every and time; all other points are "
                             "read at every poll");
            d->points[kept++] = *p;
            continue;
        }
        struct meter_clock *c = arena_alloc(r->arena, 1, sizeof *c);
        if (d->profile.clock != NULL)
            schema_error(r, p->node, "a profile has one clock; keep one");
        if (c == NULL) {
            schema_error(r, p->node, "out of memory");
            continue;
        }
        settle_clock(r, d, p, c);
        d->profile.clock = c;
    }
    if (kept == 0 && d->count > 0)
        schema_error(r, d->points[0].node, "a profile needs a point besides its clock");
    d->count = kept;
}
