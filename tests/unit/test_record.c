/* Records of the contract, byte for byte: a quarter of an hour, a minute, an outage, devices. The
 * numbers of the fixture are in unit/record_fixture.h. */
#include "unit/record_fixture.h"

#define HEAD                                                                                       \
    "{\"v\":1,\"epoch\":1795305600123,\"seq\":42,\"site\":\"tianxi\",\"gateway\":\"gw1\","         \
    "\"t\":\"2026-11-23T08:30:02+08:00\""

#define NO_POWER   "{\"avg\":null,\"min\":null,\"max\":null}"
#define NO_PERIODS "{\"sharp\":null,\"peak\":null,\"flat\":null,\"valley\":null,\"deep\":null}"

/* ---- a quarter of an hour ---------------------------------------------------------------- */

/* Coverage 0.99995 has 4 decimals: 1, half-up. 1000.0005 has 3: 1000.001. load_metered is there and
 * its power unknown: null. Wind and generator are absent: left out. */
#define SLOT_MEMBERS                                                                               \
    "\"period\":\"15m\",\"start\":\"2026-11-23T08:15:00+08:00\","                                  \
    "\"end\":\"2026-11-23T08:30:00+08:00\",\"coverage\":1,\"quality\":\"good\",\"cause\":null,"    \
    "\"late\":false,\"clock\":{\"state\":\"synced\",\"offset_ms\":-1.5},"                          \
    "\"power_kw\":{\"grid\":{\"avg\":600,\"min\":-12.346,\"max\":1000.001},"                       \
    "\"pv\":{\"avg\":119.5,\"min\":100,\"max\":130},"                                              \
    "\"storage\":{\"avg\":-150,\"min\":-151,\"max\":0},"                                           \
    "\"load\":{\"avg\":569.5,\"min\":400,\"max\":700},\"load_metered\":" NO_POWER "},"             \
    "\"energy_kwh\":{\"import\":155,\"export\":5,\"net_import\":150,\"pv\":34,\"charge\":40,"      \
    "\"discharge\":6,\"load\":149.75,\"load_metered\":148}"

/* Power factors: 120 / sqrt(120^2 + 45^2) = 0.93633, 5 / sqrt(5^2 + 3^2) = 0.85749. p2 shows no
 * reactive energy: unknown. */
#define UNKNOWN_QUALITY                                                                            \
    "\"voltage_deviation_pct\":" NO_POWER ",\"voltage_unbalance_pct\":" NO_POWER                   \
    ",\"current_unbalance_pct\":" NO_POWER ",\"frequency_hz\":" NO_POWER                           \
    ",\"voltage_ok_pct\":null,\"voltage_monitored_s\":0}"
#define UNKNOWN_DEMAND                                                                             \
    "\"block_kw\":null,\"block_at\":null,\"sliding_max_kw\":null,\"sliding_max_at\":null,"         \
    "\"month_max_kw\":null,\"month_max_at\":null,"
#define POINTS                                                                                     \
    ",\"points\":[{\"id\":\"p1\",\"import_kwh\":120,\"export_kwh\":5,\"kvarh\":{\"q1\":40,"        \
    "\"q2\":0.5,\"q3\":0,\"q4\":5},\"reactive_method\":\"register\",\"s_avg_kva\":488,"            \
    "\"s_max_kva\":512.5,\"s_max_at\":\"2026-11-23T08:16:30.500+08:00\",\"p_max_kw\":505.25,"      \
    "\"power_factor\":0.9363,\"block_kw\":480,\"block_at\":\"2026-11-23T08:15:00+08:00\","         \
    "\"sliding_max_kw\":496.5,\"sliding_max_at\":\"2026-11-23T08:10:00+08:00\","                   \
    "\"month_max_kw\":2950.125,\"month_max_at\":\"2026-11-12T19:03:00+08:00\","                    \
    "\"voltage_deviation_pct\":{\"avg\":1.25,\"min\":-0.8,\"max\":1.7},"                           \
    "\"voltage_unbalance_pct\":{\"avg\":0.4,\"min\":0.3,\"max\":0.6},"                             \
    "\"current_unbalance_pct\":{\"avg\":5.5,\"min\":4,\"max\":7.25},"                              \
    "\"frequency_hz\":{\"avg\":50.01,\"min\":49.97,\"max\":50.04},"                                \
    "\"voltage_ok_pct\":93.333333,\"voltage_monitored_s\":900},"                                   \
    "{\"id\":\"p2\",\"import_kwh\":30,\"export_kwh\":0,\"kvarh\":{\"q1\":null,\"q2\":null,"        \
    "\"q3\":null,\"q4\":null},\"reactive_method\":null,\"s_avg_kva\":null,\"s_max_kva\":null,"     \
    "\"s_max_at\":null,\"p_max_kw\":null,\"power_factor\":null," UNKNOWN_DEMAND UNKNOWN_QUALITY    \
    ",{\"id\":\"p3\",\"import_kwh\":5,\"export_kwh\":null,\"kvarh\":{\"q1\":3,\"q2\":null,"        \
    "\"q3\":null,\"q4\":0},\"reactive_method\":\"integrated\",\"s_avg_kva\":null,"                 \
    "\"s_max_kva\":null,\"s_max_at\":null,\"p_max_kw\":null,\"power_factor\":0."                   \
    "8575," UNKNOWN_DEMAND UNKNOWN_QUALITY "]"

#define DEMAND                                                                                     \
    ",\"demand\":[{\"account\":\"main\",\"block_kw\":600,"                                         \
    "\"block_at\":\"2026-11-23T08:15:00+08:00\",\"sliding_max_kw\":616.5,"                         \
    "\"sliding_max_at\":\"2026-11-23T08:10:00+08:00\",\"month_max_kw\":3100.5,"                    \
    "\"month_max_at\":\"2026-11-12T19:03:00+08:00\",\"contract_kw\":3200,"                         \
    "\"combination\":\"sum_of_maxima\"},{\"account\":\"dorm\",\"block_kw\":20,"                    \
    "\"block_at\":\"2026-11-23T08:15:00+08:00\",\"sliding_max_kw\":null,\"sliding_max_at\":null,"  \
    "\"month_max_kw\":null,\"month_max_at\":null,\"contract_kw\":null,\"combination\":\"max\"}]"

/* 512.5 / 2500 = 20.5 %, 150 / 1500 = 10 %, 63 / 630 = 10 %. */
#define TRANSFORMERS                                                                               \
    ",\"transformers\":[{\"id\":\"t1\",\"s_avg_kva\":480,\"s_max_kva\":512.5,\"load_pct\":20.5,"   \
    "\"headroom_kva\":1987.5,\"loss_kwh\":1.25},{\"id\":\"t2\",\"s_avg_kva\":120,"                 \
    "\"s_max_kva\":150,\"load_pct\":10,\"headroom_kva\":1350,\"loss_kwh\":0.5},{\"id\":\"t3\","    \
    "\"s_avg_kva\":25.2,\"s_max_kva\":63,\"load_pct\":10,\"headroom_kva\":567,"                    \
    "\"loss_kwh\":0.125}]"

#define FACTOR                                                                                     \
    "\"factor\":{\"id\":\"province/河南/2023\",\"series\":\"province\",\"area\":\"河南\","     \
    "\"year\":2023,\"kg_per_kwh\":0.5897,\"provisional\":true}}"
/* 94.5 / 195 = 0.484615; 155 x 0.1229 = 19.0495, half-up 19.05. */
#define CARBON                                                                                     \
    ",\"carbon\":{\"location_kg\":91.404,\"national_kg\":82.243,\"market_base_kwh\":155,"          \
    "\"avoided_pv_kg\":17.101,\"avoided_storage_kg\":null,\"scope1_kg\":null,"                     \
    "\"intensity_kg_per_kwh\":0.484615,\"tce_kgce\":19.05,\"charge_kg\":19.385,"                   \
    "\"discharge_kg\":3.25,\"stored_kg\":62.25,\"stored_kwh\":120.5,\"stored_estimated\":true,"    \
    "\"factor_varies\":false,\"national_factor\":{\"id\":\"national_average/全国/2023\","        \
    "\"series\":\"national_average\",\"area\":\"全国\",\"year\":2023,\"kg_per_kwh\":0.5306,"     \
    "\"provisional\":false}," FACTOR

#define TARIFF                                                                                     \
    ",\"tariff\":[{\"account\":\"main\",\"id\":\"henan-2024\","                                    \
    "\"document\":\"豫发改价管〔2024〕283号\",\"status\":\"unverified\",\"import_kwh\":{"  \
    "\"sharp\":0,\"peak\":0,\"flat\":150,\"valley\":0,\"deep\":0},\"export_kwh\":{\"sharp\":0,"    \
    "\"peak\":0,\"flat\":5,\"valley\":0,\"deep\":0},\"cost_cny\":\"97.51\","                       \
    "\"arbitrage_cny\":\"-3.20\",\"estimated\":false,\"price_version\":3,"                         \
    "\"priced_by\":\"table\"},{\"account\":\"dorm\",\"id\":\"henan-2024\",\"document\":null,"      \
    "\"status\":\"unverified\",\"import_kwh\":" NO_PERIODS ",\"export_kwh\":" NO_PERIODS           \
    ",\"cost_cny\":null,\"arbitrage_cny\":null,\"estimated\":false,\"price_version\":null,"        \
    "\"priced_by\":null}]"

/* (34 - 5) / 34 = 0.8529; 1 - 155 / 149.75 is below 0: 0; (34 - 5) / 149.75 = 0.1937; (480 + 120 +
 * 25.2) / 4630 = 0.135. */
#define RATIOS                                                                                     \
    ",\"ratios\":{\"self_consumption\":0.8529,\"self_sufficiency\":0,\"green_share\":0.1937,"      \
    "\"transformer_load\":0.135}"
/* (40 + 6) / (2 x 1000) = 0.023. */
#define STORAGE ",\"storage\":{\"soc_start_pct\":40,\"soc_end_pct\":55.25,\"cycles\":0.023}"
/* 1.75 / 148 = 1.182 %: above the floor of 0.1 x 4630 kVA x 0.25 h = 115.75. */
#define BALANCE                                                                                    \
    ",\"balance\":{\"residual_kwh\":1.75,\"residual_pct\":1.182,\"bad_slots\":0,\"suspect\":null," \
    "\"suspect_kind\":null,\"suspect_ratio\":null}"
#define COMPLETENESS ",\"completeness\":{\"expected\":9,\"stored\":9,\"acknowledged\":null}"

#define QUARTER                                                                                    \
    SLOT_MEMBERS POINTS DEMAND, TRANSFORMERS CARBON TARIFF RATIOS STORAGE BALANCE COMPLETENESS

static void record_of_a_quarter_with_two_accounts(void **state) {
    (void)state;
    write_record(&head, 0, NULL, 0);
    check_pieces("record", "quarter",
                 (const char *const[]){HEAD ",\"revision\":0,", QUARTER, "}", NULL});
}

static void the_same_facts_give_the_same_bytes(void **state) {
    (void)state;
    static char first[BODY_MAX];
    size_t n;

    write_record(&head, 7, NULL, 0);
    n = body.len;
    memcpy(first, body.data, n + 1);
    memset(memory, 'x', sizeof memory);
    write_record(&head, 7, NULL, 0);
    assert_int_equal(body.len, n);
    assert_string_equal(body.data, first);
}

/* ---- a minute, and nothing at all -------------------------------------------------------- */

/* Short: a thousand of them a day are kept and sent. */
static void a_minute_has_only_what_changes_by_the_minute(void **state) {
    (void)state;
    plant.facts.period = SLOT_1M;
    plant.facts.end = START + 60000;
    write_record(&head, 0, NULL, 0);
    assert_contains("\"period\":\"1m\",\"start\":\"2026-11-23T08:15:00+08:00\","
                    "\"end\":\"2026-11-23T08:16:00+08:00\",\"coverage\":1,");
    assert_contains(
        "\"load_metered\":148},\"carbon\":{\"location_kg\":91.404," FACTOR STORAGE COMPLETENESS
        "}");
    for (const char *const *name =
             (const char *const[]){"points", "demand", "transformers", "tariff", "ratios",
                                   "balance", "slots", "month", "market_kg", NULL};
         *name != NULL; name++) {
        char member[32];
        snprintf(member, sizeof member, "\"%s\":", *name);
        assert_lacks(member);
    }
    check_json("record", "minute");
    print_message("a minute's members with carbon and storage: %zu bytes\n",
                  body.len - (sizeof HEAD - 1));
}

/* Nothing was read: every number is null, none is 0. The site has no accounts, no carbon file, no
 * feeders, neither storage nor PV: those sections are left out. */
static void record_of_an_outage(void **state) {
    (void)state;
    plant.site = (struct site){.id = "tianxi", .devices = plant.devices, .feeds = plant.feeds};
    plant.site.device_count = plant.site.feed_count = 1; /* the incomer alone */
    plant_slot(SLOT_15M, START, END);
    plant.facts.quality = QUALITY_MISSING;
    plant.facts.cause = CAUSE_DEVICE_DOWN;
    plant.facts.late = true;
    plant.facts.expected = 9;
    plant.source.clock_state = "unsynced";
    write_record(&head, 3, NULL, 0);
    check("record", "outage",
          HEAD ",\"revision\":3,\"period\":\"15m\",\"start\":\"2026-11-23T08:15:00+08:00\","
               "\"end\":\"2026-11-23T08:30:00+08:00\",\"coverage\":0,\"quality\":\"missing\","
               "\"cause\":\"device_down\",\"late\":true,\"clock\":{\"state\":\"unsynced\","
               "\"offset_ms\":null},\"power_kw\":{\"grid\":" NO_POWER ",\"load\":" NO_POWER "},"
               "\"energy_kwh\":{\"import\":null,\"export\":null,\"net_import\":null,"
               "\"load\":null},\"ratios\":{\"self_consumption\":null,\"self_sufficiency\":null,"
               "\"green_share\":null,\"transformer_load\":null},\"completeness\":{\"expected\":9,"
               "\"stored\":0,\"acknowledged\":null}}");
}

/* What the site has stays, with null for every number. */
static void a_known_section_with_unknown_values_is_null(void **state) {
    (void)state;
    plant_slot(SLOT_15M, START, END);
    write_record(&head, 0, NULL, 0);
    assert_contains("{\"account\":\"main\"," UNKNOWN_DEMAND
                    "\"contract_kw\":null,\"combination\":\"sum_of_maxima\"}");
    assert_contains("{\"id\":\"t1\",\"s_avg_kva\":null,\"s_max_kva\":null,\"load_pct\":null,"
                    "\"headroom_kva\":null,\"loss_kwh\":null}");
    assert_contains("\"carbon\":{\"location_kg\":null,\"national_kg\":null,");
    assert_contains("\"stored_kg\":null,\"stored_kwh\":null,\"stored_estimated\":false,"
                    "\"factor_varies\":false,\"national_factor\":null,\"factor\":null}");
    assert_contains("\"storage\":{\"soc_start_pct\":null,\"soc_end_pct\":null,\"cycles\":null}");
    assert_contains("\"balance\":{\"residual_kwh\":null,\"residual_pct\":null,\"bad_slots\":0,");
    assert_contains("\"import_kwh\":" NO_PERIODS ",");
    check_json("record", "unknown");
}

/* ---- devices ----------------------------------------------------------------------------- */

/* A grid meter with both registers, CT 80 x PT 100, whose import register turned over at 100:
 * (0.48 - 99.98) x 8000 = -796,000; + 100 x 8000 of the turn + 0.125 at the edges = 4000.125. A
 * battery without any. */
static const struct record_device two_devices[] = {
    {.id = "grid",
     .role = "grid",
     .import_kwh = 4000.125,
     .export_kwh = 0.0,
     .method = METHOD_REGISTER,
     .import_start = 99.98,
     .import_end = 0.48,
     .export_start = 7.000001,
     .export_end = 7.000001,
     .register_at = {START + 250, END - 750},
     .multiplier = 8000.0,
     .edge_kwh = 0.125,
     .edge_export_kwh = 0.0,
     .rollover_kwh = 800000.0,
     .rollover_export_kwh = 0.0,
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
     .edge_export_kwh = UNKNOWN,
     .rollover_kwh = UNKNOWN,
     .rollover_export_kwh = UNKNOWN,
     .power_kw = {UNKNOWN, UNKNOWN, UNKNOWN},
     .coverage = 0.0,
     .quality = QUALITY_STALE},
};

static void record_with_devices_in_parts(void **state) {
    (void)state;
    struct message_head h = head;

    h.part = 2;
    h.parts = 3;
    write_record(&h, 1, two_devices, 2);
    check_pieces(
        "record", "devices",
        (const char *const[]){
            HEAD ",\"part\":2,\"parts\":3,\"revision\":1,", QUARTER,
            ",\"devices\":["
            "{\"id\":\"grid\",\"role\":\"grid\",\"energy_import_kwh\":4000.125,"
            "\"energy_export_kwh\":0,\"energy_method\":\"register\",\"register\":{\"import\":{"
            "\"start\":99.98,\"end\":0.48},\"export\":{\"start\":7.000001,\"end\":7.000001}},"
            "\"register_at\":[\"2026-11-23T08:15:00.250+08:00\","
            "\"2026-11-23T08:29:59.250+08:00\"],\"multiplier\":8000,\"edge_kwh\":0.125,"
            "\"edge_export_kwh\":0,\"rollover_kwh\":800000,\"rollover_export_kwh\":0,"
            "\"power_kw\":{\"avg\":640,\"min\":600,\"max\":680},\"coverage\":0.9877,"
            "\"quality\":\"recovered\"},"
            "{\"id\":\"bms\",\"role\":\"battery\",\"energy_import_kwh\":null,"
            "\"energy_export_kwh\":null,\"energy_method\":null,"
            "\"register\":{\"import\":null,\"export\":null},\"register_at\":[null,null],"
            "\"multiplier\":null,\"edge_kwh\":null,\"edge_export_kwh\":null,"
            "\"rollover_kwh\":null,\"rollover_export_kwh\":null,\"power_kw\":" NO_POWER
            ",\"coverage\":0,\"quality\":\"stale\"}]}",
            NULL});
}

static double member(const json_t *object, const char *name) {
    const json_t *value = json_object_get(object, name);
    assert_true(json_is_number(value));
    return json_number_value(value);
}

/* From the body alone, as a platform would. */
static void the_energy_of_a_device_can_be_recomputed(void **state) {
    (void)state;
    json_error_t error;

    write_record(&head, 0, two_devices, 1);
    json_t *root = json_loads(body.data, 0, &error);
    const json_t *d = json_array_get(json_object_get(root, "devices"), 0);
    const json_t *r = json_object_get(json_object_get(d, "register"), "import");
    double kwh = (member(r, "end") - member(r, "start")) * member(d, "multiplier") +
                 member(d, "edge_kwh") + member(d, "rollover_kwh");
    assert_float_equal(kwh, member(d, "energy_import_kwh"), 1e-6);
    json_decref(root);
}

static void method_names_are_those_of_the_contract(void **state) {
    (void)state;
    static const char *const names[] = {[METHOD_REGISTER] = "\"register\"",
                                        [METHOD_RECOVERED] = "\"recovered\"",
                                        [METHOD_INTEGRATED] = "\"integrated\"",
                                        [METHOD_NONE] = "null",
                                        [METHOD_MANUAL] = "\"manual\""};

    for (unsigned m = METHOD_REGISTER; m <= METHOD_MANUAL; m++) {
        char want[64];
        struct record_device d = {.id = "a", .role = "load", .method = (enum energy_method)m};
        buf_reset(&body);
        record_device_write(&body, &d, CHINA, true);
        snprintf(want, sizeof want, "\"energy_method\":%s,", names[m]);
        assert_contains(want);
    }
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

static void a_record_without_members_is_still_one_object(void **state) {
    (void)state;
    record_begin(&body, &head, END + 2000, 4, "", 0);
    record_end(&body, false);
    assert_string_equal(body.data, HEAD ",\"revision\":4}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(record_of_a_quarter_with_two_accounts, a_quarter),
        cmocka_unit_test_setup(the_same_facts_give_the_same_bytes, a_quarter),
        cmocka_unit_test_setup(a_minute_has_only_what_changes_by_the_minute, a_quarter),
        cmocka_unit_test_setup(record_of_an_outage, a_quarter),
        cmocka_unit_test_setup(a_known_section_with_unknown_values_is_null, a_quarter),
        cmocka_unit_test_setup(record_with_devices_in_parts, a_quarter),
        cmocka_unit_test_setup(the_energy_of_a_device_can_be_recomputed, a_quarter),
        cmocka_unit_test_setup(method_names_are_those_of_the_contract, init_body),
        cmocka_unit_test_setup(half_known_registers_are_written, init_body),
        cmocka_unit_test_setup(a_record_without_members_is_still_one_object, init_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
