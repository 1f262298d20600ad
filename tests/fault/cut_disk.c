#include "cut_disk.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chance.h"
#include "cut_vfs.h"

#define FILES_MAX 8

struct operation {
    enum cut_kind kind;
    size_t file, at, n; /* n of a mark: its number */
    uint8_t *data;      /* of a write */
};

struct disk_file {
    char name[64];
    bool there;      /* for sure */
    bool deleted;    /* its last operation */
    bool made_again; /* behind a deletion, and not synced yet */
    uint8_t *bytes;  /* for sure */
    size_t n, cap;
    size_t waiting, count; /* operations [waiting, ...) of this file are not synced; how many */
};

static struct {
    struct operation *operations;
    size_t count, cap, next;
    struct disk_file files[FILES_MAX];
    size_t file_count;
} disk;

static void *must(void *memory) {
    if (!memory)
        abort();
    return memory;
}

static size_t file_number(const char *name) {
    size_t i = 0;
    while (i < disk.file_count && strcmp(disk.files[i].name, name) != 0)
        i++;
    if (i == disk.file_count) {
        assert(i < FILES_MAX && strlen(name) < sizeof disk.files[i].name);
        snprintf(disk.files[i].name, sizeof disk.files[i].name, "%s", name);
        disk.file_count++;
    }
    return i;
}

static void add(struct operation o) {
    if (disk.count == disk.cap) {
        disk.cap = disk.cap ? 2 * disk.cap : 4096;
        disk.operations = must(realloc(disk.operations, disk.cap * sizeof *disk.operations));
    }
    disk.operations[disk.count++] = o;
}

static void on_operation(const char *name, enum cut_kind kind, size_t at, const void *data,
                         size_t n) {
    struct operation o = {.kind = kind, .file = file_number(name), .at = at, .n = n};
    if (kind == CUT_WRITE) {
        o.data = must(malloc(n));
        memcpy(o.data, data, n);
    }
    add(o);
}

void cut_disk_record(const char *folder, void (*after)(void)) {
    cut_vfs_watch(folder, on_operation, after);
}

void cut_disk_mark(size_t number) {
    add((struct operation){.kind = CUT_MARK, .n = number});
}

void cut_disk_stop(void) {
    cut_vfs_watch(NULL, NULL, NULL);
}

/* ---- contents ----------------------------------------------------------------------------- */

struct content {
    bool there;
    uint8_t *bytes;
    size_t n, cap;
};

static void resize(struct content *c, size_t n) {
    if (n > c->cap) {
        c->cap = 2 * n;
        c->bytes = must(realloc(c->bytes, c->cap));
    }
    if (n > c->n)
        memset(c->bytes + c->n, 0, n - c->n);
    c->n = n;
}

static void put(struct content *c, size_t at, const uint8_t *data, size_t n) {
    c->there = true;
    if (at + n > c->n)
        resize(c, at + n);
    memcpy(c->bytes + at, data, n);
}

static void apply(struct content *c, const struct operation *o) {
    switch (o->kind) {
    case CUT_WRITE:
        put(c, o->at, o->data, o->n);
        break;
    case CUT_TRUNCATE:
        resize(c, o->at);
        break;
    case CUT_DELETE:
        c->there = false;
        c->n = 0;
        break;
    case CUT_SYNC:
    case CUT_MARK:
        break;
    }
}

/* Its sectors (of the file, not of the write) with chance one half each; or from one end on. */
static void apply_part(struct content *c, const struct operation *o, size_t sector, bool tear) {
    size_t first = o->at / sector, last = (o->at + o->n - 1) / sector;
    size_t kept = tear ? (size_t)random_long((int64_t)(last - first + 1)) : 0;
    bool from_end = tear && one_in(2);
    for (size_t s = first; s <= last; s++) {
        size_t from = s * sector > o->at ? s * sector : o->at;
        size_t to = (s + 1) * sector < o->at + o->n ? (s + 1) * sector : o->at + o->n;
        size_t place = from_end ? last - s : s - first;
        if (tear ? place < kept : one_in(2))
            put(c, from, o->data + (from - o->at), to - from);
    }
}

/* ---- going through it --------------------------------------------------------------------- */

void cut_disk_rewind(void) {
    disk.next = 0;
    for (size_t i = 0; i < disk.file_count; i++) {
        struct disk_file *f = &disk.files[i];
        f->there = f->deleted = f->made_again = false;
        f->n = f->waiting = f->count = 0;
    }
}

static void sync_file(struct disk_file *f, size_t file, size_t end) {
    struct content c = {f->there, f->bytes, f->n, f->cap};
    for (size_t i = f->waiting; f->count > 0 && i < end; i++)
        if (disk.operations[i].file == file && disk.operations[i].kind != CUT_MARK)
            apply(&c, &disk.operations[i]);
    f->there = c.there || f->count == 0;
    f->bytes = c.bytes;
    f->n = c.n;
    f->cap = c.cap;
    f->waiting = end;
    f->count = 0;
}

/* The file is not there any more, for sure. */
static void settle_deletion(struct disk_file *f, size_t file) {
    sync_file(f, file, disk.next);
    f->there = false;
}

/* SQLite syncs the folder with the first sync of a new WAL or journal: deletions are sure from then
 * on, of a journal above all, which would undo what it was written for. */
static void sync_folder(void) {
    for (size_t i = 0; i < disk.file_count; i++)
        if (disk.files[i].count > 0 && disk.files[i].deleted)
            settle_deletion(&disk.files[i], i);
}

bool cut_disk_next(enum cut_kind *ret_kind, size_t *ret_mark) {
    if (disk.next == disk.count)
        return false;
    const struct operation *o = &disk.operations[disk.next++];
    *ret_kind = o->kind;
    *ret_mark = o->kind == CUT_MARK ? o->n : 0;
    if (o->kind == CUT_MARK)
        return true;
    struct disk_file *f = &disk.files[o->file];
    if (o->kind == CUT_SYNC) {
        if (!f->there || f->made_again)
            sync_folder();
        sync_file(f, o->file, disk.next);
        f->made_again = false;
        return true;
    }
    if (f->count++ == 0)
        f->waiting = disk.next - 1;
    f->made_again = f->made_again || f->deleted;
    f->deleted = o->kind == CUT_DELETE;
    if (f->deleted && o->n != 0) /* its folder was synced behind it */
        settle_deletion(f, o->file);
    return true;
}

/* ---- after the cut ------------------------------------------------------------------------ */

/* limit: a truncation that did not happen; what was written behind it was not, either. */
static void apply_some(struct content *c, const struct operation *o, size_t sector, size_t *limit) {
    if (o->kind == CUT_WRITE) {
        if (o->at + o->n <= *limit)
            apply_part(c, o, sector, false);
    } else if (*limit == SIZE_MAX && one_in(2)) {
        apply(c, o);
    } else {
        size_t at = o->kind == CUT_DELETE ? 0 : o->at;
        *limit = at < *limit ? at : *limit;
    }
}

static void after_cut(size_t file, enum cut_way way, size_t sector, struct content *c) {
    const struct disk_file *f = &disk.files[file];
    size_t limit = SIZE_MAX, last = disk.next;
    while (last > 0 && disk.operations[last - 1].kind == CUT_MARK)
        last--;
    for (size_t i = f->waiting; f->count > 0 && i < disk.next; i++) {
        const struct operation *o = &disk.operations[i];
        if (o->kind == CUT_MARK || o->file != file)
            continue;
        if (way == CUT_KEEP_SOME)
            apply_some(c, o, sector, &limit);
        else if (way == CUT_TEAR_LAST && i + 1 == last && o->kind == CUT_WRITE)
            apply_part(c, o, sector, true);
        else if (way != CUT_KEEP_NONE)
            apply(c, o);
    }
}

static void write_file(const char *path, const struct content *c) {
    unlink(path);
    if (!c->there)
        return;
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0640);
    if (fd < 0 || (c->n > 0 && write(fd, c->bytes, c->n) != (ssize_t)c->n))
        abort();
    close(fd);
}

void cut_disk_write(const char *folder, enum cut_way way, size_t sector_bytes) {
    static struct content c; /* its memory is used again */
    char path[512];
    for (size_t i = 0; i < disk.file_count; i++) {
        const struct disk_file *f = &disk.files[i];
        c.there = f->there;
        c.n = 0;
        resize(&c, f->n);
        if (f->n > 0)
            memcpy(c.bytes, f->bytes, f->n);
        after_cut(i, way, sector_bytes, &c);
        snprintf(path, sizeof path, "%s/%s", folder, f->name);
        write_file(path, &c);
    }
}

void cut_disk_free(void) {
    for (size_t i = 0; i < disk.count; i++)
        free(disk.operations[i].data);
    for (size_t i = 0; i < disk.file_count; i++)
        free(disk.files[i].bytes);
    free(disk.operations);
    memset(&disk, 0, sizeof disk);
}
