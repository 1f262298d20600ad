/* Finding and reading the files that a configuration consists of. Regular files only, bounded. */
#ifndef BUSBAR_CONFIG_DATA_FILES_H
#define BUSBAR_CONFIG_DATA_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "config/messages.h"

/* One load: where files are looked for, what was read so far. */
struct load {
    const char *site_file; /* NULL: no site file is involved */
    const char *data_dir;  /* may be NULL */
    struct arena *arena;   /* what the result lives in */
    struct arena *scratch; /* what is needed only while loading; may be the same */
    struct config_errors *errors;
    unsigned files; /* read so far: the next file's order */
    uint64_t hash;  /* of their bytes */
};

/* Reads up to max bytes: ERR_NOT_FOUND, ERR_IO, ERR_LIMIT (longer), ERR_NOMEM; *ret_bytes is NUL-
 * terminated and lives in the arena. */
int data_file_read(const char *path, size_t max, struct arena *arena, char **ret_bytes,
                   size_t *ret_n);

/* The path of FOLDER/NAME.yaml: beside the site file, in data_dir, in the installed folder. NULL
 * when there is none; then looked (of n bytes) lists the places tried. */
const char *data_file_find(const struct load *l, const char *folder, const char *name, char *looked,
                           size_t n);

/* A path of the site file made relative to the site file's folder. */
const char *data_file_beside(struct arena *arena, const char *site_file, const char *path);

#endif
