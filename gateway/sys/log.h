/* The only writer of stderr in the daemon. One line a message, prefixed <N> for journald when
 * stderr is not a terminal. Any thread. Control bytes in arguments are shown as '?'.
 *
 * Style: what happened, to which link and device, and what happens next. No secrets. */
#ifndef BUSBAR_SYS_LOG_H
#define BUSBAR_SYS_LOG_H

enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARN = 4, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };

void log_set_level(enum log_level max); /* default INFO */
__attribute__((format(printf, 2, 3))) void log_line(enum log_level level, const char *format, ...);

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)  log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
