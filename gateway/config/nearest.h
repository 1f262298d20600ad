/* "Did you mean ...?": the nearest of some offered words, by edit distance. Keeps pointers only. */
#ifndef BUSBAR_CONFIG_NEAREST_H
#define BUSBAR_CONFIG_NEAREST_H

#include <stddef.h>

struct nearest {
    const char *word, *best;
    size_t distance;
};

/* Insertions, deletions, replacements and swapped neighbours; words over 63 bytes count as far. */
size_t edit_distance(const char *a, const char *b);
void nearest_init(struct nearest *n, const char *word);
void nearest_offer(struct nearest *n, const char *candidate);
/* NULL when nothing offered is near: more than a third of the word would have to change. */
const char *nearest_best(const struct nearest *n);

#endif
