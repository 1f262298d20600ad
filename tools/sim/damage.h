/* Makes a good reply a bad one, as a fault says. Bytes in, bytes out; no I/O. */
#ifndef BUSBAR_SIM_DAMAGE_H
#define BUSBAR_SIM_DAMAGE_H

#include "sim/codec.h"
#include "sim/faults.h"

#define DAMAGE_FRAME_MAX (CODEC_FRAME_MAX + 400)

/* Changes frame[0..n) in place; returns its new length, at most DAMAGE_FRAME_MAX. */
size_t damage_reply(const struct fault *f, enum codec_framing framing, uint8_t *frame, size_t n);

#endif
