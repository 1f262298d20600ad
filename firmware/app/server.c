#include "app/server.h"

#include <string.h>

#include "app/registers.h"
#include "base/err.h"

#define EXCEPTION_FUNCTION 1
#define EXCEPTION_ADDRESS  2
#define EXCEPTION_VALUE    3

#define WRITE_MAX        123 /* registers of one function 16 */
#define WRITE_SINGLE_LEN 5
#define WRITE_HEADER     6

#define ENCAPSULATED     43
#define DEVICE_ID        14
#define DEVICE_ID_LEN    4
#define DEVICE_ID_HEADER 7
#define CODE_BASIC       1
#define CODE_ONE         4
#define CONFORMITY       0x82 /* regular objects, by stream and one by one */

/* Objects 0 to 5 of the device identification; 3, the URL of the vendor, is empty. */
static const int objects[] = {TEXT_VENDOR, TEXT_MODEL, TEXT_VERSION, -1, TEXT_PRODUCT, TEXT_BUILD};
#define OBJECTS       (sizeof objects / sizeof objects[0])
#define BASIC_OBJECTS 3

static uint16_t get_u16(const uint8_t *bytes) {
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static uint8_t exception_of(int status) {
    switch (status) {
    case ERR_FUNCTION:
        return EXCEPTION_FUNCTION;
    case ERR_NOT_FOUND:
        return EXCEPTION_ADDRESS;
    default:
        return EXCEPTION_VALUE;
    }
}

/* Each of these returns the length of the reply or an error. */
static int handle_read(struct state *s, const uint8_t *pdu, size_t n, uint8_t *out) {
    uint16_t words[PDU_REGISTERS_MAX];
    struct pdu_read ask;
    int status = pdu_read_request_parse(pdu, n, &ask);
    if (status == ERR_OK)
        status = registers_read(s, ask.start, ask.count, words);
    return status == ERR_OK ? (int)pdu_read_reply_build(&ask, words, out) : status;
}

static int handle_write_single(struct state *s, const uint8_t *pdu, size_t n, uint8_t *out) {
    if (n != WRITE_SINGLE_LEN)
        return ERR_FRAME_LENGTH;
    const uint16_t word = get_u16(pdu + 3);
    const int status = registers_write(s, get_u16(pdu + 1), 1, &word);
    if (status != ERR_OK)
        return status;
    memcpy(out, pdu, WRITE_SINGLE_LEN);
    return WRITE_SINGLE_LEN;
}

static int handle_write_multiple(struct state *s, const uint8_t *pdu, size_t n, uint8_t *out) {
    uint16_t words[WRITE_MAX];
    if (n < WRITE_HEADER)
        return ERR_FRAME_LENGTH;
    const uint16_t count = get_u16(pdu + 3);
    if (count < 1 || count > WRITE_MAX || pdu[5] != 2 * count || n != (size_t)WRITE_HEADER + pdu[5])
        return ERR_RANGE;
    for (size_t i = 0; i < count; i++)
        words[i] = get_u16(pdu + WRITE_HEADER + 2 * i);
    const int status = registers_write(s, get_u16(pdu + 1), count, words);
    if (status != ERR_OK)
        return status;
    memcpy(out, pdu, WRITE_SINGLE_LEN);
    return WRITE_SINGLE_LEN;
}

static int handle_identification(const uint8_t *pdu, size_t n, uint8_t *out) {
    if (n < 2 || pdu[1] != DEVICE_ID)
        return ERR_FUNCTION;
    if (n != DEVICE_ID_LEN || pdu[2] < CODE_BASIC || pdu[2] > CODE_ONE)
        return ERR_RANGE;
    size_t first = pdu[3];
    size_t end = pdu[2] == CODE_BASIC ? BASIC_OBJECTS : OBJECTS;
    if (pdu[2] == CODE_ONE) {
        if (first >= OBJECTS)
            return ERR_NOT_FOUND;
        end = first + 1;
    } else if (first >= end) {
        first = 0; /* an unknown object starts the stream from its beginning */
    }
    uint8_t *at = out + DEVICE_ID_HEADER;
    for (size_t i = first; i < end; i++) {
        const char *text = objects[i] < 0 ? "" : register_text((enum register_text)objects[i]);
        const size_t length = strlen(text);
        *at++ = (uint8_t)i;
        *at++ = (uint8_t)length;
        memcpy(at, text, length);
        at += length;
    }
    const uint8_t header[DEVICE_ID_HEADER] = {
        ENCAPSULATED, DEVICE_ID, pdu[2], CONFORMITY, 0, 0, (uint8_t)(end - first)};
    memcpy(out, header, sizeof header);
    return (int)(at - out);
}

size_t server_handle(struct state *s, const uint8_t *pdu, size_t n, uint8_t out[PDU_MAX]) {
    int length;
    switch (pdu[0]) {
    case PDU_READ_HOLDING:
    case PDU_READ_INPUT:
        length = handle_read(s, pdu, n, out);
        break;
    case PDU_WRITE_SINGLE:
        length = handle_write_single(s, pdu, n, out);
        break;
    case PDU_WRITE_MULTIPLE:
        length = handle_write_multiple(s, pdu, n, out);
        break;
    case ENCAPSULATED:
        length = handle_identification(pdu, n, out);
        break;
    default:
        length = ERR_FUNCTION;
    }
    if (length > 0)
        return (size_t)length;
    s->count[COUNT_EXCEPTIONS]++;
    return pdu_exception_build(pdu[0], exception_of(length), out);
}
