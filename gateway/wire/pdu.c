#include "wire/pdu.h"

#include <stdbool.h>
#include <string.h>

#include "base/err.h"

#define EXCEPTION_BIT 0x80

static bool reads_bits(uint8_t function) {
    return function == PDU_READ_COILS || function == PDU_READ_DISCRETE;
}

static bool is_read(uint8_t function) {
    return reads_bits(function) || function == PDU_READ_HOLDING || function == PDU_READ_INPUT;
}

static bool count_fits(uint8_t function, uint16_t count) {
    return count >= 1 && count <= (reads_bits(function) ? PDU_BITS_MAX : PDU_REGISTERS_MAX);
}

static bool fits_address_space(uint16_t start, uint16_t count) {
    return (uint32_t)start + count <= 65536;
}

static void put_u16(uint8_t *out, uint16_t v) {
    out[0] = (uint8_t)(v >> 8);
    out[1] = (uint8_t)v;
}

static uint16_t get_u16(const uint8_t *bytes) {
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

int pdu_read_request(const struct pdu_read *ask, uint8_t out[PDU_READ_REQUEST]) {
    if (!is_read(ask->function) || !count_fits(ask->function, ask->count) ||
        !fits_address_space(ask->start, ask->count))
        return ERR_RANGE;
    out[0] = ask->function;
    put_u16(out + 1, ask->start);
    put_u16(out + 3, ask->count);
    return PDU_READ_REQUEST;
}

static size_t data_bytes(const struct pdu_read *ask) {
    return reads_bits(ask->function) ? ((size_t)ask->count + 7) / 8 : (size_t)ask->count * 2;
}

size_t pdu_read_reply_length(const struct pdu_read *ask) {
    return 2 + data_bytes(ask);
}

int pdu_read_reply(const struct pdu_read *ask, const uint8_t *pdu, size_t n, uint16_t *ret_values,
                   uint8_t *ret_exception) {
    if (n < 1)
        return ERR_FRAME_LENGTH;
    if (pdu[0] == (ask->function | EXCEPTION_BIT)) {
        if (n != 2)
            return ERR_FRAME_LENGTH;
        if (pdu[1] == 0)
            return ERR_RANGE;
        *ret_exception = pdu[1];
        return ERR_EXCEPTION;
    }
    if (pdu[0] != ask->function)
        return ERR_FUNCTION;
    if (n < 2)
        return ERR_FRAME_LENGTH;
    if (pdu[1] != data_bytes(ask))
        return ERR_BYTE_COUNT;
    if (n != pdu_read_reply_length(ask))
        return ERR_FRAME_LENGTH;
    const uint8_t *data = pdu + 2;
    if (reads_bits(ask->function)) {
        for (size_t i = 0; i < ask->count; i++)
            ret_values[i] = data[i / 8] >> i % 8 & 1;
    } else {
        for (size_t i = 0; i < ask->count; i++)
            ret_values[i] = get_u16(data + 2 * i);
    }
    return ERR_OK;
}

int pdu_read_request_parse(const uint8_t *pdu, size_t n, struct pdu_read *ret_ask) {
    if (n < 1)
        return ERR_FRAME_LENGTH;
    if (!is_read(pdu[0]))
        return ERR_FUNCTION;
    if (n != PDU_READ_REQUEST)
        return ERR_FRAME_LENGTH;
    const struct pdu_read ask = {
        .function = pdu[0], .start = get_u16(pdu + 1), .count = get_u16(pdu + 3)};
    if (!count_fits(ask.function, ask.count))
        return ERR_RANGE;
    if (!fits_address_space(ask.start, ask.count))
        return ERR_NOT_FOUND;
    *ret_ask = ask;
    return ERR_OK;
}

size_t pdu_read_reply_build(const struct pdu_read *ask, const uint16_t *values,
                            uint8_t out[PDU_MAX]) {
    if (!is_read(ask->function) || !count_fits(ask->function, ask->count))
        return 0;
    const size_t bytes = data_bytes(ask);
    uint8_t *data = out + 2;
    out[0] = ask->function;
    out[1] = (uint8_t)bytes;
    if (reads_bits(ask->function)) {
        memset(data, 0, bytes);
        for (size_t i = 0; i < ask->count; i++)
            data[i / 8] = (uint8_t)(data[i / 8] | (values[i] != 0) << i % 8);
    } else {
        for (size_t i = 0; i < ask->count; i++)
            put_u16(data + 2 * i, values[i]);
    }
    return 2 + bytes;
}

size_t pdu_exception_build(uint8_t function, uint8_t exception, uint8_t out[PDU_MAX]) {
    out[0] = function | EXCEPTION_BIT;
    out[1] = exception;
    return 2;
}

const char *pdu_exception_str(uint8_t exception) {
    switch (exception) {
    case 1:
        return "illegal function";
    case 2:
        return "illegal data address";
    case 3:
        return "illegal data value";
    case 4:
        return "server device failure";
    case 5:
        return "acknowledge";
    case 6:
        return "server device busy";
    case 8:
        return "memory parity error";
    case 10:
        return "gateway path unavailable";
    case 11:
        return "gateway target device failed to respond";
    default:
        return "unknown exception";
    }
}
