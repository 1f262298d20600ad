#include "poll/plan.h"

#include "base/err.h"
#include "wire/rtu.h"

#define RTU_READ_CHARS    13 /* request 8, reply 5 without its registers */
#define SERIAL_LATENCY_US 10000
#define TCP_REQUEST_US    1000
#define TCP_REGISTER_US   10
#define NO_RUN            UINT32_MAX

struct link_cost link_cost_serial(uint32_t baud, uint32_t request_gap_ms) {
    struct link_cost cost = {
        .request_us = rtu_chars_us(baud, RTU_READ_CHARS) + 2 * rtu_silence_us(baud) +
                      SERIAL_LATENCY_US + request_gap_ms * 1000u,
        .register_us_x100 = (uint32_t)(2ull * 11 * 100000000 / baud),
    };
    return cost;
}

struct link_cost link_cost_tcp(uint32_t request_gap_ms) {
    struct link_cost cost = {
        .request_us = TCP_REQUEST_US + request_gap_ms * 1000u,
        .register_us_x100 = TCP_REGISTER_US * 100,
    };
    return cost;
}

static bool is_bits(uint8_t function) {
    return function == PDU_READ_COILS || function == PDU_READ_DISCRETE;
}

uint32_t link_cost_read_us(struct link_cost cost, const struct pdu_read *read) {
    uint32_t registers = is_bits(read->function) ? (read->count + 15u) / 16 : read->count;
    uint64_t x100 = (uint64_t)registers * cost.register_us_x100;
    return cost.request_us + (uint32_t)((x100 + 99) / 100);
}

size_t plan_part_count(const struct device_profile *profile) {
    size_t n = 0;
    for (size_t i = 0; i < profile->point_count; i++)
        n += profile->points[i].split ? 2 : 1;
    return n;
}

static bool part_before(const struct plan_part *a, const struct plan_part *b) {
    if (a->function != b->function)
        return a->function < b->function;
    if (a->register_no != b->register_no)
        return a->register_no < b->register_no;
    return a->registers < b->registers;
}

/* Insertion from the end: a profile is nearly always in order already. */
static void part_insert(struct plan_part *parts, size_t n, struct plan_part part) {
    while (n > 0 && part_before(&part, &parts[n - 1])) {
        parts[n] = parts[n - 1];
        n--;
    }
    parts[n] = part;
}

static size_t parts_collect(const struct device_profile *profile, struct plan_part *parts) {
    size_t n = 0;
    for (size_t i = 0; i < profile->point_count; i++) {
        const struct point_def *p = &profile->points[i];
        struct plan_part part = {
            .point = (uint16_t)i,
            .register_no = p->register_no,
            .image_offset = p->image_offset,
            .registers = p->split ? 1 : p->registers,
            .function = p->function,
        };
        part_insert(parts, n++, part);
        if (p->split) {
            part.register_no = p->register_low;
            part.image_offset = (uint16_t)(p->image_offset + 1);
            part_insert(parts, n++, part);
        }
    }
    return n;
}

/* The read that covers registers first .. end of one function, widened to the alignment. */
static bool read_cover(const struct read_limits *limits, uint8_t function, uint32_t first,
                       uint32_t end, struct pdu_read *ret) {
    uint32_t max = limits->max_registers;
    uint32_t align = limits->align > 1 ? limits->align : 1;
    if (is_bits(function)) {
        max = max * 16 < PDU_BITS_MAX ? max * 16 : PDU_BITS_MAX;
        align = 1;
    }
    uint32_t start = first - first % align;
    uint32_t count = end - start;
    count += (align - count % align) % align;
    if (count > max || start + count > 65536)
        return false;
    *ret = (struct pdu_read){function, (uint16_t)start, (uint16_t)count};
    return true;
}

int plan_alone(const struct read_limits *limits, const struct point_def *p, struct pdu_read *ret) {
    uint32_t end = (uint32_t)p->register_no + p->registers;
    return read_cover(limits, p->function, p->register_no, end, ret) ? ERR_OK : ERR_RANGE;
}

static uint32_t part_end(const struct plan_part *p) {
    return (uint32_t)p->register_no + p->registers;
}

/* Fills requests[i] with the first read of the cheapest way to cover parts[i ..), whose total goes
 * to requests[i].cost_us; requests[i + 1 ..) hold theirs already. */
static void best_from(const struct plan_part *parts, size_t n, const struct read_limits *limits,
                      struct link_cost cost, struct plan_request *requests, size_t i) {
    uint32_t end = 0, best = NO_RUN;
    for (size_t j = i; j < n && parts[j].function == parts[i].function; j++) {
        if (j > i && parts[j].register_no > end + limits->max_gap)
            break;
        if (part_end(&parts[j]) > end)
            end = part_end(&parts[j]);
        struct pdu_read read;
        if (!read_cover(limits, parts[i].function, parts[i].register_no, end, &read))
            break;
        uint32_t rest = j + 1 < n ? requests[j + 1].cost_us : 0;
        uint32_t total = rest == NO_RUN ? NO_RUN : rest + link_cost_read_us(cost, &read);
        if (total < best) {
            best = total;
            requests[i].read = read;
            requests[i].first = (uint16_t)i;
            requests[i].count = (uint16_t)(j + 1 - i);
        }
    }
    requests[i].cost_us = best;
}

int plan_build(const struct device_profile *profile, struct link_cost cost, struct plan *plan,
               struct plan_part *parts, struct plan_request *requests, size_t part_capacity) {
    size_t n = plan_part_count(profile);
    if (n > part_capacity || n > UINT16_MAX)
        return ERR_LIMIT;
    parts_collect(profile, parts);
    for (size_t i = n; i-- > 0;)
        best_from(parts, n, &profile->limits, cost, requests, i);
    if (n > 0 && requests[0].cost_us == NO_RUN)
        return ERR_RANGE;
    size_t count = 0;
    uint64_t total = 0;
    for (size_t i = 0; i < n;) { /* count <= i: a slot is read before it is overwritten */
        struct plan_request r = requests[i];
        i += r.count;
        r.cost_us = link_cost_read_us(cost, &r.read);
        total += r.cost_us;
        requests[count++] = r;
    }
    *plan = (struct plan){requests, count, parts, n, total};
    return ERR_OK;
}

/* A request over parts[first .. first + count), which are a piece of a valid one. */
static struct plan_request request_over(const struct plan *plan, const struct read_limits *limits,
                                        struct link_cost cost, uint16_t first, uint16_t count) {
    const struct plan_part *p = &plan->parts[first];
    uint32_t end = 0;
    for (uint16_t k = 0; k < count; k++) {
        if (part_end(&p[k]) > end)
            end = part_end(&p[k]);
    }
    struct plan_request r = {.first = first, .count = count};
    (void)read_cover(limits, p->function, p->register_no, end, &r.read);
    r.cost_us = link_cost_read_us(cost, &r.read);
    return r;
}

int plan_split(struct plan *plan, const struct read_limits *limits, struct link_cost cost,
               size_t i) {
    struct plan_request whole = plan->requests[i];
    if (whole.count < 2)
        return ERR_LIMIT;
    uint16_t half = whole.count / 2;
    for (size_t k = plan->request_count; k > i + 1; k--)
        plan->requests[k] = plan->requests[k - 1];
    plan->request_count++;
    plan->requests[i] = request_over(plan, limits, cost, whole.first, half);
    plan->requests[i + 1] = request_over(plan, limits, cost, (uint16_t)(whole.first + half),
                                         (uint16_t)(whole.count - half));
    plan->cost_us += plan->requests[i].cost_us;
    plan->cost_us += plan->requests[i + 1].cost_us;
    plan->cost_us -= whole.cost_us;
    return ERR_OK;
}

void plan_drop(struct plan *plan, size_t i) {
    struct plan_request gone = plan->requests[i];
    for (uint16_t k = 0; k < gone.count; k++)
        plan->parts[gone.first + k].hole = true;
    for (size_t k = i + 1; k < plan->request_count; k++)
        plan->requests[k - 1] = plan->requests[k];
    plan->request_count--;
    plan->cost_us -= gone.cost_us;
}
