/* How long a record may become: the largest site, the longest names, the widest numbers. */
#include "unit/record_fixture.h"

/* Wider than any value of a site: 13 digits before the point, and a fraction that no rounding
 * shortens. */
#define WIDE       (-8123456789012.123)
#define WIDE_MONEY (-9223372036854775000)             /* 1e-8 CNY: 92 billion */
#define LONG_ID    "abcdefghijklmnopqrstuvwxyz012345" /* SITE_ID_MAX */
#define LONG_AT    (START + 1)                        /* with milliseconds */

static struct account accounts[ACCOUNTS_MAX];
static struct metering_point points[METERING_POINTS_MAX];
static struct transformer transformers[TRANSFORMERS_MAX];
static char document[257]; /* as long as a text of the configuration may be */

static const struct range_stat wide_range = {WIDE, WIDE, WIDE, 1};
static const struct demand_peak wide_peak = {WIDE, LONG_AT};
static const struct power_stat wide_power = {WIDE, WIDE, WIDE};

static void widest_point(struct point_facts *p) {
    *p = (struct point_facts){.import_kwh = WIDE,
                              .export_kwh = WIDE,
                              .kvarh = {WIDE, WIDE, WIDE, WIDE},
                              .kvarh_integrated = true,
                              .s_kva = wide_range,
                              .s_max_at = LONG_AT,
                              .p_max_kw = WIDE,
                              .block_kw = WIDE,
                              .block_at = LONG_AT,
                              .sliding = wide_peak,
                              .month_max = wide_peak,
                              .voltage_deviation_pct = wide_range,
                              .voltage_unbalance_pct = wide_range,
                              .current_unbalance_pct = wide_range,
                              .frequency_hz = wide_range,
                              .monitored_ms = UINT64_C(2678400000),
                              .qualified_ms = UINT64_C(2678300001)};
}

static void widest_account(struct account_facts *a) {
    *a = (struct account_facts){.block_kw = WIDE,
                                .block_at = LONG_AT,
                                .sliding = wide_peak,
                                .month_max = wide_peak,
                                .contract_kw = WIDE,
                                .split_known = true,
                                .cost_e8 = WIDE_MONEY,
                                .cost_known = true,
                                .arbitrage_e8 = WIDE_MONEY,
                                .arbitrage_known = true,
                                .price_version = INT32_MAX,
                                .priced_by_curve = true};
    for (size_t p = 0; p < TARIFF_PERIODS; p++)
        a->import_kwh[p] = a->export_kwh[p] = WIDE;
}

static void widest_month(struct month_account *m) {
    *m = (struct month_account){.kwh = WIDE,
                                .kvarh = WIDE,
                                .pf = {98, -12345, 99, -12345, WIDE, WIDE},
                                .pf_without_pv_hundredths = 99,
                                .demand_kw = WIDE,
                                .basic_e8 = WIDE_MONEY,
                                .energy_e8 = WIDE_MONEY,
                                .adjust_e8 = WIDE_MONEY,
                                .total_e8 = WIDE_MONEY,
                                .basic_known = true,
                                .energy_known = true,
                                .adjust_known = true};
}

static void widest_carbon(struct carbon_facts *c) {
    *c = (struct carbon_facts){
        .location_kg = WIDE,
        .national_kg = WIDE,
        .market_base_kwh = WIDE,
        .avoided_pv_kg = WIDE,
        .avoided_storage_kg = WIDE,
        .scope1_kg = WIDE,
        .fuel_kgce = WIDE,
        .charge_kg = WIDE,
        .discharge_kg = WIDE,
        .busbar_kg = WIDE,
        .busbar_kwh = 1.0,
        .ess = {WIDE, WIDE, false},
        .factor = {.series = FACTOR_RESIDUAL, .year = INT16_MIN, .kg_per_kwh = WIDE}};
    memset(c->factor.id, 'i', sizeof c->factor.id - 1);
    memset(c->factor.area, 'a', sizeof c->factor.area - 1);
    c->national = c->factor;
}

static void widest_site(void) {
    plant_site();
    memset(document, '"', sizeof document - 1); /* each is escaped */
    plant.version.document = document;
    plant.version.id = LONG_ID;
    for (size_t i = 0; i < ACCOUNTS_MAX; i++)
        accounts[i] =
            (struct account){.id = LONG_ID, .tariff_id = LONG_ID, .tariff = &plant.tariff};
    for (size_t i = 0; i < METERING_POINTS_MAX; i++)
        points[i] = (struct metering_point){.id = LONG_ID};
    for (size_t i = 0; i < TRANSFORMERS_MAX; i++)
        transformers[i] = (struct transformer){.id = LONG_ID, .kva = 3.0};
    plant.feeds[FEEDER].id = LONG_ID "." LONG_ID;
    plant.site.accounts = accounts;
    plant.site.account_count = ACCOUNTS_MAX;
    plant.site.metering_points = points;
    plant.site.metering_point_count = METERING_POINTS_MAX;
    plant.site.transformers = transformers;
    plant.site.transformer_count = TRANSFORMERS_MAX;
}

static void widest_facts(struct slot_facts *f) {
    f->coverage = 0.12345;
    f->quality = QUALITY_CLOCK_SUSPECT;
    f->cause = CAUSE_DEVICE_DOWN;
    f->clock_offset_ms = f->soc_start_pct = f->soc_end_pct = WIDE;
    f->expected = f->stored = UINT32_MAX;
    f->balance =
        (struct balance_facts){.residual_kwh = WIDE,
                               .feeders_kwh = WIDE,
                               .bad_slots = UINT32_MAX,
                               .suspect = {.kind = SUSPECT_RATIO, .feed = FEEDER, .ratio = WIDE},
                               .node_count = NODES_MAX};
    for (size_t n = 0; n < NODES_MAX; n++)
        f->balance.nodes[n] = (struct node_facts){FEEDER, WIDE, WIDE};
    for (size_t p = 0; p < SITE_POWER_COUNT; p++)
        f->power[p] = wide_power;
    for (size_t e = 0; e < SITE_ENERGY_COUNT; e++)
        f->energy_kwh[e] = WIDE;
    for (size_t i = 0; i < METERING_POINTS_MAX; i++)
        widest_point(&f->points[i]);
    for (size_t i = 0; i < ACCOUNTS_MAX; i++)
        widest_account(&f->accounts[i]);
    for (size_t i = 0; i < TRANSFORMERS_MAX; i++)
        f->transformers[i] = (struct transformer_facts){WIDE, WIDE, WIDE};
    widest_carbon(&f->carbon);
}

/* The largest site's month. A setup function. */
static int a_largest_month(void **state) {
    widest_site();
    plant_slot(SLOT_1MO, LONG_AT, LONG_AT + 30 * MS_PER_DAY);
    widest_facts(&plant.facts);
    plant.month = (struct month_facts){.market_kg = WIDE,
                                       .slots_expected = UINT32_MAX,
                                       .slots_stored = UINT32_MAX - 1,
                                       .slots_acknowledged = UINT32_MAX - 1,
                                       .day_month_deviation = WIDE,
                                       .boundary_error_ms = WIDE,
                                       .max_kw = WIDE,
                                       .min_kw = WIDE,
                                       .load_factor = WIDE,
                                       .peak_shaved_kw = WIDE,
                                       .performance_ratio = WIDE};
    for (size_t i = 0; i < ACCOUNTS_MAX; i++)
        widest_month(&plant.month.accounts[i]);
    plant.source.month = &plant.month;
    plant.source.acknowledged = UINT32_MAX - 1;
    plant.source.clock_state = "unsynced";
    plant.source.storage_eta = 0.88;
    return init_body(state);
}

static void the_members_of_the_largest_site_fit_their_buffer(void **state) {
    (void)state;
    static char members[RECORD_SITE_MAX];
    struct buf b;

    buf_init(&b, members, sizeof members);
    record_site_write(&b, &plant.source, zone_shanghai);
    print_message("largest site: %zu bytes of members in a month", b.len);
    assert_true(buf_ok(&b));
    plant.facts.period = SLOT_15M;
    plant.source.month = NULL;
    buf_reset(&b);
    record_site_write(&b, &plant.source, zone_shanghai);
    print_message(", %zu in 15 minutes\n", b.len);
    assert_true(buf_ok(&b));
}

/* RECORD_PART_DEVICES devices with the longest ids and the widest numbers, after the longest
 * members. */
static void a_full_part_of_the_largest_site_fits_a_body(void **state) {
    (void)state;
    static struct record_device devices[RECORD_PART_DEVICES];
    struct message_head h = {.epoch = INT64_MAX,
                             .seq = INT64_MAX,
                             .site = LONG_ID,
                             .gateway = LONG_ID,
                             .part = UINT16_MAX,
                             .parts = UINT16_MAX,
                             .utc_offset_s = CHINA};
    json_error_t error;

    for (size_t i = 0; i < RECORD_PART_DEVICES; i++)
        devices[i] = (struct record_device){.id = LONG_ID "." LONG_ID,
                                            .role = "environment",
                                            .import_kwh = WIDE,
                                            .export_kwh = WIDE,
                                            .method = METHOD_INTEGRATED,
                                            .import_start = WIDE,
                                            .import_end = WIDE,
                                            .export_start = WIDE,
                                            .export_end = WIDE,
                                            .register_at = {LONG_AT, LONG_AT},
                                            .multiplier = WIDE,
                                            .edge_kwh = WIDE,
                                            .edge_export_kwh = WIDE,
                                            .rollover_kwh = WIDE,
                                            .rollover_export_kwh = WIDE,
                                            .power_kw = wide_power,
                                            .coverage = 0.1234,
                                            .quality = QUALITY_CLOCK_SUSPECT};
    write_record(&h, UINT32_MAX, devices, RECORD_PART_DEVICES);
    print_message("full part of it: %zu bytes\n", body.len);
    assert_true(buf_ok(&body));
    json_t *root = json_loads(body.data, JSON_REJECT_DUPLICATES, &error);
    assert_non_null(root);
    assert_int_equal(json_array_size(json_object_get(root, "devices")), RECORD_PART_DEVICES);
    json_decref(root);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_members_of_the_largest_site_fit_their_buffer, a_largest_month),
        cmocka_unit_test_setup(a_full_part_of_the_largest_site_fits_a_body, a_largest_month),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
