/* Signatures of notifications (HMAC-SHA256). Any thread; no I/O. */
#ifndef BUSBAR_PUBLISH_WEBHOOK_SIGN_H
#define BUSBAR_PUBLISH_WEBHOOK_SIGN_H

#include <stddef.h>
#include <stdint.h>

#include "base/units.h"

#define SIGN_BASE64_MAX 48  /* of 32 bytes, with the final NUL */
#define SIGN_QUERY_MAX  220 /* "&timestamp=..&sign=.." */
#define SIGN_HEX_MAX    72  /* "sha256=..." */

/* DingTalk: base64(HMAC(secret, "<timestamp>\n<secret>")), for its address: first is '?' or '&'. */
int webhook_sign_dingtalk(const char *secret, ms_t now_ms, char first, char out[SIGN_QUERY_MAX]);
/* Feishu: base64(HMAC("<timestamp>\n<secret>", "")), the timestamp in seconds. ERR_NOMEM. */
int webhook_sign_feishu(const char *secret, const char *timestamp, char out[SIGN_BASE64_MAX]);
/* json: "sha256=" and the HMAC of the body in hexadecimal digits. */
int webhook_sign_body(const char *secret, const void *body, size_t n, char out[SIGN_HEX_MAX]);

#endif
