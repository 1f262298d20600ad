#include "web/member.h"

#include <string.h>

/* Behind a string that begins at `at`; n when it does not end. */
static size_t string_end(const char *json, size_t n, size_t at) {
    for (at++; at < n; at++) {
        if (json[at] == '\\')
            at++;
        else if (json[at] == '"')
            return at + 1;
    }
    return n;
}

/* The comma or bracket that ends the value which begins at `at`; n when there is none. */
static size_t value_end(const char *json, size_t n, size_t at) {
    size_t depth = 0;
    while (at < n) {
        char c = json[at];
        if (c == '"') {
            at = string_end(json, n, at);
            continue;
        }
        if (depth == 0 && (c == ',' || c == '}' || c == ']'))
            return at;
        if (c == '{' || c == '[')
            depth++;
        else if (c == '}' || c == ']')
            depth--;
        at++;
    }
    return n;
}

bool member_find(const char *json, size_t n, const char *name, const char **ret, size_t *ret_n) {
    size_t length = strlen(name);
    size_t at = 1; /* behind the brace */
    while (at < n && json[at] == '"') {
        size_t key = at + 1, key_end = string_end(json, n, at);
        if (key_end >= n || json[key_end] != ':')
            return false;
        size_t value = key_end + 1, end = value_end(json, n, value);
        if (end >= n)
            return false;
        if (key_end - 1 - key == length && memcmp(json + key, name, length) == 0) {
            *ret = json + value;
            *ret_n = end - value;
            return true;
        }
        at = end + 1;
    }
    return false;
}
