#include "base/url.h"

#include <string.h>

/* The name in HOST[:PORT] or [HOST][:PORT]; 0 when it is empty. */
static size_t name_length(const char *host, size_t n) {
    if (n > 0 && host[0] == '[') {
        const char *end = memchr(host, ']', n);
        return end != NULL ? (size_t)(end - host) + 1 : 0;
    }
    const char *colon = memchr(host, ':', n);
    return colon != NULL ? (size_t)(colon - host) : n;
}

static bool is_loopback(const char *host, size_t n) {
    if (n == 9 && strncmp(host, "localhost", n) == 0)
        return true;
    if (n == 5 && strncmp(host, "[::1]", n) == 0)
        return true;
    size_t digits = strspn(host, "0123456789.");
    return n > 4 && digits >= n && strncmp(host, "127.", 4) == 0;
}

static bool has_odd_bytes(const char *url) {
    for (const char *c = url; *c != 0; c++) {
        if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7f || strchr("\"\\<>^`{}|", *c))
            return true;
    }
    return false;
}

static bool port_is_sound(const char *after, size_t n) {
    if (n == 0)
        return true;
    unsigned port = 0;
    for (size_t i = 1; i < n && port < 65536; i++) {
        if (after[i] < '0' || after[i] > '9')
            return false;
        port = port * 10 + (unsigned)(after[i] - '0');
    }
    return after[0] == ':' && n > 1 && port > 0 && port < 65536;
}

enum url_fault url_check(const char *text, struct url *ret) {
    bool tls = strncmp(text, "https://", 8) == 0;
    if (!tls && strncmp(text, "http://", 7) != 0)
        return URL_SCHEME;
    const char *host = text + (tls ? 8 : 7);
    size_t n = strcspn(host, "/?#"), name = name_length(host, n);
    if (memchr(host, '@', n) != NULL)
        return URL_USER;
    if (has_odd_bytes(text) || name == 0 || !port_is_sound(host + name, n - name))
        return URL_MALFORMED;
    if (host[strcspn(host, "#")] != 0)
        return URL_FRAGMENT;
    if (!tls && !is_loopback(host, name))
        return URL_OPEN;
    *ret = (struct url){.tls = tls, .host = host, .host_len = n};
    return URL_SOUND;
}
