/* Collecting messages with their place, for every reader of configuration.
 *
 * Inside config only; the public face is struct config_errors in config.h. Text from a file is
 * made safe to print: control bytes and broken UTF-8 become '?'. */
#ifndef BUSBAR_CONFIG_MESSAGES_H
#define BUSBAR_CONFIG_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"

/* line 0: the file as a whole. order: position of the file among those loaded, for sorting. */
struct place {
    const char *file;
    unsigned order;
    size_t line, column;
};

__attribute__((format(printf, 3, 4))) void message_error(struct config_errors *e, struct place at,
                                                         const char *format, ...);
__attribute__((format(printf, 3, 4))) void message_warning(struct config_errors *e, struct place at,
                                                           const char *format, ...);
void messages_sort(struct config_errors *e); /* by file, line, column */
bool messages_failed(const struct config_errors *e);
/* Replaces control bytes and invalid UTF-8 by '?', in place. */
void message_make_printable(char *text);

#endif
