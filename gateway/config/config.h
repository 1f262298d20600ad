/* YAML -> checked, immutable site. Every error that can be found is reported, with its place.
 *
 * Reads files, nothing else. Profiles are looked for beside the site file (profiles/NAME.yaml),
 * then in data_dir/profiles, then in the installed data folder. */
#ifndef BUSBAR_CONFIG_CONFIG_H
#define BUSBAR_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/arena.h"
#include "meter/site.h"

#define CONFIG_ERRORS_MAX 100

/* Collected messages: "file:line:column: what is wrong; what to do". */
struct config_errors {
    struct arena *arena;
    const char *text[CONFIG_ERRORS_MAX];
    size_t count;    /* kept */
    size_t total;    /* found */
    size_t warnings; /* of the kept ones; a warning never makes a load fail */
    bool is_warning[CONFIG_ERRORS_MAX];
};

void config_errors_init(struct config_errors *e);
void config_errors_free(struct config_errors *e);
/* One message a line; then "and N more". */
void config_errors_print(const struct config_errors *e, FILE *out);

/* ERR_OK with *ret_site (free with site_free), or ERR_SYNTAX with messages in e. data_dir may be
 * NULL. */
int config_load_site(const char *file, const char *data_dir, struct config_errors *e,
                     struct site **ret_site);

/* Loads one profile, by name or by file (a name with '/' or ".yaml"), into the arena. */
int config_load_profile(const char *name_or_file, const char *site_file, const char *data_dir,
                        struct arena *arena, struct config_errors *e,
                        const struct device_profile **ret_profile);

/* Where the installed data lies: $BUSBAR_DATA_DIR, else the compiled-in folder. */
const char *config_data_dir(void);

#endif
