/* MBAP scanner: any bytes, any split. A verdict never changes when more bytes come, and an accepted
 * frame is exactly what the builder writes. */
#include <string.h>

#include "base/err.h"
#include "harness.h"
#include "wire/mbap.h"

/* The verdict on a whole input, reached byte by byte. */
static int scan_growing(const uint8_t *data, size_t size, struct mbap_frame *ret_frame) {
    for (size_t n = 0; n <= size; n++) {
        const int rc = mbap_scan(data, n, ret_frame);
        if (rc == ERR_MORE)
            continue;
        require(rc < 0 || (size_t)rc == n);
        return rc;
    }
    return ERR_MORE;
}

static void check_frame(const uint8_t *data, int length, const struct mbap_frame *f) {
    uint8_t out[MBAP_MAX];
    require(length > MBAP_HEADER && length <= MBAP_MAX);
    require(f->pdu == data + MBAP_HEADER);
    require(f->pdu_len == (size_t)length - MBAP_HEADER);
    require(mbap_build(f->transaction, f->unit, f->pdu, f->pdu_len, out) == length);
    require(memcmp(out, data, (size_t)length) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    for (;;) { /* frame by frame, as a stream is read */
        struct mbap_frame whole, grown;
        const int rc = mbap_scan(data, size, &whole);
        require(rc > 0 || rc == ERR_MORE || rc == ERR_PROTOCOL_ID || rc == ERR_FRAME_LENGTH);
        require(rc != ERR_MORE || size < MBAP_MAX);
        const int growing = scan_growing(data, size, &grown);
        require(growing == rc);
        if (rc <= 0)
            return 0;
        check_frame(data, rc, &whole);
        data += rc;
        size -= (size_t)rc;
    }
}
