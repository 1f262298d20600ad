#include "acquire/tcp_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/err.h"
#include "sys/log.h"

#define KEEP_IDLE_S     30
#define KEEP_INTERVAL_S 10
#define KEEP_COUNT      3
#define UNACKED_MAX_MS  15000 /* a peer that vanished without a word is given up after this */
#define SPARE_FILES     64    /* database, broker, page */

static int err_of_errno(int e) {
    switch (e) {
    case ECONNREFUSED:
        return ERR_REFUSED;
    case ETIMEDOUT:
        return ERR_TIMEOUT;
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN:
        return ERR_UNREACHABLE;
    case ECONNRESET:
    case EPIPE:
        return ERR_CLOSED;
    case EMFILE:
    case ENFILE:
        return ERR_LIMIT;
    case ENOMEM:
    case ENOBUFS:
        return ERR_NOMEM;
    default:
        return ERR_IO;
    }
}

int tcp_socket_address(const char *host, uint16_t port, struct sockaddr_storage *ret,
                       socklen_t *ret_len) {
    char service[8];
    snprintf(service, sizeof service, "%u", port);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *list = NULL;
    if (strcmp(host, "localhost") == 0)
        host = "127.0.0.1";
    if (getaddrinfo(host, service, &hints, &list) != 0)
        return ERR_SYNTAX;
    memcpy(ret, list->ai_addr, list->ai_addrlen);
    *ret_len = list->ai_addrlen;
    freeaddrinfo(list);
    return ERR_OK;
}

/* A failed option costs comfort, not correctness. */
static void set_option(int fd, int level, int name, int value) {
    (void)setsockopt(fd, level, name, &value, sizeof value);
}

int tcp_socket_open(const struct sockaddr_storage *address, socklen_t len, bool *ret_connected) {
    int low = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (low < 0)
        return err_of_errno(errno);
    int fd = low;
    if (low < TCP_SOCKET_FLOOR) {
        fd = fcntl(low, F_DUPFD_CLOEXEC, TCP_SOCKET_FLOOR);
        int e = errno;
        close(low);
        if (fd < 0)
            return err_of_errno(e);
    }
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEP_IDLE_S);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEP_INTERVAL_S);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, KEEP_COUNT);
    set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, UNACKED_MAX_MS);
    if (connect(fd, (const struct sockaddr *)address, len) == 0) {
        *ret_connected = true;
        return fd;
    }
    if (errno == EINPROGRESS) {
        *ret_connected = false;
        return fd;
    }
    int rc = err_of_errno(errno);
    close(fd);
    return rc;
}

int tcp_socket_result(int fd) {
    int e = 0;
    socklen_t n = sizeof e;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &n) != 0)
        e = errno;
    return e == 0 ? ERR_OK : err_of_errno(e);
}

int tcp_socket_send(int fd, const uint8_t *bytes, size_t n) {
    ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent == (ssize_t)n)
        return ERR_OK;
    return sent < 0 ? err_of_errno(errno) : ERR_IO; /* a dozen bytes do not fit: the peer hangs */
}

int tcp_socket_receive(int fd, uint8_t *bytes, size_t cap) {
    ssize_t n = recv(fd, bytes, cap, MSG_DONTWAIT);
    if (n > 0)
        return (int)n;
    if (n == 0)
        return ERR_CLOSED;
    if (errno == EAGAIN || errno == EINTR)
        return ERR_MORE;
    return err_of_errno(errno);
}

int tcp_socket_reserve(size_t count) {
    rlim_t needed = TCP_SOCKET_FLOOR + count + SPARE_FILES;
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return ERR_IO;
    if (limit.rlim_cur >= needed)
        return ERR_OK;
    struct rlimit raised = {needed, limit.rlim_max};
    if (limit.rlim_max >= needed && setrlimit(RLIMIT_NOFILE, &raised) == 0)
        return ERR_OK;
    log_error("%zu TCP links need %llu file descriptors, the hard limit is %llu; raise it "
              "(systemd: LimitNOFILE=%llu, shell: ulimit -Hn %llu)",
              count, (unsigned long long)needed, (unsigned long long)limit.rlim_max,
              (unsigned long long)needed, (unsigned long long)needed);
    return ERR_LIMIT;
}
