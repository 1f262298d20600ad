/* The words of the ledger in both languages. */
#include "alert/entry.h"
#include "alerts_view.h"

const char *alerts_severity_words(enum alert_severity s, enum alerts_lang lang) {
    static const char *const zh[ALERT_SEVERITIES] = {"提示", "一般", "较重", "严重"};
    return lang == ALERTS_ZH ? zh[s] : alert_severity_str(s);
}

const char *alerts_handling_words(enum alert_handling h, enum alerts_lang lang) {
    static const char *const zh[ALERT_HANDLINGS] = {"待处理", "已确认", "已拒绝", "已销号"};
    return lang == ALERTS_ZH ? zh[h] : alert_handling_str(h);
}

const char *alerts_step_words(enum alert_step s, enum alerts_lang lang) {
    static const char *const zh[ALERT_STEPS] = {"发生", "再次发生", "升级", "降级", "消除", "确认",
                                                "拒绝", "派单",     "整改", "成效", "销号"};
    return lang == ALERTS_ZH ? zh[s] : alert_step_str(s);
}

const char *alerts_source_words(enum alert_source s, enum alerts_lang lang) {
    static const char *const zh[] = {"规则", "平台", "人工"};
    return lang == ALERTS_ZH ? zh[s] : alert_source_str(s);
}

const char *alerts_text(const char *zh, const char *en, enum alerts_lang lang) {
    const char *own = lang == ALERTS_ZH ? zh : en, *other = lang == ALERTS_ZH ? en : zh;
    return own[0] != '\0' ? own : other;
}
