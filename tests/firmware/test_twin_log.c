/* The two-slot log: the power goes at every byte that is ever written. */
#include "board_rig.h"

#define MAGIC   0x54455354
#define PAYLOAD JOURNAL_BYTES

static void fill(uint8_t payload[PAYLOAD], int number) {
    for (int i = 0; i < PAYLOAD; i++)
        payload[i] = (uint8_t)(number * 7 + i);
}

static struct twin_log log_on(struct board *b) {
    return (struct twin_log){.hal = &b->hal, .nvm = HAL_NVM_COUNTERS, .magic = MAGIC};
}

static void a_new_memory_is_blank_not_corrupt(void **state) {
    (void)state;
    uint8_t got[PAYLOAD];
    struct board b;
    board_init(&b);
    struct twin_log t = log_on(&b);
    assert_int_equal(twin_load(&t, got, PAYLOAD), ERR_NOT_FOUND);
    memset(b.memory, 0xFF, sizeof b.memory);
    assert_int_equal(twin_load(&t, got, PAYLOAD), ERR_NOT_FOUND);
    b.memory[HAL_NVM_COUNTERS][1][40] = 3;
    assert_int_equal(twin_load(&t, got, PAYLOAD), ERR_CORRUPT);
}

/* Three records stand; the fourth is cut after n bytes, for every n. Then the third or the fourth
 * is there, whole, and the next one can be stored. */
static void a_cut_at_any_byte_leaves_the_record_before(void **state) {
    (void)state;
    uint8_t got[PAYLOAD], want[PAYLOAD];
    for (int cut = 0; cut <= TWIN_HEADER + PAYLOAD; cut++) {
        struct board b;
        board_init(&b);
        struct twin_log t = log_on(&b);
        assert_int_equal(twin_load(&t, got, PAYLOAD), ERR_NOT_FOUND);
        for (int number = 1; number <= 3; number++) {
            fill(want, number);
            assert_int_equal(twin_store(&t, want, PAYLOAD), ERR_OK);
        }
        fill(want, 4);
        b.bytes_until_cut = cut;
        const bool whole = twin_store(&t, want, PAYLOAD) == ERR_OK;
        assert_int_equal(whole, cut == TWIN_HEADER + PAYLOAD);
        board_power_on(&b);
        struct twin_log again = log_on(&b);
        assert_int_equal(twin_load(&again, got, PAYLOAD), ERR_OK);
        fill(want, whole ? 4 : 3);
        assert_memory_equal(got, want, PAYLOAD);
        fill(want, 5);
        assert_int_equal(twin_store(&again, want, PAYLOAD), ERR_OK);
        struct twin_log last = log_on(&b);
        assert_int_equal(twin_load(&last, got, PAYLOAD), ERR_OK);
        assert_memory_equal(got, want, PAYLOAD);
    }
}

/* Two cuts in a row: the good slot is never the one that is written. */
static void a_second_cut_does_no_more_harm(void **state) {
    (void)state;
    uint8_t got[PAYLOAD], want[PAYLOAD];
    for (int cut = 0; cut < TWIN_HEADER + PAYLOAD; cut++) {
        struct board b;
        board_init(&b);
        struct twin_log t = log_on(&b);
        twin_load(&t, got, PAYLOAD);
        fill(want, 1);
        assert_int_equal(twin_store(&t, want, PAYLOAD), ERR_OK);
        for (int again = 0; again < 3; again++) {
            uint8_t lost[PAYLOAD];
            fill(lost, 9 + again);
            b.bytes_until_cut = cut;
            assert_int_equal(twin_store(&t, lost, PAYLOAD), ERR_IO);
            board_power_on(&b);
            t = log_on(&b);
            assert_int_equal(twin_load(&t, got, PAYLOAD), ERR_OK);
            assert_memory_equal(got, want, PAYLOAD);
        }
    }
}

static void every_flipped_bit_is_noticed(void **state) {
    (void)state;
    uint8_t got[PAYLOAD], want[PAYLOAD];
    struct board b;
    board_init(&b);
    struct twin_log t = log_on(&b);
    twin_load(&t, got, PAYLOAD);
    fill(want, 1);
    twin_store(&t, want, PAYLOAD);
    for (int bit = 0; bit < 8 * (TWIN_HEADER + PAYLOAD); bit++) {
        b.memory[HAL_NVM_COUNTERS][t.newest][bit / 8] ^= (uint8_t)(1 << bit % 8);
        struct twin_log again = log_on(&b);
        assert_int_equal(twin_load(&again, got, PAYLOAD), ERR_CORRUPT);
        b.memory[HAL_NVM_COUNTERS][t.newest][bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}

static void the_sequence_may_run_round(void **state) {
    (void)state;
    uint8_t got[PAYLOAD], want[PAYLOAD];
    struct board b;
    board_init(&b);
    struct twin_log t = log_on(&b);
    twin_load(&t, got, PAYLOAD);
    t.sequence = UINT32_MAX - 2;
    for (int number = 1; number <= 6; number++) {
        fill(want, number);
        assert_int_equal(twin_store(&t, want, PAYLOAD), ERR_OK);
        struct twin_log again = log_on(&b);
        assert_int_equal(twin_load(&again, got, PAYLOAD), ERR_OK);
        assert_memory_equal(got, want, PAYLOAD);
    }
}

static void a_journal_comes_back_as_it_was(void **state) {
    (void)state;
    uint8_t bytes[JOURNAL_BYTES];
    struct journal_record r = {.max_demand_w = 123456.5f, .run_s = 4000000000u, .restarts = 7},
                          back;
    for (int k = 0; k < ENERGY_COUNT; k++)
        r.mj[k] = UINT64_MAX / (uint64_t)(k + 3);
    journal_encode(&r, bytes);
    journal_decode(bytes, &back);
    assert_memory_equal(r.mj, back.mj, sizeof r.mj);
    assert_true(back.max_demand_w == r.max_demand_w);
    assert_int_equal(back.run_s, r.run_s);
    assert_int_equal(back.restarts, r.restarts);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_memory_is_blank_not_corrupt),
        cmocka_unit_test(a_cut_at_any_byte_leaves_the_record_before),
        cmocka_unit_test(a_second_cut_does_no_more_harm),
        cmocka_unit_test(every_flipped_bit_is_noticed),
        cmocka_unit_test(the_sequence_may_run_round),
        cmocka_unit_test(a_journal_comes_back_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
