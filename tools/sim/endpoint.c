#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pty.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "base/err.h"
#include "sim/endpoint.h"

#define BACKLOG 64

void endpoint_tcp(struct endpoint *e, const char *host, uint16_t port) {
    *e = (struct endpoint){.fd = -1, .slave = -1, .port = port};
    (void)snprintf(e->host, sizeof e->host, "%s", host);
}

int endpoint_pty(struct endpoint *e, const char *dir, const char *link_id) {
    int n;

    *e = (struct endpoint){.pty = true, .fd = -1, .slave = -1};
    n = snprintf(e->path, sizeof e->path, "%s/%s", dir, link_id);
    return n > 0 && (size_t)n + 8 < sizeof e->path ? ERR_OK : ERR_LIMIT;
}

static socklen_t make_address(const struct endpoint *e, struct sockaddr_storage *out) {
    struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)out;

    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, e->host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons(e->port);
        return sizeof *v4;
    }
    if (inet_pton(AF_INET6, e->host, &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons(e->port);
        return sizeof *v6;
    }
    return 0;
}

static int tcp_open(struct endpoint *e) {
    struct sockaddr_storage address;
    socklen_t length = make_address(e, &address);
    int on = 1, fd;

    if (length == 0) {
        errno = EADDRNOTAVAIL;
        return ERR_IO;
    }
    fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return ERR_IO;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, length) < 0 || listen(fd, BACKLOG) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) < 0) {
        int saved = errno;

        (void)close(fd);
        errno = saved;
        return ERR_IO;
    }
    if (address.ss_family == AF_INET)
        e->port = ntohs(((struct sockaddr_in *)(void *)&address)->sin_port);
    else
        e->port = ntohs(((struct sockaddr_in6 *)(void *)&address)->sin6_port);
    e->fd = fd;
    return ERR_OK;
}

/* Puts the symbolic link in place at once; anything else that stands there is left alone. */
static int name_pty(const struct endpoint *e, const char *device) {
    char fresh[sizeof e->path + 8];
    struct stat st;

    if (lstat(e->path, &st) == 0 && !S_ISLNK(st.st_mode))
        return ERR_BUSY;
    (void)snprintf(fresh, sizeof fresh, "%s.new", e->path);
    (void)unlink(fresh);
    if (symlink(device, fresh) < 0 || rename(fresh, e->path) < 0)
        return ERR_IO;
    return ERR_OK;
}

static int pty_open(struct endpoint *e) {
    struct termios raw;
    char device[64];
    int master = -1, slave = -1, rc = ERR_IO;

    if (openpty(&master, &slave, NULL, NULL, NULL) < 0)
        return ERR_IO;
    if (tcgetattr(slave, &raw) < 0 || ttyname_r(slave, device, sizeof device) != 0)
        goto fail;
    cfmakeraw(&raw);
    if (tcsetattr(slave, TCSANOW, &raw) < 0 || fcntl(master, F_SETFL, O_NONBLOCK) < 0 ||
        fcntl(master, F_SETFD, FD_CLOEXEC) < 0 || fcntl(slave, F_SETFD, FD_CLOEXEC) < 0)
        goto fail;
    rc = name_pty(e, device);
    if (rc != ERR_OK)
        goto fail;
    e->fd = master;
    e->slave = slave;
    return ERR_OK;
fail:
    (void)close(master);
    (void)close(slave);
    return rc;
}

int endpoint_open(struct endpoint *e) {
    return e->pty ? pty_open(e) : tcp_open(e);
}

void endpoint_close(struct endpoint *e) {
    if (e->fd < 0)
        return;
    (void)close(e->fd);
    e->fd = -1;
    if (!e->pty)
        return;
    (void)close(e->slave);
    e->slave = -1;
    (void)unlink(e->path);
}

void endpoint_address(const struct endpoint *e, char *out, size_t cap) {
    if (e->pty)
        (void)snprintf(out, cap, "%s", e->path);
    else
        (void)snprintf(out, cap, strchr(e->host, ':') != NULL ? "[%s]:%u" : "%s:%u", e->host,
                       e->port);
}
