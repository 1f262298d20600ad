/* A serial port, opened and configured by libmodbus; bytes are read and written here, because
 * libmodbus knows neither whole-reply deadlines nor the time of the last byte. Blocking. */
#ifndef BUSBAR_ACQUIRE_SERIAL_PORT_H
#define BUSBAR_ACQUIRE_SERIAL_PORT_H

#include <stddef.h>
#include <stdint.h>

#include "base/units.h"
#include "meter/site.h"

struct serial_port; /* libmodbus' context */

/* Opens, configures, claims for this process (where the driver can) and empties the port.
 * ERR_NOT_FOUND, ERR_BUSY, ERR_IO. *ret_fd may be polled. */
int serial_port_open(const struct link_def *def, struct serial_port **ret, int *ret_fd);
void serial_port_close(struct serial_port *p); /* NULL is fine */

int serial_port_write(int fd, const uint8_t *bytes, size_t n); /* ERR_CLOSED when it vanished */
/* Bytes read, ERR_MORE when there are none, ERR_CLOSED when the port vanished. */
int serial_port_read(int fd, uint8_t *bytes, size_t cap);

enum serial_event { SERIAL_TIME, SERIAL_BYTES, SERIAL_GONE, SERIAL_STOP };
/* Waits for bytes (fd may be -1), for stop_fd, or until the monotonic instant. */
enum serial_event serial_port_wait(int fd, int stop_fd, us_t until);

#endif
