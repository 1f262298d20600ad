#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "sim/answer.h"

struct answerer {
    const struct site *site;
    struct registers *registers;
    const struct faults *faults;
    struct codec *codec;
    struct device_counts *devices;
    struct link_counts *links;
};

int answerer_new(const struct site *site, struct registers *registers, const struct faults *faults,
                 struct answerer **ret) {
    struct answerer *a = calloc(1, sizeof *a);
    int rc;

    if (a == NULL)
        return ERR_NOMEM;
    a->site = site;
    a->registers = registers;
    a->faults = faults;
    a->devices = calloc(site->device_count + 1, sizeof *a->devices);
    a->links = calloc(site->link_count + 1, sizeof *a->links);
    rc = a->devices != NULL && a->links != NULL ? codec_new(&a->codec) : ERR_NOMEM;
    if (rc != ERR_OK) {
        answerer_free(a);
        return rc;
    }
    *ret = a;
    return ERR_OK;
}

void answerer_free(struct answerer *a) {
    if (a == NULL)
        return;
    codec_free(a->codec);
    free(a->devices);
    free(a->links);
    free(a);
}

struct device_counts answer_device_counts(const struct answerer *a, size_t device) {
    return a->devices[device];
}

struct link_counts answer_link_counts(const struct answerer *a, size_t link) {
    return a->links[link];
}

void answer_bad_frame(struct answerer *a, size_t link) {
    a->links[link].bad_frames++;
}

static bool is_read(uint8_t function) {
    return function >= 1 && function <= 4;
}

/* The device of that unit which has what is asked for: an inverter and the meter behind it may
 * share a unit id. NODE_NONE when nobody has the id. */
static size_t find_device(struct answerer *a, size_t link, const struct codec_request *q,
                          double now_s, enum register_verdict *ret_verdict,
                          const uint16_t **ret_values) {
    size_t found = NODE_NONE;

    *ret_verdict = REGISTERS_FUNCTION;
    for (size_t d = 0; d < a->site->device_count; d++) {
        enum register_verdict v = REGISTERS_FUNCTION;

        if (a->site->devices[d].link != (int32_t)link || a->site->devices[d].unit != q->unit)
            continue;
        if (is_read(q->function)) {
            registers_set_clock(a->registers, d, faults_clock_s(a->faults, a->site, d, now_s));
            v = registers_read(a->registers, d, q->function, q->start, q->count,
                               faults_frozen(a->faults, a->site, d, now_s), ret_values);
        }
        if (found == NODE_NONE || v == REGISTERS_OK) {
            found = d;
            *ret_verdict = v;
        }
        if (v == REGISTERS_OK)
            break;
    }
    return found;
}

/* libmodbus's frame: the values, or an exception. */
static int build(struct answerer *a, size_t device, enum codec_framing framing,
                 const struct codec_request *q, unsigned exception, const uint16_t *values,
                 uint8_t *out) {
    if (exception == 0)
        return codec_reply(a->codec, framing, q, values, out);
    a->devices[device].exceptions++;
    return codec_reply_exception(a->codec, framing, q, exception, out);
}

static int send_reply(struct answerer *a, struct conn *c, enum codec_framing framing, size_t device,
                      const struct fault *fault, uint8_t *frame, size_t n, us_t now_us) {
    us_t due = now_us, byte_us = 0;

    if (fault != NULL) {
        n = damage_reply(fault, framing, frame, n);
        if (fault->kind == FAULT_LATE)
            due += (us_t)fault->ms * US_PER_MS;
        if (fault->kind == FAULT_TRICKLE)
            byte_us = (us_t)fault->ms * US_PER_MS;
    }
    if (conn_queue(c, frame, n, due, byte_us) < 0)
        return c->line ? ERR_OK : ERR_CLOSED; /* a line loses what nobody reads */
    a->devices[device].replies++;
    return ERR_OK;
}

int answer_request(struct answerer *a, struct conn *c, enum codec_framing framing, size_t n,
                   us_t now_us, double now_s) {
    struct codec_request q;
    uint8_t frame[DAMAGE_FRAME_MAX];
    enum register_verdict verdict;
    const uint16_t *values = NULL;
    const struct fault *fault;
    unsigned exception;
    size_t device;
    int length;

    if (codec_parse(a->codec, framing, c->in, n, &q) != ERR_OK) {
        a->links[c->link].bad_frames++;
        return ERR_CRC;
    }
    device = find_device(a, c->link, &q, now_s, &verdict, &values);
    if (device == NODE_NONE) {
        a->links[c->link].unknown_unit++;
        return ERR_OK;
    }
    a->devices[device].requests++;
    fault = faults_on_device(a->faults, a->site, device, now_s);
    a->devices[device].faults += fault != NULL;
    if (fault != NULL && fault->kind == FAULT_SILENT)
        return ERR_OK;
    if (fault != NULL && fault->kind == FAULT_RESET) {
        conn_reset(c);
        return ERR_CLOSED;
    }
    exception = fault != NULL && fault->kind == FAULT_EXCEPTION ? fault->code : (unsigned)verdict;
    length = build(a, device, framing, &q, exception, values, frame);
    if (length < 0) /* an RTU broadcast, or no exception libmodbus knows */
        return ERR_OK;
    return send_reply(a, c, framing, device, fault, frame, (size_t)length, now_us);
}
