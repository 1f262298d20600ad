/* The body of /api/v1/alerts, and the event of an alert, byte for byte. */
#include "format/alert_body.h"
#include "unit/body_check.h"

static int china(ms_t utc_ms) {
    (void)utc_ms;
    return CHINA;
}

/* A transformer that was overloaded and is being looked after. */
static struct alert_entry overload(void) {
    return (struct alert_entry){.id = 3,
                                .source = ALERT_BY_RULE,
                                .handling = HANDLING_ACKNOWLEDGED,
                                .severity = ALERT_WARNING,
                                .worst = ALERT_CRITICAL,
                                .rule = "A03",
                                .object = "t1",
                                .unit = "%",
                                .action = "transfer_load",
                                .text_zh = "重过载：转移负荷",
                                .text_en = "Overload: transfer load",
                                .config = "0123456789abcdef",
                                .raised = START,
                                .returned = START + 60000,
                                .returns = 1,
                                .cleared = END,
                                .value = 70.25,
                                .peak = 104.5,
                                .threshold = 80,
                                .owner = "李工",
                                .due = START - 900000 + 16 * 3600000, /* 2026-11-24T00:00+08:00 */
                                .measure = "shed_load",
                                .measure_text = "moved \"kiln 2\"",
                                .measured = END,
                                .measured_by = "王工 (local:wang)",
                                .expected_kw = UNKNOWN};
}

/* What is always there, and nothing else is known. */
static struct alert_entry found_on_foot(void) {
    return (struct alert_entry){.id = 2,
                                .source = ALERT_BY_HAND,
                                .active = true,
                                .severity = ALERT_INFO,
                                .rule = "dust",
                                .object = "配电室",
                                .raised = START,
                                .returned = START,
                                .value = UNKNOWN,
                                .peak = UNKNOWN,
                                .threshold = UNKNOWN,
                                .expected_kw = UNKNOWN};
}

#define OVERLOAD                                                                                   \
    "{\"id\":3,\"source\":\"rule\",\"rule\":\"A03\",\"object\":\"t1\",\"active\":false,"           \
    "\"handling\":\"acknowledged\",\"severity\":\"warning\",\"worst\":\"critical\","               \
    "\"raised\":\"2026-11-23T08:15:00+08:00\",\"returned\":\"2026-11-23T08:16:00+08:00\","         \
    "\"returns\":1,\"cleared\":\"2026-11-23T08:30:00+08:00\",\"closed\":null,\"value\":70.25,"     \
    "\"peak\":104.5,\"threshold\":80,\"unit\":\"%\",\"action\":\"transfer_load\","                 \
    "\"text\":{\"zh\":\"重过载：转移负荷\",\"en\":\"Overload: transfer load\"},"           \
    "\"config\":\"0123456789abcdef\",\"owner\":\"李工\",\"due\":\"2026-11-23\","                 \
    "\"overdue\":true,\"measure\":{\"code\":\"shed_load\",\"text\":\"moved \\\"kiln 2\\\"\","      \
    "\"at\":\"2026-11-23T08:30:00+08:00\",\"by\":\"王工 (local:wang)\"},\"verifier\":null,"      \
    "\"message_id\":null,\"valid_until\":null,\"expected_kw\":null"

static void a_list_names_where_it_goes_on(void **state) {
    (void)state;
    const struct alert_entry entries[] = {overload(), found_on_foot()};
    const struct alerts_body a = {
        .now = START + 24 * 3600000, .entries = entries, .entry_count = 2, .more = true};
    alerts_write(&body, &a, china);
    check("alerts", "list",
          "{\"v\":1,\"t\":\"2026-11-24T08:15:00+08:00\",\"alerts\":[" OVERLOAD "},"
          "{\"id\":2,\"source\":\"hand\",\"rule\":\"dust\",\"object\":\"配电室\",\"active\":true,"
          "\"handling\":\"open\",\"severity\":\"info\",\"worst\":\"info\","
          "\"raised\":\"2026-11-23T08:15:00+08:00\",\"returned\":\"2026-11-23T08:15:00+08:00\","
          "\"returns\":0,\"cleared\":null,\"closed\":null,\"value\":null,\"peak\":null,"
          "\"threshold\":null,\"unit\":null,\"action\":null,\"text\":{\"zh\":null,\"en\":null},"
          "\"config\":\"\",\"owner\":null,\"due\":null,\"overdue\":false,\"measure\":null,"
          "\"verifier\":null,\"message_id\":null,\"valid_until\":null,\"expected_kw\":null}],"
          "\"next_below\":2}");
}

static void one_alert_has_its_steps(void **state) {
    (void)state;
    const struct alert_entry entry = overload();
    const struct alert_entry_step steps[] = {
        {.n = 1,
         .t = START,
         .step = ALERT_RAISED,
         .severity = ALERT_WARNING,
         .value = 85.5,
         .note_en = "allowed for 2 h",
         .note_zh = "允许 2 h",
         .before = {.count = 2, .t = {START - 120000, START - 60000}, .value = {70.5, UNKNOWN}},
         .epoch = EPOCH,
         .evidence = {41, 42},
         .evidence_count = 2},
        {.n = 2,
         .t = END,
         .step = ALERT_ACKNOWLEDGED,
         .severity = ALERT_WARNING,
         .value = UNKNOWN,
         .actor = "王工 (local:wang)"},
    };
    const struct alerts_body a = {.now = START,
                                  .entries = &entry,
                                  .entry_count = 1,
                                  .with_steps = true,
                                  .steps = steps,
                                  .step_count = 2};
    alerts_write(&body, &a, china);
    char *overdue = strstr(memory, "\"overdue\":false");
    assert_non_null(overdue); /* its day is not over yet */
    check_json("alerts", "one");
    const char *at = strstr(memory, ",\"steps\":");
    assert_non_null(at);
    assert_string_equal(
        at, ",\"steps\":[{\"n\":1,\"at\":\"2026-11-23T08:15:00+08:00\",\"step\":\"raised\","
            "\"severity\":\"warning\",\"value\":85.5,\"actor\":null,\"note\":\"allowed for 2 h\","
            "\"note_zh\":\"允许 2 h\",\"evidence\":{\"epoch\":1795305600123,\"seq\":[41,42]},"
            "\"curve\":[{\"t\":\"2026-11-23T08:13:00+08:00\",\"value\":70.5},"
            "{\"t\":\"2026-11-23T08:14:00+08:00\",\"value\":null}]},"
            "{\"n\":2,\"at\":\"2026-11-23T08:30:00+08:00\",\"step\":\"acknowledged\","
            "\"severity\":\"warning\",\"value\":null,\"actor\":\"王工 (local:wang)\",\"note\":null,"
            "\"note_zh\":null,\"evidence\":null,\"curve\":[]}]}],\"next_below\":null}");
}

static void no_alert_is_an_empty_list(void **state) {
    (void)state;
    const struct alerts_body a = {.now = START};
    alerts_write(&body, &a, china);
    check("alerts", "none",
          "{\"v\":1,\"t\":\"2026-11-23T08:15:00+08:00\",\"alerts\":[],\"next_below\":null}");
}

static void the_event_of_a_step(void **state) {
    (void)state;
    char members_memory[2048];
    struct buf members;
    const uint64_t evidence[] = {41, 42};
    const struct event_body e = {.event = "alert",
                                 .object = "t1",
                                 .rule = "A03",
                                 .severity = "warning",
                                 .state = "reopened",
                                 .at = START,
                                 .value = 85.5,
                                 .threshold = 80,
                                 .unit = "%",
                                 .note = "allowed for 2 h",
                                 .alert = 3,
                                 .action = "transfer_load",
                                 .text_zh = "重过载",
                                 .text_en = "Overload",
                                 .note_zh = "允许 2 h",
                                 .evidence = evidence,
                                 .evidence_count = 2};
    buf_init(&members, members_memory, sizeof members_memory);
    event_members_write(&members, &e, CHINA);
    event_write(&body, &head, START, members.data, members.len);
    check("event", "step",
          "{\"v\":1,\"epoch\":1795305600123,\"seq\":42,\"site\":\"tianxi\",\"gateway\":\"gw1\","
          "\"t\":\"2026-11-23T08:15:00+08:00\",\"event\":\"alert\",\"object\":\"t1\","
          "\"rule\":\"A03\",\"severity\":\"warning\",\"state\":\"reopened\","
          "\"at\":\"2026-11-23T08:15:00+08:00\",\"value\":85.5,\"threshold\":80,\"unit\":\"%\","
          "\"actor\":null,\"note\":\"allowed for 2 h\",\"evidence\":[41,42],\"alert\":3,"
          "\"action\":\"transfer_load\",\"text\":{\"zh\":\"重过载\",\"en\":\"Overload\"},"
          "\"note_zh\":\"允许 2 h\"}");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_list_names_where_it_goes_on, init_body),
        cmocka_unit_test_setup(one_alert_has_its_steps, init_body),
        cmocka_unit_test_setup(no_alert_is_an_empty_list, init_body),
        cmocka_unit_test_setup(the_event_of_a_step, init_body),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
