/* Loading small configurations from text in tests, and mistakes whose place is marked with '^'. */
#ifndef BUSBAR_TESTS_CONFIG_FIXTURE_H
#define BUSBAR_TESTS_CONFIG_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "config/profile_load.h"
#include "config/site_draft.h"

#define CONFIG_DATA TEST_SOURCE_DIR "/tests/unit/data/config"

/* One mistake: find is replaced by with, in which '^' marks where the error has to point. */
struct mistake {
    const char *find, *with, *words;
};

/* The mutated text without its mark, and the mark's line and column. */
static inline char *mistake_text(const char *base, const struct mistake *m, size_t *line,
                                 size_t *column) {
    const char *at = strstr(base, m->find);
    assert_non_null(at);
    size_t n = strlen(base) + strlen(m->with) + 1;
    char *text = calloc(1, n);
    assert_non_null(text);
    snprintf(text, n, "%.*s%s%s", (int)(at - base), base, m->with, at + strlen(m->find));
    char *mark = strchr(text, '^');
    assert_non_null(mark);
    *line = *column = 1;
    for (const char *c = text; c < mark; c++) {
        bool next = *c == '\n';
        *line += next;
        *column = next ? 1 : *column + (((unsigned char)*c & 0xC0) != 0x80);
    }
    memmove(mark, mark + 1, strlen(mark));
    return text;
}

/* Exactly one error, at the marked place, with the words. */
static inline void assert_one_error(const struct config_errors *e, const char *file, size_t line,
                                    size_t column, const struct mistake *m) {
    char place[64];
    snprintf(place, sizeof place, "%s:%zu:%zu: ", file, line, column);
    size_t errors = 0;
    for (size_t i = 0; i < e->count; i++) {
        if (e->is_warning[i]) {
            continue;
        }
        errors++;
        if (strncmp(e->text[i], place, strlen(place)) != 0 ||
            strstr(e->text[i], m->words) == NULL) {
            fail_msg("'%s': expected '%s' at %s, got: %s", m->with, m->words, place, e->text[i]);
        }
    }
    if (errors != 1) {
        fail_msg("'%s': %zu errors instead of 1", m->with, errors);
    }
}

static inline int load_text(const char *text, struct config_errors *e, struct site **ret) {
    return load_site_from_memory("s.yaml", text, strlen(text), CONFIG_DATA, e, ret);
}

#endif
