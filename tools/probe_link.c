#include "probe_link.h"

#include <errno.h>
#include <fcntl.h>
#include <modbus/modbus.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "sys/clock.h"
#include "wire/rtu.h"

struct probe_link {
    modbus_t *modbus; /* tcp, rtu */
    int fd;           /* rtu over tcp */
    uint8_t unit;
    int timeout_ms;
};

/* HOST:PORT or [V6]:PORT; the last colon parts them. */
static int parse_host(const char *text, struct probe_endpoint *e) {
    const char *colon = strrchr(text, ':');
    size_t len;
    char *end;
    unsigned long port;

    if (!colon || colon == text)
        return ERR_SYNTAX;
    len = (size_t)(colon - text);
    if (text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    }
    port = strtoul(colon + 1, &end, 10);
    if (len == 0 || len >= sizeof e->name || end == colon + 1 || *end != '\0' || port == 0 ||
        port > 65535 || strlen(colon + 1) >= sizeof e->port)
        return ERR_SYNTAX;
    memcpy(e->name, text, len);
    e->name[len] = '\0';
    memcpy(e->port, colon + 1, strlen(colon + 1) + 1);
    return ERR_OK;
}

/* DEV[,BAUD[,8E1]] */
static int parse_line(const char *text, struct probe_endpoint *e) {
    const char *comma = strchr(text, ',');
    size_t len = comma ? (size_t)(comma - text) : strlen(text);
    char *end;

    if (len == 0 || len >= sizeof e->name)
        return ERR_SYNTAX;
    memcpy(e->name, text, len);
    e->name[len] = '\0';
    if (!comma)
        return ERR_OK;
    e->baud = (int)strtol(comma + 1, &end, 10);
    if (end == comma + 1 || e->baud < 300 || e->baud > 921600)
        return ERR_SYNTAX;
    if (*end == '\0')
        return ERR_OK;
    if (*end != ',' || strlen(end) != 4 || !strchr("78", end[1]) || !strchr("NEO", end[2]) ||
        !strchr("12", end[3]))
        return ERR_SYNTAX;
    e->data_bits = end[1] - '0';
    e->parity = end[2];
    e->stop_bits = end[3] - '0';
    return ERR_OK;
}

int probe_endpoint_parse(const char *text, struct probe_endpoint *ret) {
    struct probe_endpoint e = {.baud = 9600, .data_bits = 8, .parity = 'N', .stop_bits = 1};
    int rc = ERR_SYNTAX;

    if (strncmp(text, "tcp:", 4) == 0) {
        e.kind = LINK_TCP;
        rc = parse_host(text + 4, &e);
    } else if (strncmp(text, "rtutcp:", 7) == 0) {
        e.kind = LINK_RTU_OVER_TCP;
        rc = parse_host(text + 7, &e);
    } else if (strncmp(text, "rtu:", 4) == 0) {
        e.kind = LINK_RTU;
        rc = parse_line(text + 4, &e);
    }
    if (rc == ERR_OK)
        *ret = e;
    return rc;
}

static int err_of(int error) {
    switch (error) {
    case ETIMEDOUT:
        return ERR_TIMEOUT;
    case ECONNREFUSED:
        return ERR_REFUSED;
    case ECONNRESET:
    case EPIPE:
        return ERR_CLOSED;
    case EHOSTUNREACH:
    case ENETUNREACH:
        return ERR_UNREACHABLE;
    case ENOENT:
    case ENODEV:
    case ENXIO:
        return ERR_NOT_FOUND;
    case EMBBADCRC:
        return ERR_CRC;
    case EMBBADSLAVE:
        return ERR_UNIT;
    case EMBBADDATA:
    case EMBMDATA:
        return ERR_BYTE_COUNT;
    default:
        return ERR_IO;
    }
}

static int open_modbus(const struct probe_endpoint *at, struct probe_link *link) {
    modbus_t *m = at->kind == LINK_TCP ? modbus_new_tcp_pi(at->name, at->port)
                                       : modbus_new_rtu(at->name, at->baud, at->parity,
                                                        at->data_bits, at->stop_bits);

    if (!m)
        return ERR_NOMEM;
    link->modbus = m;
    if (modbus_set_slave(m, link->unit) < 0 ||
        modbus_set_response_timeout(m, (uint32_t)link->timeout_ms / 1000,
                                    (uint32_t)link->timeout_ms % 1000 * 1000) < 0)
        return ERR_RANGE;
    return modbus_connect(m) < 0 ? err_of(errno) : ERR_OK;
}

/* Waits until fd is ready or the deadline has passed. */
static int wait_for(int fd, short events, us_t deadline) {
    struct pollfd p = {.fd = fd, .events = events};

    for (;;) {
        us_t left = deadline - clock_now().mono_us;
        int n;

        if (left <= 0)
            return ERR_TIMEOUT;
        n = poll(&p, 1, (int)((left + US_PER_MS - 1) / US_PER_MS));
        if (n > 0)
            return ERR_OK;
        if (n < 0 && errno != EINTR)
            return ERR_IO;
    }
}

static int connect_by(int fd, const struct addrinfo *to, us_t deadline) {
    int error = 0;
    socklen_t len = sizeof error;
    int rc;

    if (connect(fd, to->ai_addr, to->ai_addrlen) == 0)
        return ERR_OK;
    if (errno != EINPROGRESS)
        return err_of(errno);
    rc = wait_for(fd, POLLOUT, deadline);
    if (rc < 0)
        return rc;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
        return ERR_IO;
    return error ? err_of(error) : ERR_OK;
}

static int open_socket(const struct probe_endpoint *at, struct probe_link *link) {
    us_t deadline = clock_now().mono_us + (us_t)link->timeout_ms * US_PER_MS;
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list;
    int rc = ERR_NOT_FOUND;

    if (getaddrinfo(at->name, at->port, &hints, &list) != 0)
        return ERR_NOT_FOUND;
    for (const struct addrinfo *a = list; a && rc < 0; a = a->ai_next) {
        int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        rc = fd < 0 ? ERR_IO : connect_by(fd, a, deadline);
        if (rc < 0 && fd >= 0)
            close(fd);
        else if (rc == ERR_OK)
            link->fd = fd;
    }
    freeaddrinfo(list);
    return rc;
}

int probe_link_open(const struct probe_endpoint *at, uint8_t unit, int timeout_ms,
                    struct probe_link **ret_link) {
    struct probe_link *link = calloc(1, sizeof *link);
    int rc;

    if (!link)
        return ERR_NOMEM;
    link->fd = -1;
    link->unit = unit;
    link->timeout_ms = timeout_ms;
    rc = at->kind == LINK_RTU_OVER_TCP ? open_socket(at, link) : open_modbus(at, link);
    if (rc < 0) {
        probe_link_close(link);
        return rc;
    }
    *ret_link = link;
    return ERR_OK;
}

void probe_link_close(struct probe_link *link) {
    if (!link)
        return;
    if (link->modbus) {
        modbus_close(link->modbus);
        modbus_free(link->modbus);
    }
    if (link->fd >= 0)
        close(link->fd);
    free(link);
}

static int read_modbus(struct probe_link *link, const struct pdu_read *ask, uint16_t *ret_values,
                       uint8_t *ret_exception) {
    uint8_t bits[PDU_BITS_MAX];
    modbus_t *m = link->modbus;
    int n;

    errno = 0;
    if (ask->function == PDU_READ_HOLDING)
        n = modbus_read_registers(m, ask->start, ask->count, ret_values);
    else if (ask->function == PDU_READ_INPUT)
        n = modbus_read_input_registers(m, ask->start, ask->count, ret_values);
    else if (ask->function == PDU_READ_COILS)
        n = modbus_read_bits(m, ask->start, ask->count, bits);
    else
        n = modbus_read_input_bits(m, ask->start, ask->count, bits);
    if (n < 0) {
        int error = errno;

        if (error > MODBUS_ENOBASE && error < MODBUS_ENOBASE + MODBUS_EXCEPTION_MAX) {
            *ret_exception = (uint8_t)(error - MODBUS_ENOBASE);
            return ERR_EXCEPTION;
        }
        modbus_flush(m); /* what comes late must not answer the next request */
        return err_of(error);
    }
    if (ask->function == PDU_READ_COILS || ask->function == PDU_READ_DISCRETE) {
        for (int i = 0; i < n; i++)
            ret_values[i] = bits[i];
    }
    return ERR_OK;
}

static void drain(int fd) {
    uint8_t junk[256];

    while (recv(fd, junk, sizeof junk, MSG_DONTWAIT) > 0)
        continue;
}

static int read_socket(struct probe_link *link, const struct pdu_read *ask, uint16_t *ret_values,
                       uint8_t *ret_exception) {
    us_t deadline = clock_now().mono_us + (us_t)link->timeout_ms * US_PER_MS;
    uint8_t pdu[PDU_READ_REQUEST], frame[RTU_MAX];
    struct rtu_frame reply;
    size_t have = 0;
    int rc = pdu_read_request(ask, pdu);

    if (rc < 0)
        return rc;
    rc = rtu_build(link->unit, pdu, (size_t)rc, frame);
    drain(link->fd);
    if (send(link->fd, frame, (size_t)rc, MSG_NOSIGNAL) != rc)
        return err_of(errno);
    for (;;) {
        ssize_t n;

        rc = wait_for(link->fd, POLLIN, deadline);
        if (rc < 0)
            return rc;
        n = recv(link->fd, frame + have, sizeof frame - have, 0);
        if (n == 0)
            return ERR_CLOSED;
        if (n < 0)
            return err_of(errno);
        have += (size_t)n;
        rc = rtu_scan_reply(link->unit, ask, frame, have, &reply);
        if (rc == ERR_MORE && have < sizeof frame)
            continue;
        if (rc < 0)
            return rc;
        return pdu_read_reply(ask, reply.pdu, reply.pdu_len, ret_values, ret_exception);
    }
}

int probe_link_read(struct probe_link *link, const struct pdu_read *ask, uint16_t *ret_values,
                    uint8_t *ret_exception) {
    return link->modbus ? read_modbus(link, ask, ret_values, ret_exception)
                        : read_socket(link, ask, ret_values, ret_exception);
}
