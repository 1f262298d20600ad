/* What tests of slots ask of the messages of the small works. */
#ifndef BUSBAR_TESTS_SLOTS_FIXTURE_H
#define BUSBAR_TESTS_SLOTS_FIXTURE_H

#include "store_rig.h"

#define GRID_MINUTE_KWH 480.0
#define PV_MINUTE_KWH   30.0

/* What the meter counted from the first reading to t, interpolated: readings stand 100 ms after the
 * second. */
static inline double counted_to(ms_t t) {
    return (double)(t - T0 - 100) / 1000.0 * 8.0;
}

/* Of each slot its newest revision, in order of time; decref it. */
static inline json_t *newest(const json_t *messages) {
    json_t *kept = json_array();
    for (size_t i = 0; i < json_array_size(messages); i++) {
        json_t *m = json_array_get(messages, i);
        size_t k = 0;
        while (k < json_array_size(kept) &&
               strcmp(text_at(json_array_get(kept, k), "start"), text_at(m, "start")) != 0)
            k++;
        if (k == json_array_size(kept))
            json_array_append(kept, m);
        else if (number_at(m, "revision") > number_at(json_array_get(kept, k), "revision"))
            json_array_set(kept, k, m);
    }
    return kept;
}

static inline double sum_of(const json_t *messages, const char *path) {
    double sum = 0.0;
    for (size_t i = 0; i < json_array_size(messages); i++) {
        double v = number_at(json_array_get(messages, i), path);
        sum += isnan(v) ? 0.0 : v;
    }
    return sum;
}

/* No (start, revision) twice, rising starts. */
static inline void assert_each_slot_once(const json_t *messages, size_t count) {
    assert_int_equal(json_array_size(messages), count);
    for (size_t i = 0; i < count; i++) {
        const json_t *m = json_array_get(messages, i);
        assert_int_equal((int)number_at(m, "revision"), 0);
        if (i > 0)
            assert_true(
                strcmp(text_at(json_array_get(messages, i - 1), "start"), text_at(m, "start")) < 0);
    }
}

#endif
