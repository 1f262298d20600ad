/* One request of one client -> the device behind it, its registers, its faults, its reply. */
#ifndef BUSBAR_SIM_ANSWER_H
#define BUSBAR_SIM_ANSWER_H

#include "sim/conn.h"
#include "sim/model_registers.h"

struct answerer;

struct device_counts {
    uint64_t requests, replies, exceptions, faults; /* exceptions are replies too */
};

struct link_counts {
    uint64_t bad_frames, unknown_unit;
};

int answerer_new(const struct site *site, struct registers *registers, const struct faults *faults,
                 struct answerer **ret);
void answerer_free(struct answerer *a); /* NULL is fine */

/* Takes the request in conn->in[0..n) and queues its reply. ERR_CRC when libmodbus refuses the
 * frame, ERR_CLOSED when the client must be cut off (reset, or too many unread replies). */
int answer_request(struct answerer *a, struct conn *c, enum codec_framing framing, size_t n,
                   us_t now_us, double now_s);
void answer_bad_frame(struct answerer *a, size_t link);

struct device_counts answer_device_counts(const struct answerer *a, size_t device);
struct link_counts answer_link_counts(const struct answerer *a, size_t link);

#endif
