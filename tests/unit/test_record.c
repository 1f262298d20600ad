/* Records of the contract, byte for byte. */
#include "unit/body_check.h"

static struct record_site sunny_quarter(void) {
    struct record_site r = {
        .period = "15m",
        .start = START,
        .end = END,
        .coverage = 0.99995,
        .quality = QUALITY_GOOD,
        .clock_state = "synced",
        .clock_offset_ms = -1.5,
        .soc_start_pct = 40.0,
        .soc_end_pct = 55.25,
        .expected = 9,
        .stored = 9,
    };
    for (size_t p = 0; p < SITE_POWER_COUNT; p++)
        r.power[p] = (struct power_stat){UNKNOWN, UNKNOWN, UNKNOWN};
    for (size_t e = 0; e < SITE_ENERGY_COUNT; e++)
        r.energy_kwh[e] = UNKNOWN;
    r.absent[SITE_WIND] = r.absent[SITE_GENERATOR] = true;
    r.power[SITE_GRID] = (struct power_stat){600.0, -12.3456, 1000.0005};
    r.power[SITE_PV] = (struct power_stat){119.5, 100.0, 130.0};
    r.power[SITE_STORAGE] = (struct power_stat){-150.0, -151.0, 0.0};
    r.power[SITE_LOAD] = (struct power_stat){569.5, 400.0, 700.0};
    r.energy_kwh[SITE_E_IMPORT] = 155.0;
    r.energy_kwh[SITE_E_EXPORT] = 5.0;
    r.energy_kwh[SITE_E_NET_IMPORT] = 150.0;
    r.energy_kwh[SITE_E_PV] = 34.0;
    r.energy_kwh[SITE_E_CHARGE] = 40.0;
    r.energy_kwh[SITE_E_DISCHARGE] = 6.0;
    r.energy_kwh[SITE_E_LOAD] = 149.75;
    return r;
}

/* Writes the whole record of r into body. */
static void write_record(const struct message_head *h, const struct record_site *r,
                         const struct record_device *devices, size_t n) {
    char members_memory[4096];
    struct buf members;

    buf_init(&members, members_memory, sizeof members_memory);
    record_site_write(&members, r, CHINA);
    assert_true(buf_ok(&members));
    buf_reset(&body);
    record_begin(&body, h, END + 2000, members.data, members.len);
    for (size_t i = 0; i < n; i++)
        record_device_write(&body, &devices[i], CHINA, i == 0);
    record_end(&body, n > 0);
}

/* load_metered is present and unknown: null. Wind and generator are absent: left out. 0.99995 has
 * 4 decimals: 1, half-up. 1000.0005 has 3: 1000.001. */
static const char sunny_body[] =
    "{\"v\":1,\"epoch\":1795305600123,\"seq\":42,\"site\":\"tianxi\",\"gateway\":\"gw1\","
    "\"t\":\"2026-11-23T08:30:02+08:00\","
    "\"period\":\"15m\",\"start\":\"2026-11-23T08:15:00+08:00\","
    "\"end\":\"2026-11-23T08:30:00+08:00\",\"revision\":0,\"coverage\":1,\"quality\":\"good\","
    "\"cause\":null,\"late\":false,\"clock\":{\"state\":\"synced\",\"offset_ms\":-1.5},"
    "\"power_kw\":{\"grid\":{\"avg\":600,\"min\":-12.346,\"max\":1000.001},"
    "\"pv\":{\"avg\":119.5,\"min\":100,\"max\":130},"
    "\"storage\":{\"avg\":-150,\"min\":-151,\"max\":0},"
    "\"load\":{\"avg\":569.5,\"min\":400,\"max\":700},"
    "\"load_metered\":{\"avg\":null,\"min\":null,\"max\":null}},"
    "\"energy_kwh\":{\"import\":155,\"export\":5,\"net_import\":150,\"pv\":34,\"charge\":40,"
    "\"discharge\":6,\"load\":149.75,\"load_metered\":null},"
    "\"storage\":{\"soc_start_pct\":40,\"soc_end_pct\":55.25,\"cycles\":null},"
    "\"completeness\":{\"expected\":9,\"stored\":9,\"acknowledged\":null}}";

static void record_of_a_sunny_quarter(void **state) {
    (void)state;
    struct record_site r = sunny_quarter();
    write_record(&head, &r, NULL, 0);
    check("record", "sunny", sunny_body);
}

/* Nothing was read: every number is null, none is 0, and the site has neither storage nor PV. */
static void record_of_an_outage(void **state) {
    (void)state;
    struct record_site r = sunny_quarter();
    r.period = "1m";
    r.end = START + 60000;
    r.revision = 3;
    r.coverage = 0.0;
    r.quality = QUALITY_MISSING;
    r.cause = "device_down";
    r.late = true;
    r.clock_state = "unsynced";
    r.clock_offset_ms = UNKNOWN;
    r.soc_start_pct = r.soc_end_pct = UNKNOWN;
    r.stored = 0;
    r.absent[SITE_PV] = r.absent[SITE_STORAGE] = r.absent[SITE_LOAD_METERED] = true;
    for (size_t p = 0; p < SITE_POWER_COUNT; p++)
        r.power[p] = (struct power_stat){UNKNOWN, UNKNOWN, UNKNOWN};
    for (size_t e = 0; e < SITE_ENERGY_COUNT; e++)
        r.energy_kwh[e] = UNKNOWN;
    write_record(&head, &r, NULL, 0);
    check("record", "outage",
          "{\"v\":1,\"epoch\":1795305600123,\"seq\":42,\"site\":\"tianxi\",\"gateway\":\"gw1\","
          "\"t\":\"2026-11-23T08:30:02+08:00\","
          "\"period\":\"1m\",\"start\":\"2026-11-23T08:15:00+08:00\","
          "\"end\":\"2026-11-23T08:16:00+08:00\",\"revision\":3,\"coverage\":0,"
          "\"quality\":\"missing\",\"cause\":\"device_down\",\"late\":true,"
          "\"clock\":{\"state\":\"unsynced\",\"offset_ms\":null},"
          "\"power_kw\":{\"grid\":{\"avg\":null,\"min\":null,\"max\":null},"
          "\"load\":{\"avg\":null,\"min\":null,\"max\":null}},"
          "\"energy_kwh\":{\"import\":null,\"export\":null,\"net_import\":null,\"load\":null},"
          "\"completeness\":{\"expected\":9,\"stored\":0,\"acknowledged\":null}}");
}

/* A grid meter with both registers, CT 80 x PT 100; a battery without any. (98.5 - 98.48) x 8000 =
 * 160. */
static void record_with_devices_in_parts(void **state) {
    (void)state;
    const struct record_device devices[] = {
        {.id = "grid",
         .role = "grid",
         .import_kwh = 160.0,
         .export_kwh = 0.0,
         .method = METHOD_REGISTER,
         .import_start = 98.48,
         .import_end = 98.5,
         .export_start = 7.000001,
         .export_end = 7.000001,
         .register_at = {START + 250, END - 750},
         .multiplier = 8000.0,
         .edge_kwh = 0.125,
         .power_kw = {640.0, 600.0, 680.0},
         .coverage = 0.98765,
         .quality = QUALITY_RECOVERED},
        {.id = "bms",
         .role = "battery",
         .import_kwh = UNKNOWN,
         .export_kwh = UNKNOWN,
         .method = METHOD_NONE,
         .import_start = UNKNOWN,
         .import_end = UNKNOWN,
         .export_start = UNKNOWN,
         .export_end = UNKNOWN,
         .multiplier = UNKNOWN,
         .edge_kwh = UNKNOWN,
         .power_kw = {UNKNOWN, UNKNOWN, UNKNOWN},
         .coverage = 0.0,
         .quality = QUALITY_STALE},
    };
    struct message_head h = head;
    struct record_site r = sunny_quarter();
    char want[4096];

    h.part = 2;
    h.parts = 3;
    write_record(&h, &r, devices, 2);
    const char *members = strstr(sunny_body, ",\"period\"");
    snprintf(want, sizeof want,
             "{\"v\":1,\"epoch\":1795305600123,\"seq\":42,\"site\":\"tianxi\",\"gateway\":\"gw1\","
             "\"t\":\"2026-11-23T08:30:02+08:00\",\"part\":2,\"parts\":3%.*s,\"devices\":["
             "{\"id\":\"grid\",\"role\":\"grid\",\"energy_import_kwh\":160,\"energy_export_kwh\":0,"
             "\"energy_method\":\"register\",\"register\":{\"import\":{\"start\":98.48,"
             "\"end\":98.5},\"export\":{\"start\":7.000001,\"end\":7.000001}},"
             "\"register_at\":[\"2026-11-23T08:15:00.250+08:00\","
             "\"2026-11-23T08:29:59.250+08:00\"],\"multiplier\":8000,\"edge_kwh\":0.125,"
             "\"power_kw\":{\"avg\":640,\"min\":600,\"max\":680},\"coverage\":0.9877,"
             "\"quality\":\"recovered\"},"
             "{\"id\":\"bms\",\"role\":\"battery\",\"energy_import_kwh\":null,"
             "\"energy_export_kwh\":null,\"energy_method\":null,"
             "\"register\":{\"import\":null,\"export\":null},\"register_at\":[null,null],"
             "\"multiplier\":null,\"edge_kwh\":null,"
             "\"power_kw\":{\"avg\":null,\"min\":null,\"max\":null},\"coverage\":0,"
             "\"quality\":\"stale\"}]}",
             (int)(strlen(members) - 1), members);
    check("record", "devices", want);
}

static void method_names_are_those_of_the_contract(void **state) {
    (void)state;
    static const char *const names[] = {"\"register\"", "\"recovered\"", "\"integrated\"", "null"};
    for (unsigned m = METHOD_REGISTER; m <= METHOD_NONE; m++) {
        char want[64];
        struct record_device d = {.id = "a", .role = "load", .method = (enum energy_method)m};
        buf_reset(&body);
        record_device_write(&body, &d, CHINA, true);
        snprintf(want, sizeof want, "\"energy_method\":%s,", names[m]);
        assert_non_null(strstr(body.data, want));
    }
}

/* A value that is there is never kept back, whatever the site is said to have. */
static void known_values_of_absent_roles_are_written(void **state) {
    (void)state;
    struct record_site r = sunny_quarter();
    struct live_body l = {.power_kw[SITE_WIND] = 8.0, .absent[SITE_WIND] = true};

    r.absent[SITE_WIND] = r.absent[SITE_STORAGE] = true;
    r.power[SITE_WIND] = (struct power_stat){7.0, 6.0, 8.0};
    r.energy_kwh[SITE_E_WIND] = 1.75;
    r.soc_start_pct = UNKNOWN;
    write_record(&head, &r, NULL, 0);
    assert_contains("\"wind\":{\"avg\":7,\"min\":6,\"max\":8}");
    assert_contains("\"wind\":1.75");
    assert_contains("\"storage\":{\"soc_start_pct\":null,\"soc_end_pct\":55.25,");
    r.soc_start_pct = 40.0;
    r.soc_end_pct = UNKNOWN;
    write_record(&head, &r, NULL, 0);
    assert_contains("\"storage\":{\"soc_start_pct\":40,\"soc_end_pct\":null,");
    buf_reset(&body);
    live_write(&body, &l, CHINA);
    assert_contains("\"wind\":8");
}

static void half_known_registers_are_written(void **state) {
    (void)state;
    struct record_device d = {.id = "a",
                              .role = "load",
                              .import_start = UNKNOWN,
                              .import_end = 5.0,
                              .export_start = 6.0,
                              .export_end = UNKNOWN};
    record_device_write(&body, &d, CHINA, true);
    assert_contains("\"register\":{\"import\":{\"start\":null,\"end\":5},"
                    "\"export\":{\"start\":6,\"end\":null}}");
}

/* RECORD_PART_DEVICES devices with the longest ids and wide numbers fit one body. */
static void a_full_part_fits_a_body(void **state) {
    (void)state;
    static struct record_device devices[RECORD_PART_DEVICES];
    struct record_site r = sunny_quarter();

    for (size_t i = 0; i < RECORD_PART_DEVICES; i++)
        devices[i] = (struct record_device){.id = "abcdefghijklmnopqrstuvwxyz012345.storage",
                                            .role = "environment",
                                            .import_kwh = 1234567.125,
                                            .export_kwh = 1234567.125,
                                            .method = METHOD_INTEGRATED,
                                            .import_start = 123456789.123456,
                                            .import_end = 123456789.123456,
                                            .export_start = 123456789.123456,
                                            .export_end = 123456789.123456,
                                            .register_at = {START + 1, END + 1},
                                            .multiplier = 12345.123456,
                                            .edge_kwh = -12345.125,
                                            .power_kw = {-123456.125, -123456.125, -123456.125},
                                            .coverage = 0.1234,
                                            .quality = QUALITY_CLOCK_SUSPECT};
    write_record(&head, &r, devices, RECORD_PART_DEVICES);
    assert_true(buf_ok(&body));
}

static void body_too_long_is_told(void **state) {
    (void)state;
    struct record_site r = sunny_quarter();
    char small[100];

    buf_init(&body, small, sizeof small);
    record_site_write(&body, &r, CHINA);
    assert_false(buf_ok(&body));
    init_body(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(record_of_a_sunny_quarter, init_body),
        cmocka_unit_test_setup(record_of_an_outage, init_body),
        cmocka_unit_test_setup(record_with_devices_in_parts, init_body),
        cmocka_unit_test_setup(method_names_are_those_of_the_contract, init_body),
        cmocka_unit_test_setup(known_values_of_absent_roles_are_written, init_body),
        cmocka_unit_test_setup(half_known_registers_are_written, init_body),
        cmocka_unit_test_setup(a_full_part_fits_a_body, init_body),
        cmocka_unit_test_setup(body_too_long_is_told, init_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
