/* Bump allocator for data that lives and dies together (one configuration).
 *
 * Owns its blocks; not thread-safe; uses malloc, so it is the one base file outside the pure set.
 */
#ifndef BUSBAR_BASE_ARENA_H
#define BUSBAR_BASE_ARENA_H

#include <stddef.h>

struct arena;

struct arena *arena_new(void);    /* NULL without memory */
void arena_free(struct arena *a); /* everything allocated from it; NULL is fine */
/* Zeroed, aligned for any type; NULL without memory or on overflow of count * size. */
void *arena_alloc(struct arena *a, size_t count, size_t size);
char *arena_strdup(struct arena *a, const char *text);
char *arena_strndup(struct arena *a, const char *text, size_t n);
size_t arena_bytes(const struct arena *a); /* handed out so far */

#endif
