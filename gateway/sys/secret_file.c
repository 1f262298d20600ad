#include "sys/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"

static int check_mode(const struct stat *st, const char *path, char *why, size_t why_cap) {
    if (!S_ISREG(st->st_mode)) {
        snprintf(why, why_cap, "%s is not a plain file", path);
        return ERR_REFUSED;
    }
    if ((st->st_mode & (S_IRWXO | S_IWGRP)) == 0)
        return ERR_OK;
    snprintf(why, why_cap, "%s has mode %04o: others may use it; run chmod 0600 %s", path,
             (unsigned)(st->st_mode & 07777), path);
    return ERR_REFUSED;
}

int secret_file_check(const char *path, char *why, size_t why_cap) {
    struct stat st;
    if (access(path, R_OK) == 0 && stat(path, &st) == 0)
        return check_mode(&st, path, why, why_cap);
    snprintf(why, why_cap, "cannot open %s: %s", path, strerror(errno));
    return ERR_IO;
}

int secret_file_open(const char *path, char *why, size_t why_cap) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        snprintf(why, why_cap, "cannot open %s: %s", path, strerror(errno));
        if (fd >= 0)
            close(fd);
        return ERR_IO;
    }
    int err = check_mode(&st, path, why, why_cap);
    if (err == ERR_OK)
        return fd;
    close(fd);
    return err;
}

int secret_file_read(const char *path, char out[SECRET_MAX], char *why, size_t why_cap) {
    int fd = secret_file_open(path, why, why_cap);
    if (fd < 0)
        return fd;
    int rc = ERR_IO;
    ssize_t got = read(fd, out, SECRET_MAX);
    if (got < 0) {
        snprintf(why, why_cap, "cannot read %s: %s", path, strerror(errno));
        rc = ERR_IO;
        goto out;
    }
    size_t len = 0;
    while (len < (size_t)got && out[len] != '\n' && out[len] != '\r' && out[len] != '\0')
        len++;
    if (len == 0 || len >= SECRET_MAX) {
        snprintf(why, why_cap, "%s must hold one line of 1 to %d bytes", path, SECRET_MAX - 1);
        rc = ERR_LIMIT;
        goto out;
    }
    out[len] = '\0';
    rc = (int)len;
out:
    close(fd);
    return rc;
}
