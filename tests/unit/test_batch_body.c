/* The content of a batch: lines with MQTT's own bodies, the same bytes each time, in each
 * compression. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>
#include <zstd.h>

#include "base/err.h"
#include "publish/batch_body.h"
#include "publish/bodies.h"
#include "store/db.h"
#include "store_rig.h"

static void a_line_is_topic_and_body(void **state) {
    (void)state;
    char memory[64];
    struct buf b;
    buf_init(&b, memory, sizeof memory);
    assert_true(batch_line_put(&b, "event", "{\"v\":1}", 7));
    assert_string_equal(b.data, "{\"topic\":\"event\",\"body\":{\"v\":1}}\n");
    size_t len = b.len;
    assert_false(batch_line_put(&b, "event", "{\"v\":1}", 7));
    assert_int_equal(b.len, len);
    assert_true(buf_ok(&b));
}

struct batch_rig {
    struct rig rig;
    struct reader *reader;
    struct outbox_row rows[100];
    size_t count;
    char *text, *line;
    struct buf b;
};

static void open_batch(struct batch_rig *g) {
    rig_init(&g->rig, T0);
    rig_run(&g->rig, T0, T0 + 15 * MINUTE + 5000);
    assert_int_equal(reader_open(g->rig.works.path, &g->reader), ERR_OK);
    int n = reader_outbox(g->reader, "x", 0, g->rows, 100);
    assert_true(n >= 16);
    g->count = (size_t)n;
    g->text = malloc(BATCH_TEXT_MAX);
    g->line = malloc(BATCH_LINE_MAX);
    assert_true(g->text && g->line);
    buf_init(&g->b, g->text, BATCH_TEXT_MAX);
}

static void close_batch(struct batch_rig *g) {
    reader_close(g->reader);
    free(g->text);
    free(g->line);
    rig_fini(&g->rig);
}

static void a_batch_holds_the_bodies_of_mqtt(void **state) {
    (void)state;
    static struct batch_rig g;
    static char body[BATCH_LINE_MAX];
    open_batch(&g);
    assert_int_equal(batch_body_write(g.reader, g.rig.writer.epoch, g.rows, g.count, g.line, &g.b),
                     g.count);
    const char *at = g.text;
    for (size_t i = 0; i < g.count; i++) {
        struct buf b;
        char head[80];
        buf_init(&b, body, sizeof body);
        assert_int_equal(reader_body(g.reader, &g.rows[i], &b), ERR_OK);
        snprintf(head, sizeof head, "{\"topic\":\"%s\",\"body\":", outbox_topic(g.rows[i].kind));
        assert_memory_equal(at, head, strlen(head));
        at += strlen(head);
        assert_memory_equal(at, body, b.len);
        at += b.len;
        assert_memory_equal(at, "}\n", 2);
        at += 2;
    }
    assert_int_equal(at - g.text, g.b.len);
    close_batch(&g);
}

static void a_thinned_row_leaves_its_tombstone(void **state) {
    (void)state;
    static struct batch_rig g;
    open_batch(&g);
    assert_int_equal(db_exec(g.rig.writer.db, "DELETE FROM record"), ERR_OK);
    assert_int_equal(batch_body_write(g.reader, g.rig.writer.epoch, g.rows, 2, g.line, &g.b), 2);
    assert_non_null(strstr(g.text, "{\"topic\":\"record/1m\",\"body\":{\"v\":1,"));
    assert_non_null(strstr(g.text, "\"seq_from\":1,\"seq_to\":1,\"dropped\":\"thinned\"}}\n"));
    close_batch(&g);
}

static void a_batch_ends_where_it_is_full_or_a_row_cannot_be_read(void **state) {
    (void)state;
    static struct batch_rig g;
    open_batch(&g);
    ms_t epoch = g.rig.writer.epoch;
    assert_int_equal(batch_body_write(g.reader, epoch, g.rows, 1, g.line, &g.b), 1);
    size_t one = g.b.len;
    buf_init(&g.b, g.text, 3 * one + one / 2);
    assert_int_equal(batch_body_write(g.reader, epoch, g.rows, g.count, g.line, &g.b), 3);
    assert_int_equal(g.text[g.b.len - 1], '\n');
    buf_init(&g.b, g.text, one / 2);
    assert_int_equal(batch_body_write(g.reader, epoch, g.rows, g.count, g.line, &g.b), ERR_LIMIT);
    assert_int_equal(g.b.len, 0);
    assert_int_equal(db_exec(g.rig.writer.db, "UPDATE record SET layout=99999"), ERR_OK);
    buf_init(&g.b, g.text, BATCH_TEXT_MAX);
    assert_int_equal(batch_body_write(g.reader, epoch, g.rows, g.count, g.line, &g.b), ERR_CORRUPT);
    close_batch(&g);
}

static void check_gzip(const char *packed, size_t n, const char *text, size_t len) {
    static char out[200000];
    z_stream z = {.next_in = (Bytef *)(uintptr_t)packed,
                  .avail_in = (uInt)n,
                  .next_out = (Bytef *)out,
                  .avail_out = sizeof out};
    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    inflateEnd(&z);
    assert_int_equal(z.total_out, len);
    assert_memory_equal(out, text, len);
}

static void each_compression_gives_the_text_back_and_the_same_bytes_twice(void **state) {
    (void)state;
    static char text[100000], out[200000];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)('a' + i % 7 + i % 3);
    for (int c = DELIVER_ZSTD; c <= DELIVER_PLAIN; c++) {
        size_t n = 0, again_n = 0;
        char *packed = batch_body_encode((enum deliver_compression)c, text, sizeof text, &n);
        char *again = batch_body_encode((enum deliver_compression)c, text, sizeof text, &again_n);
        assert_true(packed && again);
        assert_int_equal(n, again_n);
        assert_memory_equal(packed, again, n);
        if (c == DELIVER_ZSTD) {
            assert_int_equal(ZSTD_decompress(out, sizeof out, packed, n), sizeof text);
            assert_memory_equal(out, text, sizeof text);
        } else if (c == DELIVER_GZIP) {
            check_gzip(packed, n, text, sizeof text);
        } else {
            assert_int_equal(n, sizeof text);
            assert_memory_equal(packed, text, n);
        }
        free(packed);
        free(again);
    }
    assert_string_equal(batch_encoding_name(DELIVER_ZSTD), "zstd");
    assert_string_equal(batch_encoding_name(DELIVER_GZIP), "gzip");
    assert_null(batch_encoding_name(DELIVER_PLAIN));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_topic_and_body),
        cmocka_unit_test(a_batch_holds_the_bodies_of_mqtt),
        cmocka_unit_test(a_thinned_row_leaves_its_tombstone),
        cmocka_unit_test(a_batch_ends_where_it_is_full_or_a_row_cannot_be_read),
        cmocka_unit_test(each_compression_gives_the_text_back_and_the_same_bytes_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
