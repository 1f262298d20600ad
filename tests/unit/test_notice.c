/* What notifications say, the bodies of each kind, and their limits. With BUSBAR_BODY_DIR set,
 * those of kind json are left there as webhook-<name>.json. */
#include "unit/body_check.h"

#include "format/notice_body.h"

static const struct notice demand = {.seq = 7,
                                     .epoch = 1700000000000,
                                     .alert = 12,
                                     .severity = ALERT_CRITICAL,
                                     .state = "raised",
                                     .rule = "A01",
                                     .object = "main",
                                     .unit = "kW",
                                     .actor = "",
                                     .action = "shed_load",
                                     .text_zh = "需量接近：错峰，储能放电",
                                     .text_en = "Demand near contract: stagger loads",
                                     .note_zh = "需减 70 kW",
                                     .note_en = "70 kW to shed",
                                     .at = 1700000000000, /* 2023-11-15 06:13:20 +08:00 */
                                     .value = 2950.25,
                                     .threshold = 2880};

static char large[NOTICE_BODY_MAX];
static struct buf out;

static struct notice_set set_of(const struct notice *n, size_t count) {
    return (struct notice_set){.site = "tianxi",
                               .gateway = "gw1",
                               .name = "天玺",
                               .notice = n,
                               .count = count,
                               .joined = count > 1,
                               .now = 1700000060000,
                               .utc_offset_s = 28800};
}

static const char *text_of(const struct notice_set *s, enum notice_lang lang, bool title,
                           size_t limit) {
    static const struct notice_style lines = {.newline = "\n"};
    buf_init(&out, large, sizeof large);
    if (title)
        notice_title(&out, s, lang, &lines);
    else
        notice_text(&out, s, lang, &lines, limit);
    assert_true(buf_ok(&out));
    return out.data;
}

static json_t *body_of(const struct webhook_settings *w, const struct notice_set *s,
                       const struct notice_signature *signature) {
    json_error_t error;
    buf_init(&out, large, sizeof large);
    notice_body_write(&out, w, s, signature);
    assert_true(buf_ok(&out));
    json_t *m = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, &error);
    if (!m)
        fail_msg("%s: %s", error.text, out.data);
    return m;
}

static void one_alert_in_words(void **state) {
    (void)state;
    const struct notice_set s = set_of(&demand, 1);
    assert_string_equal(text_of(&s, NOTICE_ZH, true, 0), "严重 触发：A01 需量接近 main");
    assert_string_equal(text_of(&s, NOTICE_EN, true, 0),
                        "critical raised: A01 Demand near contract main");
    assert_string_equal(text_of(&s, NOTICE_ZH, false, 4000), "站点：天玺 (tianxi/gw1)\n"
                                                             "告警：A01 需量接近 main，编号 12\n"
                                                             "时间：2023-11-15 06:13:20\n"
                                                             "数值 2950.25 kW，限值 2880 kW\n"
                                                             "建议：错峰，储能放电\n"
                                                             "说明：需减 70 kW");
    assert_string_equal(text_of(&s, NOTICE_EN, false, 4000),
                        "site: 天玺 (tianxi/gw1)\n"
                        "alert: A01 Demand near contract main, no. 12\n"
                        "time: 2023-11-15 06:13:20\n"
                        "value 2950.25 kW, limit 2880 kW\n"
                        "advice: stagger loads\n"
                        "note: 70 kW to shed");
}

static void what_is_not_known_is_left_out(void **state) {
    (void)state;
    struct notice n = demand;
    n.value = n.threshold = (double)NAN;
    n.object = n.text_zh = n.text_en = n.note_en = n.note_zh = "";
    n.actor = "王工";
    struct notice_set s = set_of(&n, 1);
    assert_string_equal(text_of(&s, NOTICE_EN, true, 0), "critical raised: A01");
    assert_string_equal(text_of(&s, NOTICE_EN, false, 4000),
                        "site: 天玺 (tianxi/gw1)\nalert: A01, no. 12\n"
                        "time: 2023-11-15 06:13:20\nby: 王工");
    n.text_zh = "配电室漏水"; /* by hand: in one language */
    assert_string_equal(text_of(&s, NOTICE_EN, true, 0), "critical raised: A01 配电室漏水");
}

static void several_are_listed_the_most_severe_first(void **state) {
    (void)state;
    struct notice n[3] = {demand, demand, demand};
    n[1].severity = n[2].severity = ALERT_WARNING;
    n[1].state = "cleared";
    n[2].state = "unheard-of";
    n[2].note_zh = "";
    struct notice_set s = set_of(n, 3);
    assert_string_equal(text_of(&s, NOTICE_ZH, true, 0), "3 条告警：严重 1，警告 2");
    assert_string_equal(text_of(&s, NOTICE_EN, true, 0), "3 alerts: 1 critical, 2 warning");
    assert_string_equal(
        text_of(&s, NOTICE_ZH, false, 4000),
        "站点：天玺 (tianxi/gw1)\n"
        "编号 12 2023-11-15 06:13:20 严重 触发 A01 需量接近 main，数值 2950.25 kW，限值 2880 "
        "kW：需减 70 kW\n"
        "编号 12 2023-11-15 06:13:20 警告 恢复 A01 需量接近 main，数值 2950.25 kW，限值 2880 "
        "kW：需减 70 kW\n"
        "编号 12 2023-11-15 06:13:20 警告 unheard-of A01 需量接近 main，数值 2950.25 kW，限值 2880 "
        "kW：70 kW to shed");
    s.late = 5;
    assert_string_equal(text_of(&s, NOTICE_EN, true, 0), "8 alerts: 1 critical, 2 warning");
    assert_non_null(strstr(text_of(&s, NOTICE_EN, false, 4000), "\n5 older than 24 h are only"));
    s.count = 0;
    assert_string_equal(text_of(&s, NOTICE_EN, true, 0), "5 alerts");
}

static void what_finds_no_room_is_counted(void **state) {
    (void)state;
    static struct notice n[NOTICE_ROWS_MAX];
    for (size_t i = 0; i < NOTICE_ROWS_MAX; i++)
        n[i] = demand;
    const struct notice_set s = set_of(n, NOTICE_ROWS_MAX);
    for (size_t limit = 600; limit < 5000; limit += 7) {
        const char *text = text_of(&s, NOTICE_ZH, false, limit);
        size_t shown = 0;
        assert_true(strlen(text) <= limit);
        for (const char *c = text; (c = strstr(c, "编号 12")) != NULL; c++)
            shown++;
        char more[40];
        snprintf(more, sizeof more, "\n%zu 条未列出", NOTICE_ROWS_MAX - shown);
        assert_non_null(strstr(text, more));
        assert_true(strlen(text_of(&s, NOTICE_BOTH, false, limit)) <= limit);
    }
}

/* Longer than its limit, in whatever characters: whole characters are left. */
static void a_cut_leaves_whole_characters(void **state) {
    (void)state;
    static char note[6000];
    for (size_t i = 0; i + 3 < sizeof note; i += 3)
        memcpy(note + i, "电", 3);
    struct notice n = demand;
    n.note_zh = n.note_en = note;
    struct notice_set s = set_of(&n, 1);
    for (int kind = 0; kind < WEBHOOK_KINDS; kind++) {
        for (int lang = 0; lang < 3; lang++) {
            const struct webhook_settings w = {.kind = (enum webhook_kind)kind,
                                               .lang = (enum notice_lang)lang};
            for (size_t extra = 0; extra < 4; extra++) {
                n.rule = &"A001"[extra];
                json_decref(body_of(&w, &s, NULL)); /* sound UTF-8, or jansson refuses it */
                s.joined = true;
                json_decref(body_of(&w, &s, NULL));
                s.joined = false;
            }
        }
    }
}

static void wecom_takes_4096_bytes(void **state) {
    (void)state;
    static struct notice n[NOTICE_ROWS_MAX];
    const struct webhook_settings w = {.kind = WEBHOOK_WECOM, .lang = NOTICE_BOTH};
    for (size_t i = 0; i < NOTICE_ROWS_MAX; i++)
        n[i] = demand;
    for (size_t count = 1; count <= NOTICE_ROWS_MAX; count++) {
        const struct notice_set s = set_of(n, count);
        json_t *m = body_of(&w, &s, NULL);
        const json_t *content = json_object_get(json_object_get(m, "markdown"), "content");
        assert_string_equal(json_string_value(json_object_get(m, "msgtype")), "markdown");
        assert_true(json_string_length(content) <= 4096);
        assert_true(count < 40 || json_string_length(content) > 3500);
        json_decref(m);
    }
}

static void marks_of_others_are_made_harmless(void **state) {
    (void)state;
    struct notice n = demand;
    n.note_zh = n.note_en = "<@all> [x](http://y) **a**\nb`c`";
    const struct notice_set s = set_of(&n, 1);
    const struct webhook_settings kinds[] = {
        {.kind = WEBHOOK_WECOM}, {.kind = WEBHOOK_DINGTALK}, {.kind = WEBHOOK_FEISHU}};
    for (size_t i = 0; i < 3; i++) {
        json_decref(body_of(&kinds[i], &s, NULL));
        assert_null(strstr(out.data, "<"));
        assert_non_null(strstr(out.data, "＜@all＞ ［x］(http://y) ＊＊a＊＊ b｀c｀"));
    }
}

static void each_robot_has_its_shape(void **state) {
    (void)state;
    const struct notice_set s = set_of(&demand, 1);
    const struct webhook_settings ding = {.kind = WEBHOOK_DINGTALK},
                                  feishu = {.kind = WEBHOOK_FEISHU};
    const struct notice_signature sign = {.timestamp = "1599360473", .sign = "abc="};
    json_t *m = body_of(&ding, &s, NULL);
    const json_t *markdown = json_object_get(m, "markdown");
    assert_string_equal(json_string_value(json_object_get(m, "msgtype")), "markdown");
    assert_string_equal(json_string_value(json_object_get(markdown, "title")),
                        "严重 触发：A01 需量接近 main");
    const char *text = json_string_value(json_object_get(markdown, "text"));
    assert_non_null(
        strstr(text, "#### 严重 触发：A01 需量接近 main\n\n站点：天玺 (tianxi/gw1)  \n  告警"));
    json_decref(m);
    m = body_of(&feishu, &s, &sign);
    assert_string_equal(json_string_value(json_object_get(m, "timestamp")), "1599360473");
    assert_string_equal(json_string_value(json_object_get(m, "sign")), "abc=");
    assert_string_equal(json_string_value(json_object_get(m, "msg_type")), "text");
    text = json_string_value(json_object_get(json_object_get(m, "content"), "text"));
    assert_non_null(strstr(text, "严重 触发：A01 需量接近 main\n站点："));
    json_decref(m);
    m = body_of(&feishu, &s, NULL);
    assert_null(json_object_get(m, "sign"));
    json_decref(m);
}

static void json_tells_everything(void **state) {
    (void)state;
    struct notice n[2] = {demand, demand};
    n[1].object = "";
    n[1].value = (double)NAN;
    struct notice_set s = set_of(n, 2);
    s.late = 3;
    const struct webhook_settings w = {.kind = WEBHOOK_JSON, .lang = NOTICE_EN};
    json_t *m = body_of(&w, &s, NULL);
    assert_int_equal(json_integer_value(json_object_get(m, "count")), 5);
    assert_int_equal(json_integer_value(json_object_get(m, "late")), 3);
    const json_t *alerts = json_object_get(m, "alerts");
    assert_int_equal(json_array_size(alerts), 2);
    const json_t *a = json_array_get(alerts, 0);
    assert_int_equal(json_integer_value(json_object_get(a, "seq")), 7);
    assert_int_equal(json_integer_value(json_object_get(a, "alert")), 12);
    assert_true(json_number_value(json_object_get(a, "value")) == 2950.25);
    assert_true(json_is_null(json_object_get(json_array_get(alerts, 1), "object")));
    assert_true(json_is_null(json_object_get(json_array_get(alerts, 1), "value")));
    json_decref(m);
    init_body(NULL);
    notice_body_write(&body, &w, &s, NULL);
    check_json("webhook", "two");
    s.brief = true;
    m = body_of(&w, &s, NULL);
    assert_int_equal(json_array_size(json_object_get(m, "alerts")), 0);
    assert_non_null(strstr(json_string_value(json_object_get(m, "text")), "\nno. 12\nno. 12"));
    json_decref(m);
}

static void a_template_is_filled(void **state) {
    (void)state;
    struct notice n = demand;
    n.note_en = "say \"stop\"\\";
    struct notice_set s = set_of(&n, 1);
    struct webhook_settings w = {
        .kind = WEBHOOK_JSON,
        .lang = NOTICE_EN,
        .template = "{\"t\":\"{severity} {rule} {object} {value}/{threshold} {unit} #{alert}\","
                    "\"n\":{\"{note}\":[\"{count}\",\"{late}\",\"{at}\",\"{{x}\"]}}"};
    json_t *m = body_of(&w, &s, NULL);
    assert_string_equal(json_string_value(json_object_get(m, "t")),
                        "critical A01 main 2950.25/2880 kW #12");
    const json_t *list = json_object_get(json_object_get(m, "n"), "say \"stop\"\\");
    assert_string_equal(json_string_value(json_array_get(list, 0)), "1");
    assert_string_equal(json_string_value(json_array_get(list, 1)), "0");
    assert_string_equal(json_string_value(json_array_get(list, 2)), "2023-11-15T06:13:20+08:00");
    assert_string_equal(json_string_value(json_array_get(list, 3)), "{x}");
    json_decref(m);
    s.count = 0; /* only late ones: what stands for one alert is empty */
    s.late = 2;
    m = body_of(&w, &s, NULL);
    assert_string_equal(json_string_value(json_object_get(m, "t")), "   /  #");
    json_decref(m);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_alert_in_words),
        cmocka_unit_test(what_is_not_known_is_left_out),
        cmocka_unit_test(several_are_listed_the_most_severe_first),
        cmocka_unit_test(what_finds_no_room_is_counted),
        cmocka_unit_test(a_cut_leaves_whole_characters),
        cmocka_unit_test(wecom_takes_4096_bytes),
        cmocka_unit_test(marks_of_others_are_made_harmless),
        cmocka_unit_test(each_robot_has_its_shape),
        cmocka_unit_test(json_tells_everything),
        cmocka_unit_test(a_template_is_filled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
