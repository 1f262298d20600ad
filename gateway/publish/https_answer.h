/* What an HTTPS destination's answer means for the batch it answers. Pure. */
#ifndef BUSBAR_PUBLISH_HTTPS_ANSWER_H
#define BUSBAR_PUBLISH_HTTPS_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include "base/units.h"

#define ANSWER_TEXT_MAX   200
#define ANSWER_TEXT_BYTES (5 * ANSWER_TEXT_MAX + 1) /* of four bytes each, and a space between */
#define RETRY_AFTER_LIMIT (3600 * (us_t)US_PER_S)

enum answer_verdict {
    ANSWER_ACCEPTED,  /* 2xx */
    ANSWER_TOO_LARGE, /* 413: halve the batch */
    ANSWER_BAD_ROW,   /* 400, 422: some row is not to its liking */
    ANSWER_LATER      /* anything else: the whole batch again, after a pause */
};
enum answer_verdict https_answer_verdict(long status);

/* What to do about a status that is ANSWER_LATER, as the end of a log line; token_file may be NULL.
 */
void https_answer_advice(long status, const char *token_file, char *out, size_t cap);

/* The pause before the next try: the back-off's own, or longer when the answer asks for it (0: it
 * does not), an hour at most. */
us_t https_answer_pause(us_t backoff, int64_t retry_after_s);

/* The beginning of an answer's body, fit for a log line: at most ANSWER_TEXT_MAX characters,
 * control characters and broken UTF-8 as '?', runs of space as one. */
void https_answer_text(const char *bytes, size_t n, char out[ANSWER_TEXT_BYTES]);
/* How many of a text's first bytes, max at most, end with a whole character: for "%.*s". */
int https_answer_fit(const char *text, int max);

#endif
