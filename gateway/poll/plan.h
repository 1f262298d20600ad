/* Request planner: the reads of least line time that cover a device's points.
 *
 * Points of one function, sorted by register, are cut into runs by dynamic programming; a run is
 * one request. Cutting at sorted positions is enough: of two requests that overlap, the points can
 * be re-dealt in sorted order without lengthening either. Pure. */
#ifndef BUSBAR_POLL_PLAN_H
#define BUSBAR_POLL_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "meter/profile.h"
#include "wire/pdu.h"

/* What a read costs on a link, in microseconds. */
struct link_cost {
    uint32_t request_us;       /* of every request, whatever its length */
    uint32_t register_us_x100; /* of every register, in 1/100 us */
};

/* The cost of one read in microseconds, rounded up. 16 bits (functions 1, 2) weigh as a register.
 */
uint32_t link_cost_read_us(struct link_cost cost, const struct pdu_read *read);

/* Serial: (request 8 + reply 5 + 2n characters) x 11 bits / baud + 2 silences + gap + 10 ms
 * latency. TCP: 1 ms a request + 10 us a register, + gap. */
struct link_cost link_cost_serial(uint32_t baud, uint32_t request_gap_ms);
struct link_cost link_cost_tcp(uint32_t request_gap_ms);

/* One request, and the parts that it serves: parts[first .. first + count). */
struct plan_request {
    struct pdu_read read;
    uint16_t first, count;
    uint32_t cost_us;
};

/* parts lists (point, register part) in sorted order; a split 32-bit point appears twice. */
struct plan_part {
    uint16_t point;        /* index in the profile */
    uint16_t register_no;  /* wire address */
    uint16_t image_offset; /* where its registers go */
    uint8_t registers;
    uint8_t function;
    bool hole; /* given up: the device answered exception 2 to it alone */
};

struct plan {
    struct plan_request *requests; /* room for one request a part: a split never allocates */
    size_t request_count;
    struct plan_part *parts;
    size_t part_count;
    uint64_t cost_us; /* of one whole poll */
};

/* Memory for both arrays is the caller's, part_capacity = plan_part_count(). */
size_t plan_part_count(const struct device_profile *profile);
/* max_registers, max_gap and align bound reads of registers; reads of bits may be 16 times as long
 * (2000 at most) and need no alignment. Registers read only to keep the alignment are no gap.
 * ERR_RANGE when a point alone exceeds max_registers (never for a checked profile), ERR_LIMIT when
 * part_capacity is too small. */
int plan_build(const struct device_profile *profile, struct link_cost cost, struct plan *plan,
               struct plan_part *parts, struct plan_request *requests, size_t part_capacity);

/* The read that covers one point that is read by itself, within the limits of the profile: it is in
 * no plan and shares no request. ERR_RANGE when no read may be that long. */
int plan_alone(const struct read_limits *limits, const struct point_def *p, struct pdu_read *ret);

/* Splits request i in two at the middle part (exception 2 on a merged read). Returns ERR_LIMIT when
 * it serves one part only: that part is the hole. */
int plan_split(struct plan *plan, const struct read_limits *limits, struct link_cost cost,
               size_t i);
/* Takes request i out of the plan and marks what it serves as holes: the device lacks them. */
void plan_drop(struct plan *plan, size_t i);

#endif
