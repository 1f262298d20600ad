#include "config/nearest.h"

#include <string.h>

#define WORD_MAX 63
#define FAR      1000

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

size_t edit_distance(const char *a, const char *b) {
    size_t rows[3][WORD_MAX + 1];
    size_t na = strlen(a), nb = strlen(b);
    if (na > WORD_MAX || nb > WORD_MAX) {
        return FAR;
    }
    size_t *before = rows[0], *last = rows[1], *row = rows[2];
    for (size_t j = 0; j <= nb; j++) {
        before[j] = last[j] = j;
    }
    for (size_t i = 1; i <= na; i++) {
        row[0] = i;
        for (size_t j = 1; j <= nb; j++) {
            size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
            size_t best = smaller(smaller(last[j] + 1, row[j - 1] + 1), last[j - 1] + cost);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                best = smaller(best, before[j - 2] + 1);
            }
            row[j] = best;
        }
        size_t *spare = before;
        before = last;
        last = row;
        row = spare;
    }
    return last[nb];
}

void nearest_init(struct nearest *n, const char *word) {
    n->word = word;
    n->best = NULL;
    n->distance = FAR;
}

void nearest_offer(struct nearest *n, const char *candidate) {
    size_t d = edit_distance(n->word, candidate);
    if (d < n->distance) {
        n->distance = d;
        n->best = candidate;
    }
}

const char *nearest_best(const struct nearest *n) {
    size_t limit = strlen(n->word) / 3;
    return n->best != NULL && n->distance <= (limit > 1 ? limit : 1) ? n->best : NULL;
}
