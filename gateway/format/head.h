/* The head that every numbered message (record, event) begins with. Pure. */
#ifndef BUSBAR_FORMAT_HEAD_H
#define BUSBAR_FORMAT_HEAD_H

#include "format/record.h"

#define BODY_VERSION 1

/* `{"v":1,"epoch":..,"seq":..,"site":..,"gateway":..,"t":..[,"part":..,"parts":..],members` */
void head_write(struct buf *b, const struct message_head *h, ms_t t, const char *members, size_t n);

#endif
