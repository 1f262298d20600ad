/* Any bytes as the platform's alert. Nothing may crash, hang or leak; what is accepted keeps its
 * bounds; what is refused has a reason that is one line of text. */
#include <math.h>
#include <string.h>

#include "base/err.h"
#include "harness.h"
#include "orders/alert_parse.h"

static void require_text(const char *text, size_t least, size_t max) {
    const size_t n = strnlen(text, max + 1);
    require(n >= least && n <= max);
    for (size_t i = 0; i < n; i++)
        require((unsigned char)text[i] >= 0x20 && text[i] != 0x7F);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct platform_alert a;
    memset(&a, 0x55, sizeof a);
    if (alert_parse(data, size, &a) != ERR_OK) {
        require(strnlen(a.refusal, sizeof a.refusal) < sizeof a.refusal && a.refusal[0] != '\0');
        require_text(a.id, 0, PLATFORM_ALERT_ID_MAX);
        return 0;
    }
    require(a.refusal[0] == '\0');
    require_text(a.id, 1, PLATFORM_ALERT_ID_MAX);
    require_text(a.code, 1, ALERT_RULE_MAX);
    require_text(a.text_zh, 1, sizeof a.text_zh - 1);
    require_text(a.text_en, 1, sizeof a.text_en - 1);
    require(a.severity < ALERT_SEVERITIES && a.valid_until > 0);
    require(isnan(a.expected_kw) || fabs(a.expected_kw) <= PLATFORM_ALERT_KW_MAX);
    return 0;
}
