/* A client that knows no HTTP library: bytes out, bytes in, over real sockets. */
#ifndef BUSBAR_TESTS_HTTP_CLIENT_H
#define BUSBAR_TESTS_HTTP_CLIENT_H

#include <jansson.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REPLY_MAX ((size_t)4 * 1024 * 1024)

struct reply {
    int status; /* 0: the connection ended without one */
    char *head; /* with its empty line */
    char *body; /* chunks joined */
    size_t body_n;
};

static inline int http_connect(uint16_t port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

static inline void http_send(int fd, const char *bytes, size_t n) {
    while (n > 0) {
        ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);
        if (sent <= 0)
            return; /* the server has had enough */
        bytes += sent;
        n -= (size_t)sent;
    }
}

/* Everything until the other end closes; *ret_n is 0 when nothing came within the time. */
static inline char *http_read_all(int fd, int timeout_ms, size_t *ret_n) {
    char *bytes = malloc(REPLY_MAX);
    size_t n = 0;
    assert_non_null(bytes);
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, timeout_ms) <= 0)
            break;
        ssize_t got = recv(fd, bytes + n, REPLY_MAX - 1 - n, 0);
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    bytes[n] = '\0';
    *ret_n = n;
    return bytes;
}

/* Chunks in place to what they hold. */
static inline size_t http_join_chunks(char *body) {
    size_t n = 0;
    for (char *at = body;;) {
        char *end;
        size_t size = strtoul(at, &end, 16);
        assert_true(end > at && strncmp(end, "\r\n", 2) == 0);
        if (size == 0)
            break;
        memmove(body + n, end + 2, size);
        n += size;
        at = end + 2 + size + 2;
    }
    body[n] = '\0';
    return n;
}

static inline struct reply http_parse(char *bytes) {
    struct reply r = {0};
    char *blank = strstr(bytes, "\r\n\r\n");
    if (strncmp(bytes, "HTTP/1.1 ", 9) != 0 || !blank) {
        free(bytes);
        return r;
    }
    r.status = (int)strtol(bytes + 9, NULL, 10);
    r.head = strndup(bytes, (size_t)(blank + 4 - bytes));
    r.body = strdup(blank + 4);
    r.body_n = strlen(r.body);
    free(bytes);
    if (strstr(r.head, "Transfer-Encoding: chunked") && r.body_n > 0)
        r.body_n = http_join_chunks(r.body);
    return r;
}

static inline void reply_free(struct reply *r) {
    free(r->head);
    free(r->body);
}

/* Sends bytes on a connection of their own and reads until the server closes it. */
static inline struct reply http_exchange(uint16_t port, const char *bytes, size_t n) {
    int fd = http_connect(port);
    http_send(fd, bytes, n);
    size_t got;
    char *answer = http_read_all(fd, 20000, &got);
    close(fd);
    return http_parse(answer);
}

__attribute__((format(printf, 2, 3))) static inline struct reply http_ask(uint16_t port,
                                                                          const char *format, ...) {
    char request[8192];
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(request, sizeof request, format, ap);
    va_end(ap);
    assert_true(n > 0 && (size_t)n < sizeof request);
    return http_exchange(port, request, (size_t)n);
}

#define HTTP_END " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

static inline struct reply http_get(uint16_t port, const char *target) {
    return http_ask(port, "GET %s" HTTP_END, target);
}

/* The body of a 200, parsed; decref it. */
static inline json_t *http_json(uint16_t port, const char *target) {
    struct reply r = http_get(port, target);
    if (r.status != 200)
        print_error("%s: %d %s\n", target, r.status, r.body ? r.body : "");
    assert_int_equal(r.status, 200);
    json_t *j = json_loads(r.body, 0, NULL);
    assert_non_null(j);
    reply_free(&r);
    return j;
}

/* The value of a header into out; empty when it is not there. */
static inline void http_header(const struct reply *r, const char *name, char *out, size_t cap) {
    char start[64];
    snprintf(start, sizeof start, "\r\n%s: ", name);
    const char *at = strstr(r->head, start);
    out[0] = '\0';
    if (!at)
        return;
    at += strlen(start);
    snprintf(out, cap, "%.*s", (int)strcspn(at, "\r"), at);
}

#endif
