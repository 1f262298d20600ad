#include "config/name_table.h"

#include <string.h>

#include "base/err.h"
#include "base/hash.h"

int name_table_init(struct name_table *t, struct arena *arena, size_t names) {
    size_t slots = 8;
    while (slots < names * 2) {
        slots *= 2;
    }
    struct name_slot *memory = arena_alloc(arena, slots, sizeof *memory);
    if (memory == NULL) {
        return ERR_NOMEM;
    }
    t->slots = memory;
    t->mask = slots - 1;
    return ERR_OK;
}

static struct name_slot *slot_of(const struct name_table *t, const char *name) {
    size_t i = (size_t)hash_bytes(HASH_START, name, strlen(name)) & t->mask;
    while (t->slots[i].name != NULL && strcmp(t->slots[i].name, name) != 0) {
        i = (i + 1) & t->mask;
    }
    return &t->slots[i];
}

int32_t name_table_add(struct name_table *t, const char *name, int32_t index) {
    struct name_slot *s = slot_of(t, name);
    if (s->name != NULL) {
        return s->index;
    }
    s->name = name;
    s->index = index;
    return -1;
}

int32_t name_table_find(const struct name_table *t, const char *name) {
    const struct name_slot *s = slot_of(t, name);
    return s->name != NULL ? s->index : -1;
}
