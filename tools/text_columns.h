/* Columns of a table on a terminal: a Chinese character takes two places. */
#ifndef BUSBAR_TOOLS_TEXT_COLUMNS_H
#define BUSBAR_TOOLS_TEXT_COLUMNS_H

#include <stdio.h>

int text_width(const char *text);
/* Filled up with blanks to that width, before or behind the text. */
void text_right(FILE *out, int width, const char *text);
void text_left(FILE *out, int width, const char *text);

#endif
