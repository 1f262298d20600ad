/* Reads the platform's /ack message: {"epoch":...,"ranges":[[a,b],...]}.
 *
 * The sender is not trusted: size, types, order and bounds are checked, unknown members ignored.
 * No state, no I/O; jansson allocates while parsing. */
#ifndef BUSBAR_PUBLISH_ACK_MESSAGE_H
#define BUSBAR_PUBLISH_ACK_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/units.h"
#include "publish/seq_ranges.h"

#define ACK_MESSAGE_MAX 16384
#define ACK_RANGES_MAX  1024

/* Gives the number of ranges, each within 1..seq_head. ERR_LIMIT: too long or too many ranges.
 * ERR_SYNTAX: not such an object. ERR_NOT_FOUND: another epoch. ERR_RANGE: a range that is
 * reversed, 0 or beyond seq_head; then nothing of the message counts. */
int ack_message_parse(const void *bytes, size_t n, ms_t epoch, uint64_t seq_head,
                      struct seq_range ret_ranges[ACK_RANGES_MAX]);

#endif
