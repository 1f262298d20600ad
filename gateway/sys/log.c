#include "sys/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sys/clock.h"

#define LINE_MAX_BYTES 1024 /* with the newline: one write of this size is never interleaved */

static atomic_int level_max = LOG_LEVEL_INFO;

void log_set_level(enum log_level max) {
    atomic_store_explicit(&level_max, (int)max, memory_order_relaxed);
}

static const char *level_word(enum log_level level) {
    switch (level) {
    case LOG_LEVEL_ERROR:
        return "error";
    case LOG_LEVEL_WARN:
        return "warning";
    case LOG_LEVEL_INFO:
        return "info";
    case LOG_LEVEL_DEBUG:
        break;
    }
    return "debug";
}

/* journald reads the level from "<N>"; a person reads a time and a word. */
static size_t put_prefix(char *line, size_t cap, enum log_level level) {
    int n;
    if (isatty(STDERR_FILENO)) {
        const time_t now = (time_t)(clock_now().utc_us / US_PER_S);
        struct tm local = {0};
        localtime_r(&now, &local);
        n = snprintf(line, cap, "%02d:%02d:%02d %s: ", local.tm_hour, local.tm_min, local.tm_sec,
                     level_word(level));
    } else {
        n = snprintf(line, cap, "<%d>", (int)level);
    }
    return n < 0 ? 0 : (size_t)n;
}

/* Ends a line that was cut with "...", not in the middle of a UTF-8 character. */
static size_t mark_cut(char *line, size_t len) {
    static const char dots[] = "...";
    size_t end = len - (sizeof dots - 1);
    while (end > 0 && ((unsigned char)line[end] & 0xC0) == 0x80)
        end--;
    memcpy(line + end, dots, sizeof dots - 1);
    return end + sizeof dots - 1;
}

void log_line(enum log_level level, const char *format, ...) {
    if ((int)level > atomic_load_explicit(&level_max, memory_order_relaxed))
        return;
    const int saved_errno = errno;
    char line[LINE_MAX_BYTES];
    const size_t start = put_prefix(line, sizeof line, level);
    const size_t room = sizeof line - start; /* vsnprintf's NUL becomes the newline */
    va_list args;
    va_start(args, format);
    const int wanted = vsnprintf(line + start, room, format, args);
    va_end(args);
    size_t len = start + (wanted < 0 ? 0 : (size_t)wanted);
    if (len >= sizeof line)
        len = mark_cut(line, sizeof line - 1);
    for (size_t i = start; i < len; i++) {
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7F)
            line[i] = '?';
    }
    line[len++] = '\n';
    while (write(STDERR_FILENO, line, len) < 0 && errno == EINTR)
        continue;
    errno = saved_errno;
}
