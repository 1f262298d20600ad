/* Result codes of every layer.
 *
 * A function that can fail returns an int: >= 0 good, < 0 one of these. Out-parameters named ret_*
 * are untouched on failure. err_str() gives the words for a log line. Pure. */
#ifndef BUSBAR_BASE_ERR_H
#define BUSBAR_BASE_ERR_H

/* name, value, words */
#define ERR_LIST(X)                                                                                \
    X(ERR_OK, 0, "ok")                                                                             \
    X(ERR_NOMEM, -1, "out of memory")                                                              \
    X(ERR_IO, -2, "input/output error")                                                            \
    X(ERR_LIMIT, -3, "limit exceeded")                                                             \
    X(ERR_RANGE, -4, "value out of range")                                                         \
    X(ERR_SYNTAX, -5, "syntax error")                                                              \
    X(ERR_NOT_FOUND, -6, "not found")                                                              \
    X(ERR_MORE, -7, "more bytes needed")                                                           \
    X(ERR_TIMEOUT, -8, "no reply in time")                                                         \
    X(ERR_CLOSED, -9, "connection closed by the peer")                                             \
    X(ERR_REFUSED, -10, "connection refused")                                                      \
    X(ERR_UNREACHABLE, -11, "host unreachable")                                                    \
    X(ERR_CORRUPT, -12, "stored data is corrupt")                                                  \
    X(ERR_VERSION, -13, "version is newer than this program")                                      \
    X(ERR_BUSY, -14, "in use by another process")                                                  \
    X(ERR_FULL, -15, "no space left")                                                              \
    /* Modbus frames */                                                                            \
    X(ERR_EXCEPTION, -30, "device answered with an exception")                                     \
    X(ERR_CRC, -31, "checksum (CRC) wrong")                                                        \
    X(ERR_PROTOCOL_ID, -32, "MBAP protocol id is not 0")                                           \
    X(ERR_FRAME_LENGTH, -33, "frame length impossible")                                            \
    X(ERR_TRANSACTION, -34, "transaction id was never asked")                                      \
    X(ERR_LATE, -35, "late reply to a request already given up")                                   \
    X(ERR_UNIT, -36, "reply from another unit id")                                                 \
    X(ERR_FUNCTION, -37, "reply with another function")                                            \
    X(ERR_BYTE_COUNT, -38, "byte count does not fit the request")                                  \
    X(ERR_TRAILING, -39, "bytes after the end of the frame")

enum err {
#define X(name, value, words) name = (value),
    ERR_LIST(X)
#undef X
};

/* Words for a code; "unknown error" for anything else. Never NULL. */
const char *err_str(int code);

#endif
