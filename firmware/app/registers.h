/* Registers by address: reading and writing through the register list. Pure. */
#ifndef NODE_APP_REGISTERS_H
#define NODE_APP_REGISTERS_H

#include "app/register_list.h"
#include "app/state.h"

enum register_kind {
    REGISTER_STATUS,  /* u16 */
    REGISTER_COUNT,   /* u32 */
    REGISTER_TEXT,    /* two characters a register */
    REGISTER_SECOND,  /* f32 of the last second */
    REGISTER_WINDOW,  /* f32 of the last 200 ms */
    REGISTER_CYCLE,   /* f32 */
    REGISTER_DEMAND,  /* f32 */
    REGISTER_ENERGY,  /* u64, 0.1 Wh */
    REGISTER_PERCENT, /* u16, 0.01 %; 0xFFFF: no value */
    REGISTER_SETTING, /* u16 or i16, writable */
    REGISTER_CONTROL, /* u16, writable */
};

enum register_text { TEXT_MODEL, TEXT_VERSION, TEXT_BUILD, TEXT_VENDOR, TEXT_PRODUCT };

enum shown_energy {
    SHOWN_IMPORT,
    SHOWN_EXPORT,
    SHOWN_REACTIVE_IMPORT, /* Q1 + Q2 */
    SHOWN_REACTIVE_EXPORT, /* Q3 + Q4 */
    SHOWN_Q1,
    SHOWN_Q2,
    SHOWN_Q3,
    SHOWN_Q4,
    SHOWN_APPARENT
};

enum control { CONTROL_UNLOCK, CONTROL_COMMAND, CONTROL_COUNT };

/* Registers of one value of a kind. */
int register_width(enum register_kind kind);

/* Fills ret_words[0..count) from register start; ERR_NOT_FOUND when one of them does not exist. */
int registers_read(const struct state *s, uint16_t start, uint16_t count, uint16_t *ret_words);

/* Writes all or nothing: ERR_NOT_FOUND (a register that is not writable, or writing is locked),
 * ERR_RANGE (a word outside its limits). */
int registers_write(struct state *s, uint16_t start, uint16_t count, const uint16_t *words);

/* The text that stands for `which`; never NULL. */
const char *register_text(enum register_text which);

#endif
