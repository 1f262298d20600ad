/* PDUs of the read functions, both sides, against the examples of the MODBUS Application Protocol
 * Specification V1.1b3, and every malformed one by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "wire/pdu.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static uint32_t seed = 1;
static uint32_t random_below(uint32_t n) {
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % n;
}

struct example {
    const char *section;
    struct pdu_read ask;
    uint8_t request[PDU_READ_REQUEST];
    const char *reply;
    size_t reply_len;
    uint16_t values[24];
};

static const struct example examples[] = {
    {"6.1 Read Coils",
     {1, 0x13, 19},
     {0x01, 0x00, 0x13, 0x00, 0x13},
     "\x01\x03\xCD\x6B\x05",
     5,
     {1, 0, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1}},
    {"6.2 Read Discrete Inputs",
     {2, 0xC4, 22},
     {0x02, 0x00, 0xC4, 0x00, 0x16},
     "\x02\x03\xAC\xDB\x35",
     5,
     {0, 0, 1, 1, 0, 1, 0, 1, 1, 1, 0, 1, 1, 0, 1, 1, 1, 0, 1, 0, 1, 1}},
    {"6.3 Read Holding Registers",
     {3, 0x6B, 3},
     {0x03, 0x00, 0x6B, 0x00, 0x03},
     "\x03\x06\x02\x2B\x00\x00\x00\x64",
     8,
     {0x022B, 0x0000, 0x0064}},
    {"6.4 Read Input Registers",
     {4, 0x08, 1},
     {0x04, 0x00, 0x08, 0x00, 0x01},
     "\x04\x02\x00\x0A",
     4,
     {0x000A}},
};

static void examples_of_the_specification(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(examples); i++) {
        const struct example *e = &examples[i];
        uint8_t out[PDU_MAX];
        uint16_t values[24] = {0};
        uint8_t exception = 0;
        struct pdu_read ask;
        assert_int_equal(pdu_read_request(&e->ask, out), PDU_READ_REQUEST);
        assert_memory_equal(out, e->request, PDU_READ_REQUEST);
        assert_int_equal(pdu_read_request_parse(e->request, PDU_READ_REQUEST, &ask), ERR_OK);
        assert_int_equal(ask.function, e->ask.function);
        assert_int_equal(ask.start, e->ask.start);
        assert_int_equal(ask.count, e->ask.count);
        assert_int_equal(pdu_read_reply_length(&e->ask), e->reply_len);
        assert_int_equal(
            pdu_read_reply(&e->ask, (const uint8_t *)e->reply, e->reply_len, values, &exception),
            ERR_OK);
        assert_memory_equal(values, e->values, sizeof values);
        assert_int_equal(pdu_read_reply_build(&e->ask, e->values, out), e->reply_len);
        assert_memory_equal(out, e->reply, e->reply_len);
    }
}

static void limits_of_a_request(void **state) {
    (void)state;
    static const struct {
        struct pdu_read ask;
        int client, server;
    } cases[] = {
        {{3, 0, 125}, PDU_READ_REQUEST, ERR_OK},
        {{4, 0, 125}, PDU_READ_REQUEST, ERR_OK},
        {{1, 0, 2000}, PDU_READ_REQUEST, ERR_OK},
        {{2, 0, 2000}, PDU_READ_REQUEST, ERR_OK},
        {{3, 65535, 1}, PDU_READ_REQUEST, ERR_OK},
        {{3, 65411, 125}, PDU_READ_REQUEST, ERR_OK},
        {{3, 0, 0}, ERR_RANGE, ERR_RANGE},
        {{3, 0, 126}, ERR_RANGE, ERR_RANGE},
        {{4, 0, 126}, ERR_RANGE, ERR_RANGE},
        {{1, 0, 0}, ERR_RANGE, ERR_RANGE},
        {{1, 0, 2001}, ERR_RANGE, ERR_RANGE},
        {{2, 0, 65535}, ERR_RANGE, ERR_RANGE},
        {{3, 65535, 2}, ERR_RANGE, ERR_NOT_FOUND},
        {{3, 65412, 125}, ERR_RANGE, ERR_NOT_FOUND},
        {{1, 65535, 2000}, ERR_RANGE, ERR_NOT_FOUND},
        {{0, 0, 1}, ERR_RANGE, ERR_FUNCTION},
        {{5, 0, 1}, ERR_RANGE, ERR_FUNCTION},
        {{6, 0, 1}, ERR_RANGE, ERR_FUNCTION},
        {{16, 0, 1}, ERR_RANGE, ERR_FUNCTION},
        {{0x83, 0, 1}, ERR_RANGE, ERR_FUNCTION},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct pdu_read *ask = &cases[i].ask;
        uint8_t out[PDU_READ_REQUEST];
        memset(out, 0x55, sizeof out);
        assert_int_equal(pdu_read_request(ask, out), cases[i].client);
        if (cases[i].client < 0)
            assert_int_equal(out[0], 0x55);
        const uint8_t bytes[] = {ask->function, (uint8_t)(ask->start >> 8), (uint8_t)ask->start,
                                 (uint8_t)(ask->count >> 8), (uint8_t)ask->count};
        struct pdu_read parsed = {.function = 99};
        assert_int_equal(pdu_read_request_parse(bytes, sizeof bytes, &parsed), cases[i].server);
        assert_int_equal(parsed.function, cases[i].server == ERR_OK ? ask->function : 99);
    }
}

static void a_request_of_another_length_is_refused(void **state) {
    (void)state;
    const uint8_t bytes[] = {3, 0, 0, 0, 1, 0};
    struct pdu_read ask = {.function = 99};
    for (size_t n = 0; n <= sizeof bytes; n++)
        assert_int_equal(pdu_read_request_parse(bytes, n, &ask),
                         n == PDU_READ_REQUEST ? ERR_OK : ERR_FRAME_LENGTH);
}

static void malformed_replies_are_refused_by_name(void **state) {
    (void)state;
    static const struct {
        const char *what;
        struct pdu_read ask;
        const char *pdu;
        size_t n;
        int rc;
        int exception;
    } cases[] = {
        {"nothing", {3, 0, 1}, "", 0, ERR_FRAME_LENGTH, 0},
        {"function only", {3, 0, 1}, "\x03", 1, ERR_FRAME_LENGTH, 0},
        {"no data", {3, 0, 1}, "\x03\x02", 2, ERR_FRAME_LENGTH, 0},
        {"half a register", {3, 0, 1}, "\x03\x02\x12", 3, ERR_FRAME_LENGTH, 0},
        {"one byte too many", {3, 0, 1}, "\x03\x02\x12\x34\x56", 5, ERR_FRAME_LENGTH, 0},
        {"byte count low", {3, 0, 2}, "\x03\x02\x12\x34", 4, ERR_BYTE_COUNT, 0},
        {"byte count high", {3, 0, 1}, "\x03\x04\x12\x34\x56\x78", 6, ERR_BYTE_COUNT, 0},
        {"byte count odd", {3, 0, 1}, "\x03\x03\x12\x34\x56", 5, ERR_BYTE_COUNT, 0},
        {"bits of a neighbour", {1, 0, 9}, "\x01\x01\xFF", 3, ERR_BYTE_COUNT, 0},
        {"another function", {3, 0, 1}, "\x04\x02\x12\x34", 4, ERR_FUNCTION, 0},
        {"another exception", {3, 0, 1}, "\x84\x02", 2, ERR_FUNCTION, 0},
        {"exception cut", {3, 0, 1}, "\x83", 1, ERR_FRAME_LENGTH, 0},
        {"exception long", {3, 0, 1}, "\x83\x02\x00", 3, ERR_FRAME_LENGTH, 0},
        {"exception 0", {3, 0, 1}, "\x83\x00", 2, ERR_RANGE, 0},
        {"exception 2", {3, 0, 1}, "\x83\x02", 2, ERR_EXCEPTION, 2},
        {"exception 255", {1, 0, 1}, "\x81\xFF", 2, ERR_EXCEPTION, 255},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint16_t values[2] = {0xABCD, 0xABCD};
        uint8_t exception = 0;
        assert_int_equal(pdu_read_reply(&cases[i].ask, (const uint8_t *)cases[i].pdu, cases[i].n,
                                        values, &exception),
                         cases[i].rc);
        assert_int_equal(exception, cases[i].exception);
        assert_int_equal(values[0], 0xABCD);
        assert_int_equal(values[1], 0xABCD);
    }
}

/* V1.1b3 section 7: the MODBUS exception codes. */
static void exceptions_have_names(void **state) {
    (void)state;
    static const uint8_t known[] = {1, 2, 3, 4, 5, 6, 8, 10, 11};
    size_t named = 0;
    for (unsigned code = 0; code < 256; code++) {
        const char *words = pdu_exception_str((uint8_t)code);
        assert_non_null(words);
        if (strcmp(words, "unknown exception") != 0) {
            assert_true(named < COUNT(known));
            assert_int_equal(code, known[named++]);
        }
    }
    assert_int_equal(named, COUNT(known));
    assert_string_equal(pdu_exception_str(2), "illegal data address");
    assert_string_equal(pdu_exception_str(6), "server device busy");
}

static void an_exception_reply_reads_back(void **state) {
    (void)state;
    uint8_t out[PDU_MAX];
    const struct pdu_read ask = {4, 10, 2};
    uint16_t values[2];
    uint8_t exception = 0;
    const size_t n = pdu_exception_build(4, 3, out);
    assert_int_equal(n, 2);
    assert_int_equal(pdu_read_reply(&ask, out, n, values, &exception), ERR_EXCEPTION);
    assert_int_equal(exception, 3);
}

static void no_reply_is_built_for_an_impossible_read(void **state) {
    (void)state;
    static const struct pdu_read asks[] = {{3, 0, 0}, {3, 0, 126}, {1, 0, 2001}, {6, 0, 1}};
    static const uint16_t values[2001];
    uint8_t out[PDU_MAX];
    for (size_t i = 0; i < COUNT(asks); i++)
        assert_int_equal(pdu_read_reply_build(&asks[i], values, out), 0);
}

static void what_is_built_reads_back(void **state) {
    (void)state;
    for (int round = 0; round < 20000; round++) {
        static uint16_t values[PDU_BITS_MAX], back[PDU_BITS_MAX + 1];
        struct pdu_read ask = {.function = (uint8_t)(1 + random_below(4))};
        const uint32_t most = ask.function <= 2 ? PDU_BITS_MAX : PDU_REGISTERS_MAX;
        ask.count = (uint16_t)(1 + random_below(most));
        ask.start = (uint16_t)random_below(65537U - ask.count);
        for (size_t i = 0; i < ask.count; i++)
            values[i] = (uint16_t)(random_below(65536) & (ask.function <= 2 ? 1 : 0xFFFF));
        uint8_t out[PDU_MAX], exception;
        struct pdu_read parsed;
        assert_int_equal(pdu_read_request(&ask, out), PDU_READ_REQUEST);
        assert_int_equal(pdu_read_request_parse(out, PDU_READ_REQUEST, &parsed), ERR_OK);
        assert_int_equal(parsed.function, ask.function);
        assert_int_equal(parsed.start, ask.start);
        assert_int_equal(parsed.count, ask.count);
        const size_t n = pdu_read_reply_build(&ask, values, out);
        assert_int_equal(n, pdu_read_reply_length(&ask));
        back[ask.count] = 0xABCD;
        assert_int_equal(pdu_read_reply(&ask, out, n, back, &exception), ERR_OK);
        assert_memory_equal(back, values, ask.count * sizeof values[0]);
        assert_int_equal(back[ask.count], 0xABCD);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_of_the_specification),
        cmocka_unit_test(limits_of_a_request),
        cmocka_unit_test(a_request_of_another_length_is_refused),
        cmocka_unit_test(malformed_replies_are_refused_by_name),
        cmocka_unit_test(exceptions_have_names),
        cmocka_unit_test(an_exception_reply_reads_back),
        cmocka_unit_test(no_reply_is_built_for_an_impossible_read),
        cmocka_unit_test(what_is_built_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
