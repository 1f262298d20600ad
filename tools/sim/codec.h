/* Modbus framing by libmodbus, which makes the simulator an oracle independent of the gateway's own
 * codec. libmodbus wants a descriptor to itself and blocks on it, so it is given one end of a
 * socket pair: a request goes in whole, the reply comes out whole, and whoever calls decides when
 * and how damaged it is sent. Owns the pairs and contexts; one thread. */
#ifndef BUSBAR_SIM_CODEC_H
#define BUSBAR_SIM_CODEC_H

#include <stddef.h>
#include <stdint.h>

#define CODEC_FRAME_MAX 260

enum codec_framing { CODEC_TCP, CODEC_RTU, CODEC_FRAMINGS };

/* A request as libmodbus understood it. */
struct codec_request {
    uint8_t unit, function;
    uint16_t start, count; /* of a read; whatever stands there otherwise */
    int length;
    uint8_t frame[CODEC_FRAME_MAX];
};

struct codec;

int codec_new(struct codec **ret); /* ERR_NOMEM, ERR_IO */
void codec_free(struct codec *c);

/* Length of the request that starts bytes[0..n): > 0 when whole, ERR_MORE, or ERR_FRAME_LENGTH when
 * no request starts so. Cuts the stream only; libmodbus judges the frame. */
int codec_request_length(enum codec_framing f, const uint8_t *bytes, size_t n);

/* Lets libmodbus take a whole request; ERR_CRC when it refuses it. */
int codec_parse(struct codec *c, enum codec_framing f, const uint8_t *bytes, size_t n,
                struct codec_request *ret);

/* libmodbus's reply to a parsed read with request.count registers (functions 3, 4) or bits (1, 2)
 * from values; its length. */
int codec_reply(struct codec *c, enum codec_framing f, const struct codec_request *request,
                const uint16_t *values, uint8_t out[CODEC_FRAME_MAX]);
int codec_reply_exception(struct codec *c, enum codec_framing f,
                          const struct codec_request *request, unsigned exception,
                          uint8_t out[CODEC_FRAME_MAX]);

#endif
