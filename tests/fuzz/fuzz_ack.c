/* What the platform acknowledges, and what is kept of it. Input: an /ack message as it comes from
 * the broker (a), or a stored cursor: a floor of 8 bytes and its ranges (c). What is accepted keeps
 * its bounds, and a cursor is the same when it was written and read again. */
#include <string.h>

#include "base/err.h"
#include "harness.h"
#include "publish/ack_message.h"
#include "store/cursor.h"

#define EPOCH ((ms_t)1700000000000)
#define HEAD  ((uint64_t)100000)

static void check_cursor(const struct cursor *c) {
    require(c->count <= CURSOR_RANGES_MAX);
    uint64_t end = c->floor;
    for (size_t i = 0; i < c->count; i++) {
        require(c->ranges[i].from <= c->ranges[i].to && c->ranges[i].from > end + 1);
        end = c->ranges[i].to;
        require(cursor_has(c, c->ranges[i].from) && cursor_has(c, end));
    }
}

static void as_message(const uint8_t *data, size_t size) {
    static struct seq_range ranges[ACK_RANGES_MAX];
    static struct cursor cursor;
    int n = ack_message_parse(data, size, EPOCH, HEAD, ranges);
    require(n <= ACK_RANGES_MAX);
    memset(&cursor, 0, sizeof cursor);
    for (int i = 0; i < n; i++) {
        require(ranges[i].from >= 1 && ranges[i].from <= ranges[i].to && ranges[i].to <= HEAD);
        cursor_ack(&cursor, ranges[i].from, ranges[i].to);
        check_cursor(&cursor);
    }
}

static void as_cursor(const uint8_t *data, size_t size) {
    static struct cursor c, again;
    uint8_t bytes[CURSOR_BYTES_MAX];
    uint64_t floor = 0;
    struct pack p;
    for (int i = 0; size > 0 && i < 8; i++, data++, size--)
        floor = floor << 8 | *data;
    memset(&c, 0, sizeof c);
    if (cursor_restore(&c, floor, data, size) < 0)
        return;
    check_cursor(&c);
    pack_init(&p, bytes, sizeof bytes);
    cursor_save(&c, &p);
    memset(&again, 0, sizeof again);
    require(!p.overflow && cursor_restore(&again, c.floor, bytes, p.len) == ERR_OK);
    require(again.count == c.count && again.floor == c.floor);
    for (size_t i = 0; i < c.count; i++)
        require(again.ranges[i].from == c.ranges[i].from && again.ranges[i].to == c.ranges[i].to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    if (data[0] == 'c')
        as_cursor(data + 1, size - 1);
    else
        as_message(data + 1, size - 1);
    return 0;
}
