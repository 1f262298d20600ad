#include "config/data_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

#define PATH_BYTES 4096

const char *config_data_dir(void) {
    const char *dir = getenv("BUSBAR_DATA_DIR");
    return dir != NULL && dir[0] != 0 ? dir : BUSBAR_DATA_DIR;
}

/* Reads an open file; one byte beyond max proves that it is too long. */
static int read_all(int fd, size_t max, struct arena *arena, char **ret_bytes, size_t *ret_n) {
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        return ERR_IO;
    }
    if ((uint64_t)st.st_size > max) {
        return ERR_LIMIT;
    }
    size_t cap = (size_t)st.st_size + 1, n = 0;
    char *bytes = arena_alloc(arena, cap + 1, 1);
    if (bytes == NULL) {
        return ERR_NOMEM;
    }
    while (n < cap) {
        ssize_t got = read(fd, bytes + n, cap - n);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return ERR_IO;
        }
        if (got == 0) {
            break;
        }
        n += (size_t)got;
    }
    if (n == cap) {
        return ERR_IO; /* it grew while being read */
    }
    bytes[n] = 0;
    *ret_bytes = bytes;
    *ret_n = n;
    return ERR_OK;
}

int data_file_read(const char *path, size_t max, struct arena *arena, char **ret_bytes,
                   size_t *ret_n) {
    /* non-blocking: opening a pipe must not hang the check */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO;
    }
    int result = read_all(fd, max, arena, ret_bytes, ret_n);
    close(fd);
    return result;
}

static size_t folder_length(const char *file) {
    const char *slash = strrchr(file, '/');
    return slash != NULL ? (size_t)(slash - file) + 1 : 0;
}

const char *data_file_beside(struct arena *arena, const char *site_file, const char *path) {
    if (path == NULL || path[0] == '/') {
        return path;
    }
    size_t folder = folder_length(site_file), n = strlen(path);
    char *joined = arena_alloc(arena, folder + n + 1, 1);
    if (joined != NULL) {
        memcpy(joined, site_file, folder);
        memcpy(joined + folder, path, n);
    }
    return joined;
}

static bool is_file(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

/* Appends a tried path to the list for the message. */
static void note_tried(char *looked, size_t n, const char *path) {
    size_t used = strlen(looked);
    snprintf(looked + used, n - used, "%s%s", used > 0 ? ", " : "", path);
}

const char *data_file_find(const struct load *l, const char *folder, const char *name, char *looked,
                           size_t n) {
    const char *site_file = l->site_file != NULL ? l->site_file : "";
    size_t beside = folder_length(site_file);
    const char *dirs[] = {beside > 0 ? site_file : ".", l->data_dir, config_data_dir()};
    looked[0] = 0;
    for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++) {
        if (dirs[i] == NULL) {
            continue;
        }
        int length = (int)(i == 0 && beside > 0 ? beside - 1 : strlen(dirs[i]));
        char path[PATH_BYTES];
        int written = snprintf(path, sizeof path, "%.*s/%s/%s.yaml", length, dirs[i], folder, name);
        if (written < 0 || (size_t)written >= sizeof path) {
            continue;
        }
        if (is_file(path)) {
            return arena_strdup(l->arena, path);
        }
        if (strstr(looked, path) == NULL) {
            note_tried(looked, n, path);
        }
    }
    return NULL;
}
