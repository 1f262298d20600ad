/* Keeps the fixed batches of a destination over a restart, so that a batch whose answer was lost is
 * sent again with the same ends, and so with the same key and content.
 *
 * A small file beside the store, <store>.deliver-<id>: two copies of 1 kB that are written in turn,
 * each with a count and a checksum, so that a power cut in the middle of one leaves the other. It
 * has its size from the beginning: a full disk does not stop it. Losing it loses no row: batches
 * are then cut anew. One thread; blocking file I/O. */
#ifndef BUSBAR_PUBLISH_BATCH_MEMORY_H
#define BUSBAR_PUBLISH_BATCH_MEMORY_H

#include <stdint.h>

#include "base/units.h"
#include "publish/batch_lanes.h"

#define BATCH_COPY_BYTES 1024

struct batch_memory {
    char *path;
    int fd; /* -1: not open */
    uint64_t written;
};

/* Opens or creates the file and reads the list; an unknown, damaged or foreign one (another epoch)
 * gives an empty list. ERR_NOMEM, ERR_IO with errno. */
int batch_memory_open(struct batch_memory *m, const char *store_path, const char *id, ms_t epoch,
                      struct batch_list *ret);
void batch_memory_close(struct batch_memory *m);
/* On disk when it returns ERR_OK. ERR_IO with errno. */
int batch_memory_save(struct batch_memory *m, ms_t epoch, const struct batch_list *list);

/* One copy: bytes, and back. ERR_CORRUPT. Pure. */
void batch_copy_write(uint8_t out[BATCH_COPY_BYTES], uint64_t written, ms_t epoch,
                      const struct batch_list *list);
void batch_copy_seal(uint8_t copy[BATCH_COPY_BYTES]); /* puts its checksum in */
int batch_copy_read(const uint8_t bytes[BATCH_COPY_BYTES], uint64_t *ret_written, ms_t *ret_epoch,
                    struct batch_list *ret);

#endif
