/* What `busbar alerts` has the daemon do, one word each: ack, refuse, assign, measure, close,
 * enter. */
#ifndef BUSBAR_TOOLS_ALERTS_ORDERS_H
#define BUSBAR_TOOLS_ALERTS_ORDERS_H

#include <stdbool.h>

/* True when the word is one of them: then *ret_status is the exit status. argv[0] is the word. */
bool alerts_order(int argc, char **argv, const char *usage, int *ret_status);

#endif
