/* What Paho says about a connection attempt in its trace, and nowhere else: how far it came and
 * which TLS alert ended it.
 *
 * One attempt at a time in the process (Paho's trace is global). */
#ifndef BUSBAR_PUBLISH_CONNECT_TRACE_H
#define BUSBAR_PUBLISH_CONNECT_TRACE_H

#include <stdbool.h>

struct connect_trace {
    bool connect_sent, answered;
    bool wrong_host; /* the certificate is for another name */
    char tls[120];   /* last TLS alert or error; "" when none */
};

void connect_trace_begin(void);
void connect_trace_end(struct connect_trace *ret);
/* For Paho's ssl_error_cb. */
int connect_trace_tls_error(const char *text, unsigned long len, void *arg);

#endif
