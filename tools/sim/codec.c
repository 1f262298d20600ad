#include <errno.h>
#include <modbus/modbus.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "sim/codec.h"

#define MBAP_BYTES      7
#define MBAP_LENGTH_MAX 254 /* unit and a PDU of 253 bytes */
#define BITS_MAX        2000
#define WAIT_US         20000 /* libmodbus never waits longer for a short frame */

struct pair {
    modbus_t *context;
    int near, far; /* our end, libmodbus's end */
};

struct codec {
    struct pair pairs[CODEC_FRAMINGS];
    uint8_t bits[BITS_MAX];
};

static int pair_open(struct pair *p, enum codec_framing f) {
    int ends[2];

    p->context = f == CODEC_TCP ? modbus_new_tcp("127.0.0.1", 502)
                                : modbus_new_rtu("/dev/null", 9600, 'N', 8, 1);
    if (p->context == NULL)
        return ERR_NOMEM;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
        return ERR_IO;
    p->near = ends[0];
    p->far = ends[1];
    (void)modbus_set_socket(p->context, p->far);
    (void)modbus_set_indication_timeout(p->context, 0, WAIT_US);
    (void)modbus_set_byte_timeout(p->context, 0, WAIT_US);
    return ERR_OK;
}

static void pair_close(struct pair *p) {
    modbus_free(p->context);
    if (p->near >= 0)
        (void)close(p->near);
    if (p->far >= 0)
        (void)close(p->far);
}

int codec_new(struct codec **ret) {
    struct codec *c = calloc(1, sizeof *c);
    int rc = ERR_OK;

    if (c == NULL)
        return ERR_NOMEM;
    for (int f = 0; f < CODEC_FRAMINGS; f++)
        c->pairs[f].near = c->pairs[f].far = -1;
    for (int f = 0; f < CODEC_FRAMINGS && rc == ERR_OK; f++)
        rc = pair_open(&c->pairs[f], (enum codec_framing)f);
    if (rc != ERR_OK) {
        codec_free(c);
        return rc;
    }
    *ret = c;
    return ERR_OK;
}

void codec_free(struct codec *c) {
    if (c == NULL)
        return;
    for (int f = 0; f < CODEC_FRAMINGS; f++)
        pair_close(&c->pairs[f]);
    free(c);
}

static int tcp_length(const uint8_t *bytes, size_t n) {
    size_t length;

    if (n < MBAP_BYTES - 1)
        return ERR_MORE;
    length = (size_t)(bytes[4] << 8 | bytes[5]);
    if (bytes[2] != 0 || bytes[3] != 0 || length < 2 || length > MBAP_LENGTH_MAX)
        return ERR_FRAME_LENGTH;
    return n < MBAP_BYTES - 1 + length ? ERR_MORE : (int)(MBAP_BYTES - 1 + length);
}

static int rtu_length(const uint8_t *bytes, size_t n) {
    size_t length;

    if (n < 2)
        return ERR_MORE;
    if (bytes[1] >= 1 && bytes[1] <= 6) {
        length = 8;
    } else if (bytes[1] == 15 || bytes[1] == 16) {
        if (n < 7)
            return ERR_MORE;
        length = 9u + bytes[6];
    } else {
        return ERR_FRAME_LENGTH;
    }
    return n < length ? ERR_MORE : (int)length;
}

int codec_request_length(enum codec_framing f, const uint8_t *bytes, size_t n) {
    return f == CODEC_TCP ? tcp_length(bytes, n) : rtu_length(bytes, n);
}

/* Leaves both ends empty, whatever a damaged frame left behind. */
static void pair_drain(const struct pair *p) {
    uint8_t waste[CODEC_FRAME_MAX];

    while (recv(p->near, waste, sizeof waste, MSG_DONTWAIT) > 0) {
    }
    while (recv(p->far, waste, sizeof waste, MSG_DONTWAIT) > 0) {
    }
}

int codec_parse(struct codec *c, enum codec_framing f, const uint8_t *bytes, size_t n,
                struct codec_request *ret) {
    struct pair *p = &c->pairs[f];
    uint8_t frame[MODBUS_MAX_ADU_LENGTH];
    int head = modbus_get_header_length(p->context), length;

    if (n > CODEC_FRAME_MAX || head < 1)
        return ERR_FRAME_LENGTH;
    pair_drain(p);
    /* libmodbus takes RTU requests for its own unit only: it shall be all of them in turn */
    if (f == CODEC_RTU && modbus_set_slave(p->context, bytes[0]) < 0)
        return ERR_UNIT;
    if (send(p->near, bytes, n, MSG_NOSIGNAL) != (ssize_t)n)
        return ERR_IO;
    length = modbus_receive(p->context, frame);
    if (length < head + 1)
        return ERR_CRC;
    *ret = (struct codec_request){.unit = frame[head - 1], .function = frame[head]};
    if (length >= head + 5) {
        ret->start = (uint16_t)(frame[head + 1] << 8 | frame[head + 2]);
        ret->count = (uint16_t)(frame[head + 3] << 8 | frame[head + 4]);
    }
    ret->length = length;
    memcpy(ret->frame, frame, (size_t)length);
    return ERR_OK;
}

/* What libmodbus has just written. */
static int take_reply(const struct pair *p, int rc, uint8_t *out) {
    ssize_t n;

    if (rc < 0)
        return ERR_IO;
    n = recv(p->near, out, CODEC_FRAME_MAX, MSG_DONTWAIT);
    return n > 0 ? (int)n : ERR_IO; /* nothing: an RTU broadcast is never answered */
}

int codec_reply(struct codec *c, enum codec_framing f, const struct codec_request *request,
                const uint16_t *values, uint8_t out[CODEC_FRAME_MAX]) {
    struct pair *p = &c->pairs[f];
    uint16_t words[MODBUS_MAX_READ_REGISTERS] = {0};
    modbus_mapping_t map = {0};
    int count = request->count;

    if (request->function <= 2) {
        for (int i = 0; i < count && i < BITS_MAX; i++)
            c->bits[i] = values[i] != 0;
        map.nb_bits = map.nb_input_bits = count;
        map.start_bits = map.start_input_bits = request->start;
        map.tab_bits = map.tab_input_bits = c->bits;
    } else {
        if (count > MODBUS_MAX_READ_REGISTERS)
            return ERR_RANGE;
        memcpy(words, values, (size_t)count * sizeof *words);
        map.nb_registers = map.nb_input_registers = count;
        map.start_registers = map.start_input_registers = request->start;
        map.tab_registers = map.tab_input_registers = words;
    }
    pair_drain(p);
    return take_reply(p, modbus_reply(p->context, request->frame, request->length, &map), out);
}

int codec_reply_exception(struct codec *c, enum codec_framing f,
                          const struct codec_request *request, unsigned exception,
                          uint8_t out[CODEC_FRAME_MAX]) {
    struct pair *p = &c->pairs[f];

    pair_drain(p);
    return take_reply(p, modbus_reply_exception(p->context, request->frame, exception), out);
}
