/* Events of the platform's alerts, byte for byte: raised, refused, and the effect. */
#include "unit/body_check.h"

#include "format/effect_body.h"

#define HEAD                                                                                       \
    "{\"v\":1,\"epoch\":1795305600123,\"seq\":42,\"site\":\"tianxi\",\"gateway\":\"gw1\","         \
    "\"t\":\"2026-11-23T08:15:00+08:00\","
#define ALERT "\"event\":\"alert\",\"object\":\"site\","

static void write_event(const struct event_body *e) {
    static char text[4096];
    struct buf members;
    buf_init(&members, text, sizeof text);
    event_members_write(&members, e, CHINA);
    assert_true(buf_ok(&members));
    event_write(&body, &head, START, members.data, members.len);
}

static void a_refused_message_without_an_id(void **state) {
    (void)state;
    const struct event_body e = {.event = "alert",
                                 .object = "site",
                                 .severity = "warning",
                                 .state = "refused",
                                 .at = START,
                                 .value = UNKNOWN,
                                 .threshold = UNKNOWN,
                                 .unit = "kW",
                                 .note = "id is missing",
                                 .message_id = ""};
    write_event(&e);
    check("event", "platform-refused",
          HEAD ALERT "\"rule\":null,\"severity\":\"warning\",\"state\":\"refused\","
                     "\"at\":\"2026-11-23T08:15:00+08:00\",\"value\":null,\"threshold\":null,"
                     "\"unit\":\"kW\",\"actor\":null,\"note\":\"id is missing\",\"evidence\":[],"
                     "\"message_id\":null}");
}

static void a_raised_one_has_its_texts_and_id(void **state) {
    (void)state;
    const struct event_body e = {.event = "alert",
                                 .object = "site",
                                 .rule = "PEAK-SHAVE",
                                 .severity = "major",
                                 .state = "raised",
                                 .at = START,
                                 .value = UNKNOWN,
                                 .threshold = 300.0,
                                 .unit = "kW",
                                 .note = "from the platform",
                                 .alert = 7,
                                 .text_zh = "压减",
                                 .text_en = "Cut",
                                 .note_zh = "平台下发",
                                 .message_id = "jz-1"};
    write_event(&e);
    check("event", "platform-raised",
          HEAD ALERT
          "\"rule\":\"PEAK-SHAVE\",\"severity\":\"major\",\"state\":\"raised\","
          "\"at\":\"2026-11-23T08:15:00+08:00\",\"value\":null,\"threshold\":300,\"unit\":\"kW\","
          "\"actor\":null,\"note\":\"from the platform\",\"evidence\":[],\"alert\":7,"
          "\"action\":null,\"text\":{\"zh\":\"压减\",\"en\":\"Cut\"},\"note_zh\":\"平台下发\","
          "\"message_id\":\"jz-1\"}");
}

static struct effect whole(void) {
    return (struct effect){.complete = true,
                           .workdays = true,
                           .days = 4,
                           .from = START,
                           .to = END,
                           .rebound_to = END + 7200000,
                           .coverage = 0.98765,
                           .rebound_coverage = 1.0,
                           .meter = {.base_kw = 1000,
                                     .kw = 250.1239,
                                     .kwh = 62.531,
                                     .best_kw = 300,
                                     .rebound_kw = 12.5,
                                     .rebound_kwh = 25},
                           .site = {.base_kw = 1500,
                                    .kw = UNKNOWN,
                                    .kwh = UNKNOWN,
                                    .best_kw = UNKNOWN,
                                    .rebound_kw = UNKNOWN,
                                    .rebound_kwh = UNKNOWN},
                           .cny_known = true,
                           .cny_e8 = 4012500000,
                           .rebound_cny_known = true,
                           .rebound_cny_e8 = -150000000,
                           .kg = 36.87,
                           .rebound_kg = -1.5};
}

static void check_effect(const struct effect *f, const char *name, const char *want) {
    char text[EFFECT_BODY_MAX], all[4096];
    struct buf b;
    buf_init(&b, text, sizeof text);
    effect_write(&b, f, CHINA);
    assert_true(buf_ok(&b));
    assert_string_equal(b.data, want);
    const struct event_body e = {.event = "alert_effect",
                                 .object = "site",
                                 .rule = "PEAK-SHAVE",
                                 .severity = "info",
                                 .at = END,
                                 .value = UNKNOWN,
                                 .threshold = UNKNOWN,
                                 .unit = "kW",
                                 .alert = 7,
                                 .message_id = "jz-1",
                                 .effect = text};
    write_event(&e);
    snprintf(all, sizeof all, ",\"message_id\":\"jz-1\",\"effect\":%s}", want);
    assert_contains(all);
    check_json("event", name);
}

static void an_effect_with_its_rebound(void **state) {
    (void)state;
    const struct effect f = whole();
    check_effect(&f, "effect-complete",
                 "{\"complete\":true,\"baseline\":\"workdays\",\"baseline_days\":4,"
                 "\"from\":\"2026-11-23T08:15:00+08:00\",\"to\":\"2026-11-23T08:30:00+08:00\","
                 "\"coverage\":0.9877,\"base_kw\":1000,\"kw\":250.124,\"best_kw\":300,"
                 "\"kwh\":62.531,\"cny\":\"40.13\",\"kg\":36.87,"
                 "\"rebound_to\":\"2026-11-23T10:30:00+08:00\",\"rebound_coverage\":1,"
                 "\"rebound_kw\":12.5,\"rebound_kwh\":25,\"rebound_cny\":\"-1.50\","
                 "\"rebound_kg\":-1.5,\"site\":{\"base_kw\":1500,\"kw\":null,\"best_kw\":null,"
                 "\"kwh\":null,\"rebound_kw\":null,\"rebound_kwh\":null}}");
}

static void what_is_not_measured_is_null(void **state) {
    (void)state;
    struct effect f = whole();
    f.complete = f.workdays = f.cny_known = false;
    f.days = 0;
    f.kg = UNKNOWN;
    check_effect(&f, "effect-first",
                 "{\"complete\":false,\"baseline\":\"before\",\"baseline_days\":0,"
                 "\"from\":\"2026-11-23T08:15:00+08:00\",\"to\":\"2026-11-23T08:30:00+08:00\","
                 "\"coverage\":0.9877,\"base_kw\":1000,\"kw\":250.124,\"best_kw\":300,"
                 "\"kwh\":62.531,\"cny\":null,\"kg\":null,\"rebound_to\":null,"
                 "\"rebound_coverage\":null,\"rebound_kw\":null,\"rebound_kwh\":null,"
                 "\"rebound_cny\":null,\"rebound_kg\":null,\"site\":{\"base_kw\":1500,\"kw\":null,"
                 "\"best_kw\":null,\"kwh\":null,\"rebound_kw\":null,\"rebound_kwh\":null}}");
}

/* However large the numbers are, it finds room. */
static void the_longest_effect_fits(void **state) {
    (void)state;
    char text[EFFECT_BODY_MAX];
    struct buf b;
    struct effect f = whole();
    const double v = -123456789012.345;
    f.meter = (struct effect_flow_result){v, v, v, v, v, v};
    f.site = f.meter;
    f.kg = f.rebound_kg = v;
    f.cny_e8 = f.rebound_cny_e8 = INT64_MIN + 1;
    f.from = START + 1;
    f.to = END + 1;
    f.rebound_to = END + 7200001;
    buf_init(&b, text, sizeof text);
    effect_write(&b, &f, CHINA);
    assert_true(buf_ok(&b));
    assert_true(b.len < EFFECT_BODY_MAX * 3 / 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_refused_message_without_an_id, init_body),
        cmocka_unit_test_setup(a_raised_one_has_its_texts_and_id, init_body),
        cmocka_unit_test_setup(an_effect_with_its_rebound, init_body),
        cmocka_unit_test_setup(what_is_not_measured_is_null, init_body),
        cmocka_unit_test_setup(the_longest_effect_fits, init_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
