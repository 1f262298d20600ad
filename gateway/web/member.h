/* One member of a JSON object, cut out of its text as it stands: what a record says is passed on
 * byte for byte. Pure. */
#ifndef BUSBAR_WEB_MEMBER_H
#define BUSBAR_WEB_MEMBER_H

#include <stdbool.h>
#include <stddef.h>

/* Of the outermost object of a body that this program wrote (valid JSON without blanks); name needs
 * no escape. False: no such member, or the text ends early. */
bool member_find(const char *json, size_t n, const char *name, const char **ret, size_t *ret_n);

#endif
