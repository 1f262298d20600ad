/* What a log line looks like in a pipe and on a terminal: standard error is replaced by each. */
#include <errno.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "sys/log.h"

static char line[4096];

/* Runs write_lines with standard error at the writing end; returns what came out. */
static const char *capture(bool terminal, void (*write_lines)(void)) {
    int ends[2] = {-1, -1}; /* read, write */
    if (terminal) {
        struct termios raw;
        memset(&raw, 0, sizeof raw);
        cfmakeraw(&raw);
        assert_int_equal(openpty(&ends[0], &ends[1], NULL, &raw, NULL), 0);
    } else {
        assert_int_equal(pipe(ends), 0);
    }
    const int saved = dup(STDERR_FILENO);
    assert_true(saved >= 0);
    dup2(ends[1], STDERR_FILENO);
    write_lines();
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(ends[1]);
    /* A terminal hands over what was written piece by piece: read on until its other end is gone
     * (EIO there, 0 in a pipe). */
    size_t used = 0;
    ssize_t n = 0;
    while (used < sizeof line - 1 && (n = read(ends[0], line + used, sizeof line - 1 - used)) > 0)
        used += (size_t)n;
    assert_true(n >= 0 || (terminal && errno == EIO));
    close(ends[0]);
    line[used] = '\0';
    return line;
}

static void one_of_each_level(void) {
    log_set_level(LOG_LEVEL_DEBUG);
    log_error("link %s: %d", "bus1", 7);
    log_warn("w");
    log_info("i");
    log_debug("d");
    log_set_level(LOG_LEVEL_WARN);
    log_error("e2");
    log_warn("w2");
    log_info("i2");
    log_set_level(LOG_LEVEL_INFO);
    log_info("i3");
    log_debug("d3");
}

static void in_a_pipe_lines_carry_the_journal_level(void **state) {
    (void)state;
    assert_string_equal(capture(false, one_of_each_level),
                        "<3>link bus1: 7\n<4>w\n<6>i\n<7>d\n<3>e2\n<4>w2\n<6>i3\n");
}

static void one_warning(void) {
    log_warn("link bus1: silent");
}

static void one_of_each_word(void) {
    log_set_level(LOG_LEVEL_DEBUG);
    log_error("e");
    log_info("i");
    log_debug("d");
    log_set_level(LOG_LEVEL_INFO);
}

static void on_a_terminal_lines_carry_time_and_level(void **state) {
    (void)state;
    const char *text = capture(true, one_warning);
    static const char shape[] = "00:00:00 warning: link bus1: silent\n";
    assert_int_equal(strlen(text), strlen(shape));
    for (size_t i = 0; i < 8; i++)
        assert_true(shape[i] == ':' ? text[i] == ':' : text[i] >= '0' && text[i] <= '9');
    assert_string_equal(text + 8, shape + 8);
    text = capture(true, one_of_each_word);
    assert_non_null(strstr(text, " error: e\n"));
    assert_non_null(strstr(text, " info: i\n"));
    assert_non_null(strstr(text, " debug: d\n"));
}

static void with_control_bytes(void) {
    log_info("device %s", "a\nb\x1b[31m\x7f\t天");
}

static void control_bytes_cannot_forge_lines(void **state) {
    (void)state;
    assert_string_equal(capture(false, with_control_bytes), "<6>device a?b?[31m??天\n");
}

static char long_text[2000];
static void the_long_text(void) {
    log_info("%s", long_text);
}

static void a_long_line_is_cut_at_1024_bytes(void **state) {
    (void)state;
    memset(long_text, 'a', sizeof long_text - 1);
    const char *text = capture(false, the_long_text);
    assert_int_equal(strlen(text), 1024);
    assert_string_equal(text + 1020, "...\n");
    long_text[1020] = '\0'; /* "<6>" + 1020 + newline: just whole */
    text = capture(false, the_long_text);
    assert_int_equal(strlen(text), 1024);
    assert_string_equal(text + 1020, "aaa\n");
}

static void a_cut_line_stays_utf8(void **state) {
    (void)state;
    for (size_t shift = 0; shift < 3; shift++) {
        memset(long_text, 'a', shift);
        for (size_t i = shift; i + 4 < sizeof long_text; i += 3)
            memcpy(long_text + i, "天", 4);
        const char *text = capture(false, the_long_text);
        const size_t n = strlen(text);
        assert_true(n <= 1024 && n >= 1021);
        assert_string_equal(text + n - 4, "...\n");
        assert_int_equal((n - 4 - 3 - shift) % 3, 0); /* whole characters only */
        assert_memory_equal(text + n - 7, "天", 3);
    }
}

static void with_errno(void) {
    errno = EPROTO;
    log_info("x");
    assert_int_equal(errno, EPROTO);
}

static void errno_is_kept(void **state) {
    (void)state;
    assert_string_equal(capture(false, with_errno), "<6>x\n");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_a_pipe_lines_carry_the_journal_level),
        cmocka_unit_test(on_a_terminal_lines_carry_time_and_level),
        cmocka_unit_test(control_bytes_cannot_forge_lines),
        cmocka_unit_test(a_long_line_is_cut_at_1024_bytes),
        cmocka_unit_test(a_cut_line_stays_utf8),
        cmocka_unit_test(errno_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
