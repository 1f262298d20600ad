/* What delivery over HTTPS reads besides what its library does, by the first byte: the body of an
 * answer (t), and the file of fixed batches (m). A text for the log has no control byte and stays
 * within its bounds; a list that is accepted is written again as it was. */
#include <string.h>

#include "base/err.h"
#include "harness.h"
#include "publish/batch_memory.h"
#include "publish/https_answer.h"

static void as_text(const char *bytes, size_t size) {
    char out[ANSWER_TEXT_BYTES];
    https_answer_text(bytes, size, out);
    size_t characters = 0;
    for (const char *c = out; *c; c++) {
        require((unsigned char)*c >= ' ' && *c != 0x7f);
        characters += ((unsigned char)*c & 0xc0) != 0x80 && *c != ' ';
    }
    require(characters <= ANSWER_TEXT_MAX && out[0] != ' ');
}

/* The checksum is right in one try of 2^64: it is made so. */
static void as_memory(const uint8_t *data, size_t size) {
    static struct batch_list list, again;
    uint8_t copy[BATCH_COPY_BYTES] = {0}, written_copy[BATCH_COPY_BYTES];
    uint64_t written, written_again;
    ms_t epoch, epoch_again;
    memcpy(copy, data, size < sizeof copy ? size : sizeof copy);
    batch_copy_read(copy, &written, &epoch, &list);
    batch_copy_seal(copy);
    if (batch_copy_read(copy, &written, &epoch, &list) < 0)
        return;
    require(list.count <= BATCHES_MAX);
    for (size_t i = 0; i < list.count; i++)
        require(list.batch[i].from > 0 && list.batch[i].from <= list.batch[i].to);
    batch_copy_write(written_copy, written, epoch, &list);
    require(batch_copy_read(written_copy, &written_again, &epoch_again, &again) == ERR_OK);
    require(written_again == written && epoch_again == epoch && again.count == list.count);
    for (size_t i = 0; i < list.count; i++)
        require(again.batch[i].from == list.batch[i].from &&
                again.batch[i].to == list.batch[i].to &&
                again.batch[i].accepted == list.batch[i].accepted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0)
        return 0;
    if (data[0] == 't')
        as_text((const char *)data + 1, size - 1);
    else if (data[0] == 'm')
        as_memory(data + 1, size - 1);
    return 0;
}
