/* The fixed batches over a restart: what was saved comes back, whatever a power cut left. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "publish/batch_memory.h"

#define EPOCH ((ms_t)1795305600123)

static char folder[64], store[128], file[160];

static int make_folder(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/busbar-memory-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(store, sizeof store, "%s/busbar.db", folder);
    snprintf(file, sizeof file, "%s.deliver-one", store);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    unlink(file);
    return rmdir(folder);
}

static struct batch_list list_of(size_t count, uint64_t first) {
    struct batch_list l = {0};
    for (size_t i = 0; i < count; i++)
        l.batch[l.count++] = (struct batch){
            .from = first + 10 * i, .to = first + 10 * i + 9, .accepted = i % 3 == 1};
    return l;
}

static void same(const struct batch_list *a, const struct batch_list *b) {
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        assert_int_equal(a->batch[i].from, b->batch[i].from);
        assert_int_equal(a->batch[i].to, b->batch[i].to);
        assert_int_equal(a->batch[i].accepted, b->batch[i].accepted);
    }
}

static void save(struct batch_list l) {
    struct batch_memory m;
    struct batch_list before;
    assert_int_equal(batch_memory_open(&m, store, "one", EPOCH, &before), ERR_OK);
    assert_int_equal(batch_memory_save(&m, EPOCH, &l), ERR_OK);
    batch_memory_close(&m);
}

static struct batch_list load(ms_t epoch) {
    struct batch_memory m;
    struct batch_list l;
    assert_int_equal(batch_memory_open(&m, store, "one", epoch, &l), ERR_OK);
    batch_memory_close(&m);
    return l;
}

static void nothing_is_remembered_at_first(void **state) {
    (void)state;
    struct stat st;
    assert_int_equal(load(EPOCH).count, 0);
    assert_int_equal(stat(file, &st), 0);
    assert_int_equal(st.st_size, 2 * BATCH_COPY_BYTES);
    assert_int_equal(st.st_mode & 07, 0);
}

static void the_last_list_comes_back(void **state) {
    (void)state;
    struct batch_list l;
    for (size_t n = 0; n <= BATCHES_MAX; n++) {
        save(list_of(n, 1 + n));
        l = load(EPOCH);
        struct batch_list expected = list_of(n, 1 + n);
        same(&l, &expected);
    }
    /* the largest numbers fit too */
    struct batch_list big = {.count = BATCHES_MAX};
    for (size_t i = 0; i < BATCHES_MAX; i++)
        big.batch[i] = (struct batch){.from = INT64_MAX, .to = (uint64_t)2 * INT64_MAX};
    save(big);
    l = load(EPOCH);
    same(&l, &big);
}

static void another_epoch_has_no_batches(void **state) {
    (void)state;
    save(list_of(3, 1));
    assert_int_equal(load(EPOCH + 1).count, 0);
    assert_int_equal(load(EPOCH).count, 3);
}

/* A write that a power cut tears at any byte: the list before it, or the new one. */
static void a_torn_write_leaves_the_list_before(void **state) {
    (void)state;
    uint8_t before[2 * BATCH_COPY_BYTES], after[2 * BATCH_COPY_BYTES];
    const struct batch_list old = list_of(5, 100), new = list_of(7, 200);
    for (int round = 0; round < 2; round++) { /* in either copy */
        save(old);
        int fd = open(file, O_RDWR);
        assert_int_equal(pread(fd, before, sizeof before, 0), sizeof before);
        save(new);
        assert_int_equal(pread(fd, after, sizeof after, 0), sizeof after);
        for (size_t cut = 0; cut <= sizeof after; cut++) {
            assert_int_equal(pwrite(fd, before, sizeof before, 0), sizeof before);
            assert_int_equal(pwrite(fd, after, cut, 0), cut);
            struct batch_list l = load(EPOCH);
            same(&l, l.count == new.count ? &new : &old);
        }
        close(fd);
    }
}

static void a_damaged_file_gives_nothing_and_is_written_again(void **state) {
    (void)state;
    save(list_of(4, 1));
    int fd = open(file, O_RDWR | O_TRUNC);
    for (int i = 0; i < 700; i++)
        assert_int_equal(write(fd, "junk", 4), 4);
    close(fd);
    assert_int_equal(load(EPOCH).count, 0);
    save(list_of(2, 50));
    assert_int_equal(load(EPOCH).count, 2);
}

static void a_folder_that_is_not_there_is_an_error(void **state) {
    (void)state;
    struct batch_memory m;
    struct batch_list l;
    assert_int_equal(batch_memory_open(&m, "/nowhere/busbar.db", "one", EPOCH, &l), ERR_IO);
    assert_int_equal(l.count, 0);
    assert_int_equal(batch_memory_save(&m, EPOCH, &l), ERR_IO);
    batch_memory_close(&m);
}

#define IN_A_FOLDER(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void) {
    const struct CMUnitTest tests[] = {
        IN_A_FOLDER(nothing_is_remembered_at_first),
        IN_A_FOLDER(the_last_list_comes_back),
        IN_A_FOLDER(another_epoch_has_no_batches),
        IN_A_FOLDER(a_torn_write_leaves_the_list_before),
        IN_A_FOLDER(a_damaged_file_gives_nothing_and_is_written_again),
        cmocka_unit_test(a_folder_that_is_not_there_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
