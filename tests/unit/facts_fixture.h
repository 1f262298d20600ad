/* A small site's empty slots, for tests of struct slot_facts. */
#ifndef BUSBAR_TESTS_FACTS_FIXTURE_H
#define BUSBAR_TESTS_FACTS_FIXTURE_H

#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "calc/facts.h"

#define UNKNOWN ((double)NAN)
#define QUARTER (15 * MS_PER_MIN)
#define HOUR    (60 * MS_PER_MIN)
#define T0      ((ms_t)1719763200000) /* 2024-06-30 16:00 UTC: midnight at UTC+8 */

#define assert_near(got, want) assert_near_at(got, want, __FILE__, __LINE__)
static inline void assert_near_at(double got, double want, const char *file, int line) {
    if (isnan(want) ? !isnan(got) : !(fabs(got - want) < 1e-9)) {
        print_error("got %.12g, want %.12g\n", got, want);
        _fail(file, line);
    }
}

/* An incomer and a feeder; one metering point, account and transformer. */
static inline struct site one_of_each(void) {
    static struct feed feeds[] = {
        {.role = ROLE_GRID, .parent = SITE_NONE, .counted = true},
        {.role = ROLE_LOAD, .parent = SITE_NONE, .counted = true},
    };
    return (struct site){.feeds = feeds,
                         .feed_count = 2,
                         .metering_point_count = 1,
                         .account_count = 1,
                         .transformer_count = 1};
}

/* Quarter i of the day, nothing known. */
static inline struct slot_facts quarter(int i) {
    struct site s = one_of_each();
    struct slot_facts f;
    facts_init(&f, &s, SLOT_15M, T0 + i * QUARTER, T0 + (i + 1) * QUARTER);
    return f;
}

static inline struct slot_facts hour(int i) {
    struct site s = one_of_each();
    struct slot_facts f;
    facts_init(&f, &s, SLOT_1H, T0 + i * HOUR, T0 + (i + 1) * HOUR);
    return f;
}

#endif
