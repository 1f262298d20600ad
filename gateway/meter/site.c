#include "meter/site.h"

void site_free(struct site *s) {
    if (s)
        arena_free(s->arena); /* the site itself lies in it */
}
