#include "config/messages.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_MAX 700 /* bytes of one message without its place */

/* What stands before every kept text: where to sort it. */
struct message {
    unsigned order;
    size_t line, column;
    char text[];
};

void config_errors_init(struct config_errors *e) {
    memset(e, 0, sizeof *e);
    e->arena = arena_new();
}

void config_errors_free(struct config_errors *e) {
    arena_free(e->arena);
    memset(e, 0, sizeof *e);
}

void config_errors_print(const struct config_errors *e, FILE *out) {
    for (size_t i = 0; i < e->count; i++) {
        fprintf(out, "%s\n", e->text[i]);
    }
    if (e->total > e->count) {
        fprintf(out, "and %zu more\n", e->total - e->count);
    }
}

bool messages_failed(const struct config_errors *e) {
    return e->total > e->warnings;
}

/* Length of the valid UTF-8 sequence that starts at s (1..4), 0 when it is not one. */
static size_t utf8_length(const unsigned char *s) {
    if (s[0] < 0x80) {
        return 1;
    }
    size_t n = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
    if (s[0] < 0xC2 || s[0] > 0xF4) {
        return 0;
    }
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xC0) != 0x80) {
            return 0; /* a NUL ends the loop here too */
        }
    }
    return n;
}

void message_make_printable(char *text) {
    unsigned char *s = (unsigned char *)text;
    while (*s != 0) {
        size_t n = utf8_length(s);
        bool c1 = n == 2 && s[0] == 0xC2 && s[1] < 0xA0; /* the 8-bit control characters */
        if (n == 0 || *s < 0x20 || *s == 0x7F) {
            *s = '?';
            n = 1;
        } else if (c1) {
            s[0] = s[1] = '?';
        }
        s += n;
    }
}

/* A full list makes room for an error by giving up its last warning. */
static bool make_room(struct config_errors *e) {
    if (e->count < CONFIG_ERRORS_MAX) {
        return true;
    }
    for (size_t i = e->count; i-- > 0;) {
        if (e->is_warning[i]) {
            size_t after = e->count - i - 1;
            memmove(&e->text[i], &e->text[i + 1], after * sizeof e->text[0]);
            memmove(&e->is_warning[i], &e->is_warning[i + 1], after * sizeof e->is_warning[0]);
            e->count--;
            e->warnings--;
            e->total--;
            return true;
        }
    }
    return false;
}

__attribute__((format(printf, 4, 0))) static void
add(struct config_errors *e, struct place at, bool warning, const char *format, va_list args) {
    if (warning && e->count == CONFIG_ERRORS_MAX) {
        return;
    }
    bool kept = make_room(e);
    e->total++;
    if (!kept) {
        return;
    }
    char body[MESSAGE_MAX];
    vsnprintf(body, sizeof body, format, args);
    message_make_printable(body);
    char where[64] = "";
    if (at.line > 0) {
        snprintf(where, sizeof where, ":%zu:%zu", at.line, at.column);
    }
    const char *kind = warning ? "warning: " : "";
    size_t n = strlen(at.file) + strlen(where) + strlen(kind) + strlen(body) + 3;
    struct message *m = arena_alloc(e->arena, 1, sizeof *m + n);
    if (m == NULL) { /* total counts it: the load fails */
        return;
    }
    m->order = at.order;
    m->line = at.line;
    m->column = at.column;
    snprintf(m->text, n, "%s%s: %s%s", at.file, where, kind, body);
    e->text[e->count] = m->text;
    e->is_warning[e->count] = warning;
    e->count++;
    e->warnings += warning ? 1 : 0;
}

void message_error(struct config_errors *e, struct place at, const char *format, ...) {
    va_list args;
    va_start(args, format);
    add(e, at, false, format, args);
    va_end(args);
}

void message_warning(struct config_errors *e, struct place at, const char *format, ...) {
    va_list args;
    va_start(args, format);
    add(e, at, true, format, args);
    va_end(args);
}

static const struct message *message_of(const char *text) {
    return (const struct message *)(const void *)(text - offsetof(struct message, text));
}

static bool stands_after(const char *a, const char *b) {
    const struct message *x = message_of(a), *y = message_of(b);
    if (x->order != y->order) {
        return x->order > y->order;
    }
    return x->line != y->line ? x->line > y->line : x->column > y->column;
}

/* At most 100 entries and two parallel arrays: insertion keeps equal places in the order found. */
void messages_sort(struct config_errors *e) {
    for (size_t i = 1; i < e->count; i++) {
        const char *text = e->text[i];
        bool warning = e->is_warning[i];
        size_t j = i;
        for (; j > 0 && stands_after(e->text[j - 1], text); j--) {
            e->text[j] = e->text[j - 1];
            e->is_warning[j] = e->is_warning[j - 1];
        }
        e->text[j] = text;
        e->is_warning[j] = warning;
    }
}
