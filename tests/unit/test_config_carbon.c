/* Carbon files: what is read, each mistake at its place with words that help, the shipped file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/carbon_load.h"
#include "config_fixture.h"

static const char base[] =
    "id: c\n"
    "areas: {province: 河南, region: 华中, country: 全国}\n"
    "standard_coal: {electricity_kgce_per_kwh: 0.1229, source: s}\n"
    "factors:\n"
    "  - {series: province, area: 河南, year: 2022, kg_per_kwh: 0.6058, status: verified, source: "
    "a}\n"
    "  - {series: region, area: 华中, year: 2022, kg_per_kwh: 0.5395, valid_from: 2024-12-27, "
    "valid_to: 2026-01-15, version: 3, status: unverified, source: b}\n"
    "  - {series: national_average, area: 全国, year: 2022, kg_per_kwh: 0.5366, status: verified, "
    "source: c}\n"
    "fuels:\n"
    "  - {kind: gas, unit: Nm3, kg_per_unit: 2.1622, kgce_per_unit: 1.33, method: m, status: "
    "verified, source: s}\n"
    "  - {kind: diesel, unit: L, kg_per_unit: 2.6006, method: m, status: unverified, source: s}\n";

struct loaded {
    struct arena *arena;
    struct config_errors errors;
    struct load load;
    const struct carbon_book *book;
    int result;
};

static void start(struct loaded *l, const char *data_dir) {
    config_errors_init(&l->errors);
    l->arena = arena_new();
    l->book = NULL;
    l->load = (struct load){NULL, data_dir, l->arena, l->arena, &l->errors, 0, HASH_START};
}

static void load_book(struct loaded *l, const char *name, const char *text) {
    start(l, NULL);
    l->result = carbon_from_memory(&l->load, "c.yaml", name, text, strlen(text), &l->book);
}

static void end(struct loaded *l) {
    arena_free(l->arena);
    config_errors_free(&l->errors);
}

/* 2024-12-27 and 2026-01-15 are days 20084 and 20468 (date -u +%s / 86400). */
static void every_key_is_read(void **state) {
    (void)state;
    struct loaded l;
    load_book(&l, "c", base);
    assert_int_equal(l.result, ERR_OK);
    assert_int_equal(l.errors.total, 0);
    assert_string_equal(l.book->id, "c");
    assert_string_equal(l.book->province, "河南");
    assert_string_equal(l.book->region, "华中");
    assert_string_equal(l.book->country, "全国");
    assert_true(fabs(l.book->kgce_per_kwh - 0.1229) < 1e-12);
    assert_int_equal(l.book->factor_count, 3);
    const struct grid_factor *f = &l.book->factors[0];
    assert_int_equal(f->series, FACTOR_PROVINCE);
    assert_int_equal(f->from_day, INT32_MIN);
    assert_int_equal(f->to_day, INT32_MAX);
    assert_int_equal(f->version, 1);
    assert_true(f->verified);
    assert_int_equal(f->line, 5);
    f = &l.book->factors[1];
    assert_int_equal(f->series, FACTOR_REGION);
    assert_string_equal(f->area, "华中");
    assert_int_equal(f->year, 2022);
    assert_true(fabs(f->kg_per_kwh - 0.5395) < 1e-12);
    assert_int_equal(f->from_day, 20084);
    assert_int_equal(f->to_day, 20468);
    assert_int_equal(f->version, 3);
    assert_false(f->verified);
    assert_string_equal(f->source, "b");
    assert_int_equal(l.book->fuel_count, 2);
    assert_int_equal(l.book->fuels[0].kind, FUEL_GAS);
    assert_string_equal(l.book->fuels[0].unit, "Nm3");
    assert_string_equal(l.book->fuels[0].method, "m");
    assert_true(l.book->fuels[0].verified);
    assert_int_equal(l.book->fuels[1].kind, FUEL_DIESEL);
    assert_true(isnan(l.book->fuels[1].kgce_per_unit));
    end(&l);
}

static void what_may_be_left_out(void **state) {
    (void)state;
    struct loaded l;
    load_book(
        &l, "c",
        "id: c\nareas: {province: p, country: n}\nfactors:\n"
        "  - {series: province, area: p, year: 2000, kg_per_kwh: 0, status: verified, source: "
        "s}\n"
        "  - {series: national_average, area: n, year: 2100, kg_per_kwh: 2, status: "
        "verified, source: s}\n");
    assert_int_equal(l.result, ERR_OK);
    assert_int_equal(l.errors.total, 0);
    assert_null(l.book->region);
    assert_true(isnan(l.book->kgce_per_kwh));
    assert_int_equal(l.book->fuel_count, 0);
    end(&l);
}

static void check_all(const struct mistake *m, size_t n) {
    for (size_t i = 0; i < n; i++, m++) {
        struct loaded l;
        size_t line, column;
        char *text = mistake_text(base, m, &line, &column);
        load_book(&l, "c", text);
        assert_one_error(&l.errors, "c.yaml", line, column, m);
        assert_int_equal(l.result, ERR_SYNTAX);
        assert_null(l.book);
        end(&l);
        free(text);
    }
}

#define CHECK(list) check_all(list, sizeof(list) / sizeof((list)[0]))

static void mistakes_of_factors(void **state) {
    (void)state;
    static const struct mistake list[] = {
        {"series: region", "series: ^regoin", "did you mean 'region'"},
        {"series: region", "series: ^footprint",
         "use one of province, national_average, region, national_excl_market_nonfossil"},
        {"0.6058", "^2.1", "kg_per_kwh 2.1 is out of range; give 0 to 2"},
        {"0.6058", "^-0.1", "out of range"},
        {"0.6058", "^.nan", "needs a number"},
        {"0.6058", "^nan", "needs a number"},
        {"0.6058", "^.inf", "needs a number"},
        {"0.6058", "^1e999", "needs a number"},
        {"0.6058", "^\"0.6\"", "take the quotes away"},
        {"year: 2022, kg_per_kwh: 0.6058", "year: ^1999, kg_per_kwh: 0.6", "give 2000 to 2100"},
        {"year: 2022, kg_per_kwh: 0.6058", "year: ^2101, kg_per_kwh: 0.6", "give 2000 to 2100"},
        {"year: 2022, kg_per_kwh: 0.6058", "year: ^20.5, kg_per_kwh: 0.6", "a whole number"},
        {"version: 3", "version: ^0", "give 1 to 1000000"},
        {"version: 3", "^verison: 3", "did you mean 'version'"},
        {"2024-12-27", "^2024-02-30", "is not a date"},
        {"2024-12-27", "^27.12.2024", "write it as 2026-01-31"},
        {"valid_to: 2026-01-15", "valid_to: ^2024-12-27",
         "valid_to 2024-12-27 is not after valid_from 2024-12-27; give the first day"},
        {"status: unverified, source: b", "status: ^maybe, source: b",
         "use one of unverified, verified"},
        {"  - {series: province, area: 河南, year: 2022, kg_per_kwh: 0.6058, status: verified, "
         "source: a}",
         "  - ^{series: province, area: 河南, year: 2022, kg_per_kwh: 0.6058, status: verified}",
         "a factor needs the key 'source'"},
        {"source: b", "source: ^\"\"", "shorter than 1 bytes"},
        {"area: 河南", "area: ^一个比九个汉字还要长的地名", "longer than 27 bytes"},
        {"  - {series: region", "  - ^12\n  - {series: region", "a factor needs keys and values"},
    };
    CHECK(list);
}

static void overlaps_name_both_lines(void **state) {
    (void)state;
    static const struct mistake list[] = {
        {"fuels:",
         "  - ^{series: province, area: 河南, year: 2022, kg_per_kwh: 0.6, status: verified, "
         "source: a}\nfuels:",
         "the factor province of 河南 for 2022, version 1, in line 8 is valid at the same time as "
         "the one in line 5; give the newer one a higher version"},
        {"fuels:",
         "  - ^{series: region, area: 华中, year: 2022, kg_per_kwh: 0.6, version: 3, valid_from: "
         "2026-01-14, status: verified, source: a}\nfuels:",
         "in line 8 is valid at the same time as the one in line 6"},
        {"{kind: diesel, unit: L", "^{kind: gas, unit: Nm3",
         "the fuel gas in Nm3 stands in line 9 and in line 10; keep the method"},
    };
    CHECK(list);
}

static void what_does_not_overlap_is_good(void **state) {
    (void)state;
    static const char *const more[] = {
        "series: province, area: 河南, version: 2",
        "series: region, area: 华中, version: 3, valid_from: 2026-01-15",
        "series: region, area: 华中, version: 3, valid_to: 2024-12-27",
    };
    for (size_t i = 0; i < sizeof more / sizeof more[0]; i++) {
        char text[2000];
        const char *at = strstr(base, "fuels:");
        assert_non_null(at);
        snprintf(text, sizeof text,
                 "%.*s  - {%s, year: 2022, kg_per_kwh: 0.6, status: verified, source: a}\n%s",
                 (int)(at - base), base, more[i], at);
        struct loaded l;
        load_book(&l, "c", text);
        assert_int_equal(l.result, ERR_OK);
        assert_int_equal(l.errors.total, 0);
        assert_int_equal(l.book->factor_count, 4);
        end(&l);
    }
}

static void mistakes_of_areas_and_fuels(void **state) {
    (void)state;
    static const struct mistake list[] = {
        {"province: 河南", "province: ^河北",
         "province 河北 has no factor of series province; add one or correct the name"},
        {"region: 华中", "region: ^西北", "region 西北 has no factor of series region"},
        {"country: 全国", "country: ^中国",
         "country 中国 has no factor of series national_average"},
        {"{province: 河南, region: 华中, country: 全国}", "^{province: 河南, region: 华中}",
         "areas needs the key 'country'"},
        {"areas: {province: 河南, region: 华中, country: 全国}", "areas: ^河南",
         "areas needs keys and values"},
        {"id: c", "id: ^d", "id 'd' is not the file's name 'c'; give both the same"},
        {"id: c", "id: ^C", "is not an id"},
        {"id: c", "id: c\n^factor: 1", "unknown key 'factor' in a carbon file; did you mean"},
        {"0.1229", "^0", "electricity_kgce_per_kwh 0 is out of range; give 0.01 to 1"},
        {"{electricity_kgce_per_kwh: 0.1229, source: s}", "^{electricity_kgce_per_kwh: 0.1229}",
         "standard_coal needs the key 'source'"},
        {"kind: diesel", "kind: ^petrol", "use one of gas, diesel, other"},
        {"unit: L", "unit: ^[L]", "a single value, not a list"},
        {"2.6006", "^.inf", "needs a number"},
        {"2.6006", "^-1", "give 0 to 10000"},
        {"1.33", "^10001", "give 0 to 10000"},
    };
    CHECK(list);
}

static void lists_that_are_none(void **state) {
    (void)state;
    struct loaded l;
    load_book(&l, "c", "id: c\nareas: {province: p, country: n}\nfactors: []\nfuels: gas\n");
    assert_int_equal(l.result, ERR_SYNTAX);
    assert_int_equal(l.errors.total, 2);
    assert_non_null(strstr(l.errors.text[0], "c.yaml:3:10: factors is empty; list what was"));
    assert_non_null(strstr(l.errors.text[1], "c.yaml:4:8: fuels needs a list"));
    end(&l);
    load_book(&l, "c", "id: c\nareas: {province: p, country: n}\nfactors: 0.6\n");
    assert_int_equal(l.errors.total, 1);
    assert_non_null(strstr(l.errors.text[0], "c.yaml:3:10: factors needs a list"));
    end(&l);
}

/* One run finds them all. */
static void every_mistake_is_reported(void **state) {
    (void)state;
    struct loaded l;
    load_book(
        &l, "c",
        "id: c\n"
        "areas: {province: 河南, country: 全国}\n"
        "factors:\n"
        "  - {series: provinz, area: 河南, year: 1900, kg_per_kwh: 9, status: no, source: a}\n"
        "  - {series: national_average, area: 全国, year: 2022, kg_per_kwh: .nan, status: "
        "verified}\n"
        "fuels:\n"
        "  - {kind: gas}\n");
    assert_int_equal(l.result, ERR_SYNTAX);
    /* line 4: series, year, kg_per_kwh, status; line 5: kg_per_kwh, source; line 7: unit,
     * kg_per_unit, method, status, source. None of them says that an area has no factor. */
    assert_int_equal(l.errors.total, 4 + 2 + 5);
    end(&l);
    load_book(&l, "c", "id: [c\n");
    assert_int_equal(l.result, ERR_SYNTAX);
    assert_int_equal(l.errors.total, 1);
    end(&l);
}

static void a_factor_of_another_area_is_a_warning(void **state) {
    (void)state;
    struct mistake m = {"fuels:",
                        "  - {series: province, area: ^何南, year: 2022, kg_per_kwh: 0.6, status: "
                        "verified, source: a}\nfuels:",
                        ""};
    size_t line, column;
    char *text = mistake_text(base, &m, &line, &column);
    struct loaded l;
    load_book(&l, "c", text);
    assert_int_equal(l.result, ERR_OK);
    assert_int_equal(l.errors.warnings, 1);
    assert_string_equal(l.errors.text[0], "c.yaml:8:30: warning: area 何南 is not the file's area "
                                          "for series province: this factor is never used");
    assert_int_equal(line, 8);
    assert_int_equal(column, 30);
    end(&l);
    free(text);
}

/* A list of n items in the fuels or factors of a file. */
static void load_many(struct loaded *l, const char *key, int n) {
    size_t cap = 200 + (size_t)n * 3, used;
    char *text = calloc(1, cap);
    assert_non_null(text);
    used = (size_t)snprintf(text, cap, "id: c\nareas: {province: p, country: n}\n%s: [", key);
    for (int i = 0; i < n; i++)
        used += (size_t)snprintf(text + used, cap - used, "1,");
    snprintf(text + used, cap - used, "]\n");
    load_book(l, "c", text);
    free(text);
}

static void long_lists_are_refused_as_a_whole(void **state) {
    (void)state;
    struct loaded l;
    load_many(&l, "factors", 2001);
    assert_int_equal(l.errors.total, 1);
    assert_non_null(strstr(l.errors.text[0], "c.yaml:3:10: factors takes 2000 items at most"));
    end(&l);
    load_many(&l, "fuels", 101);
    assert_int_equal(l.errors.total, 2); /* and there are no factors */
    assert_non_null(strstr(l.errors.text[0], "c.yaml:3:8: fuels takes 100 items at most"));
    end(&l);
}

static void the_files_bytes_go_into_the_hash(void **state) {
    (void)state;
    struct loaded a, b;
    load_book(&a, "c", base);
    load_book(&b, "c", "id: c\n");
    assert_true(a.load.hash == hash_file(HASH_START, base, strlen(base)));
    assert_true(a.load.hash != b.load.hash);
    assert_int_equal(a.load.files, 1);
    end(&a);
    end(&b);
}

static const struct grid_factor *chosen(const struct carbon_book *b, enum factor_series s,
                                        int year) {
    int32_t day = civil_day(2026, 11, 1);
    return carbon_factor(b, s, year, day).factor;
}

/* The values are those of the announcements' reports; see the sources in the file. */
static void the_shipped_file_is_clean(void **state) {
    (void)state;
    static const struct {
        enum factor_series series;
        double kg[3]; /* 2021, 2022, 2023 */
        bool verified[3];
    } rows[] = {
        {FACTOR_PROVINCE, {0.6369, 0.6058, 0.5897}, {false, true, false}},
        {FACTOR_NATIONAL, {0.5568, 0.5366, 0.5306}, {true, true, true}},
        {FACTOR_REGION, {0.5354, 0.5395, 0.5271}, {false, true, true}},
        {FACTOR_RESIDUAL, {0.5942, 0.5856, 0.6096}, {false, true, true}},
        {FACTOR_NATIONAL_FOSSIL, {0.8426, 0.8325, 0.8273}, {true, true, true}},
    };
    struct loaded l;
    size_t first, second;
    start(&l, TEST_SOURCE_DIR "/config");
    l.result = carbon_from_name(&l.load, "china-henan", (struct place){"s.yaml", 0, 1, 1}, &l.book);
    assert_int_equal(l.result, ERR_OK);
    assert_int_equal(l.errors.total, 0);
    assert_int_equal(l.book->factor_count, 15);
    assert_false(carbon_overlap(l.book, &first, &second));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int y = 0; y < 3; y++) {
            const struct grid_factor *f = chosen(l.book, rows[i].series, 2021 + y);
            assert_non_null(f);
            assert_int_equal(f->year, 2021 + y);
            assert_true(fabs(f->kg_per_kwh - rows[i].kg[y]) < 1e-12);
            assert_int_equal(f->verified, rows[i].verified[y]);
        }
    }
    assert_true(fabs(l.book->kgce_per_kwh - 0.1229) < 1e-12);
    assert_true(fabs(carbon_fuel_kg(l.book, FUEL_GAS, "Nm3", 1) - 2.1622) < 1e-12);
    assert_true(fabs(carbon_fuel_kg(l.book, FUEL_DIESEL, "kg", 1) - 3.0959) < 1e-12);
    assert_true(fabs(carbon_fuel_kg(l.book, FUEL_DIESEL, "L", 1) - 2.6006) < 1e-12);
    end(&l);
}

/* At the end of 2025 the factors of 2023 were not out. */
static void the_shipped_factors_count_from_their_publication(void **state) {
    (void)state;
    struct loaded l;
    start(&l, TEST_SOURCE_DIR "/config");
    carbon_from_name(&l.load, "china-henan", (struct place){"s.yaml", 0, 1, 1}, &l.book);
    assert_non_null(l.book);
    struct factor_choice c = carbon_factor(l.book, FACTOR_PROVINCE, 2025, civil_day(2025, 12, 31));
    assert_int_equal(c.factor->year, 2022);
    assert_true(c.provisional);
    end(&l);
}

static void a_name_without_a_file_is_no_error_here(void **state) {
    (void)state;
    struct loaded l;
    start(&l, TEST_SOURCE_DIR "/config");
    l.result = carbon_from_name(&l.load, "atlantis", (struct place){"s.yaml", 0, 1, 1}, &l.book);
    assert_int_equal(l.result, ERR_NOT_FOUND);
    assert_int_equal(l.errors.total, 0);
    assert_null(l.book);
    end(&l);
}

/* A file above 1 MiB is found and not read. */
static void a_file_that_cannot_be_read_is_reported_where_it_was_asked_for(void **state) {
    (void)state;
    char dir[] = "/tmp/busbar-carbon-XXXXXX", folder[64], path[96];
    assert_non_null(mkdtemp(dir));
    snprintf(folder, sizeof folder, "%s/carbon", dir);
    snprintf(path, sizeof path, "%s/big.yaml", folder);
    assert_int_equal(mkdir(folder, 0700), 0);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(ftruncate(fileno(f), YAML_FILE_MAX + 1), 0);
    fclose(f);
    struct loaded l;
    start(&l, dir);
    l.result = carbon_from_name(&l.load, "big", (struct place){"s.yaml", 0, 7, 3}, &l.book);
    assert_int_equal(l.result, ERR_SYNTAX);
    assert_int_equal(l.errors.total, 1);
    assert_non_null(strstr(l.errors.text[0], "s.yaml:7:3: carbon file "));
    assert_non_null(strstr(l.errors.text[0], "limit exceeded; check the name and its rights"));
    end(&l);
    unlink(path);
    rmdir(folder);
    rmdir(dir);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_is_read),
        cmocka_unit_test(what_may_be_left_out),
        cmocka_unit_test(mistakes_of_factors),
        cmocka_unit_test(overlaps_name_both_lines),
        cmocka_unit_test(what_does_not_overlap_is_good),
        cmocka_unit_test(mistakes_of_areas_and_fuels),
        cmocka_unit_test(lists_that_are_none),
        cmocka_unit_test(every_mistake_is_reported),
        cmocka_unit_test(a_factor_of_another_area_is_a_warning),
        cmocka_unit_test(long_lists_are_refused_as_a_whole),
        cmocka_unit_test(the_files_bytes_go_into_the_hash),
        cmocka_unit_test(the_shipped_file_is_clean),
        cmocka_unit_test(the_shipped_factors_count_from_their_publication),
        cmocka_unit_test(a_name_without_a_file_is_no_error_here),
        cmocka_unit_test(a_file_that_cannot_be_read_is_reported_where_it_was_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
