/* One alert as it stands in the ledger (台账), and one step of its history. Plain data. */
#ifndef BUSBAR_ALERT_ENTRY_H
#define BUSBAR_ALERT_ENTRY_H

#include "alert/alert.h"

#define ALERT_WHO_MAX      144 /* "王工 (local:wang)" */
#define ALERT_WORDS_MAX    804 /* a rule's name and advice; 200 characters of the platform */
#define ALERT_EVIDENCE_MAX 32  /* records of one step */

/* What officers have done with an alert. */
enum alert_handling {
    HANDLING_OPEN,
    HANDLING_ACKNOWLEDGED,
    HANDLING_REFUSED,
    HANDLING_CLOSED,
    ALERT_HANDLINGS
};
const char *alert_handling_str(enum alert_handling h); /* "open" */
const char *alert_source_str(enum alert_source s);     /* "rule" */

/* Times in UTC ms, 0: never. Texts "" and numbers NAN: none. */
struct alert_entry {
    int64_t id; /* 0: not in the ledger yet */
    enum alert_source source;
    enum alert_handling handling;
    enum alert_severity severity, worst;
    bool active; /* its condition holds */
    char rule[ALERT_RULE_MAX + 1];
    char object[ALERT_OBJECT_MAX];
    char unit[12];
    char action[ALERT_RULE_MAX + 1];
    char text_zh[ALERT_WORDS_MAX], text_en[ALERT_WORDS_MAX];
    char config[17];
    ms_t raised, returned; /* first, and last */
    uint32_t returns;
    ms_t cleared, closed;
    double value, peak; /* peak: the worst one */
    double threshold;   /* of its present level */
    char owner[ALERT_WHO_MAX];
    ms_t due; /* end of the day by which it shall be closed */
    char measure[ALERT_RULE_MAX + 1], measure_text[ALERT_TEXT_MAX];
    ms_t measured;
    char measured_by[ALERT_WHO_MAX], verifier[ALERT_WHO_MAX];
    char message_id[80]; /* of the platform's */
    ms_t valid_until;
    double expected_kw;
};

struct alert_entry_step {
    uint32_t n; /* 1, 2 .. of its alert */
    ms_t t;
    enum alert_step step;
    enum alert_severity severity;
    double value;
    char actor[ALERT_WHO_MAX];
    char note_en[ALERT_NOTE_MAX], note_zh[ALERT_NOTE_MAX];
    struct alert_curve before;
    /* Records of the time before it: seqs of that epoch. */
    ms_t epoch;
    uint64_t evidence[ALERT_EVIDENCE_MAX];
    size_t evidence_count;
};

#endif
