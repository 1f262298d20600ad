/* The site file again, with other addresses: everything else, comments included, stays byte for
 * byte. Reads one file and writes another; one call. */
#ifndef BUSBAR_SIM_REWRITE_H
#define BUSBAR_SIM_REWRITE_H

#include <stddef.h>

/* One link's new endpoint. */
struct rewrite_link {
    const char *id;
    const char *address;
};

struct rewrite {
    const struct rewrite_link *links;
    size_t link_count;
    const char *mqtt_url, *store_path; /* NULL: as they are */
};

/* Writes `to` whole or not at all (a rename). ERR_IO, ERR_SYNTAX, ERR_NOMEM with one line in
 * message. */
int rewrite_site(const char *from, const char *to, const struct rewrite *change, char *message,
                 size_t message_cap);

#endif
