/* The points of a profile among each other: names, ratios, overlaps, place in a reading. */
#include "config/profile_load.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "config/name_table.h"
#include "config/nearest.h"

static const char *full_name(struct arena *arena, const char *channel, const char *name) {
    size_t n = strlen(channel) + strlen(name) + 2;
    char *text = arena_alloc(arena, n, 1);
    if (text != NULL) {
        snprintf(text, n, "%s.%s", channel, name);
    }
    return text;
}

/* Registers of one point: how many, and that a read can fetch them. */
static void settle_width(struct reader *r, const struct profile_draft *d, struct point_draft *p) {
    if (p->p.type == POINT_STRING) {
        if (p->count == 0) {
            if (yaml_doc_find(r->doc, p->node, "count") == NULL) {
                schema_error(r, p->node, "a string point needs count, its length in registers");
            }
            p->broken = true;
            return;
        }
        p->p.registers = (uint8_t)p->count;
    } else if (p->count != 0) {
        schema_error(r, p->node, "count is for strings only; the type says the rest");
    }
    if (p->p.register_no + p->p.registers > 65536) {
        schema_error(r, p->node, "the point ends beyond register 65535");
    }
    if (p->p.registers > d->max_registers) {
        schema_error(r, p->node, "the point has %d registers, a read only %d (max_registers)",
                     p->p.registers, d->max_registers);
    }
    if (p->register_low >= 0) {
        if (p->p.registers != 2) {
            schema_error(r, p->node, "register_low is for 32-bit types only");
            return;
        }
        p->p.split = true;
        p->p.register_low = (uint16_t)p->register_low;
    }
}

static void settle_function(struct reader *r, const struct profile_draft *d,
                            struct point_draft *p) {
    if (p->p.function == 0) {
        p->p.function = (uint8_t)d->function;
    }
    bool coil = p->p.function <= 2;
    if ((p->p.type == POINT_BIT) != coil) {
        schema_error(r, p->node, "%s",
                     coil ? "functions 1 and 2 read single bits; give type: bit"
                          : "type bit is a coil or discrete input; give function: 1 or 2");
    }
}

/* Raw patterns are compared after masking to the width of the type. */
static void settle_unavailable(struct reader *r, struct point_draft *p) {
    if (p->p.type == POINT_STRING && p->p.unavailable_count > 0) {
        schema_error(r, p->node, "unavailable is for numbers; an empty string says it itself");
        return;
    }
    unsigned bits = p->p.registers * 16u;
    if (p->p.type == POINT_BYTE_HIGH || p->p.type == POINT_BYTE_LOW) {
        bits = 8;
    }
    uint64_t mask = bits >= 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
    for (size_t i = 0; i < p->p.unavailable_count; i++) {
        uint64_t v = p->p.unavailable[i];
        /* what is cut off must be a sign extension or nothing */
        if ((v & ~mask) != 0 && ((v & ~mask) != ~mask || (v >> (bits - 1) & 1) == 0)) {
            schema_error(r, p->node, "unavailable 0x%llX does not fit %u bits",
                         (unsigned long long)v, bits);
        }
        p->p.unavailable[i] = v & mask;
    }
}

static void settle_limits(struct reader *r, struct point_draft *p) {
    if (p->p.min >= p->p.max) {
        schema_error(r, p->node, "min must be less than max");
    }
    if (p->p.scale >= 0 && p->p.scale <= 0) {
        schema_error(r, p->node, "scale 0 makes every value 0; leave it out for 1");
    }
    unsigned width = p->p.type == POINT_BITS16 ? 16 : p->p.type == POINT_BITS32 ? 32 : 0;
    if (p->p.bit_count > 0 && width == 0) {
        schema_error(r, p->node, "bits is for the types bits16 and bits32");
    }
    for (size_t i = 0; width > 0 && i < p->p.bit_count; i++) {
        if (p->p.bits[i].bit >= width) {
            schema_error(r, p->node, "bit %d does not exist in %u bits", p->p.bits[i].bit, width);
        }
    }
}

static void settle_name(struct reader *r, struct point_draft *p) {
    if (p->named) {
        return;
    }
    const char *phase = phase_str(p->p.phase);
    p->p.name = phase[0] == 0 ? p->p.quantity_name : full_name(r->arena, p->p.quantity_name, phase);
}

static const char *id_of(struct reader *r, const struct point_draft *p) {
    return p->p.channel != NULL ? full_name(r->arena, p->p.channel, p->p.name) : p->p.name;
}

/* Enters every point's id (with its channel) into names, those of broken points too: what refers to
 * them is not wrong besides. */
static int name_points(struct reader *r, struct profile_draft *d, struct name_table *names) {
    if (name_table_init(names, r->scratch, d->count) < 0) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < d->count; i++) {
        struct point_draft *p = &d->points[i];
        if (p->p.name == NULL) {
            continue;
        }
        const char *id = id_of(r, p);
        if (id == NULL) {
            return ERR_NOMEM;
        }
        int32_t other = name_table_add(names, id, (int32_t)i);
        if (other >= 0) {
            schema_error(r, p->node, "point '%s' stands twice, first in line %zu; give it a name",
                         id, d->points[other].node->start_mark.line + 1);
        }
    }
    return ERR_OK;
}

/* A point named by another: in its own channel first, then anywhere by its full name. */
static int32_t find_point(struct reader *r, struct profile_draft *d, const struct name_table *names,
                          const struct point_draft *from, const char *key, const char *name) {
    const char *own = from->p.channel != NULL ? full_name(r->arena, from->p.channel, name) : NULL;
    int32_t i = own != NULL ? name_table_find(names, own) : -1;
    i = i >= 0 ? i : name_table_find(names, name);
    yaml_node_t *at = yaml_doc_find(r->doc, from->node, key);
    if (i < 0) {
        struct nearest near;
        nearest_init(&near, name);
        for (size_t k = 0; k < d->count; k++) {
            if (d->points[k].p.name != NULL) {
                nearest_offer(&near, d->points[k].p.name);
            }
        }
        const char *best = nearest_best(&near);
        schema_error(r, at, "%s names the point '%.64s', which is not there%s%s%s", key, name,
                     best != NULL ? "; did you mean '" : "; give a point's name",
                     best != NULL ? best : "", best != NULL ? "'?" : "");
        return -1;
    }
    const struct point_draft *p = &d->points[i];
    if (p == from || p->ratio != NULL || p->exponent != NULL || p->p.type == POINT_STRING) {
        schema_error(r, at, "%s names '%.64s', which must be a number without ratio and exponent",
                     key, name);
        return -1;
    }
    return i;
}

static void resolve_ratio(struct reader *r, struct profile_draft *d, const struct name_table *names,
                          struct point_draft *p) {
    static const struct {
        const char *word;
        enum ratio_kind kind;
    } words[] = {{"ct", RATIO_CT}, {"pt", RATIO_PT}, {"ct_pt", RATIO_CT_PT}};
    p->p.ratio_point = POINT_NONE;
    p->p.exponent_point = POINT_NONE;
    if (p->exponent != NULL) {
        p->p.exponent_point = (int16_t)find_point(r, d, names, p, "exponent", p->exponent);
    }
    if (p->ratio == NULL) {
        return;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i].word, p->ratio) == 0) {
            p->p.ratio = words[i].kind;
            return;
        }
    }
    p->p.ratio = RATIO_POINT;
    p->p.ratio_point = (int16_t)find_point(r, d, names, p, "ratio", p->ratio);
}

/* Registers that a point takes in one piece; a split point has two pieces. */
struct piece {
    const struct point_draft *point;
    unsigned function, start, count;
};

static int piece_order(const void *a, const void *b) {
    const struct piece *x = a, *y = b;
    unsigned kx = x->function << 17 | x->start, ky = y->function << 17 | y->start;
    if (kx != ky) {
        return kx < ky ? -1 : 1;
    }
    return x->count != y->count ? (x->count < y->count ? -1 : 1) : 0;
}

/* At the later of the two in the file, naming the earlier. */
static void report_overlap(struct reader *r, const struct piece *a, const struct piece *b) {
    bool a_first = a->point->node->start_mark.index < b->point->node->start_mark.index;
    const struct piece *first = a_first ? a : b, *later = a_first ? b : a;
    schema_error(r, later->point->node,
                 "registers %u..%u overlap '%s' (%u..%u) in line %zu; check register and type",
                 later->start, later->start + later->count - 1, first->point->p.name, first->start,
                 first->start + first->count - 1, first->point->node->start_mark.line + 1);
}

/* Two points may read the very same registers (bytes, bits, a probe), never a part of each other's:
 * that is a wrong address or type in all tables seen. */
static void check_overlaps(struct reader *r, const struct profile_draft *d) {
    struct piece *pieces = arena_alloc(r->scratch, 2 * d->count + 1, sizeof *pieces);
    size_t n = 0;
    for (size_t i = 0; pieces != NULL && i < d->count; i++) {
        const struct point_def *p = &d->points[i].p;
        if (d->points[i].broken) {
            continue;
        }
        unsigned count = p->split ? 1 : p->registers;
        pieces[n++] = (struct piece){&d->points[i], p->function, p->register_no, count};
        if (p->split) {
            pieces[n++] = (struct piece){&d->points[i], p->function, p->register_low, 1};
        }
    }
    if (n == 0) {
        return;
    }
    qsort(pieces, n, sizeof *pieces, piece_order);
    const struct piece *widest = &pieces[0];
    for (size_t i = 1; i < n; i++) {
        const struct piece *p = &pieces[i];
        bool same = p->start == widest->start && p->count == widest->count;
        if (p->function == widest->function && p->start < widest->start + widest->count && !same) {
            report_overlap(r, p, widest);
        }
        if (p->function != widest->function ||
            p->start + p->count > widest->start + widest->count) {
            widest = p;
        }
    }
}

static int16_t first_of(const struct device_profile *p, enum quantity q) {
    for (size_t i = 0; i < p->point_count; i++) {
        if (p->points[i].quantity == q) {
            return (int16_t)i;
        }
    }
    return POINT_NONE;
}

static int pack(struct reader *r, struct profile_draft *d) {
    struct device_profile *profile = &d->profile;
    profile->points = arena_alloc(r->arena, d->count + 1, sizeof *profile->points);
    if (profile->points == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < d->count; i++) {
        struct point_draft *p = &d->points[i];
        p->p.image_offset = profile->image_registers;
        profile->image_registers = (uint16_t)(profile->image_registers + p->p.registers);
        profile->points[i] = p->p;
    }
    profile->point_count = d->count;
    profile->ct_ratio_point = first_of(profile, QUANTITY_CT_RATIO);
    profile->pt_ratio_point = first_of(profile, QUANTITY_PT_RATIO);
    return ERR_OK;
}

void profile_link_points(struct reader *r, struct profile_draft *d) {
    for (size_t i = 0; i < d->count; i++) {
        struct point_draft *p = &d->points[i];
        if (p->p.quantity_name != NULL) {
            settle_name(r, p);
        }
        if (p->broken) {
            continue;
        }
        settle_width(r, d, p);
        settle_function(r, d, p);
        settle_unavailable(r, p);
        settle_limits(r, p);
        int order = p->word_order >= 0 ? p->word_order : d->word_order;
        p->p.word_order = order == 1 ? WORD_ORDER_LITTLE : WORD_ORDER_BIG;
        p->p.writable = p->access == 1;
    }
    struct name_table names;
    bool memory = name_points(r, d, &names) == ERR_OK;
    for (size_t i = 0; memory && i < d->count; i++) {
        if (!d->points[i].broken) {
            resolve_ratio(r, d, &names, &d->points[i]);
        }
    }
    check_overlaps(r, d);
    if (!memory || pack(r, d) < 0) {
        schema_error(r, yaml_doc_root(r->doc), "out of memory");
    }
}
