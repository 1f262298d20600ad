#include "app/registers.h"

#include <math.h>
#include <string.h>

#include "base/err.h"

#ifndef NODE_VERSION
#define NODE_VERSION "0.0.0"
#endif
#ifndef NODE_BUILD
#define NODE_BUILD "unknown"
#endif

#define MJ_PER_COUNT 360000 /* 0.1 Wh */
#define NO_PERCENT   0xFFFF
#define PERCENT_MAX  0xFFFE

struct block {
    uint16_t start;
    uint8_t kind;
    uint8_t first;
    uint8_t items;
};

static const struct block blocks[] = {
#define X(start, kind, first, items, quantity, phases, unit) {start, REGISTER_##kind, first, items},
    REGISTER_LIST(X)
#undef X
};

static const char texts[][20] = {
    [TEXT_MODEL] = "busbar-node",     [TEXT_VERSION] = NODE_VERSION,  [TEXT_BUILD] = NODE_BUILD,
    [TEXT_VENDOR] = "Busbar project", [TEXT_PRODUCT] = "feeder node",
};

const char *register_text(enum register_text which) {
    return texts[which];
}

int register_width(enum register_kind kind) {
    switch (kind) {
    case REGISTER_STATUS:
    case REGISTER_TEXT:
    case REGISTER_PERCENT:
    case REGISTER_SETTING:
    case REGISTER_CONTROL:
        return 1;
    case REGISTER_ENERGY:
        return 4;
    case REGISTER_COUNT:
    case REGISTER_SECOND:
    case REGISTER_WINDOW:
    case REGISTER_CYCLE:
    case REGISTER_DEMAND:
    default:
        return 2;
    }
}

static const struct block *find(uint16_t address) {
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
        const struct block *b = &blocks[i];
        const int length = b->items * register_width((enum register_kind)b->kind);
        if (address >= b->start && address < b->start + length)
            return b;
    }
    return NULL;
}

static uint32_t float_bits(float f) {
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

static uint64_t shown_energy(const struct energy *e, int which) {
    const uint64_t *mj = e->mj;
    switch (which) {
    case SHOWN_IMPORT:
        return mj[ENERGY_IMPORT] / MJ_PER_COUNT;
    case SHOWN_EXPORT:
        return mj[ENERGY_EXPORT] / MJ_PER_COUNT;
    case SHOWN_REACTIVE_IMPORT:
        return (mj[ENERGY_Q1] + mj[ENERGY_Q2]) / MJ_PER_COUNT;
    case SHOWN_REACTIVE_EXPORT:
        return (mj[ENERGY_Q3] + mj[ENERGY_Q4]) / MJ_PER_COUNT;
    case SHOWN_APPARENT:
        return mj[ENERGY_APPARENT] / MJ_PER_COUNT;
    default:
        return mj[ENERGY_Q1 + which - SHOWN_Q1] / MJ_PER_COUNT;
    }
}

static uint16_t percent_word(float percent) {
    if (isnan(percent))
        return NO_PERCENT;
    const float word = 100.0f * percent + 0.5f;
    return word >= PERCENT_MAX ? PERCENT_MAX : (uint16_t)word;
}

static uint16_t text_word(int which, int word) {
    const char *text = texts[which];
    const size_t n = strlen(text);
    const size_t at = 2 * (size_t)word;
    const uint8_t high = at < n ? (uint8_t)text[at] : 0;
    const uint8_t low = at + 1 < n ? (uint8_t)text[at + 1] : 0;
    return (uint16_t)(high << 8 | low);
}

/* The value of an item, right-aligned in 64 bits. */
static uint64_t item_bits(const struct state *s, const struct block *b, int item) {
    const int index = b->first + item;
    switch ((enum register_kind)b->kind) {
    case REGISTER_STATUS:
        return s->status[index];
    case REGISTER_COUNT:
        return s->count[index];
    case REGISTER_TEXT:
        return text_word(b->first, item);
    case REGISTER_SECOND:
        return float_bits(s->second.value[index]);
    case REGISTER_WINDOW:
        return float_bits(s->window.value[index]);
    case REGISTER_CYCLE:
        return float_bits(index < PHASES ? s->cycle_min_v[index] : s->cycle_max_a[index - PHASES]);
    case REGISTER_DEMAND:
        return float_bits(index == 0 ? s->demand.now_w : s->demand.max_w);
    case REGISTER_ENERGY:
        return shown_energy(&s->energy, index);
    case REGISTER_PERCENT:
        return percent_word(s->second.value[index]);
    case REGISTER_SETTING:
        return s->draft.word[index];
    case REGISTER_CONTROL:
    default:
        return index == CONTROL_UNLOCK ? s->unlocked_s : COMMAND_NONE;
    }
}

int registers_read(const struct state *s, uint16_t start, uint16_t count, uint16_t *ret_words) {
    for (uint32_t i = 0; i < count; i++) {
        if (start + i > UINT16_MAX || find((uint16_t)(start + i)) == NULL)
            return ERR_NOT_FOUND;
    }
    for (uint16_t i = 0; i < count; i++) {
        const struct block *b = find((uint16_t)(start + i));
        const int width = register_width((enum register_kind)b->kind);
        const int offset = start + i - b->start;
        const int shift = 16 * (width - 1 - offset % width);
        ret_words[i] = (uint16_t)(item_bits(s, b, offset / width) >> shift);
    }
    return ERR_OK;
}

/* May the word go there, now? */
static int check_write(const struct state *s, uint16_t address, uint16_t word) {
    const struct block *b = find(address);
    if (b == NULL || (b->kind != REGISTER_SETTING && b->kind != REGISTER_CONTROL))
        return ERR_NOT_FOUND;
    const int item = address - b->start;
    if (b->kind == REGISTER_CONTROL && item == CONTROL_UNLOCK)
        return word == UNLOCK_KEY || word == 0 ? ERR_OK : ERR_RANGE;
    if (s->unlocked_s == 0)
        return ERR_NOT_FOUND;
    if (b->kind == REGISTER_CONTROL)
        return word > COMMAND_NONE && word < COMMAND_COUNT ? ERR_OK : ERR_RANGE;
    return settings_fits((enum setting)item, word) ? ERR_OK : ERR_RANGE;
}

int registers_write(struct state *s, uint16_t start, uint16_t count, const uint16_t *words) {
    for (uint32_t i = 0; i < count; i++) {
        if (start + i > UINT16_MAX)
            return ERR_NOT_FOUND;
        const int status = check_write(s, (uint16_t)(start + i), words[i]);
        if (status != ERR_OK)
            return status;
    }
    for (uint16_t i = 0; i < count; i++) {
        const struct block *b = find((uint16_t)(start + i));
        const int item = start + i - b->start;
        if (b->kind == REGISTER_SETTING)
            s->draft.word[item] = words[i];
        else if (item == CONTROL_UNLOCK)
            s->unlocked_s = words[i] == UNLOCK_KEY ? UNLOCK_S : 0;
        else
            s->command = (enum command)words[i];
    }
    return ERR_OK;
}
