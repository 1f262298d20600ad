/* Takes a new configuration, shows how it differs, watches how reads go under it, and returns to
 * the former one when they got worse. Main thread. */
#ifndef BUSBAR_RELOAD_H
#define BUSBAR_RELOAD_H

#include "gateway.h"

/* Reads and checks g->config_file; errors are printed. ERR_SYNTAX. */
int load_site(const struct gateway *g, struct site **ret_site);

/* On SIGHUP. A bad file keeps the running configuration, and so does one that cannot be started:
 * ERR_OK. Below 0 the gateway cannot go on. */
int reload(struct gateway *g);
/* Call once a second: follows the reads, ends a probation. As reload(). */
int reload_turn(struct gateway *g);
/* Frees what is kept; the gateway is stopped. */
void reload_fini(struct gateway *g);

#endif
