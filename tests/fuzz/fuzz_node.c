/* The feeder node's Modbus server. Input: requests one after the other, each a length and that many
 * bytes of PDU; byte 0 says whether writing is unlocked. Whatever comes, the reply fits its request
 * and no setting leaves its limits. */
#include <string.h>

#include "app/server.h"
#include "harness.h"

static void check_settings(const struct state *s) {
    for (int i = 0; i < SETTING_COUNT; i++)
        require(settings_fits((enum setting)i, s->draft.word[i]));
    require(s->command < COMMAND_COUNT);
    require(s->unlocked_s <= UNLOCK_S);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct state s;
    uint8_t reply[PDU_MAX];
    if (size < 1)
        return 0;
    memset(&s, 0, sizeof s);
    settings_default(&s.draft);
    s.unlocked_s = data[0] & 1;
    for (size_t at = 1; at < size;) {
        const size_t asked = data[at++];
        const size_t n = asked < size - at ? asked : size - at;
        if (n == 0 || n > PDU_MAX)
            continue;
        uint8_t pdu[PDU_MAX]; /* a copy, so that the sanitizer sees a read past its end */
        memcpy(pdu, data + at, n);
        at += n;
        const size_t length = server_handle(&s, pdu, n, reply);
        require(length >= 2 && length <= PDU_MAX);
        require(reply[0] == pdu[0] || (reply[0] == (pdu[0] | 0x80) && length == 2));
        check_settings(&s);
    }
    return 0;
}
