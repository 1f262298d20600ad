/* Where the control socket of a store lies, and how it is named to the kernel. Daemon and tools. */
#ifndef BUSBAR_CONTROL_ADDRESS_H
#define BUSBAR_CONTROL_ADDRESS_H

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

/* "<store path>.ctl"; ERR_LIMIT when it does not fit. */
int control_path(const char *store_path, char *out, size_t cap);

struct control_address {
    struct sockaddr_un name;
    int dir_fd; /* -1, or the folder that name goes through: open until connect or bind is done */
};

/* A socket's name has room for 107 bytes: a longer path goes through its folder's descriptor in
 * /proc. ERR_NOT_FOUND (no such folder), ERR_LIMIT (the file's own name is too long). */
int control_address_init(struct control_address *a, const char *path);
void control_address_fini(struct control_address *a);

#endif
