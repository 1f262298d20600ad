#include "publish/batch_memory.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/pack.h"

#define MAGIC     "busbar-batches1"
#define SUM_BYTES 8
#define SUM_AT    (BATCH_COPY_BYTES - SUM_BYTES)

static uint64_t sum_of(const uint8_t *bytes) {
    return hash_bytes(HASH_START, bytes, SUM_AT);
}

void batch_copy_seal(uint8_t copy[BATCH_COPY_BYTES]) {
    uint64_t sum = sum_of(copy);
    for (int i = 0; i < SUM_BYTES; i++)
        copy[SUM_AT + i] = (uint8_t)(sum >> (8 * i));
}

void batch_copy_write(uint8_t out[BATCH_COPY_BYTES], uint64_t written, ms_t epoch,
                      const struct batch_list *list) {
    struct pack p;
    memset(out, 0, BATCH_COPY_BYTES);
    pack_init(&p, out, SUM_AT);
    pack_bytes(&p, MAGIC, sizeof MAGIC);
    pack_varint(&p, written);
    pack_signed(&p, epoch);
    pack_varint(&p, list->count);
    for (size_t i = 0; i < list->count; i++) {
        pack_varint(&p, list->batch[i].from);
        pack_varint(&p, list->batch[i].to - list->batch[i].from);
        pack_u8(&p, list->batch[i].accepted);
    }
    assert(!p.overflow); /* 32 batches of at most 21 bytes */
    batch_copy_seal(out);
}

int batch_copy_read(const uint8_t bytes[BATCH_COPY_BYTES], uint64_t *ret_written, ms_t *ret_epoch,
                    struct batch_list *ret) {
    uint64_t sum = 0;
    for (int i = 0; i < SUM_BYTES; i++)
        sum |= (uint64_t)bytes[SUM_AT + i] << (8 * i);
    struct unpack u;
    unpack_init(&u, bytes, SUM_AT);
    const uint8_t *magic = unpack_bytes(&u, sizeof MAGIC);
    if (sum != sum_of(bytes) || memcmp(magic, MAGIC, sizeof MAGIC) != 0)
        return ERR_CORRUPT;
    struct batch_list list = {0};
    uint64_t written = unpack_varint(&u);
    ms_t epoch = unpack_signed(&u);
    uint64_t count = unpack_varint(&u);
    if (count > BATCHES_MAX)
        return ERR_CORRUPT;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t from = unpack_varint(&u), more = unpack_varint(&u);
        bool accepted = unpack_u8(&u) != 0;
        if (from == 0 || from > INT64_MAX || more > INT64_MAX)
            return ERR_CORRUPT;
        list.batch[list.count++] =
            (struct batch){.from = from, .to = from + more, .accepted = accepted};
    }
    if (u.bad)
        return ERR_CORRUPT;
    *ret_written = written;
    *ret_epoch = epoch;
    *ret = list;
    return ERR_OK;
}

static char *path_of(const char *store_path, const char *id) {
    static const char middle[] = ".deliver-";
    size_t n = strlen(store_path) + sizeof middle + strlen(id);
    char *path = malloc(n);
    if (path)
        snprintf(path, n, "%s%s%s", store_path, middle, id);
    return path;
}

int batch_memory_open(struct batch_memory *m, const char *store_path, const char *id, ms_t epoch,
                      struct batch_list *ret) {
    *m = (struct batch_memory){.fd = -1};
    memset(ret, 0, sizeof *ret);
    m->path = path_of(store_path, id);
    if (!m->path)
        return ERR_NOMEM;
    m->fd = open(m->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (m->fd < 0)
        return ERR_IO;
    uint8_t copies[2 * BATCH_COPY_BYTES] = {0};
    ssize_t got = pread(m->fd, copies, sizeof copies, 0);
    if (got < 0)
        return ERR_IO;
    for (int i = 0; i < 2; i++) {
        uint64_t written;
        ms_t of;
        struct batch_list list;
        if (batch_copy_read(copies + i * BATCH_COPY_BYTES, &written, &of, &list) < 0 ||
            written < m->written)
            continue;
        m->written = written;
        if (of == epoch)
            *ret = list;
        else
            memset(ret, 0, sizeof *ret);
    }
    /* all of its room is taken now, not when the disk is full */
    if (got < (ssize_t)sizeof copies &&
        pwrite(m->fd, copies, sizeof copies, 0) != (ssize_t)sizeof copies)
        return ERR_IO;
    return ERR_OK;
}

void batch_memory_close(struct batch_memory *m) {
    if (m->fd >= 0)
        close(m->fd);
    free(m->path);
    *m = (struct batch_memory){.fd = -1};
}

int batch_memory_save(struct batch_memory *m, ms_t epoch, const struct batch_list *list) {
    if (m->fd < 0)
        return ERR_IO;
    uint8_t copy[BATCH_COPY_BYTES];
    uint64_t written = m->written + 1;
    batch_copy_write(copy, written, epoch, list);
    off_t at = (off_t)(written % 2) * BATCH_COPY_BYTES;
    if (pwrite(m->fd, copy, sizeof copy, at) != (ssize_t)sizeof copy || fdatasync(m->fd) < 0)
        return ERR_IO;
    m->written = written;
    return ERR_OK;
}
