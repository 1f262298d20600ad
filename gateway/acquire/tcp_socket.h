/* Non-blocking client sockets for the engine, kept above descriptor 1023 so that libraries that
 * call select() find low numbers for theirs. Never waits. */
#ifndef BUSBAR_ACQUIRE_TCP_SOCKET_H
#define BUSBAR_ACQUIRE_TCP_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define TCP_SOCKET_FLOOR 1024

/* Numeric IPv4 or IPv6 address, or "localhost". ERR_SYNTAX otherwise. */
int tcp_socket_address(const char *host, uint16_t port, struct sockaddr_storage *ret,
                       socklen_t *ret_len);

/* Begins to connect. *ret_connected: done already. Returns the descriptor or ERR_*. */
int tcp_socket_open(const struct sockaddr_storage *address, socklen_t len, bool *ret_connected);
/* Once it is writable: ERR_OK, or why it could not connect. */
int tcp_socket_result(int fd);
/* Whole frames only: ERR_OK, or what broke the connection. */
int tcp_socket_send(int fd, const uint8_t *bytes, size_t n);
/* Bytes received, ERR_MORE when there are none, ERR_CLOSED at the end, else ERR_*. */
int tcp_socket_receive(int fd, uint8_t *bytes, size_t cap);

/* Raises the soft descriptor limit so that count sockets fit; ERR_LIMIT (logged, with numbers and
 * the next step) when the hard limit is too low. */
int tcp_socket_reserve(size_t count);

#endif
