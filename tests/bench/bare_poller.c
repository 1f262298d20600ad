/* The least that polling can cost: one epoll loop that reads every unit once a second and throws
 * the registers away. No decoding, no store, no publishing. The yardstick in the same run as
 * busbard.
 *
 * usage: bare_poller BASE_PORT PORTS UNITS REGISTERS SECONDS
 * Prints one JSON line: reads, and CPU microseconds a read. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct link {
    int fd;
    unsigned next_unit; /* asked now; units + 1 = done for this tick */
    size_t have;
    uint8_t in[300];
};

static unsigned units, registers;
static unsigned long reads;

static int64_t now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void ask(struct link *l) {
    const uint8_t q[12] = {0,
                           (uint8_t)l->next_unit,
                           0,
                           0,
                           0,
                           6,
                           (uint8_t)l->next_unit,
                           3,
                           0,
                           0,
                           (uint8_t)(registers >> 8),
                           (uint8_t)registers};
    if (send(l->fd, q, sizeof q, MSG_NOSIGNAL) != (ssize_t)sizeof q)
        exit(1);
}

static void answer(struct link *l) {
    ssize_t n = recv(l->fd, l->in + l->have, sizeof l->in - l->have, MSG_DONTWAIT);
    if (n <= 0)
        return;
    l->have += (size_t)n;
    if (l->have < 9 + 2 * registers)
        return;
    l->have = 0;
    reads++;
    if (++l->next_unit <= units)
        ask(l);
}

static int dial(uint16_t port) {
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(fd, (struct sockaddr *)&a, sizeof a)) {
        perror("connect");
        exit(1);
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static double cpu_us(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return 1e6 * (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

int main(int argc, char **argv) {
    if (argc != 6)
        return 64;
    unsigned base = (unsigned)strtoul(argv[1], NULL, 10),
             ports = (unsigned)strtoul(argv[2], NULL, 10);
    units = (unsigned)strtoul(argv[3], NULL, 10);
    registers = (unsigned)strtoul(argv[4], NULL, 10);
    unsigned seconds = (unsigned)strtoul(argv[5], NULL, 10);
    struct rlimit limit = {ports + 64, ports + 64};
    setrlimit(RLIMIT_NOFILE, &limit);
    struct link *links = calloc(ports, sizeof *links);
    int ep = epoll_create1(0);
    for (unsigned i = 0; i < ports; i++) {
        links[i].fd = dial((uint16_t)(base + i));
        struct epoll_event e = {.events = EPOLLIN, .data.ptr = &links[i]};
        epoll_ctl(ep, EPOLL_CTL_ADD, links[i].fd, &e);
    }
    double cpu = cpu_us();
    int64_t tick = now_us();
    for (unsigned s = 0; s < seconds; s++, tick += 1000000) {
        for (unsigned i = 0; i < ports; i++) {
            links[i].next_unit = 1;
            ask(&links[i]);
        }
        for (int64_t left; (left = tick + 1000000 - now_us()) > 0;) {
            struct epoll_event events[256];
            int n = epoll_wait(ep, events, 256, (int)(left / 1000) + 1);
            for (int i = 0; i < n; i++)
                answer(events[i].data.ptr);
        }
    }
    printf("{\"reads\":%lu,\"cpu_us_per_read\":%.2f}\n", reads, (cpu_us() - cpu) / (double)reads);
    free(links);
    close(ep);
    return 0;
}
