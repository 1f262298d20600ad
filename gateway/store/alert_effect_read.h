/* The numbers that an alert's effect is made of, from the stored records. Inside store/. */
#ifndef BUSBAR_STORE_ALERT_EFFECT_READ_H
#define BUSBAR_STORE_ALERT_EFFECT_READ_H

#include "calc/effect.h"
#include "store/records.h"

/* Fills the energies, prices and factors of the pieces, in->day_count and in->before_kw; in->piece
 * is `piece`. before_to: end of the 15 minutes before, a whole minute. A record that is missing or
 * cannot be read leaves its piece unknown. Uses r->other. */
int effect_read(struct records *r, ms_t before_to, struct effect_input *in,
                struct effect_piece *piece);

#endif
