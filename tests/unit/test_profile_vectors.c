/* Every shipped profile against its vectors: registers as a device would send them, and the values
 * that its manual gives for them (tests/vectors/NAME.json, each with its arithmetic in "why").
 *
 * A case without "quality" in an expectation expects good. The first case of a file names every
 * point of its profile. */
#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "calc/meter_clock.h"
#include "config/config.h"
#include "meter/decode.h"

#define VECTORS TEST_SOURCE_DIR "/tests/vectors"
#define DATA    TEST_SOURCE_DIR "/config"

struct run {
    const char *profile_name, *case_name;
    struct device device;
    struct reading *reading;
    struct sample *samples;
};

static double number_or_nan(const json_t *v) {
    return json_is_number(v) ? json_number_value(v) : (double)NAN;
}

/* The words of the point's register address; false when the vector has none. */
static bool words_of(const struct point_def *p, const json_t *registers, uint16_t *out) {
    char key[16];
    const json_t *words;

    snprintf(key, sizeof key, "%u:%u", p->function, p->register_no);
    words = json_object_get(registers, key);
    if (!words)
        return false;
    assert_int_equal(json_array_size(words), p->registers);
    for (size_t w = 0; w < p->registers; w++) {
        const char *text = json_string_value(json_array_get(words, w));

        assert_non_null(text);
        out[w] = (uint16_t)strtoul(text, NULL, 16);
    }
    return true;
}

/* Puts the words of one register address into every point that stands there. */
static void fill_point(const struct run *run, size_t i, const json_t *registers) {
    const struct point_def *p = &run->device.profile->points[i];

    if (words_of(p, registers, reading_registers(run->reading) + p->image_offset))
        reading_quality(run->reading)[i] = QUALITY_GOOD;
}

/* The clock is no point of a reading: seconds since 1970 that it shows, null for no time. */
static int check_clock(const struct run *run, const json_t *registers, const json_t *want) {
    const struct meter_clock *c = run->device.profile->clock;
    const json_t *value = json_object_get(want, "value");
    uint16_t words[METER_CLOCK_REGISTERS], back[METER_CLOCK_REGISTERS];
    int64_t shown = 0;
    bool is_time;

    assert_non_null(c);
    assert_non_null(json_object_get(want, "why"));
    assert_true(words_of(&c->p, registers, words));
    is_time = meter_clock_read(c, words, &shown);
    if (is_time != json_is_integer(value) || (is_time && shown != json_integer_value(value))) {
        print_error("%s, %s: clock is %lld\n", run->profile_name, run->case_name, (long long)shown);
        return 1;
    }
    if (is_time) {
        meter_clock_write(c, shown, back);
        assert_memory_equal(back, words, c->p.registers * sizeof *words);
    }
    return 0;
}

static int check_text(const struct run *run, size_t i, const char *want) {
    const struct point_def *p = &run->device.profile->points[i];
    char text[2 * POINT_STRING_MAX + 1];

    decode_text(p, reading_registers(run->reading) + p->image_offset, text, sizeof text);
    if (strcmp(text, want) == 0)
        return 0;
    print_error("%s, %s: %s is '%s', not '%s'\n", run->profile_name, run->case_name, p->name, text,
                want);
    return 1;
}

static int check_point(const struct run *run, size_t i, const json_t *want) {
    const struct point_def *p = &run->device.profile->points[i];
    const struct sample *s = &run->samples[i];
    const json_t *quality = json_object_get(want, "quality");
    const char *want_quality = quality ? json_string_value(quality) : "good";
    const char *why = json_string_value(json_object_get(want, "why"));
    double value = number_or_nan(json_object_get(want, "value"));
    bool same;

    assert_non_null(why);
    if (json_object_get(want, "text"))
        return check_text(run, i, json_string_value(json_object_get(want, "text")));
    same = isnan(value) ? isnan(s->value) : fabs(s->value - value) <= 1e-9 * fabs(value) + 1e-9;
    if (same && strcmp(quality_str((enum quality)s->quality), want_quality) == 0)
        return 0;
    print_error("%s, %s: %s is %.12g %s, not %.12g %s (%s)\n", run->profile_name, run->case_name,
                p->name, s->value, quality_str((enum quality)s->quality), value, want_quality, why);
    return 1;
}

static int run_case(const struct device_profile *profile, const json_t *c, bool complete) {
    const json_t *device = json_object_get(c, "device");
    const json_t *expect = json_object_get(c, "expect");
    size_t found = 0;
    int wrong = 0;
    struct run run = {.profile_name = profile->name,
                      .case_name = json_string_value(json_object_get(c, "case")),
                      .device = {.profile = profile,
                                 .ct_ratio = number_or_nan(json_object_get(device, "ct_ratio")),
                                 .pt_ratio = number_or_nan(json_object_get(device, "pt_ratio"))}};

    run.reading = malloc(reading_size(profile->point_count, profile->image_registers));
    run.samples = calloc(profile->point_count, sizeof *run.samples);
    assert_non_null(run.reading);
    assert_non_null(run.samples);
    reading_init(run.reading, 0, profile->point_count, profile->image_registers);
    for (size_t i = 0; i < profile->point_count; i++)
        fill_point(&run, i, json_object_get(c, "registers"));
    assert_int_equal(decode_reading(&run.device, run.reading, run.samples), profile->point_count);
    for (size_t i = 0; i < profile->point_count; i++) {
        const json_t *want = json_object_get(expect, profile->points[i].name);

        if (want) {
            found++;
            wrong += check_point(&run, i, want);
        } else if (complete) {
            print_error("%s: no vector for %s\n", profile->name, profile->points[i].name);
            wrong++;
        }
    }
    if (json_object_get(expect, "clock")) {
        found++;
        wrong +=
            check_clock(&run, json_object_get(c, "registers"), json_object_get(expect, "clock"));
    } else if (complete && profile->clock) {
        print_error("%s: no vector for its clock\n", profile->name);
        wrong++;
    }
    if (found != json_object_size(expect)) {
        print_error("%s, %s: a vector names no point of the profile\n", profile->name,
                    run.case_name);
        wrong++;
    }
    free(run.samples);
    free(run.reading);
    return wrong;
}

static int run_profile(const char *name) {
    struct config_errors errors;
    struct arena *arena = arena_new();
    const struct device_profile *profile = NULL;
    char file[512];
    json_error_t error;
    json_t *root, *cases, *c;
    size_t i;
    int wrong = 0;

    assert_non_null(arena);
    config_errors_init(&errors);
    if (config_load_profile(name, NULL, DATA, arena, &errors, &profile) < 0)
        config_errors_print(&errors, stderr);
    assert_int_equal(errors.total, 0); /* not even a warning */
    snprintf(file, sizeof file, VECTORS "/%s.json", name);
    root = json_load_file(file, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        print_error("%s:%d: %s\n", file, error.line, error.text);
    assert_non_null(root);
    assert_string_equal(json_string_value(json_object_get(root, "profile")), name);
    cases = json_object_get(root, "cases");
    assert_true(json_array_size(cases) > 0);
    json_array_foreach(cases, i, c) {
        wrong += run_case(profile, c, i == 0);
    }
    json_decref(root);
    config_errors_free(&errors);
    arena_free(arena);
    return wrong;
}

static void every_shipped_profile_gives_the_values_of_its_manual(void **state) {
    DIR *dir = opendir(DATA "/profiles");
    int profiles = 0, wrong = 0;

    (void)state;
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));) {
        const char *dot = strrchr(e->d_name, '.');
        char name[256];

        if (!dot || strcmp(dot, ".yaml") != 0)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)(dot - e->d_name), e->d_name);
        wrong += run_profile(name);
        profiles++;
    }
    closedir(dir);
    assert_true(profiles >= 10);
    assert_int_equal(wrong, 0);
}

/* What encoding makes of a value decodes to the same value, for every numeric point shipped. */
static void every_point_of_a_shipped_profile_can_be_written_back(void **state) {
    static const char *const names[] = {"acrel-adl400",   "chint-dtsu666", "schneider-pm5110",
                                        "huawei-sun2000", "sungrow-sg",    "sinexcel-pcs"};

    (void)state;
    for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
        struct config_errors errors;
        struct arena *arena = arena_new();
        const struct device_profile *profile = NULL;

        assert_non_null(arena);
        config_errors_init(&errors);
        assert_int_equal(config_load_profile(names[n], NULL, DATA, arena, &errors, &profile), 0);
        for (size_t i = 0; i < profile->point_count; i++) {
            const struct point_def *p = &profile->points[i];
            uint16_t words[POINT_STRING_MAX] = {0};
            double value = 100 * p->scale * p->sign + p->offset;

            if (p->type == POINT_STRING)
                continue;
            assert_int_equal(encode_value(p, value * 80, 80, words), 0);
            assert_true(fabs(decode_scaled(p, decode_raw(p, words)) - value) < 1e-5);
        }
        config_errors_free(&errors);
        arena_free(arena);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shipped_profile_gives_the_values_of_its_manual),
        cmocka_unit_test(every_point_of_a_shipped_profile_can_be_written_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
