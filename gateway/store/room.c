#include "store/room.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/err.h"
#include "store/store_file.h"

#define LOW_BYTES     (64ull << 20)
#define LOW_BYTES_MAX (1ull << 30)
#define RESERVE_MIN   (1u << 20)

static bool reserve_name(const struct room *r, char *out) {
    return store_name(r->path, ".reserve", out) == ERR_OK;
}

void room_look(struct room *r) {
    char folder[STORE_PATH_MAX];
    struct statvfs v;
    store_folder(r->path, folder);
    if (statvfs(folder, &v) != 0)
        return; /* what was known last */
    r->total = (uint64_t)v.f_blocks * v.f_frsize;
    r->available = (uint64_t)v.f_bavail * v.f_frsize;
}

void room_init(struct room *r, const char *path) {
    char name[STORE_PATH_MAX];
    struct stat s;
    *r = (struct room){.path = path};
    room_look(r);
    uint64_t share = r->total / 16;
    r->reserve = share > ROOM_RESERVE_MAX ? ROOM_RESERVE_MAX
                 : share < RESERVE_MIN    ? RESERVE_MIN
                                          : share;
    r->held = reserve_name(r, name) && stat(name, &s) == 0 && s.st_blocks * 512 > 0;
}

bool room_is_low(const struct room *r) {
    uint64_t low = r->total / 20 < LOW_BYTES_MAX ? r->total / 20 : LOW_BYTES_MAX;
    return r->available < (low > LOW_BYTES ? low : LOW_BYTES);
}

bool room_release(struct room *r) {
    char name[STORE_PATH_MAX];
    bool gone = r->held && reserve_name(r, name) && unlink(name) == 0;
    r->held = false;
    room_look(r);
    return gone;
}

bool room_hold(struct room *r) {
    char name[STORE_PATH_MAX];
    room_look(r);
    if (r->held)
        return true;
    if (r->available < 2 * r->reserve || !reserve_name(r, name))
        return false;
    int fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0)
        return false;
    r->held = posix_fallocate(fd, 0, (off_t)r->reserve) == 0;
    close(fd);
    if (!r->held)
        unlink(name);
    room_look(r);
    return r->held;
}
