/* PDUs of the read functions, both sides. Input: function, start (2), count (2), then a PDU that is
 * read as a reply to that and as a request. What is accepted is what the builder writes, but for
 * the padding bits of the last byte of a bit reply. */
#include <string.h>

#include "base/err.h"
#include "harness.h"
#include "wire/pdu.h"

enum { HEAD = 5, MARK = 0xABCD };

static void check_reply(const struct pdu_read *ask, const uint8_t *pdu, size_t n) {
    uint16_t values[PDU_BITS_MAX + 1];
    uint8_t out[PDU_MAX], exception = 0;
    for (size_t i = 0; i <= ask->count; i++)
        values[i] = MARK;
    const int rc = pdu_read_reply(ask, pdu, n, values, &exception);
    require(values[ask->count] == MARK);
    require((rc == ERR_EXCEPTION) == (exception != 0));
    if (rc == ERR_EXCEPTION) {
        require(pdu_exception_build(ask->function, exception, out) == n);
        require(memcmp(out, pdu, n) == 0);
        require(pdu_exception_str(exception) != NULL);
    }
    if (rc != ERR_OK) {
        require(rc == ERR_EXCEPTION || rc == ERR_FUNCTION || rc == ERR_BYTE_COUNT ||
                rc == ERR_FRAME_LENGTH || rc == ERR_RANGE);
        for (size_t i = 0; i < ask->count; i++)
            require(values[i] == MARK);
        return;
    }
    require(n == pdu_read_reply_length(ask));
    require(pdu_read_reply_build(ask, values, out) == n);
    const int bits = ask->function <= PDU_READ_DISCRETE;
    const unsigned last_bits = bits && ask->count % 8 != 0 ? ask->count % 8U : 8U;
    require(memcmp(out, pdu, n - 1) == 0);
    require(((out[n - 1] ^ pdu[n - 1]) & ((1U << last_bits) - 1)) == 0);
}

static void check_request(const uint8_t *pdu, size_t n) {
    struct pdu_read ask;
    uint8_t out[PDU_READ_REQUEST];
    const int rc = pdu_read_request_parse(pdu, n, &ask);
    if (rc != ERR_OK) {
        require(rc == ERR_FUNCTION || rc == ERR_FRAME_LENGTH || rc == ERR_RANGE ||
                rc == ERR_NOT_FOUND);
        return;
    }
    require(pdu_read_request(&ask, out) == PDU_READ_REQUEST);
    require(n == PDU_READ_REQUEST && memcmp(out, pdu, n) == 0);
    require(pdu_read_reply_length(&ask) <= PDU_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < HEAD)
        return 0;
    const struct pdu_read ask = {
        .function = (uint8_t)(1 + data[0] % 4),
        .start = (uint16_t)(data[1] << 8 | data[2]),
        .count = (uint16_t)(data[3] << 8 | data[4]),
    };
    uint8_t request[PDU_READ_REQUEST];
    if (pdu_read_request(&ask, request) == PDU_READ_REQUEST)
        check_reply(&ask, data + HEAD, size - HEAD);
    check_request(data + HEAD, size - HEAD);
    return 0;
}
