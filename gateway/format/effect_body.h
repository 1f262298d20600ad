/* The effect of a platform's alert as JSON: the member "effect" of its event, and what its row in
 * the ledger keeps. Pure; shapes and rounding as in format/record.h. */
#ifndef BUSBAR_FORMAT_EFFECT_BODY_H
#define BUSBAR_FORMAT_EFFECT_BODY_H

#include "base/buf.h"
#include "calc/effect.h"

#define EFFECT_BODY_MAX 1536

/* One object. */
void effect_write(struct buf *b, const struct effect *e, int utc_offset_s);

#endif
