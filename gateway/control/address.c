#include "control/address.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"

int control_path(const char *store_path, char *out, size_t cap) {
    int n = snprintf(out, cap, "%s.ctl", store_path);
    return n < 0 || (size_t)n >= cap ? ERR_LIMIT : ERR_OK;
}

static int through_folder(struct control_address *a, const char *path) {
    const char *slash = strrchr(path, '/');
    char folder[PATH_MAX];
    if (!slash || slash == path)
        return ERR_LIMIT;
    int n = snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
    if (n < 0 || (size_t)n >= sizeof folder)
        return ERR_LIMIT;
    a->dir_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (a->dir_fd < 0)
        return ERR_NOT_FOUND;
    n = snprintf(a->name.sun_path, sizeof a->name.sun_path, "/proc/self/fd/%d/%s", a->dir_fd,
                 slash + 1);
    return n < 0 || (size_t)n >= sizeof a->name.sun_path ? ERR_LIMIT : ERR_OK;
}

int control_address_init(struct control_address *a, const char *path) {
    const size_t n = strlen(path);
    *a = (struct control_address){.name.sun_family = AF_UNIX, .dir_fd = -1};
    if (n < sizeof a->name.sun_path) {
        memcpy(a->name.sun_path, path, n + 1);
        return ERR_OK;
    }
    int rc = through_folder(a, path);
    if (rc < 0)
        control_address_fini(a);
    return rc;
}

void control_address_fini(struct control_address *a) {
    if (a->dir_fd >= 0)
        close(a->dir_fd);
    a->dir_fd = -1;
}
