#include "web/page.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/log.h"
#include "web/answer.h"

#define NAME_MAX_BYTES 64

static const struct {
    const char *end, *type;
} types[] = {
    {".html", "text/html; charset=utf-8"}, {".js", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},   {".svg", "image/svg+xml"},
    {".txt", "text/plain; charset=utf-8"}, {".webmanifest", "application/manifest+json"},
};

void page_open(struct page *p, const char *folder) {
    p->folder = folder ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (folder && p->folder < 0)
        log_warn("web: no page in %s: / is answered with 404; build it with tools/page, or give "
                 "busbard --page FOLDER",
                 folder);
}

void page_close(struct page *p) {
    if (p->folder >= 0)
        close(p->folder);
    p->folder = -1;
}

static const char *type_of(const char *name) {
    size_t n = strlen(name);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        size_t end = strlen(types[i].end);
        if (n > end && strcmp(name + n - end, types[i].end) == 0)
            return types[i].type;
    }
    return NULL;
}

static const char *name_of(const char *path) {
    return strcmp(path, "/") == 0 ? "index.html" : path + 1;
}

bool page_is(const char *path) {
    const char *name = name_of(path);
    size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.");
    return path[0] == '/' && n == strlen(name) && n < NAME_MAX_BYTES && name[0] != '.' &&
           strstr(name, "..") == NULL && type_of(name) != NULL;
}

/* Opens a plain file of the folder; -1: it is not there. */
static int open_file(const struct page *p, const char *name, struct stat *ret) {
    int fd = openat(p->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return -1;
    if (fstat(fd, ret) == 0 && S_ISREG(ret->st_mode))
        return fd;
    close(fd);
    return -1;
}

static bool has_it(struct MHD_Connection *c, const char *tag) {
    const char *tags =
        MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_IF_NONE_MATCH);
    return tags && strstr(tags, tag) != NULL;
}

static bool accepts_gzip(struct MHD_Connection *c) {
    const char *encodings =
        MHD_lookup_connection_value(c, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT_ENCODING);
    return encodings && strstr(encodings, "gzip") != NULL;
}

enum MHD_Result page_get(const struct page *p, struct MHD_Connection *c, const char *path) {
    const char *name = name_of(path);
    char packed_name[NAME_MAX_BYTES + 4], tag[64];
    struct stat st;
    int fd = -1;
    snprintf(packed_name, sizeof packed_name, "%s.gz", name);
    if (p->folder >= 0 && accepts_gzip(c))
        fd = open_file(p, packed_name, &st);
    bool packed = fd >= 0;
    if (p->folder >= 0 && !packed)
        fd = open_file(p, name, &st);
    if (fd < 0)
        return answer_error(c, MHD_HTTP_NOT_FOUND, "there is no %.80s; the page is %s", path,
                            p->folder < 0 ? "not installed; the API is under /api/v1" : "at /");
    snprintf(tag, sizeof tag, "\"%" PRIx64 "-%" PRIx64 "%s\"", (uint64_t)st.st_mtim.tv_sec,
             (uint64_t)st.st_size, packed ? "-gz" : "");
    if (has_it(c, tag)) {
        close(fd);
        return answer_file(c, MHD_HTTP_NOT_MODIFIED, type_of(name), tag, false,
                           MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT));
    }
    struct MHD_Response *r = MHD_create_response_from_fd64((uint64_t)st.st_size, fd);
    if (!r)
        close(fd);
    return answer_file(c, MHD_HTTP_OK, type_of(name), tag, packed, r);
}
