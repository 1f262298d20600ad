/* A week of the billed works (billed_rig.h): from 24 to 30 November 2026, 22:00 UTC, run once; each
 * test goes on from there with a store of its own. */
#ifndef BUSBAR_TESTS_WEEK_RIG_H
#define BUSBAR_TESTS_WEEK_RIG_H

#include "billed_rig.h"

#define FIRST  utc(2026, 11, 24, 0)
#define END    utc(2026, 11, 30, 22)
#define MONTH  utc(2026, 11, 1, 0)
#define BILL   utc(2026, 10, 26, 0) /* of main: to 26 November */
#define NEXT   utc(2026, 12, 1, 0)
#define HOURS  slot_code(SLOT_1H)
#define DAYS   slot_code(SLOT_1D)
#define MONTHS slot_code(SLOT_1MO)
#define Q      slot_code(SLOT_15M)

static char base[128];

static inline void copy_file(const char *from, const char *to) {
    static char bytes[1 << 20];
    size_t n;
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    assert_true(in != NULL && out != NULL);
    while ((n = fread(bytes, 1, sizeof bytes, in)) > 0)
        assert_int_equal(fwrite(bytes, 1, n, out), n);
    assert_int_equal(fclose(out), 0);
    fclose(in);
}

/* Six days and 22 hours, kept beside the tests. */
static inline int a_week(void **state) {
    (void)state;
    if (clock_set_zone("UTC") < 0)
        return 1;
    billed_init(FIRST);
    billed_run(FIRST, END + MINUTE);
    rig_kill(&b.rig);
    snprintf(base, sizeof base, "%s.base", b.rig.works.folder);
    copy_file(b.rig.works.path, base);
    works_fini(&b.rig.works);
    return 0;
}

static inline int no_week(void **state) {
    (void)state;
    return remove(base);
}

/* The store as it was at END, opened. A setup function. */
static inline int the_week(void **state) {
    (void)state;
    assert_int_equal(clock_set_zone("UTC"), ERR_OK);
    memset(&b, 0, sizeof b);
    billed_site();
    copy_file(base, b.rig.works.path);
    b.began = FIRST;
    billed_open(END + 20000);
    return 0;
}

static inline int gone(void **state) {
    (void)state;
    billed_fini();
    return 0;
}

static inline double sum_of(int64_t code, ms_t from, ms_t to, ms_t step, const char *path) {
    double sum = 0.0;
    for (ms_t t = from; t < to; t += step)
        sum += billed_number(code, t, path);
    return sum;
}

#define IN_THE_WEEK(name) cmocka_unit_test_setup_teardown(name, the_week, gone)

#endif
