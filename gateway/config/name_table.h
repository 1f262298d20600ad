/* Name -> index, for finding duplicates and resolving references in big sites in linear time.
 * Open addressing in arena memory sized at creation; keeps the caller's pointers. */
#ifndef BUSBAR_CONFIG_NAME_TABLE_H
#define BUSBAR_CONFIG_NAME_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

struct name_slot {
    const char *name;
    int32_t index;
};

struct name_table {
    struct name_slot *slots;
    size_t mask;
};

int name_table_init(struct name_table *t, struct arena *arena, size_t names); /* or ERR_NOMEM */
/* The index that already has the name, else -1 after adding it. */
int32_t name_table_add(struct name_table *t, const char *name, int32_t index);
int32_t name_table_find(const struct name_table *t, const char *name); /* -1: absent */

#endif
