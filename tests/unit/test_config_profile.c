/* Profiles: what a good one becomes, and each mistake at its place. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config_fixture.h"

static const char base[] =
    "vendor: V\n"
    "model: M\n"
    "roles: [grid, load]\n"
    "modbus: {function: 3, word_order: little, max_registers: 40, bridge_gaps: true, align: 1}\n"
    "points:\n"
    "  - {register: 0x10, type: u16, quantity: ct_ratio}\n"
    "  - {register: 17, type: i16, quantity: scale_exponent, name: dpt}\n"
    "  - {register: 20, type: i32, quantity: active_power, phase: total, unit: kW, ratio: ct_pt,\n"
    "     exponent: dpt, word_order: big, scale: 0.1, offset: -5, sign: -1,\n"
    "     unavailable: [0x7FFFFFFF, -2147483648], min: -10, max: 10}\n"
    "  - {register: 30, type: u8_high, quantity: state, name: high}\n"
    "  - {register: 30, type: u8_low, quantity: state, name: low, unavailable: [0xFF]}\n"
    "  - {register: 40, register_low: 35, type: u32, quantity: energy_import, unit: kWh,\n"
    "     modulus: 100000000, ratio: ct_ratio}\n"
    "  - {register: 50, type: string, count: 5, quantity: serial}\n"
    "  - {register: 60, type: bitfield16, quantity: fault, bits: {0: over, 15: under}, access: "
    "rw}\n"
    "  - {register: 2, type: bit, function: 2, quantity: state, name: door}\n"
    "  - {register: 60, type: i16, function: 4, quantity: soc, channel: storage}\n";

static int load(const char *text, struct arena *arena, struct config_errors *e,
                const struct device_profile **ret) {
    struct load l = {NULL, NULL, arena, arena, e, 0, HASH_START};
    int result = profile_from_memory(&l, "p.yaml", "p", text, strlen(text), ret);
    messages_sort(e);
    return result;
}

static void good_profile(void **state) {
    (void)state;
    struct config_errors e;
    config_errors_init(&e);
    struct arena *arena = arena_new();
    const struct device_profile *p = NULL;
    assert_int_equal(load(base, arena, &e, &p), ERR_OK);
    assert_int_equal(e.total, 0);
    assert_string_equal(p->name, "p");
    assert_int_equal(p->roles, 1u << ROLE_GRID | 1u << ROLE_LOAD);
    assert_false(p->source_convention);
    assert_int_equal(p->limits.max_registers, 40);
    assert_int_equal(p->limits.max_gap, 125);
    assert_int_equal(p->limits.align, 1);
    assert_int_equal(p->point_count, 10);
    assert_int_equal(p->ct_ratio_point, 0);
    assert_int_equal(p->pt_ratio_point, POINT_NONE);
    const struct point_def *power = &p->points[2];
    assert_string_equal(power->name, "active_power.total");
    assert_int_equal(power->word_order, WORD_ORDER_BIG);
    assert_int_equal(power->ratio, RATIO_CT_PT);
    assert_int_equal(power->exponent_point, 1);
    assert_int_equal(power->sign, -1);
    assert_int_equal(power->unavailable_count, 2);
    assert_int_equal(power->unavailable[1], 0x80000000u); /* masked to 32 bits */
    assert_true(power->min < -9.9 && power->max > 9.9 && power->offset < -4.9);
    assert_int_equal(p->points[0].register_no, 16);
    assert_true(isinf(p->points[0].max));
    const struct point_def *split = &p->points[5];
    assert_true(split->split);
    assert_int_equal(split->register_low, 35);
    assert_int_equal(split->word_order, WORD_ORDER_LITTLE);
    assert_int_equal(split->ratio, RATIO_POINT);
    assert_int_equal(split->ratio_point, 0);
    assert_int_equal(split->exponent_point, POINT_NONE);
    assert_true(split->modulus > 99999999);
    assert_int_equal(split->image_offset, 6);
    assert_int_equal(p->points[6].registers, 5);
    assert_int_equal(p->points[6].image_offset, 8);
    assert_int_equal(p->points[7].bit_count, 2);
    assert_string_equal(p->points[7].bits[1].name, "under");
    assert_true(p->points[7].writable);
    assert_int_equal(p->points[8].function, 2);
    assert_string_equal(p->points[9].channel, "storage");
    assert_int_equal(p->image_registers, 16);
    arena_free(arena);
    config_errors_free(&e);
}

/* long: a table of mistakes */
static void mistakes(void **state) {
    (void)state;
    static const struct mistake list[] = {
        {"vendor: V\n", "^", "needs the key 'vendor'"},
        {"roles: [grid, load]", "roles: [^gird, load]", "did you mean 'grid'"},
        {"roles: [grid, load]", "roles: ^[]", "roles is empty"},
        {"max_registers: 40", "max_registers: ^126", "out of range"},
        {"align: 1", "^aling: 1", "did you mean 'align'"},
        {"{function: 3, word_order: little, max_registers: 40, bridge_gaps: true",
         "^{word_order: little, max_gap: 4, bridge_gaps: false", "keep one of them"},
        {"register: 0x10", "register: ^65536", "out of range"},
        {"register: 0x10", "register: ^0xZZ", "needs a whole number"},
        {"type: u16", "type: ^u61", "did you mean 'u16'"},
        {"unit: kW, ratio: ct_pt", "unit: kW, ratio: ^dptt", "did you mean 'dpt'"},
        {"exponent: dpt", "exponent: ^nothing", "exponent names the point 'nothing'"},
        {"exponent: dpt", "exponent: ^active_power.total", "a number without ratio"},
        {"word_order: big", "word_order: ^middle", "use one of big, little"},
        {"scale: 0.1", "scale: ^ten", "needs a number"},
        {"sign: -1", "sign: ^2", "out of range"},
        {"unavailable: [0x7FFFFFFF, -2147483648]", "unavailable: [^n/a]", "raw patterns"},
        {"unavailable: [0x7FFFFFFF, -2147483648]", "unavailable: [1, 2, 3, 4, ^5]", "4 patterns"},
        {"phase: total", "phase: ^l4", "use one of l1"},
        {"  - {register: 17,", "  - ^{register: 17, min: 5, max: 5,", "min must be less"},
        {"  - {register: 30, type: u8_low", "  - ^{register: 30, type: u8_low, scale: 0",
         "scale 0"},
        {"{register: 30, type: u8_low, quantity: state, name: low, unavailable: [0xFF]}",
         "^{register: 30, type: u8_low, quantity: state, unavailable: [0x100], name: low}",
         "does not fit 8 bits"},
        {"{register: 30, type: u8_low, quantity: state, name: low",
         "^{register: 30, type: u8_low, quantity: state, name: high",
         "stands twice, first in line 11"},
        {"{register: 40, register_low: 35", "^{register: 40, register_low: 20",
         "registers 20..20 overlap 'active_power.total' (20..21) in line 8"},
        {"{register: 30, type: u8_low", "^{register: 21, type: u8_low",
         "overlap 'active_power.total'"},
        {"{register: 50, type: string, count: 5", "^{register: 50, type: string", "needs count"},
        {"{register: 50, type: string, count: 5", "^{register: 50, type: u16, count: 5",
         "strings only"},
        {"count: 5", "count: ^33", "out of range"},
        {"{register: 50, type: string, count: 5", "^{register: 65535, type: u32",
         "beyond register 65535"},
        {"bits: {0: over, 15: under}", "bits: {0: over, ^32: under}", "out of range"},
        {"{register: 60, type: bitfield16, quantity: fault, bits: {0: over, 15: under}",
         "^{register: 60, type: bitfield16, quantity: fault, bits: {16: over}",
         "does not exist in 16 bits"},
        {"bits: {0: over, 15: under}", "bits: {0: over, ^0: under}", "bit 0 stands twice"},
        {"{register: 60, type: bitfield16", "^{register: 60, type: u16", "for the types bits16"},
        {"{register: 2, type: bit, function: 2", "^{register: 2, type: bit",
         "give function: 1 or 2"},
        {"{register: 2, type: bit, function: 2", "^{register: 2, type: u16, function: 2",
         "give type: bit"},
        {"{register: 40, register_low: 35, type: u32",
         "^{register: 40, register_low: 35, type: u16", "32-bit types only"},
        {"channel: storage", "channel: ^battery", "use one of pv"},
        {"access: rw", "access: ^w", "use one of r, rw"},
        {"name: door", "name: ^\"Door!\"", "is not a point name"},
        {"quantity: serial", "quantity: ^\"Serial No\"", "is not a name"},
    };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        struct config_errors e;
        const struct device_profile *p = NULL;
        struct arena *arena = arena_new();
        size_t line, column;
        char *text = mistake_text(base, &list[i], &line, &column);
        config_errors_init(&e);
        assert_int_equal(load(text, arena, &e, &p), ERR_SYNTAX);
        assert_null(p);
        assert_one_error(&e, "p.yaml", line, column, &list[i]);
        config_errors_free(&e);
        arena_free(arena);
        free(text);
    }
}

static const char with_clock[] =
    "vendor: V\nmodel: M\nroles: [pv]\nmodbus: {word_order: little, max_registers: 5}\npoints:\n"
    "  - {register: 0, type: u16, quantity: voltage}\n"
    "  - {register: 9, type: u32, quantity: clock, time: local, every: 12h, function: 4,\n"
    "     unavailable: [0xFFFFFFFF]}\n"
    "  - {register: 1, type: u16, quantity: current}\n";

static void a_clock_is_taken_out_of_the_points(void **state) {
    (void)state;
    struct config_errors e;
    config_errors_init(&e);
    struct arena *arena = arena_new();
    const struct device_profile *p = NULL;
    assert_int_equal(load(with_clock, arena, &e, &p), ERR_OK);
    assert_int_equal(e.total, 0);
    assert_int_equal(p->point_count, 2);
    assert_int_equal(p->image_registers, 2);
    assert_string_equal(p->points[1].name, "current");
    assert_int_equal(p->points[1].image_offset, 1);
    assert_non_null(p->clock);
    assert_int_equal(p->clock->form, METER_CLOCK_EPOCH);
    assert_true(p->clock->local);
    assert_int_equal(p->clock->every_s, 43200);
    assert_int_equal(p->clock->p.function, 4);
    assert_int_equal(p->clock->p.register_no, 9);
    assert_int_equal(p->clock->p.registers, 2);
    assert_int_equal(p->clock->p.word_order, WORD_ORDER_LITTLE);
    assert_int_equal(p->clock->p.unavailable_count, 1);
    assert_int_equal(load("vendor: V\nmodel: M\nroles: [pv]\npoints:\n"
                          "  - {register: 0, type: u16, quantity: voltage}\n"
                          "  - {register: 5000, type: u16, count: 6, quantity: clock, time: utc}\n",
                          arena, &e, &p),
                     ERR_OK);
    assert_int_equal(p->clock->form, METER_CLOCK_DATE);
    assert_int_equal(p->clock->p.registers, 6);
    assert_int_equal(p->clock->p.function, 3);
    assert_false(p->clock->local);
    assert_int_equal(p->clock->every_s, 86400);
    arena_free(arena);
    config_errors_free(&e);
}

static void mistakes_of_a_clock(void **state) {
    (void)state;
    static const struct mistake list[] = {
        {"{register: 9, type: u32", "^{register: 9, type: u16", "a clock is a u32"},
        {"{register: 9, type: u32", "^{register: 9, type: f32", "a clock is a u32"},
        {"{register: 9, type: u32", "^{register: 9, count: 6, type: u32", "a clock is a u32"},
        {"{register: 9, type: u32", "^{register: 9, count: 6, type: u16", "no read may be as long"},
        {"{register: 9, type: u32", "^{register: 65535, type: u32", "no read may be as long"},
        {"{register: 9, type: u32", "^{register: 9, scale: 0.1, type: u32", "nothing else"},
        {"{register: 9, type: u32", "^{register: 9, channel: pv, type: u32", "nothing else"},
        {"{register: 9, type: u32", "^{register: 9, ratio: voltage, type: u32", "nothing else"},
        {"{register: 9, type: u32, quantity: clock, time: local, every: 12h, function: 4",
         "^{register: 9, type: u32, quantity: clock, time: local, every: 12h, function: 2",
         "give function: 3 or 4"},
        {"{register: 9, type: u32, quantity: clock, time: local",
         "^{register: 9, type: u32, quantity: clock", "a clock needs time"},
        {"time: local", "time: ^cst", "use one of utc, local"},
        {"{register: 9, type: u32, quantity: clock, time: local, every: 12h",
         "^{register: 9, type: u32, quantity: clock, time: local, every: 10m", "1h to 7d"},
        {"{register: 9, type: u32, quantity: clock, time: local, every: 12h",
         "^{register: 9, type: u32, quantity: clock, time: local, every: 0h", "1h to 7d"},
        {"{register: 9, type: u32, quantity: clock, time: local, every: 12h",
         "^{register: 9, type: u32, quantity: clock, time: local, every: 8d", "1h to 7d"},
        {"{register: 9, type: u32, quantity: clock, time: local, every: 12h",
         "^{register: 9, type: u32, quantity: clock, time: local, every: -1d", "1h to 7d"},
        {"{register: 1, type: u16", "^{register: 1, every: 1d, type: u16", "only a clock"},
        {"{register: 1, type: u16, quantity: current",
         "^{register: 1, type: u32, quantity: clock, time: utc", "one clock"},
    };
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
        struct config_errors e;
        const struct device_profile *p = NULL;
        struct arena *arena = arena_new();
        size_t line, column;
        char *text = mistake_text(with_clock, &list[i], &line, &column);
        config_errors_init(&e);
        assert_int_equal(load(text, arena, &e, &p), ERR_SYNTAX);
        assert_one_error(&e, "p.yaml", line, column, &list[i]);
        config_errors_free(&e);
        arena_free(arena);
        free(text);
    }
}

static void near_canonical_quantity_is_a_warning(void **state) {
    (void)state;
    struct config_errors e;
    config_errors_init(&e);
    struct arena *arena = arena_new();
    const struct device_profile *p = NULL;
    assert_int_equal(
        load("vendor: V\nmodel: M\nroles: [pv]\nmodbus: {bridge_gaps: false}\npoints:\n"
             "  - {register: 0, type: u16, quantity: volatge}\n"
             "  - {register: 1, type: u16, quantity: pv_strings}\n",
             arena, &e, &p),
        ERR_OK);
    assert_int_equal(e.warnings, 1);
    assert_non_null(strstr(e.text[0], "p.yaml:6:40: warning: quantity 'volatge' is unknown"));
    assert_non_null(strstr(e.text[0], "did you mean 'voltage'?"));
    assert_int_equal(p->points[1].quantity, QUANTITY_OTHER);
    assert_string_equal(p->points[1].quantity_name, "pv_strings");
    assert_int_equal(p->limits.max_gap, 0);
    assert_int_equal(p->limits.max_registers, 125);
    assert_true(p->source_convention);
    arena_free(arena);
    config_errors_free(&e);
}

static void loads_by_name_and_by_file(void **state) {
    (void)state;
    struct config_errors e;
    config_errors_init(&e);
    struct arena *arena = arena_new();
    const struct device_profile *p = NULL;
    assert_int_equal(config_load_profile("inverter", NULL, CONFIG_DATA, arena, &e, &p), ERR_OK);
    assert_string_equal(p->name, "inverter");
    assert_int_equal(p->limits.max_gap, 16);
    assert_int_equal(p->request_gap_ms, 30);
    assert_int_equal(p->connect_gap_ms, 1500);
    p = NULL;
    assert_int_equal(
        config_load_profile(CONFIG_DATA "/profiles/pcs.yaml", NULL, NULL, arena, &e, &p), ERR_OK);
    assert_string_equal(p->name, "pcs");
    p = NULL;
    /* beside the site file first */
    assert_int_equal(
        config_load_profile("bms", CONFIG_DATA "/full.yaml", "/nowhere", arena, &e, &p), ERR_OK);
    assert_string_equal(p->model, "BMS");
    assert_int_equal(e.total, 0);
    assert_int_equal(config_load_profile("absent", NULL, "/nowhere", arena, &e, &p), ERR_SYNTAX);
    assert_int_equal(e.total, 1);
    assert_non_null(strstr(e.text[0], "./profiles/absent.yaml, /nowhere/profiles/absent.yaml, "));
    assert_int_equal(config_load_profile("/nowhere/x.yaml", NULL, NULL, arena, &e, &p), ERR_SYNTAX);
    arena_free(arena);
    config_errors_free(&e);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_profile),
        cmocka_unit_test(mistakes),
        cmocka_unit_test(a_clock_is_taken_out_of_the_points),
        cmocka_unit_test(mistakes_of_a_clock),
        cmocka_unit_test(near_canonical_quantity_is_a_warning),
        cmocka_unit_test(loads_by_name_and_by_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
