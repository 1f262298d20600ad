#include "control/listener.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "control/address.h"

#define SOCKET_MODE 0660
#define BACKLOG     64

/* Nobody listens on the socket of a dead process: the kernel refuses the connection. */
static int remove_stale(const struct control_address *a, const char *path) {
    struct stat st;
    if (lstat(path, &st) < 0)
        return errno == ENOENT ? ERR_OK : ERR_IO;
    if (!S_ISSOCK(st.st_mode))
        return ERR_REFUSED;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return ERR_IO;
    int rc = connect(fd, (const struct sockaddr *)&a->name, sizeof a->name);
    const int error = rc < 0 ? errno : 0;
    close(fd);
    if (error != ECONNREFUSED) /* EAGAIN too: its queue is full, so it is alive */
        return error == 0 || error == EAGAIN ? ERR_BUSY : ERR_IO;
    return unlink(path) < 0 ? ERR_IO : ERR_OK;
}

/* The socket's own mode, less the umask, becomes that of the file: never wider than asked. */
static int bind_at(struct listener *l, const struct control_address *a) {
    struct stat st;
    if (fchmod(l->fd, SOCKET_MODE) < 0 ||
        bind(l->fd, (const struct sockaddr *)&a->name, sizeof a->name) < 0)
        return errno == EADDRINUSE ? ERR_BUSY : errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    if (lstat(l->path, &st) < 0 || chmod(l->path, SOCKET_MODE) < 0 || listen(l->fd, BACKLOG) < 0) {
        unlink(l->path);
        return ERR_IO;
    }
    l->device = st.st_dev;
    l->inode = st.st_ino;
    return ERR_OK;
}

int listener_open(struct listener *l, const char *path) {
    struct control_address a;
    *l = (struct listener){.fd = -1, .path = path};
    int rc = control_address_init(&a, path);
    if (rc < 0)
        return rc;
    rc = remove_stale(&a, path);
    if (rc < 0)
        goto out;
    l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    rc = l->fd < 0 ? ERR_IO : bind_at(l, &a);
    if (rc < 0 && l->fd >= 0) {
        close(l->fd);
        l->fd = -1;
    }
out:
    control_address_fini(&a);
    return rc;
}

void listener_close(struct listener *l) {
    struct stat st;
    if (l->fd < 0)
        return;
    if (lstat(l->path, &st) == 0 && st.st_dev == l->device && st.st_ino == l->inode)
        unlink(l->path);
    close(l->fd);
    l->fd = -1;
}
