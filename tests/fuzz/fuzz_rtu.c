/* RTU scanners of both sides. Input: unit, function, start (2), count (2), then line bytes. They
 * are scanned as they are, and once more as a PDU put into a frame with a good CRC, because no
 * fuzzer guesses a CRC. */
#include <string.h>

#include "base/err.h"
#include "harness.h"
#include "wire/rtu.h"

enum { HEAD = 6 };

static void check_frame(const uint8_t *bytes, int length, const struct rtu_frame *f) {
    uint8_t out[RTU_MAX];
    require(length >= 4 && length <= RTU_MAX);
    require(f->pdu == bytes + 1 && f->pdu_len == (size_t)length - 3);
    require(rtu_build(f->unit, f->pdu, f->pdu_len, out) == length);
    require(memcmp(out, bytes, (size_t)length) == 0);
}

/* The first verdict stands, however many bytes follow. */
static void check_reply(uint8_t unit, const struct pdu_read *ask, const uint8_t *bytes, size_t n) {
    struct rtu_frame f = {0}, part;
    const int rc = rtu_scan_reply(unit, ask, bytes, n, &f);
    require(rc > 0 || rc == ERR_MORE || rc == ERR_UNIT || rc == ERR_FUNCTION ||
            rc == ERR_BYTE_COUNT || rc == ERR_CRC);
    size_t k = 0;
    while (k < n && rtu_scan_reply(unit, ask, bytes, k, &part) == ERR_MORE)
        k++;
    require(rtu_scan_reply(unit, ask, bytes, k, &part) == rc);
    require(rc != ERR_MORE || n < pdu_read_reply_length(ask) + 3);
    if (rc <= 0)
        return;
    uint16_t values[PDU_BITS_MAX];
    uint8_t exception = 0;
    check_frame(bytes, rc, &f);
    require(f.unit == unit);
    const int verdict = pdu_read_reply(ask, f.pdu, f.pdu_len, values, &exception);
    require(verdict == ERR_OK || verdict == ERR_EXCEPTION || verdict == ERR_RANGE);
    require((verdict == ERR_EXCEPTION) == (exception != 0));
}

static void check_request(const uint8_t *bytes, size_t n) {
    struct rtu_frame f = {0}, part;
    const int rc = rtu_scan_request(bytes, n, &f);
    require(rc > 0 || rc == ERR_MORE || rc == ERR_FUNCTION || rc == ERR_FRAME_LENGTH ||
            rc == ERR_CRC);
    size_t k = 0;
    while (k < n && rtu_scan_request(bytes, k, &part) == ERR_MORE)
        k++;
    require(rtu_scan_request(bytes, k, &part) == rc);
    require(rc != ERR_MORE || n < RTU_MAX);
    if (rc > 0)
        check_frame(bytes, rc, &f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < HEAD)
        return 0;
    const struct pdu_read ask = {
        .function = (uint8_t)(1 + data[1] % 4),
        .start = (uint16_t)(data[2] << 8 | data[3]),
        .count = (uint16_t)(data[4] << 8 | data[5]),
    };
    uint8_t out[RTU_MAX];
    if (pdu_read_request(&ask, out) < 0)
        return 0;
    check_reply(data[0], &ask, data + HEAD, size - HEAD);
    check_request(data + HEAD, size - HEAD);
    const int n = rtu_build(data[0], data + HEAD, size - HEAD, out);
    if (n > 0) {
        check_reply(data[0], &ask, out, (size_t)n);
        check_request(out, (size_t)n);
    }
    return 0;
}
