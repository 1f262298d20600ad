/* Requests and replies of the node's Modbus server, PDU by PDU. */
#include <math.h>
#include <stdio.h>

#include "app/registers.h"
#include "app/server.h"
#include "board_rig.h"

static struct state fresh(void) {
    struct state s;
    memset(&s, 0, sizeof s);
    settings_default(&s.settings);
    s.draft = s.settings;
    return s;
}

static size_t ask(struct state *s, const char *hex, uint8_t out[PDU_MAX]) {
    uint8_t pdu[PDU_MAX];
    size_t n = 0;
    unsigned byte;
    int used;
    for (; sscanf(hex, " %2x%n", &byte, &used) == 1; hex += used)
        pdu[n++] = (uint8_t)byte;
    return server_handle(s, pdu, n, out);
}

static void expect(struct state *s, const char *request, const char *reply) {
    uint8_t out[PDU_MAX];
    char got[3 * PDU_MAX + 1] = "";
    const size_t n = ask(s, request, out);
    for (size_t i = 0; i < n; i++)
        snprintf(got + 3 * i, 4, "%02x ", out[i]);
    if (n > 0)
        got[3 * n - 1] = '\0';
    if (strcmp(got, reply) != 0)
        fail_msg("to %s came %s, not %s", request, got, reply);
}

static void functions_3_and_4_read_the_same(void **state) {
    (void)state;
    struct state s = fresh();
    s.second.value[VALUE_VOLTAGE] = 230.5f; /* 0x43668000 */
    s.energy.mj[ENERGY_IMPORT] = 360000ULL * 0x123456789AULL + 359999;
    expect(&s, "03 0064 0002", "03 04 43 66 80 00");
    expect(&s, "04 0064 0002", "04 04 43 66 80 00");
    expect(&s, "04 0065 0001", "04 02 80 00");
    expect(&s, "03 00C8 0004", "03 08 00 00 00 12 34 56 78 9a");
}

static void text_counts_and_percents(void **state) {
    (void)state;
    struct state s = fresh();
    s.count[COUNT_RUN_S] = 0x00010002;
    s.second.value[VALUE_HARMONIC_VOLTAGE] = 3.214f;
    s.second.value[VALUE_HARMONIC_VOLTAGE + 1] = NAN;
    s.second.value[VALUE_HARMONIC_VOLTAGE + 2] = 5000.0f;
    expect(&s, "03 0028 0002", "03 04 62 75 73 62"); /* "busb" */
    expect(&s, "03 0016 0002", "03 04 00 01 00 02");
    expect(&s, "03 0190 0003", "03 06 01 41 ff ff ff fe");
}

static void exceptions_by_the_book(void **state) {
    (void)state;
    struct state s = fresh();
    expect(&s, "01 0000 0001", "81 01");
    expect(&s, "05 0000 FF00", "85 01");
    expect(&s, "64 00", "e4 01");
    expect(&s, "03 0064 0000", "83 03");
    expect(&s, "03 0064 007E", "83 03");
    expect(&s, "03 0064", "83 03");
    expect(&s, "03 0064 0002 00", "83 03");
    expect(&s, "03 0063 0001", "83 02"); /* before the block */
    expect(&s, "03 00B4 0004", "83 02"); /* over its end */
    expect(&s, "04 FFFF 0001", "84 02");
    expect(&s, "04 FFFF 0002", "84 02");
    expect(&s, "10 03E8 0001 02 00", "90 03");
    expect(&s, "10 03E8 0001 04 0001 0002", "90 03");
    expect(&s, "10 03E8 0000 00", "90 03");
    expect(&s, "10 03E8", "90 03");
    expect(&s, "06 03E8 00", "86 03");
    assert_int_equal(s.count[COUNT_EXCEPTIONS], 16);
}

static void settings_are_locked_until_the_key_comes(void **state) {
    (void)state;
    struct state s = fresh();
    expect(&s, "06 03E8 0005", "86 02");
    expect(&s, "06 044D 0001", "86 02"); /* a command, locked */
    expect(&s, "06 044C 1234", "86 03"); /* the wrong key */
    assert_int_equal(s.unlocked_s, 0);
    expect(&s, "06 044C 4E4F", "06 04 4c 4e 4f");
    expect(&s, "03 044C 0001", "03 02 00 3c");
    expect(&s, "06 03E8 0005", "06 03 e8 00 05");
    assert_int_equal(s.draft.word[SETTING_UNIT_ID], 5);
    assert_int_equal(s.settings.word[SETTING_UNIT_ID], 1); /* until it is stored */
    expect(&s, "06 044C 0000", "06 04 4c 00 00");
    expect(&s, "06 03E8 0006", "86 02");
}

static void values_out_of_range_change_nothing(void **state) {
    (void)state;
    struct state s = fresh();
    s.unlocked_s = 9;
    static const char *const wrong[] = {
        "06 03E8 0000", "06 03E8 00F8", /* unit 0, 248 */
        "06 03E9 0061",                 /* 9700 Bd */
        "06 03EA 0003",                 /* parity 3 */
        "06 03EB 0000",                 /* CT primary 0 */
        "06 03EF FE0B", "06 03EF 01F5", /* lead -501, 501 */
        "06 03EF 8000", "06 03EE 01F3",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        expect(&s, wrong[i], "86 03");
    /* the second of two is wrong: the first is not written */
    expect(&s, "10 03E8 0002 04 0007 0061", "90 03");
    expect(&s, "10 0064 0001 02 0007", "90 02");      /* read only */
    expect(&s, "10 03F9 0002 04 0000 0000", "90 02"); /* the last setting and one more */
    assert_memory_equal(&s.draft, &s.settings, sizeof s.draft);
    expect(&s, "10 03E8 0002 04 0007 0060", "10 03 e8 00 02");
    assert_int_equal(s.draft.word[SETTING_BAUD], 96);
    expect(&s, "06 03EF FE0C", "06 03 ef fe 0c");
    assert_int_equal(settings_get(&s.draft, SETTING_LEAD_L1), -500);
    expect(&s, "06 044D 0005", "86 03"); /* no such command */
    expect(&s, "06 044D 0003", "06 04 4d 00 03");
    assert_int_equal(s.command, COMMAND_RESET_PEAK);
}

static void identification_by_stream_and_one_by_one(void **state) {
    (void)state;
    struct state s = fresh();
    uint8_t out[PDU_MAX];
    size_t n = ask(&s, "2B 0E 01 00", out);
    assert_int_equal(out[0], 0x2B);
    assert_int_equal(out[3], 0x82);
    assert_int_equal(out[6], 3);
    assert_memory_equal(out + 7,
                        "\x00\x0E"
                        "Busbar project"
                        "\x01\x0B"
                        "busbar-node",
                        29);
    n = ask(&s, "2B 0E 02 00", out);
    assert_int_equal(out[6], 6);
    assert_true(n > 40);
    n = ask(&s, "2B 0E 04 01", out);
    assert_int_equal(n, 7 + 2 + 11);
    n = ask(&s, "2B 0E 01 50", out); /* unknown: from the beginning */
    assert_int_equal(out[7], 0);
    expect(&s, "2B 0E 04 06", "ab 02");
    expect(&s, "2B 0E 05 00", "ab 03");
    expect(&s, "2B 0E 00 00", "ab 03");
    expect(&s, "2B 0D 01 00", "ab 01");
    expect(&s, "2B", "ab 01");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_3_and_4_read_the_same),
        cmocka_unit_test(text_counts_and_percents),
        cmocka_unit_test(exceptions_by_the_book),
        cmocka_unit_test(settings_are_locked_until_the_key_comes),
        cmocka_unit_test(values_out_of_range_change_nothing),
        cmocka_unit_test(identification_by_stream_and_one_by_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
