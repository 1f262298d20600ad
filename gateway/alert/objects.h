/* The objects of alerts by number and by name. Pure. */
#ifndef BUSBAR_ALERT_OBJECTS_H
#define BUSBAR_ALERT_OBJECTS_H

#include "alert/rules.h"
#include "meter/site.h"

/* The site itself, as object of any rule; its name is "site", which nothing else may bear. */
#define ALERT_OBJECT_SITE SIZE_MAX

size_t alert_object_count(const struct site *s, enum alert_object kind);
const char *alert_object_id(const struct site *s, enum alert_object kind, size_t object);
/* False when the site has no such thing. */
bool alert_object_find(const struct site *s, enum alert_object kind, const char *id, size_t *ret);
/* Whether a rule says anything of an object: PV rules of PV, storage rules of storage. */
bool alert_rule_applies(const struct site *s, enum alert_rule_id rule, size_t object);

#endif
