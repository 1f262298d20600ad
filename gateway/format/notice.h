/* What a notification of alerts says, in words: structures in, bytes out. Pure. */
#ifndef BUSBAR_FORMAT_NOTICE_H
#define BUSBAR_FORMAT_NOTICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alert/alert.h"
#include "base/buf.h"
#include "meter/notify.h"

/* One event of an alert; texts that are not there are "". */
struct notice {
    uint64_t seq;
    ms_t epoch;
    int64_t alert; /* its number in the ledger */
    enum alert_severity severity;
    const char *state; /* as in the event: "raised" */
    const char *rule, *object, *unit, *actor, *action;
    const char *text_zh, *text_en, *note_zh, *note_en;
    ms_t at;
    double value, threshold; /* NAN: none */
};

/* One message. */
struct notice_set {
    const char *site, *gateway, *name;
    const struct notice *notice; /* the most severe first */
    size_t count;
    bool joined; /* several in one, also when only one is left of them */
    size_t late; /* besides: too old to be told one by one */
    bool brief;  /* numbers only: the receiver does not take the words */
    ms_t now;
    int utc_offset_s;
};

/* How lines are made where they are shown. */
struct notice_style {
    const char *newline;
    bool guard; /* < > [ ] * and ` would be taken for marks: they become their wide forms */
};

void notice_title(struct buf *b, const struct notice_set *s, enum notice_lang lang,
                  const struct notice_style *style);
/* At most limit bytes: lines that find no room are counted instead. */
void notice_text(struct buf *b, const struct notice_set *s, enum notice_lang lang,
                 const struct notice_style *style, size_t limit);
/* Bytes of text, at most max, that end with a whole UTF-8 character. */
size_t notice_fit(const char *text, size_t len, size_t max);

/* The states that somebody is told of; the others are what people themselves have done. */
bool notice_state_is_told(const char *state);
bool notice_severity_parse(const char *name, enum alert_severity *ret);

#endif
