/* What a receiver's answer to a notification means, and how long is waited then. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "publish/webhook_answer.h"

static void verdicts(void **state) {
    (void)state;
    static const struct {
        enum webhook_kind kind;
        long status;
        const char *body;
        enum webhook_verdict verdict;
        long code;
    } rows[] = {
        {WEBHOOK_JSON, 204, "", WEBHOOK_TAKEN, 204},
        {WEBHOOK_JSON, 200, "{\"errcode\":1}", WEBHOOK_TAKEN, 200},
        {WEBHOOK_JSON, 429, "", WEBHOOK_BUSY, 429},
        {WEBHOOK_JSON, 400, "", WEBHOOK_REFUSED, 400},
        {WEBHOOK_JSON, 422, "", WEBHOOK_REFUSED, 422},
        {WEBHOOK_JSON, 401, "", WEBHOOK_DENIED, 401},
        {WEBHOOK_JSON, 404, "", WEBHOOK_DENIED, 404},
        {WEBHOOK_JSON, 307, "", WEBHOOK_DENIED, 307},
        {WEBHOOK_JSON, 503, "", WEBHOOK_LATER, 503},
        {WEBHOOK_WECOM, 200, "{\"errcode\":0,\"errmsg\":\"ok\"}", WEBHOOK_TAKEN, 0},
        {WEBHOOK_WECOM, 200, "{\"errcode\":93000,\"errmsg\":\"x\"}", WEBHOOK_DENIED, 93000},
        {WEBHOOK_WECOM, 200, "{\"errcode\":45009}", WEBHOOK_BUSY, 45009},
        {WEBHOOK_WECOM, 200, "{\"errcode\":40058}", WEBHOOK_REFUSED, 40058},
        {WEBHOOK_WECOM, 200, "{\"errcode\":-1}", WEBHOOK_LATER, -1},
        {WEBHOOK_WECOM, 200, "{\"errcode\":\"0\"}", WEBHOOK_LATER, 200},
        {WEBHOOK_WECOM, 200, "", WEBHOOK_LATER, 200}, /* some page in between, no robot */
        {WEBHOOK_WECOM, 200, "<html>ok</html>", WEBHOOK_LATER, 200},
        {WEBHOOK_WECOM, 500, "{\"errcode\":0}", WEBHOOK_LATER, 0},
        {WEBHOOK_DINGTALK, 200, "{\"errcode\":310000}", WEBHOOK_DENIED, 310000},
        {WEBHOOK_DINGTALK, 200, "{\"errcode\":130101}", WEBHOOK_BUSY, 130101},
        {WEBHOOK_DINGTALK, 200, "{\"errcode\":19001}", WEBHOOK_LATER, 19001}, /* Feishu's */
        {WEBHOOK_FEISHU, 200, "{\"code\":0,\"msg\":\"success\"}", WEBHOOK_TAKEN, 0},
        {WEBHOOK_FEISHU, 200, "{\"StatusCode\":0}", WEBHOOK_TAKEN, 0},
        {WEBHOOK_FEISHU, 200, "{\"errcode\":0}", WEBHOOK_LATER, 200},
        {WEBHOOK_FEISHU, 200, "{\"code\":19021,\"msg\":\"sign\"}", WEBHOOK_DENIED, 19021},
        {WEBHOOK_FEISHU, 400, "{\"code\":9499}", WEBHOOK_REFUSED, 9499},
        {WEBHOOK_FEISHU, 200, "{\"code\":11232}", WEBHOOK_BUSY, 11232},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        long code = 0;
        enum webhook_verdict v = webhook_answer_verdict(rows[i].kind, rows[i].status, rows[i].body,
                                                        strlen(rows[i].body), &code);
        if (v != rows[i].verdict || code != rows[i].code)
            fail_msg("row %zu: verdict %d code %ld", i, (int)v, code);
    }
}

static void somebody_must_act_or_it_must_rest(void **state) {
    (void)state;
    const us_t s = US_PER_S;
    assert_int_equal(webhook_answer_pause(WEBHOOK_WECOM, WEBHOOK_LATER, 4 * s), 4 * s);
    assert_int_equal(webhook_answer_pause(WEBHOOK_WECOM, WEBHOOK_DENIED, 4 * s), 300 * s);
    assert_int_equal(webhook_answer_pause(WEBHOOK_WECOM, WEBHOOK_BUSY, 4 * s), 60 * s);
    assert_int_equal(webhook_answer_pause(WEBHOOK_DINGTALK, WEBHOOK_BUSY, 4 * s), 600 * s);
    assert_non_null(strstr(webhook_answer_advice(WEBHOOK_DINGTALK, WEBHOOK_DENIED), "secret_file"));
    assert_non_null(strstr(webhook_answer_advice(WEBHOOK_JSON, WEBHOOK_REFUSED), "template"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts),
        cmocka_unit_test(somebody_must_act_or_it_must_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
