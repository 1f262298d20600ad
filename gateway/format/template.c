#include "format/template.h"

#include <stdbool.h>
#include <string.h>

/* Goes over a JSON text: what is a placeholder, what is not. */
struct walk {
    const char *at;
    bool in_string;
};

enum piece { PIECE_END, PIECE_BYTES, PIECE_BRACE, PIECE_NAME };

/* The next piece: *ret_len bytes at *ret; of a placeholder from brace to brace. */
static enum piece next(struct walk *w, const char **ret, size_t *ret_len) {
    const char *start = w->at, *c = start;
    *ret = start;
    if (*c == '\0')
        return PIECE_END;
    if (w->in_string && *c == '{') {
        size_t n = c[1] == '{' ? 2 : strcspn(c, "}\"");
        n += c[1] != '{' && c[n] == '}';
        w->at = c + n;
        *ret_len = n;
        return c[1] == '{' ? PIECE_BRACE : PIECE_NAME;
    }
    for (; *c != '\0' && !(w->in_string && *c == '{'); c++) {
        if (*c == '"')
            w->in_string = !w->in_string;
        else if (w->in_string && *c == '\\' && c[1] != '\0')
            c++;
    }
    w->at = c;
    *ret_len = (size_t)(c - start);
    return PIECE_BYTES;
}

static bool is_named(const char *placeholder, size_t len, const char *name) {
    return len == strlen(name) + 2 && memcmp(placeholder + 1, name, len - 2) == 0 &&
           placeholder[len - 1] == '}';
}

const char *template_unknown(const char *text, const char *const *names, size_t *ret_len) {
    struct walk w = {.at = text};
    const char *at;
    enum piece piece;
    while ((piece = next(&w, &at, ret_len)) != PIECE_END) {
        bool known = piece != PIECE_NAME;
        for (size_t i = 0; !known && names[i] != NULL; i++)
            known = is_named(at, *ret_len, names[i]);
        if (!known)
            return at;
    }
    return NULL;
}

/* Escaped, without the quotes. */
static void put_escaped(struct buf *b, const char *text) {
    size_t start = b->len;
    buf_put_json(b, text);
    if (!buf_ok(b))
        return;
    b->len -= 2;
    memmove(b->data + start, b->data + start + 1, b->len - start);
    b->data[b->len] = '\0';
}

void template_write(struct buf *b, const char *text, const struct template_value *values,
                    size_t n) {
    struct walk w = {.at = text};
    const char *at;
    size_t len;
    enum piece piece;
    while ((piece = next(&w, &at, &len)) != PIECE_END) {
        if (piece == PIECE_BYTES)
            buf_put(b, at, len);
        else if (piece == PIECE_BRACE)
            buf_putc(b, '{');
        for (size_t i = 0; piece == PIECE_NAME && i < n; i++) {
            if (is_named(at, len, values[i].name))
                put_escaped(b, values[i].text);
        }
    }
}
