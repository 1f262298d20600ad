/* The carbon file of an account or site. */
#include "base/err.h"
#include "config/carbon_load.h"

int carbon_from_name(struct load *l, const char *name, struct place asked,
                     const struct carbon_book **ret) {
    (void)l;
    (void)name;
    (void)asked;
    (void)ret;
    return ERR_NOT_FOUND;
}
