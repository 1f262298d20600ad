/* Bytes <-> the state machine: frames of requests, replies taken apart. */
#include "acquire/link.h"

#include <string.h>

#include "acquire/link_report.h"
#include "base/err.h"
#include "wire/rtu.h"

size_t link_request_frame(struct link *l, uint8_t out[MBAP_MAX]) {
    const struct link_ask *ask = &l->fsm.ask;
    uint8_t pdu[PDU_READ_REQUEST];
    int n = pdu_read_request(&ask->read, pdu);
    if (n > 0 && l->def->kind == LINK_TCP)
        n = mbap_build(ask->transaction, ask->unit, pdu, (size_t)n, out);
    else if (n > 0)
        n = rtu_build(ask->unit, pdu, (size_t)n, out);
    if (l->def->kind != LINK_TCP) /* a TCP stream may hold the start of a late reply */
        l->rx_len = 0;
    atomic_fetch_add_explicit(&l->devices[ask->device].count[COUNT_REQUESTS], 1,
                              memory_order_relaxed);
    return n > 0 ? (size_t)n : 0;
}

static void consume(struct link *l, size_t n) {
    l->rx_len -= n;
    if (l->rx_len > 0)
        memmove(l->rx, l->rx + n, l->rx_len);
}

static void bad_frame(struct link *l, struct moment m, int reason) {
    link_report_bad_frame(l, reason, m.now);
    l->rx_len = 0;
    link_fsm_bad_frame(&l->fsm, m, reason);
}

/* The PDU of the reply to fsm.ask. False when it is none. */
static bool take_pdu(struct link *l, struct moment m, const uint8_t *pdu, size_t n) {
    uint16_t values[PDU_BITS_MAX];
    uint8_t exception = 0;
    int rc = pdu_read_reply(&l->fsm.ask.read, pdu, n, values, &exception);
    if (rc == ERR_EXCEPTION) {
        link_report_exception(l, exception, m.now);
        link_fsm_exception(&l->fsm, m, exception);
    } else if (rc < 0) {
        bad_frame(l, m, rc);
        return false;
    } else {
        if (l->fsm.rare)
            link_report_clock(l, values, m.now);
        else
            link_report_values(l, values, m.now);
        link_fsm_reply(&l->fsm, m);
    }
    return true;
}

/* False when the connection is to be closed. */
static bool take_mbap(struct link *l, struct moment m, const struct mbap_frame *frame) {
    const struct link_ask *ask = &l->fsm.ask;
    if (l->fsm.state == LINK_BUSY && frame->transaction == ask->transaction) {
        if (frame->unit == ask->unit)
            return take_pdu(l, m, frame->pdu, frame->pdu_len);
        bad_frame(l, m, ERR_UNIT);
        return false;
    }
    const struct link_ask *late = link_fsm_given_up(&l->fsm, frame->transaction);
    if (late == NULL || late->unit != frame->unit) {
        bad_frame(l, m, ERR_TRANSACTION);
        return false;
    }
    link_fsm_late(&l->fsm, m, late);
    return true;
}

static void receive_tcp(struct link *l, struct moment m) {
    while (l->rx_len > 0) {
        struct mbap_frame frame;
        int n = mbap_scan(l->rx, l->rx_len, &frame);
        if (n == ERR_MORE)
            return;
        if (n < 0) {
            bad_frame(l, m, n);
            return;
        }
        if (!take_mbap(l, m, &frame))
            return;
        consume(l, (size_t)n);
    }
}

/* Bytes that nothing in flight explains: perhaps the reply to the request given up last. */
static void receive_stray(struct link *l, struct moment m) {
    const struct link_ask *late = link_fsm_given_up_last(&l->fsm);
    struct rtu_frame frame;
    if (late != NULL && rtu_scan_reply(late->unit, &late->read, l->rx, l->rx_len, &frame) > 0) {
        link_fsm_late(&l->fsm, m, late);
        l->rx_len = 0;
    }
    if (l->rx_len == sizeof l->rx)
        l->rx_len = 0;
    link_fsm_noise(&l->fsm, m);
}

static void receive_rtu(struct link *l, struct moment m) {
    if (l->fsm.state != LINK_BUSY) {
        receive_stray(l, m);
        return;
    }
    struct rtu_frame frame;
    int n = rtu_scan_reply(l->fsm.ask.unit, &l->fsm.ask.read, l->rx, l->rx_len, &frame);
    if (n == ERR_MORE)
        return;
    if (n < 0) {
        bad_frame(l, m, n);
        return;
    }
    if (!take_pdu(l, m, frame.pdu, frame.pdu_len))
        return;
    consume(l, (size_t)n);
    if (l->rx_len > 0)
        link_fsm_noise(&l->fsm, m);
}

void link_receive(struct link *l, struct moment m) {
    l->utc_ahead = m.utc_ahead;
    if (l->def->kind == LINK_TCP)
        receive_tcp(l, m);
    else
        receive_rtu(l, m);
}

void link_check_partial(struct link *l, struct moment m) {
    if (l->def->kind == LINK_TCP && l->rx_len > 0 && l->fsm.state == LINK_BUSY &&
        m.now >= l->fsm.ask.deadline)
        bad_frame(l, m, ERR_TIMEOUT);
}

size_t link_reply_missing(const struct link *l) {
    if (l->fsm.state != LINK_BUSY || l->rx_len < 2)
        return 0;
    size_t whole = (l->rx[1] & 0x80) != 0 ? 5 : pdu_read_reply_length(&l->fsm.ask.read) + 3;
    return whole > l->rx_len ? whole - l->rx_len : 0;
}
