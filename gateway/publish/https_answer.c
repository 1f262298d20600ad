#include "publish/https_answer.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum answer_verdict https_answer_verdict(long status) {
    if (status >= 200 && status < 300)
        return ANSWER_ACCEPTED;
    if (status == 413)
        return ANSWER_TOO_LARGE;
    if (status == 400 || status == 422)
        return ANSWER_BAD_ROW;
    return ANSWER_LATER;
}

void https_answer_advice(long status, const char *token_file, char *out, size_t cap) {
    if (status == 401 || status == 403) {
        if (token_file)
            snprintf(out, cap, "it refuses the token; check token_file %s", token_file);
        else
            snprintf(out, cap,
                     "it wants to know who asks; give token_file, or cert_file and "
                     "key_file");
    } else if (status >= 300 && status < 400) {
        snprintf(out, cap,
                 "it points to another address, which is not followed; write the final "
                 "one in https");
    } else if (status == 404 || status == 405 || status == 410) {
        snprintf(out, cap, "nothing takes records there; check the path in https");
    } else if (status == 415) {
        snprintf(out, cap, "it does not take this content; try compression: none");
    } else if (status == 429) {
        snprintf(out, cap, "it asks for fewer requests");
    } else if (status >= 500) {
        snprintf(out, cap, "the trouble is on its side");
    } else {
        snprintf(out, cap, "ask its operator what that means");
    }
}

us_t https_answer_pause(us_t backoff, int64_t retry_after_s) {
    us_t asked = retry_after_s <= 0                             ? 0
                 : retry_after_s > RETRY_AFTER_LIMIT / US_PER_S ? RETRY_AFTER_LIMIT
                                                                : (us_t)retry_after_s * US_PER_S;
    return asked > backoff ? asked : backoff;
}

/* Length of the well-formed UTF-8 character at s, 0 when it is none. */
static size_t utf8_length(const unsigned char *s, size_t n) {
    size_t want = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (s[0] > 0xf4)
        return 0;
    if (want == 0 || want > n)
        return 0;
    for (size_t i = 1; i < want; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    }
    bool overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
    bool surrogate = s[0] == 0xed && s[1] > 0x9f, beyond = s[0] == 0xf4 && s[1] > 0x8f;
    bool control = want == 2 && s[0] == 0xc2 && s[1] < 0xa0; /* C1 */
    return overlong || surrogate || beyond || control ? 0 : want;
}

void https_answer_text(const char *bytes, size_t n, char out[ANSWER_TEXT_BYTES]) {
    const unsigned char *s = (const unsigned char *)bytes;
    size_t len = 0;
    bool space = true; /* none at the beginning */
    for (size_t i = 0, shown = 0; i < n && shown < ANSWER_TEXT_MAX; shown++) {
        while (i < n && (s[i] == ' ' || (s[i] >= '\t' && s[i] <= '\r'))) {
            if (!space)
                out[len++] = ' ';
            space = true;
            i++;
        }
        if (i == n)
            break;
        size_t one = s[i] < ' ' || s[i] == 0x7f ? 0 : utf8_length(s + i, n - i);
        space = false;
        if (one == 0)
            out[len++] = '?';
        else
            memcpy(out + len, s + i, one);
        len += one;
        i += one == 0 ? 1 : one;
    }
    while (len > 0 && out[len - 1] == ' ')
        len--;
    out[len] = '\0';
}

int https_answer_fit(const char *text, int max) {
    int n = (int)strnlen(text, (size_t)max);
    if (text[n] == '\0')
        return n;
    while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
        n--;
    return n;
}
