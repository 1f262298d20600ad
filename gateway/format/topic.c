#include <string.h>

#include "base/err.h"
#include "format/record.h"

int topic_write(char *out, size_t cap, const struct site *s, const char *leaf) {
    const char *const levels[] = {"busbar/1", s->district, s->id, s->gateway, leaf};
    const size_t count = sizeof levels / sizeof levels[0];
    size_t len = count - 1; /* separators */

    for (size_t i = 0; i < count; i++)
        len += strlen(levels[i]);
    if (len >= cap)
        return ERR_LIMIT;

    struct buf b;
    buf_init(&b, out, cap);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_putc(&b, '/');
        buf_puts(&b, levels[i]);
    }
    return (int)len;
}
