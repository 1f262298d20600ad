#include "publish/webhook_sign.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "sys/secret_file.h"

#define DIGEST_BYTES 32
#define TEXT_MAX     (SECRET_MAX + 32)

static int digest(const char *key, const void *data, size_t n, unsigned char out[DIGEST_BYTES]) {
    unsigned len = 0;
    return HMAC(EVP_sha256(), key, (int)strlen(key), data, n, out, &len) && len == DIGEST_BYTES
               ? ERR_OK
               : ERR_NOMEM;
}

static int digest_base64(const char *key, const char *text, char out[SIGN_BASE64_MAX]) {
    unsigned char bytes[DIGEST_BYTES];
    int rc = digest(key, text, strlen(text), bytes);
    if (rc == ERR_OK)
        (void)EVP_EncodeBlock((unsigned char *)out, bytes, DIGEST_BYTES);
    return rc;
}

/* Of base64 three characters mean something else in an address. */
static void put_escaped(char *out, size_t cap, const char *base64) {
    size_t n = 0;
    for (; *base64 && n + 4 < cap; base64++) {
        const char *code = *base64 == '+' ? "%2B" : *base64 == '/' ? "%2F" : "%3D";
        if (strchr("+/=", *base64)) {
            memcpy(out + n, code, 3);
            n += 3;
        } else {
            out[n++] = *base64;
        }
    }
    out[n] = '\0';
}

int webhook_sign_dingtalk(const char *secret, ms_t now_ms, char first, char out[SIGN_QUERY_MAX]) {
    char text[TEXT_MAX], base64[SIGN_BASE64_MAX], escaped[3 * SIGN_BASE64_MAX];
    snprintf(text, sizeof text, "%" PRId64 "\n%s", now_ms, secret);
    int rc = digest_base64(secret, text, base64);
    explicit_bzero(text, sizeof text);
    if (rc < 0)
        return rc;
    put_escaped(escaped, sizeof escaped, base64);
    snprintf(out, SIGN_QUERY_MAX, "%ctimestamp=%" PRId64 "&sign=%s", first, now_ms, escaped);
    return ERR_OK;
}

int webhook_sign_feishu(const char *secret, const char *timestamp, char out[SIGN_BASE64_MAX]) {
    char key[TEXT_MAX];
    snprintf(key, sizeof key, "%s\n%s", timestamp, secret);
    int rc = digest_base64(key, "", out);
    explicit_bzero(key, sizeof key);
    return rc;
}

int webhook_sign_body(const char *secret, const void *body, size_t n, char out[SIGN_HEX_MAX]) {
    unsigned char bytes[DIGEST_BYTES];
    int rc = digest(secret, body, n, bytes);
    if (rc < 0)
        return rc;
    size_t at = (size_t)snprintf(out, SIGN_HEX_MAX, "sha256=");
    for (size_t i = 0; i < DIGEST_BYTES; i++)
        at += (size_t)snprintf(out + at, SIGN_HEX_MAX - at, "%02x", bytes[i]);
    return ERR_OK;
}
