/* What commands over a site's store have in common: the site file with its time zone, an account by
 * its id, dates. Each says on stderr what is wrong and returns an exit status. */
#ifndef BUSBAR_TOOLS_SITE_OPTIONS_H
#define BUSBAR_TOOLS_SITE_OPTIONS_H

#include "meter/site.h"

/* Loads the site and makes its zone the process's own. data_dir may be NULL. */
int site_option_load(const char *command, const char *file, const char *data_dir,
                     struct site **ret);
/* id NULL: -1, all. */
int site_option_account(const char *command, const struct site *site, const char *file,
                        const char *id, int *ret);
/* A local midnight of the site's zone. */
int site_option_date(const char *command, const char *option, const char *text, ms_t *ret);

#endif
