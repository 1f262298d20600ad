#include "acquire/serial_port.h"

#include <errno.h>
#include <fcntl.h>
#include <modbus.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "sys/clock.h"

/* Major numbers of pseudo-terminals. Theirs outlive a close while the other side is open, and so
 * would the claim. Source: Linux Documentation/admin-guide/devices.txt. */
#define PTY_MAJOR_FIRST 136
#define PTY_MAJOR_LAST  143
#define DATA_BITS       8
#define WAIT_MAX_US     (60 * (us_t)US_PER_S)

static modbus_t *context(struct serial_port *p) {
    return (modbus_t *)(void *)p;
}

static int err_of_errno(int e) {
    if (e == ENOENT || e == ENXIO || e == ENODEV)
        return ERR_NOT_FOUND;
    return e == EBUSY ? ERR_BUSY : ERR_IO;
}

static bool is_pty(int fd) {
    struct stat st;
    return fstat(fd, &st) == 0 && major(st.st_rdev) >= PTY_MAJOR_FIRST &&
           major(st.st_rdev) <= PTY_MAJOR_LAST;
}

static void claim(int fd) {
    if (!is_pty(fd))
        (void)ioctl(fd, TIOCEXCL); /* a driver without it serves as well */
}

/* A pty has no parity to set, and the C library refuses settings of which it can set none: as after
 * a kill, when the pty still has the rest of them. At another speed there is something to set. */
static void unsettle_pty(const char *path) {
    int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    struct termios t;
    if (fd < 0)
        return; /* modbus_connect() finds out why */
    if (is_pty(fd) && tcgetattr(fd, &t) == 0 && cfsetspeed(&t, B50) == 0)
        (void)tcsetattr(fd, TCSANOW, &t);
    close(fd);
}

int serial_port_open(const struct link_def *def, struct serial_port **ret, int *ret_fd) {
    modbus_t *mb =
        modbus_new_rtu(def->path, (int)def->baud, def->parity, DATA_BITS, def->stop_bits);
    if (mb == NULL)
        return ERR_RANGE;
    unsettle_pty(def->path);
    if (modbus_connect(mb) != 0) {
        int rc = err_of_errno(errno);
        modbus_free(mb);
        return rc;
    }
    int fd = modbus_get_socket(mb);
    claim(fd);
    (void)tcflush(fd, TCIOFLUSH);
    *ret = (struct serial_port *)(void *)mb;
    *ret_fd = fd;
    return ERR_OK;
}

void serial_port_close(struct serial_port *p) {
    if (p == NULL)
        return;
    modbus_close(context(p));
    modbus_free(context(p));
}

int serial_port_write(int fd, const uint8_t *bytes, size_t n) {
    ssize_t sent = write(fd, bytes, n);
    return sent == (ssize_t)n ? ERR_OK : ERR_CLOSED;
}

int serial_port_read(int fd, uint8_t *bytes, size_t cap) {
    ssize_t n = read(fd, bytes, cap);
    if (n > 0)
        return (int)n;
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? ERR_MORE : ERR_CLOSED;
}

enum serial_event serial_port_wait(int fd, int stop_fd, us_t until) {
    us_t us = until - clock_now().mono_us;
    us = us < 0 ? 0 : us < WAIT_MAX_US ? us : WAIT_MAX_US;
    struct timespec t = {(time_t)(us / US_PER_S), (long)(us % US_PER_S) * 1000};
    struct pollfd p[2] = {{stop_fd, POLLIN, 0}, {fd, POLLIN, 0}};
    if (ppoll(p, 2, &t, NULL) <= 0)
        return SERIAL_TIME;
    if (p[0].revents != 0)
        return SERIAL_STOP;
    if ((p[1].revents & POLLIN) != 0)
        return SERIAL_BYTES;
    return SERIAL_GONE;
}
