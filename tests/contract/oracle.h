/* What the contract tests of the wire codec share: one address space with known contents, and the
 * reads both sides are asked for. libmodbus is the independent implementation they are held
 * against. */
#ifndef BUSBAR_TESTS_CONTRACT_ORACLE_H
#define BUSBAR_TESTS_CONTRACT_ORACLE_H

#include <modbus.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "wire/pdu.h"

enum { ORACLE_BITS = 2100, ORACLE_REGISTERS = 200, ORACLE_WAIT_MS = 10000 };

/* Every table of the address space holds something else at every address. */
static inline uint16_t oracle_value(uint8_t function, size_t address) {
    const size_t mixed = (address * 2654435761U + function * 40503U) >> 7;
    return (uint16_t)(function <= PDU_READ_DISCRETE ? mixed & 1 : mixed & 0xFFFF);
}

static inline modbus_mapping_t *oracle_mapping(void) {
    modbus_mapping_t *map =
        modbus_mapping_new(ORACLE_BITS, ORACLE_BITS, ORACLE_REGISTERS, ORACLE_REGISTERS);
    if (map == NULL)
        return NULL;
    for (size_t i = 0; i < ORACLE_BITS; i++) {
        map->tab_bits[i] = (uint8_t)oracle_value(PDU_READ_COILS, i);
        map->tab_input_bits[i] = (uint8_t)oracle_value(PDU_READ_DISCRETE, i);
    }
    for (size_t i = 0; i < ORACLE_REGISTERS; i++) {
        map->tab_registers[i] = oracle_value(PDU_READ_HOLDING, i);
        map->tab_input_registers[i] = oracle_value(PDU_READ_INPUT, i);
    }
    return map;
}

struct oracle_read {
    struct pdu_read ask;
    uint8_t exception; /* 0: answered with values */
};

static const struct oracle_read oracle_reads[] = {
    {{PDU_READ_COILS, 0, 1}, 0},         {{PDU_READ_COILS, 19, 19}, 0},
    {{PDU_READ_COILS, 5, 2000}, 0},      {{PDU_READ_COILS, 2099, 1}, 0},
    {{PDU_READ_COILS, 2099, 2}, 2},      {{PDU_READ_DISCRETE, 7, 8}, 0},
    {{PDU_READ_DISCRETE, 100, 2000}, 0}, {{PDU_READ_DISCRETE, 60000, 1}, 2},
    {{PDU_READ_HOLDING, 0, 1}, 0},       {{PDU_READ_HOLDING, 75, 125}, 0},
    {{PDU_READ_HOLDING, 76, 125}, 2},    {{PDU_READ_HOLDING, 65535, 1}, 2},
    {{PDU_READ_INPUT, 199, 1}, 0},       {{PDU_READ_INPUT, 3, 125}, 0},
    {{PDU_READ_INPUT, 200, 1}, 2},
};
#define ORACLE_READS (sizeof oracle_reads / sizeof oracle_reads[0])

/* Our codec as a server: the reply PDU to a request PDU, over the same address space. */
static inline size_t oracle_serve(const uint8_t *pdu, size_t n, uint8_t out[PDU_MAX]) {
    static uint16_t values[PDU_BITS_MAX]; /* one serving thread at a time */
    struct pdu_read ask;
    const int rc = pdu_read_request_parse(pdu, n, &ask);
    if (rc == ERR_FUNCTION)
        return pdu_exception_build(pdu[0], 1, out);
    const size_t size = pdu[0] <= PDU_READ_DISCRETE ? ORACLE_BITS : ORACLE_REGISTERS;
    if (rc == ERR_NOT_FOUND || (rc == ERR_OK && (size_t)ask.start + ask.count > size))
        return pdu_exception_build(pdu[0], 2, out);
    if (rc != ERR_OK)
        return pdu_exception_build(pdu[0], 3, out);
    for (size_t i = 0; i < ask.count; i++)
        values[i] = oracle_value(ask.function, ask.start + i);
    return pdu_read_reply_build(&ask, values, out);
}

/* libmodbus as a client: the same read through its own API. Returns the count read, or -1 with
 * errno; ret_values is widened to 16 bits as ours is. */
static inline int oracle_client_read(modbus_t *ctx, const struct pdu_read *ask,
                                     uint16_t *ret_values) {
    static uint8_t bits[MODBUS_MAX_READ_BITS];
    int n = -1;
    if (ask->function == PDU_READ_HOLDING)
        return modbus_read_registers(ctx, ask->start, ask->count, ret_values);
    if (ask->function == PDU_READ_INPUT)
        return modbus_read_input_registers(ctx, ask->start, ask->count, ret_values);
    if (ask->function == PDU_READ_COILS)
        n = modbus_read_bits(ctx, ask->start, ask->count, bits);
    else
        n = modbus_read_input_bits(ctx, ask->start, ask->count, bits);
    for (int i = 0; i < n; i++)
        ret_values[i] = bits[i];
    return n;
}

/* libmodbus as a server: answers requests until the other side closes. Before it answers an illegal
 * count it sleeps for its response timeout, so that is kept short. */
enum { ORACLE_SERVER_TIMEOUT_US = 50000 };

static inline void oracle_server_run(modbus_t *ctx, modbus_mapping_t *map) {
    uint8_t query[MODBUS_MAX_ADU_LENGTH];
    for (;;) {
        const int n = modbus_receive(ctx, query);
        if (n < 0)
            return;
        if (n > 0) /* 0: for another unit */
            modbus_reply(ctx, query, n, map);
    }
}

#endif
