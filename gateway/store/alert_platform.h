/* The platform's alerts in the ledger: their rows, steps and events. They are known by the
 * platform's own id (message_id): one row an id, whatever comes twice. Of a refused one the id is
 * remembered for seven days with the reason.
 *
 * effect_state and effect_end of a row are store/alert_effect.c's. Inside a transaction; historian
 * thread. */
#ifndef BUSBAR_STORE_ALERT_PLATFORM_H
#define BUSBAR_STORE_ALERT_PLATFORM_H

#include "orders/alert_parse.h"
#include "store/writer.h"

#define PLATFORM_ALERT_OPEN_MAX 64 /* alerts that stand at once */

/* What steps and events of one say of it. */
struct platform_row {
    int64_t id; /* its number in the ledger; 0: it is not there */
    char message[PLATFORM_ALERT_ID_MAX + 1];
    char code[ALERT_RULE_MAX + 1];
    char text_zh[4 * PLATFORM_ALERT_TEXT_MAX + 1], text_en[4 * PLATFORM_ALERT_TEXT_MAX + 1];
    enum alert_severity severity;
};

struct platform_step {
    enum alert_step step;
    ms_t at;
    double value, threshold; /* kW; NAN: none */
    const char *note_en, *note_zh;
    const char *effect; /* JSON; NULL: none */
};

/* Number of the alert with that id, 0 when there is none. */
int alert_platform_find(struct writer *w, const char *message, int64_t *ret);
int alert_platform_count_open(struct writer *w, int64_t *ret);
/* Why that id was refused within seven days, into why[PLATFORM_ALERT_WHY_MAX]; "" when it was not.
 */
int alert_platform_refusal(struct writer *w, const char *message, ms_t now_ms, char *why);
int alert_platform_remember_refusal(struct writer *w, const char *message, const char *why,
                                    ms_t now_ms);

int alert_platform_raise(struct writer *w, const struct platform_alert *a, ms_t now_ms,
                         int64_t *ret_id);
/* The event alone, of a message that is not taken: no row. */
int alert_platform_tell_refused(struct writer *w, const struct platform_alert *a, const char *why,
                                ms_t now_ms);
/* A step of one that is in the ledger, and its event. */
int alert_platform_step(struct writer *w, const struct platform_row *row,
                        const struct platform_step *s, ms_t now_ms);
#define PLATFORM_ROW_COLUMNS "id,message_id,rule,text_zh,text_en,severity"
void alert_platform_read_row(sqlite3_stmt *s, struct platform_row *ret); /* of these columns */
/* Clears those whose valid_until has come, as of then. */
int alert_platform_clear_over(struct writer *w, ms_t now_ms);

#endif
