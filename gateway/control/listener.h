/* The listening socket in the file system: made safely, removed by whoever made it. */
#ifndef BUSBAR_CONTROL_LISTENER_H
#define BUSBAR_CONTROL_LISTENER_H

#include <sys/types.h>

struct listener {
    int fd; /* -1: closed */
    const char *path;
    dev_t device; /* what was bound, to remove nothing else */
    ino_t inode;
};

/* A socket that a dead process left behind is replaced. ERR_BUSY: a living process listens there.
 * ERR_REFUSED: there is something that is no socket. ERR_NOT_FOUND, ERR_LIMIT: of the path.
 * ERR_IO. The mode is 0660 and never wider. path must outlive the listener. Two processes that
 * start at once are kept apart by the store's lock, which the caller holds. */
int listener_open(struct listener *l, const char *path);
void listener_close(struct listener *l);

#endif
