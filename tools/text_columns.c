#include "text_columns.h"

int text_width(const char *text) {
    int width = 0;
    for (const unsigned char *c = (const unsigned char *)text; *c; c++)
        if ((*c & 0xC0) != 0x80)
            width += *c >= 0xE3 ? 2 : 1; /* U+3000 and above */
    return width;
}

void text_right(FILE *out, int width, const char *text) {
    fprintf(out, "%*s%s", width > text_width(text) ? width - text_width(text) : 0, "", text);
}

void text_left(FILE *out, int width, const char *text) {
    fprintf(out, "%s%*s", text, width > text_width(text) ? width - text_width(text) : 0, "");
}
