#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT   alignof(max_align_t)
#define BLOCK_BYTES ((size_t)16384)

struct block {
    struct block *next;
    size_t used, cap;
    alignas(max_align_t) unsigned char data[];
};

struct arena {
    struct block *blocks; /* the newest, from which small pieces are cut, comes first */
    size_t bytes;
};

struct arena *arena_new(void) {
    return calloc(1, sizeof(struct arena));
}

void arena_free(struct arena *a) {
    if (a == NULL)
        return;
    for (struct block *b = a->blocks; b != NULL;) {
        struct block *next = b->next;
        free(b);
        b = next;
    }
    free(a);
}

/* A piece larger than a block gets a block of its own behind the current one, which stays in use.
 */
static struct block *block_add(struct arena *a, size_t bytes) {
    const size_t cap = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
    if (cap > SIZE_MAX - sizeof(struct block))
        return NULL;
    struct block *b = calloc(1, sizeof *b + cap);
    if (b == NULL)
        return NULL;
    b->cap = cap;
    if (cap > BLOCK_BYTES && a->blocks != NULL) {
        b->next = a->blocks->next;
        a->blocks->next = b;
    } else {
        b->next = a->blocks;
        a->blocks = b;
    }
    return b;
}

void *arena_alloc(struct arena *a, size_t count, size_t size) {
    if (size != 0 && count > (SIZE_MAX - ALIGNMENT) / size)
        return NULL;
    size_t bytes = count * size;
    if (bytes == 0)
        bytes = 1; /* never two pieces at one address */
    bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct block *b = a->blocks;
    if (b == NULL || b->cap - b->used < bytes) {
        b = block_add(a, bytes);
        if (b == NULL)
            return NULL;
    }
    void *piece = b->data + b->used;
    b->used += bytes;
    a->bytes += bytes;
    return piece;
}

char *arena_strndup(struct arena *a, const char *text, size_t n) {
    const size_t len = strnlen(text, n);
    char *copy = arena_alloc(a, len + 1, 1);
    if (copy != NULL)
        memcpy(copy, text, len);
    return copy;
}

char *arena_strdup(struct arena *a, const char *text) {
    return arena_strndup(a, text, strlen(text));
}

size_t arena_bytes(const struct arena *a) {
    return a->bytes;
}
