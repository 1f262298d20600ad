/* Serves every device of a site: one poll() loop over all links, framing by libmodbus, registers
 * from the plant, faults as told. Owns sockets, ptys and clients. One thread. */
#ifndef BUSBAR_SIM_SERVE_H
#define BUSBAR_SIM_SERVE_H

#include <stdio.h>

#include "sim/endpoint.h"
#include "sim/faults.h"
#include "sim/model_registers.h"

struct serve_options {
    const char *host;    /* numeric address to listen on */
    uint16_t base_port;  /* the first TCP link's port, the next ones follow; 0 = free ports */
    const char *pty_dir; /* may be NULL when no link is a serial line */
};

struct serve;

/* Opens every link. On failure one line is in message: what failed and what to do. */
int serve_open(const struct site *site, struct registers *registers, const struct faults *faults,
               const struct serve_options *options, char *message, size_t message_cap,
               struct serve **ret);
void serve_close(struct serve *s); /* removes the symbolic links; NULL is fine */

/* Serves until the monotonic instant, or until wake_fd is readable. */
void serve_turn(struct serve *s, us_t until_us, int wake_fd);

const struct endpoint *serve_endpoint(const struct serve *s, size_t link);
/* One JSON line: what each device and link has seen since the start. */
void serve_print_statistics(const struct serve *s, FILE *out);

#endif
