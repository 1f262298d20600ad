/* alerts.webhooks and alerts.quiet in facts. Of an address only the host is told: it holds a
 * secret. */
#include <stdio.h>
#include <string.h>

#include "alert/alert.h"
#include "base/hash.h"
#include "base/url.h"
#include "config/describe.h"

size_t webhook_count(const struct site *s) {
    return s->notify.webhook_count;
}

const char *webhook_id(const struct site *s, size_t i) {
    return s->notify.webhooks[i].id;
}

/* Another key at the same host shows, but not what it is: 16 bits tell too little. */
static void describe_address(const char *text, struct fact_list *out) {
    struct url url;
    if (text == NULL || url_check(text, &url) != URL_SOUND)
        return;
    fact_add(out, "host", "%.*s", (int)url.host_len, url.host);
    fact_add(out, "address check", "%04x",
             (unsigned)(hash_bytes(HASH_START, text, strlen(text)) & 0xffff));
}

static void describe_rules(const struct webhook_settings *w, struct fact_list *out) {
    char text[FACT_TEXT_MAX] = "";
    size_t n = 0;
    for (size_t i = 0; i < w->rule_count && n + ALERT_RULE_MAX + 2 < sizeof text; i++)
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", i > 0 ? " " : "", w->rules[i]);
    fact_text(out, "rules", w->rule_count > 0 ? text : NULL);
}

void describe_webhook(const struct site *s, size_t i, struct fact_list *out) {
    static const char *const kinds[] = {"json", "wecom", "dingtalk", "feishu"};
    static const char *const langs[] = {"zh", "en", "both"};
    const struct webhook_settings *w = &s->notify.webhooks[i];
    fact_text(out, "kind", kinds[w->kind]);
    describe_address(w->url, out);
    fact_text(out, "url_file", w->url_file);
    fact_text(out, "secret_file", w->secret_file);
    fact_text(out, "token_file", w->token_file);
    fact_text(out, "ca_file", w->ca_file);
    fact_text(out, "min_severity", alert_severity_str((enum alert_severity)w->min_severity));
    describe_rules(w, out);
    fact_text(out, "lang", langs[w->lang]);
    if (w->template != NULL)
        fact_add(out, "template", "%zu bytes, check %04x", strlen(w->template),
                 (unsigned)(hash_bytes(HASH_START, w->template, strlen(w->template)) & 0xffff));
    fact_add(out, "per_minute", "%u", w->per_minute);
    fact_add(out, "timeout_s", "%u", w->timeout_s);
}

size_t quiet_count(const struct site *s) {
    return s->notify.quiet_count > 0;
}

void describe_quiet(const struct site *s, size_t i, struct fact_list *out) {
    static const char *const days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    (void)i;
    for (size_t k = 0; k < s->notify.quiet_count; k++) {
        const struct quiet_span *q = &s->notify.quiet[k];
        char text[FACT_TEXT_MAX];
        int n = snprintf(text, sizeof text, "%02d:%02d-%02d:%02d below %s", q->from_min / 60,
                         q->from_min % 60, q->to_min / 60, q->to_min % 60,
                         alert_severity_str((enum alert_severity)q->below));
        for (int d = 0; d < 7 && q->days != 0x7f; d++) {
            if (q->days >> d & 1)
                n += snprintf(text + n, sizeof text - (size_t)n, " %s", days[d]);
        }
        fact_text(out, "span", text);
    }
}
