/* The whole node on a board of arithmetic: line discipline, counters over power cuts, faults. */
#include <math.h>

#include "board_rig.h"

struct rig {
    struct board board;
    struct synth synth;
    struct node node;
};

static void start(struct rig *r) {
    board_init(&r->board);
    synth_init(&r->synth, 50.0f, 230.0f, 5.0f, 0.0f);
    r->board.synth = &r->synth;
    node_init(&r->node, &r->board.hal);
}

static void run(struct rig *r, float seconds) {
    const int turns = (int)(seconds * SAMPLE_HZ);
    for (int i = 0; i < turns; i++) {
        r->board.now_us += 1000000 / SAMPLE_HZ;
        r->board.sets_ready++;
        node_poll(&r->node);
    }
}

/* Sends a request with the CRC put behind it; true: a reply came within 20 ms. */
static bool exchange(struct rig *r, uint8_t unit, const char *pdu, size_t n) {
    uint8_t frame[RTU_MAX];
    const int sends = r->board.sends;
    const int length = rtu_build(unit, (const uint8_t *)pdu, n, frame);
    board_receive(&r->board, frame, (size_t)length);
    run(r, 0.02f);
    const bool came = r->board.sends > sends;
    r->board.transmission_complete = true;
    run(r, 0.001f);
    return came;
}

static void a_frame_ends_with_silence(void **state) {
    (void)state;
    struct rig r;
    start(&r);
    assert_int_equal(r.board.baud, 19200);
    assert_int_equal(r.board.parity, HAL_PARITY_EVEN);
    uint8_t frame[RTU_MAX];
    const int n = rtu_build(1, (const uint8_t *)"\x03\x00\x00\x00\x01", 5, frame);
    board_receive(&r.board, frame, 3);
    r.board.now_us += rtu_silence_us(19200) - 10;
    node_poll(&r.node);
    board_receive(&r.board, frame + 3, (size_t)n - 3); /* the rest comes just in time */
    r.board.now_us += rtu_silence_us(19200) - 1;
    node_poll(&r.node);
    assert_int_equal(r.board.sends, 0);
    r.board.now_us += 1;
    node_poll(&r.node);
    assert_int_equal(r.board.sends, 1);
    assert_memory_equal(r.board.sent, "\x01\x03\x02\x00\x01", 5);
}

static void the_driver_is_released_when_the_last_bit_has_left(void **state) {
    (void)state;
    struct rig r;
    start(&r);
    uint8_t frame[RTU_MAX];
    const int n = rtu_build(1, (const uint8_t *)"\x03\x00\x00\x00\x01", 5, frame);
    board_receive(&r.board, frame, (size_t)n);
    run(&r, 0.01f);
    assert_true(r.board.driver);
    run(&r, 0.5f);
    assert_true(r.board.driver); /* still sending */
    r.board.transmission_complete = true;
    run(&r, 0.001f);
    assert_false(r.board.driver);
    assert_false(r.board.driver_while_silent);
}

static void frames_for_others_and_broken_ones_are_not_answered(void **state) {
    (void)state;
    struct rig r;
    start(&r);
    assert_false(exchange(&r, 2, "\x03\x00\x00\x00\x01", 5));
    board_receive(&r.board, (const uint8_t *)"\x01\x03\x00\x00\x00\x01\x00\x00", 8);
    run(&r, 0.02f);
    board_receive(&r.board, (const uint8_t *)"\x01", 1);
    run(&r, 0.02f);
    uint8_t babble[400];
    memset(babble, 0x55, sizeof babble);
    board_receive(&r.board, babble, sizeof babble);
    run(&r, 0.02f);
    uint8_t frame[RTU_MAX];
    const int n = rtu_build(1, (const uint8_t *)"\x03\x00\x00\x00\x01", 5, frame);
    r.board.broken = true; /* a parity error within a frame whose CRC fits */
    board_receive(&r.board, frame, (size_t)n);
    run(&r, 0.02f);
    assert_int_equal(r.board.sends, 0);
    assert_int_equal(r.node.state.count[COUNT_FRAMES_BROKEN], 4);
    assert_true(exchange(&r, 1, "\x03\x00\x00\x00\x01", 5));
}

static void a_broadcast_write_is_done_and_not_answered(void **state) {
    (void)state;
    struct rig r;
    start(&r);
    assert_false(exchange(&r, 0, "\x06\x04\x4C\x4E\x4F", 5));
    assert_true(r.node.state.unlocked_s > 0);
    assert_false(exchange(&r, 0, "\x06\x03\xE8\x00\x09", 5));
    assert_int_equal(r.node.state.draft.word[SETTING_UNIT_ID], 9);
    assert_false(exchange(&r, 0, "\x03\x00\x00\x00\x01", 5)); /* a read to all is nobody's */
}

static void stored_settings_work_at_once_and_after_a_restart(void **state) {
    (void)state;
    struct rig r;
    start(&r);
    assert_true(exchange(&r, 1, "\x06\x04\x4C\x4E\x4F", 5));
    assert_true(exchange(&r, 1, "\x10\x03\xE8\x00\x03\x06\x00\x07\x00\x60\x00\x00", 12));
    assert_true(exchange(&r, 1, "\x06\x04\x4D\x00\x01", 5)); /* answered as unit 1 still */
    assert_int_equal(r.board.baud, 9600);
    assert_int_equal(r.board.parity, HAL_PARITY_NONE);
    assert_false(exchange(&r, 1, "\x03\x00\x00\x00\x01", 5));
    assert_true(exchange(&r, 7, "\x03\x00\x00\x00\x01", 5));
    node_init(&r.node, &r.board.hal);
    assert_int_equal(r.board.baud, 9600);
    assert_true(exchange(&r, 7, "\x03\x00\x00\x00\x01", 5));
}

static void the_lock_falls_shut(void **state) {
    (void)state;
    struct rig r;
    start(&r);
    assert_true(exchange(&r, 1, "\x06\x04\x4C\x4E\x4F", 5));
    run(&r, 58.0f);
    assert_true(r.node.state.unlocked_s > 0);
    run(&r, 4.0f);
    assert_int_equal(r.node.state.unlocked_s, 0);
}

/* The supply goes at any byte of the store: what was counted until a second before is there. */
static void counters_lose_at_most_a_second(void **state) {
    (void)state;
    for (int cut = 0; cut < TWIN_HEADER + JOURNAL_BYTES; cut += 5) {
        struct rig r;
        start(&r);
        run(&r, 3.1f);
        r.board.bytes_until_cut = cut;
        while (!r.board.dead)
            run(&r, 0.01f);
        const uint64_t counted_mj = r.node.state.energy.mj[ENERGY_IMPORT];
        board_power_on(&r.board);
        node_init(&r.node, &r.board.hal);
        const uint64_t kept_mj = r.node.state.energy.mj[ENERGY_IMPORT];
        assert_true(kept_mj <= counted_mj);
        /* 5 A of 5 at CT 100: 69 kW; a second is 69000000 mJ */
        assert_true(counted_mj - kept_mj <= 69100000);
        assert_true(kept_mj >= 2 * 68000000ULL);
        assert_int_equal(r.node.state.count[COUNT_RESTARTS], 1);
        assert_int_equal(r.node.state.status[STATUS_FAULTS] & (1 << FAULT_COUNTERS), 0);
    }
}

static void demand_needs_a_quarter_of_an_hour(void **state) {
    (void)state;
    struct demand d;
    demand_init(&d, 0.0f);
    uint64_t mj = 5000;
    for (int second = 0; second <= 16 * 60; second++) {
        demand_pass(&d, 1.0f, mj);
        assert_int_equal(isnan(d.now_w), second < 15 * 60);
        mj += second < 15 * 60 ? 1000000 : 4000000; /* 1 kW, then 4 kW */
    }
    assert_float_equal(d.now_w, 1200.0f, 0.1f);
    assert_float_equal(d.max_w, 1200.0f, 0.1f);
}

static void faults_are_told_and_the_watchdog_needs_samples(void **state) {
    (void)state;
    struct rig r;
    start(&r);
    run(&r, 2.5f);
    assert_int_equal(r.node.state.status[STATUS_FAULTS], 0);
    assert_int_equal(r.board.kicks, 2);
    r.synth.rms[CHANNEL_U2] = 0.0f;
    r.board.stack_overrun = true;
    run(&r, 2.0f);
    assert_int_equal(r.node.state.status[STATUS_FAULTS], 1 << FAULT_VOLTAGE_L2 | 1 << FAULT_STACK);
    r.board.lost = 3;
    run(&r, 0.1f);
    assert_int_equal(r.node.state.count[COUNT_SAMPLES_LOST], 3);
    const int kicks = r.board.kicks;
    r.board.synth = NULL; /* the converter stands still */
    run(&r, 5.0f);
    assert_int_equal(r.board.kicks, kicks);
    r.board.cause = HAL_RESET_WATCHDOG;
    node_init(&r.node, &r.board.hal);
    assert_int_equal(r.node.state.status[STATUS_RESET_CAUSE], HAL_RESET_WATCHDOG);
    assert_true(r.node.state.status[STATUS_FAULTS] & 1 << FAULT_WATCHDOG);
}

static void a_phase_sequence_that_runs_back_is_told(void **state) {
    (void)state;
    struct rig r;
    start(&r);
    r.synth.angle_deg[CHANNEL_U2] = 120.0f;
    r.synth.angle_deg[CHANNEL_U3] = -120.0f;
    run(&r, 2.0f);
    assert_true(r.node.state.status[STATUS_FAULTS] & 1 << FAULT_SEQUENCE);
}

static void a_failing_memory_is_told(void **state) {
    (void)state;
    struct rig r;
    start(&r);
    run(&r, 1.5f);
    r.board.dead = true;
    run(&r, 2.0f);
    assert_true(r.node.state.status[STATUS_FAULTS] & 1 << FAULT_COUNTER_STORE);
    board_power_on(&r.board);
    run(&r, 2.0f);
    assert_false(r.node.state.status[STATUS_FAULTS] & 1 << FAULT_COUNTER_STORE);
    assert_true(r.node.state.status[STATUS_FAULTS_LATCHED] & 1 << FAULT_COUNTER_STORE);
    memset(r.board.memory[HAL_NVM_COUNTERS], 0x5A, 20);
    r.board.memory[HAL_NVM_COUNTERS][1][3] = 1;
    r.board.memory[HAL_NVM_SETTINGS][0][3] = 1;
    node_init(&r.node, &r.board.hal);
    assert_true(r.node.state.status[STATUS_FAULTS] & 1 << FAULT_COUNTERS);
    assert_true(r.node.state.status[STATUS_FAULTS] & 1 << FAULT_SETTINGS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_ends_with_silence),
        cmocka_unit_test(the_driver_is_released_when_the_last_bit_has_left),
        cmocka_unit_test(frames_for_others_and_broken_ones_are_not_answered),
        cmocka_unit_test(a_broadcast_write_is_done_and_not_answered),
        cmocka_unit_test(stored_settings_work_at_once_and_after_a_restart),
        cmocka_unit_test(the_lock_falls_shut),
        cmocka_unit_test(counters_lose_at_most_a_second),
        cmocka_unit_test(demand_needs_a_quarter_of_an_hour),
        cmocka_unit_test(faults_are_told_and_the_watchdog_needs_samples),
        cmocka_unit_test(a_phase_sequence_that_runs_back_is_told),
        cmocka_unit_test(a_failing_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
