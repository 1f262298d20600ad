/* A serial port that another run left behind: a pty keeps its settings as long as its other side is
 * open. */
#include <fcntl.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "acquire/serial_port.h"
#include "base/err.h"

static int master, slave;
static char path[64];

static int open_pty(void **state) {
    (void)state;
    struct termios raw;
    memset(&raw, 0, sizeof raw);
    cfmakeraw(&raw);
    assert_int_equal(openpty(&master, &slave, path, &raw, NULL), 0);
    return 0;
}

static int close_pty(void **state) {
    (void)state;
    close(master);
    return close(slave);
}

/* kill -9 closes the descriptor and puts nothing back. */
static void what_a_killed_gateway_set_is_in_nobodys_way(void **state) {
    (void)state;
    static const char parities[] = {'N', 'E', 'O'};
    for (size_t i = 0; i < sizeof parities; i++) {
        const struct link_def def = {.id = "bus1",
                                     .kind = LINK_RTU,
                                     .path = path,
                                     .baud = 19200,
                                     .parity = parities[i],
                                     .stop_bits = 1};
        struct serial_port *port = NULL;
        struct termios left;
        int fd = -1;
        for (int life = 0; life < 3; life++) {
            assert_int_equal(serial_port_open(&def, &port, &fd), ERR_OK);
            assert_int_equal(tcgetattr(fd, &left), 0);
            serial_port_close(port);
            (void)tcsetattr(slave, TCSANOW, &left);
        }
    }
}

static void a_port_that_is_not_there_is_named_so(void **state) {
    (void)state;
    const struct link_def def = {.id = "bus1",
                                 .kind = LINK_RTU,
                                 .path = "/dev/no-such-port",
                                 .baud = 9600,
                                 .parity = 'E',
                                 .stop_bits = 1};
    struct serial_port *port = NULL;
    int fd = -1;
    assert_int_equal(serial_port_open(&def, &port, &fd), ERR_NOT_FOUND);
    assert_null(port);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_a_killed_gateway_set_is_in_nobodys_way, open_pty,
                                        close_pty),
        cmocka_unit_test(a_port_that_is_not_there_is_named_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
