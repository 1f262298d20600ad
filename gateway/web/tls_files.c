#include "web/tls_files.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "sys/secret_file.h"

#define PEM_MAX ((size_t)64 * 1024)

static void wipe(char *text) {
    if (text)
        sodium_memzero(text, strlen(text));
    free(text);
}

/* Takes fd. */
static int read_pem(int fd, const char *path, char **ret, char *why, size_t why_cap) {
    char *text = malloc(PEM_MAX + 1);
    size_t used = 0;
    ssize_t n = 1;
    while (text && used < PEM_MAX && (n = read(fd, text + used, PEM_MAX - used)) > 0)
        used += (size_t)n;
    close(fd);
    if (!text) {
        snprintf(why, why_cap, "no memory to read %s; try again", path);
        return ERR_NOMEM;
    }
    text[used] = '\0';
    bool good = n == 0 && strstr(text, "-----BEGIN ") != NULL;
    if (good) {
        *ret = text;
        return ERR_OK;
    }
    snprintf(why, why_cap, n < 0 ? "cannot read %s; see its disk" : "%s is no PEM file", path);
    wipe(text);
    return n < 0 ? ERR_IO : ERR_SYNTAX;
}

int tls_files_read(const char *cert_file, const char *key_file, struct tls_files *ret, char *why,
                   size_t why_cap) {
    struct tls_files t = {0};
    int fd = open(cert_file, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        snprintf(why, why_cap, "cannot open %s: %s", cert_file, strerror(errno));
        return ERR_IO;
    }
    int err = read_pem(fd, cert_file, &t.cert, why, why_cap);
    if (err == ERR_OK)
        err = fd = secret_file_open(key_file, why, why_cap);
    if (err >= 0)
        err = read_pem(fd, key_file, &t.key, why, why_cap);
    if (err < 0)
        tls_files_free(&t);
    else
        *ret = t;
    return err;
}

void tls_files_free(struct tls_files *t) {
    free(t->cert);
    wipe(t->key);
    *t = (struct tls_files){0};
}
