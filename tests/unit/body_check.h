/* What the tests of bodies share: one body to write into, its check byte for byte, and its file for
 * the schemas. With BUSBAR_BODY_DIR set, every checked body is left there as <schema>-<name>.json,
 * for docs/schema to be tried on. */
#ifndef BUSBAR_TESTS_UNIT_BODY_CHECK_H
#define BUSBAR_TESTS_UNIT_BODY_CHECK_H

#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format/record.h"

#define UNKNOWN ((double)NAN)
#define CHINA   28800
/* 2026-11-23T08:15:00+08:00 is 2026-11-23T00:15:00Z: day 20780 of 1970 x 86,400 s + 900 s. */
#define START 1795392900000
#define END   (START + 900000)
#define EPOCH 1795305600123

static char memory[BODY_MAX];
static struct buf body;

static inline int init_body(void **state) {
    (void)state;
    buf_init(&body, memory, sizeof memory);
    return 0;
}

/* The body is whole and is JSON, each member once; leaves it for the schemas. */
static inline void check_json(const char *schema, const char *name) {
    json_error_t error;
    assert_true(buf_ok(&body));
    json_t *root = json_loads(body.data, JSON_REJECT_DUPLICATES, &error);
    assert_non_null(root);
    json_decref(root);

    const char *dir = getenv("BUSBAR_BODY_DIR");
    if (dir == NULL)
        return;
    char path[4096];
    snprintf(path, sizeof path, "%s/%s-%s.json", dir, schema, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(body.data, 1, body.len, f), body.len);
    assert_int_equal(fclose(f), 0);
}

/* And is what was wanted, byte for byte. */
static inline void check(const char *schema, const char *name, const char *want) {
    assert_string_equal(body.data, want);
    check_json(schema, name);
}

/* The same for what is longer than a string may be: pieces, the last one NULL. */
static inline void check_pieces(const char *schema, const char *name, const char *const *pieces) {
    static char want[BODY_MAX];
    struct buf b;
    buf_init(&b, want, sizeof want);
    for (; *pieces != NULL; pieces++)
        buf_puts(&b, *pieces);
    assert_true(buf_ok(&b));
    check(schema, name, want);
}

static const struct message_head head = {
    .epoch = EPOCH, .seq = 42, .site = "tianxi", .gateway = "gw1", .utc_offset_s = CHINA};

static inline void assert_contains(const char *part) {
    if (strstr(body.data, part) == NULL)
        print_message("not in the body: %s\n%s\n", part, body.data);
    assert_non_null(strstr(body.data, part));
}

static inline void assert_lacks(const char *part) {
    assert_null(strstr(body.data, part));
}

#endif
