/* What an answer means, and its text in a log line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "publish/https_answer.h"
#include "publish/https_trouble.h"

static void verdicts(void **state) {
    (void)state;
    static const struct {
        long status;
        enum answer_verdict verdict;
    } rows[] = {
        {199, ANSWER_LATER},    {200, ANSWER_ACCEPTED},  {204, ANSWER_ACCEPTED},
        {299, ANSWER_ACCEPTED}, {300, ANSWER_LATER},     {307, ANSWER_LATER},
        {400, ANSWER_BAD_ROW},  {401, ANSWER_LATER},     {404, ANSWER_LATER},
        {409, ANSWER_LATER},    {413, ANSWER_TOO_LARGE}, {422, ANSWER_BAD_ROW},
        {429, ANSWER_LATER},    {500, ANSWER_LATER},     {503, ANSWER_LATER},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(https_answer_verdict(rows[i].status), rows[i].verdict);
}

static void advice_names_what_to_change(void **state) {
    (void)state;
    static const struct {
        long status;
        const char *token_file, *words;
    } rows[] = {
        {401, "/etc/token", "check token_file /etc/token"},
        {403, NULL, "give token_file"},
        {302, NULL, "write the final one in https"},
        {404, NULL, "check the path in https"},
        {415, NULL, "compression: none"},
        {429, NULL, "fewer requests"},
        {502, NULL, "on its side"},
        {418, NULL, "ask its operator"},
    };
    char out[300];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        https_answer_advice(rows[i].status, rows[i].token_file, out, sizeof out);
        assert_non_null(strstr(out, rows[i].words));
    }
}

static void a_pause_is_the_longer_one_an_hour_at_most(void **state) {
    (void)state;
    const us_t s = US_PER_S;
    assert_int_equal(https_answer_pause(4 * s, 0), 4 * s);
    assert_int_equal(https_answer_pause(4 * s, -7), 4 * s);
    assert_int_equal(https_answer_pause(4 * s, 3), 4 * s);
    assert_int_equal(https_answer_pause(4 * s, 90), 90 * s);
    assert_int_equal(https_answer_pause(4 * s, 3600), 3600 * s);
    assert_int_equal(https_answer_pause(4 * s, INT64_MAX), 3600 * s);
}

static void show(const char *bytes, size_t n, const char *expected) {
    char out[ANSWER_TEXT_BYTES];
    https_answer_text(bytes, n, out);
    assert_string_equal(out, expected);
}

#define SHOW(bytes, expected) show(bytes, sizeof(bytes) - 1, expected)

static void an_answer_is_made_fit_for_a_log(void **state) {
    (void)state;
    SHOW("", "");
    SHOW("plain", "plain");
    SHOW(" \r\n\t a \n\n b  ", "a b");
    SHOW("a\0b\x1b[1m\x7f", "a?b?[1m?");
    SHOW("\xe7\x94\xb5 \xc3\xa9 \xf0\x9f\x94\x8c", "\xe7\x94\xb5 \xc3\xa9 \xf0\x9f\x94\x8c");
    SHOW("\xe7\x94", "??");           /* cut */
    SHOW("\xc0\x80", "??");           /* overlong */
    SHOW("\xe0\x80\x80", "???");      /* overlong */
    SHOW("\xed\xa0\x80", "???");      /* a surrogate */
    SHOW("\xf4\x90\x80\x80", "????"); /* beyond Unicode */
    SHOW("\xc2\x9b", "??");           /* a control character */
    SHOW("\xff\xfe\xf5", "???");
}

static void an_answer_is_cut(void **state) {
    (void)state;
    char bytes[4 * 300], out[ANSWER_TEXT_BYTES];
    for (size_t i = 0; i < 300; i++)
        memcpy(bytes + 4 * i, "\xf0\x9f\x94\x8c", 4);
    https_answer_text(bytes, sizeof bytes, out);
    assert_int_equal(strlen(out), 4 * ANSWER_TEXT_MAX);
}

static void a_cut_does_not_split_a_character(void **state) {
    (void)state;
    static const char text[] = "a\xe7\x94\xb5"
                               "b";
    static const int fits[] = {0, 1, 1, 1, 4, 5, 5};
    for (int max = 0; max < 7; max++)
        assert_int_equal(https_answer_fit(text, max), fits[max]);
}

/* Texts as libcurl 7.88 with OpenSSL 3 gives them. */
static void trouble_has_words_and_a_next_step(void **state) {
    (void)state;
    static const struct https_target bare = {.url_key = "https"}, full = {.url_key = "https",
                                                                          .ca_file = "/ca",
                                                                          .cert_file = "/c",
                                                                          .key_file = "/k"};
    static const struct {
        const struct https_target *s;
        CURLcode code;
        const char *detail;
        bool wanted;
        const char *words;
    } rows[] = {
        {&full, CURLE_PEER_FAILED_VERIFICATION,
         "SSL: no alternative certificate subject name matches target host name 'h'", false,
         "for another host name"},
        {&full, CURLE_PEER_FAILED_VERIFICATION, "SSL certificate problem: certificate has expired",
         false, "has expired"},
        {&full, CURLE_PEER_FAILED_VERIFICATION,
         "SSL certificate problem: certificate is not yet valid", false, "this machine's clock"},
        {&full, CURLE_PEER_FAILED_VERIFICATION, "SSL certificate problem: self-signed certificate",
         false, "not from an authority in /ca"},
        {&bare, CURLE_PEER_FAILED_VERIFICATION,
         "SSL certificate problem: unable to get local issuer certificate", false, "as ca_file"},
        {&full, CURLE_SSL_CACERT_BADFILE, "", false, "no certificate can be read from ca_file /ca"},
        {&full, CURLE_SSL_CERTPROBLEM, "could not load PEM client certificate", false,
         "check cert_file /c and key_file /k"},
        {&bare, CURLE_SEND_ERROR, "SSL_write() error", true, "give cert_file and key_file"},
        {&bare, CURLE_RECV_ERROR, "OpenSSL SSL_read: tlsv13 alert certificate required, errno 0",
         false, "give cert_file and key_file"},
        {&full, CURLE_RECV_ERROR, "OpenSSL SSL_read: tlsv13 alert certificate required, errno 0",
         false, "which authority cert_file must be signed by"},
        {&full, CURLE_SSL_CONNECT_ERROR, "sslv3 alert bad certificate", false, "refuses"},
        {&full, CURLE_RECV_ERROR, "tlsv1 alert unknown ca", false, "which one it trusts"},
        {&bare, CURLE_SSL_CONNECT_ERROR, "tlsv1 alert protocol version", false, "TLS 1.2 or later"},
        {&bare, CURLE_COULDNT_RESOLVE_HOST, "", false, "name server"},
        {&bare, CURLE_COULDNT_CONNECT, "refused", false, "firewall"},
        {&bare, CURLE_OPERATION_TIMEDOUT, "after 1000 ms", false, "no answer in time"},
        {&bare, CURLE_GOT_NOTHING, "Empty reply from server", false, "closed the connection"},
        {&bare, CURLE_OUT_OF_MEMORY, "", false, "memory"},
    };
    char out[600];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        https_trouble_write(rows[i].s, rows[i].code, rows[i].detail, rows[i].wanted, out,
                            sizeof out);
        if (!strstr(out, rows[i].words))
            fail_msg("%s: expected '%s', got '%s'", rows[i].detail, rows[i].words, out);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts),
        cmocka_unit_test(advice_names_what_to_change),
        cmocka_unit_test(a_pause_is_the_longer_one_an_hour_at_most),
        cmocka_unit_test(an_answer_is_made_fit_for_a_log),
        cmocka_unit_test(an_answer_is_cut),
        cmocka_unit_test(a_cut_does_not_split_a_character),
        cmocka_unit_test(trouble_has_words_and_a_next_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
