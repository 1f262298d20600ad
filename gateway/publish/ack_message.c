#include "publish/ack_message.h"

#include <jansson.h>

#include "base/err.h"

static int read_range(const json_t *pair, uint64_t seq_head, struct seq_range *ret) {
    if (!json_is_array(pair) || json_array_size(pair) != 2)
        return ERR_SYNTAX;
    const json_t *from = json_array_get(pair, 0), *to = json_array_get(pair, 1);
    if (!json_is_integer(from) || !json_is_integer(to))
        return ERR_SYNTAX;
    json_int_t a = json_integer_value(from), b = json_integer_value(to);
    if (a < 1 || b < a || (uint64_t)b > seq_head)
        return ERR_RANGE;
    *ret = (struct seq_range){.from = (uint64_t)a, .to = (uint64_t)b};
    return ERR_OK;
}

static int read_ranges(const json_t *ranges, uint64_t seq_head, struct seq_range *ret) {
    if (!json_is_array(ranges))
        return ERR_SYNTAX;
    size_t count = json_array_size(ranges);
    if (count > ACK_RANGES_MAX)
        return ERR_LIMIT;
    for (size_t i = 0; i < count; i++) {
        int rc = read_range(json_array_get(ranges, i), seq_head, &ret[i]);
        if (rc < 0)
            return rc;
    }
    return (int)count;
}

int ack_message_parse(const void *bytes, size_t n, ms_t epoch, uint64_t seq_head,
                      struct seq_range ret_ranges[ACK_RANGES_MAX]) {
    if (n > ACK_MESSAGE_MAX)
        return ERR_LIMIT;
    json_error_t where;
    json_t *root = json_loadb(bytes, n, JSON_REJECT_DUPLICATES, &where);
    if (!root)
        return ERR_SYNTAX;
    const json_t *member = json_object_get(root, "epoch");
    int rc = ERR_SYNTAX;
    if (json_is_integer(member)) {
        rc = ERR_NOT_FOUND;
        if (json_integer_value(member) == epoch)
            rc = read_ranges(json_object_get(root, "ranges"), seq_head, ret_ranges);
    }
    json_decref(root);
    return rc;
}
