/* How the advice is written: two languages, numbers of fixed decimals. For its own files. */
#ifndef BUSBAR_TOOLS_ADVISE_SAY_H
#define BUSBAR_TOOLS_ADVISE_SAY_H

#include "advise.h"

/* Both texts are literals, so that the compiler checks the formats of both. */
#define SAY(lang, en, zh) ((lang) == ADVISE_ZH ? (zh) : (en))

#define ADVISE_NUMBER_MAX 40
#define ADVISE_WORDS_MAX  400

void advise_put_month(int32_t month, char out[8]); /* "2026-11" */
/* Half-up with all decimals; "-" when it is not known. */
void advise_put_fixed(double v, int decimals, char out[ADVISE_NUMBER_MAX]);

#endif
