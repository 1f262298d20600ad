/* How `busbar alerts` shows the ledger: a table and one alert for people, csv and ndjson for
 * programs. Each returns < 0 when the store cannot be read. */
#ifndef BUSBAR_TOOLS_ALERTS_VIEW_H
#define BUSBAR_TOOLS_ALERTS_VIEW_H

#include <stdbool.h>
#include <stdio.h>

#include "store/reader_alerts.h"

enum alerts_lang { ALERTS_EN, ALERTS_ZH };

int alerts_list(struct reader *r, const struct alert_query *q, enum alerts_lang lang, FILE *out);
/* ERR_NOT_FOUND: there is no alert q->id. */
int alerts_show(struct reader *r, const struct alert_query *q, enum alerts_lang lang, FILE *out);
/* RFC 4180; bom: with the mark that spreadsheets know UTF-8 by. Newest first. */
int alerts_csv(struct reader *r, const struct alert_query *q, enum alerts_lang lang, bool bom,
               FILE *out);
/* One alert a line, with its steps: the shape of docs/schema/alerts.json's alerts. */
int alerts_ndjson(struct reader *r, const struct alert_query *q, FILE *out);

/* Words of both languages. */
const char *alerts_severity_words(enum alert_severity s, enum alerts_lang lang);
const char *alerts_handling_words(enum alert_handling h, enum alerts_lang lang);
const char *alerts_step_words(enum alert_step s, enum alerts_lang lang);
const char *alerts_source_words(enum alert_source s, enum alerts_lang lang);
/* The text in that language, else in the other. */
const char *alerts_text(const char *zh, const char *en, enum alerts_lang lang);

#endif
