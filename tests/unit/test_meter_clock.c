/* A device's own clock: registers to time, and the offset from the gateway's. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "calc/meter_clock.h"

static struct meter_clock clock_of(enum meter_clock_form form, enum word_order order, bool local) {
    return (struct meter_clock){.p = {.type = form == METER_CLOCK_EPOCH ? POINT_U32 : POINT_U16,
                                      .registers = form == METER_CLOCK_EPOCH ? 2 : 6,
                                      .word_order = order,
                                      .scale = 1,
                                      .sign = 1,
                                      .unavailable_count = 1,
                                      .unavailable = {0xFFFFFFFF}},
                                .form = form,
                                .local = local};
}

/* python: datetime(2024,2,29,23,59,58,tzinfo=utc).timestamp() */
#define LEAP 1709251198

static void registers_become_time(void **state) {
    (void)state;
    static const struct {
        enum meter_clock_form form;
        enum word_order order;
        uint16_t registers[6];
        bool is_time;
        int64_t shown_s;
    } cases[] = {
        {METER_CLOCK_EPOCH, WORD_ORDER_BIG, {0x65E1, 0x1A7E}, true, LEAP},
        {METER_CLOCK_EPOCH, WORD_ORDER_LITTLE, {0x1A7E, 0x65E1}, true, LEAP},
        {METER_CLOCK_EPOCH, WORD_ORDER_BIG, {0xF000, 0}, true, 0xF0000000}, /* after 2038 */
        {METER_CLOCK_EPOCH, WORD_ORDER_BIG, {0, 0}, true, 0},               /* never set */
        {METER_CLOCK_EPOCH, WORD_ORDER_BIG, {0xFFFF, 0xFFFF}, false, 0},
        {METER_CLOCK_DATE, WORD_ORDER_BIG, {2024, 2, 29, 23, 59, 58}, true, LEAP},
        {METER_CLOCK_DATE, WORD_ORDER_BIG, {24, 2, 29, 23, 59, 58}, true, LEAP},
        {METER_CLOCK_DATE, WORD_ORDER_BIG, {2023, 2, 29, 23, 59, 58}, false, 0}, /* no such day */
        {METER_CLOCK_DATE, WORD_ORDER_BIG, {2024, 4, 31, 0, 0, 0}, false, 0},
        {METER_CLOCK_DATE, WORD_ORDER_BIG, {2024, 13, 1, 0, 0, 0}, false, 0},
        {METER_CLOCK_DATE, WORD_ORDER_BIG, {2024, 0, 1, 0, 0, 0}, false, 0},
        {METER_CLOCK_DATE, WORD_ORDER_BIG, {2024, 1, 0, 0, 0, 0}, false, 0},
        {METER_CLOCK_DATE, WORD_ORDER_BIG, {2024, 1, 1, 24, 0, 0}, false, 0},
        {METER_CLOCK_DATE, WORD_ORDER_BIG, {2024, 1, 1, 0, 60, 0}, false, 0},
        {METER_CLOCK_DATE, WORD_ORDER_BIG, {2024, 1, 1, 0, 0, 60}, false, 0},
        {METER_CLOCK_DATE,
         WORD_ORDER_BIG,
         {0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF},
         false,
         0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct meter_clock c = clock_of(cases[i].form, cases[i].order, false);
        int64_t shown = -1;
        assert_int_equal(meter_clock_read(&c, cases[i].registers, &shown), cases[i].is_time);
        assert_int_equal(shown, cases[i].is_time ? cases[i].shown_s : -1);
    }
}

static void what_is_written_reads_back(void **state) {
    (void)state;
    for (int form = METER_CLOCK_EPOCH; form <= METER_CLOCK_DATE; form++) {
        const struct meter_clock c = clock_of((enum meter_clock_form)form, WORD_ORDER_LITTLE, true);
        for (int64_t s = LEAP - 400 * 86400; s < LEAP + 400 * 86400; s += 86399) {
            uint16_t registers[METER_CLOCK_REGISTERS];
            int64_t back = 0;
            meter_clock_write(&c, s, registers);
            assert_true(meter_clock_read(&c, registers, &back));
            assert_int_equal(back, s);
        }
    }
}

static void the_offset_is_in_whole_seconds_ahead(void **state) {
    (void)state;
    static const struct {
        bool local;
        ms_t at; /* beside LEAP */
        int utc_offset_s;
        int64_t shown_s; /* beside LEAP */
        double offset_s;
    } cases[] = {
        {false, 0, 0, 0, 0},
        {false, 0, 28800, 0, 0}, /* it shows UTC wherever it stands */
        {false, 499, 0, 0, 0},
        {false, 999, 0, 0, 0}, /* it will show the next second at once */
        {false, 1001, 0, 0, -1},
        {false, -1, 0, 0, 1},
        {true, 0, 28800, 28800, 0},
        {true, 0, 28800, 28890, 90},
        {true, 0, 28800, 0, -28800}, /* the profile says local and it shows UTC */
        {true, 500, -12600, -12600 - 61, -61},
        {false, -1000, 0, 0, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct meter_clock c = clock_of(METER_CLOCK_EPOCH, WORD_ORDER_BIG, cases[i].local);
        double offset =
            meter_clock_offset_s(&c, LEAP + cases[i].shown_s, (ms_t)LEAP * MS_PER_S + cases[i].at,
                                 cases[i].utc_offset_s);
        assert_int_equal(offset, cases[i].offset_s);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registers_become_time),
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(the_offset_is_in_whole_seconds_ahead),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
