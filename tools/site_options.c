#include "site_options.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "calc/calendar.h"
#include "commands.h"
#include "config/config.h"
#include "sys/clock.h"

int site_option_load(const char *command, const char *file, const char *data_dir,
                     struct site **ret) {
    struct config_errors errors;
    config_errors_init(&errors);
    int err = config_load_site(file, data_dir, &errors, ret);
    if (err < 0)
        config_errors_print(&errors, stderr);
    config_errors_free(&errors);
    if (err < 0)
        return EXIT_CONFIG_ERROR;
    if (clock_set_zone((*ret)->timezone) == ERR_OK)
        return EXIT_GOOD;
    fprintf(stderr, "busbar %s: %s: unknown time zone '%s'; install tzdata\n", command, file,
            (*ret)->timezone);
    return EXIT_CONFIG_ERROR;
}

int site_option_account(const char *command, const struct site *site, const char *file,
                        const char *id, int *ret) {
    *ret = -1;
    if (!id)
        return EXIT_GOOD;
    for (size_t i = 0; i < site->account_count; i++)
        if (strcmp(site->accounts[i].id, id) == 0) {
            *ret = (int)i;
            return EXIT_GOOD;
        }
    fprintf(stderr, "busbar %s: no account '%s' in %s; it has", command, id, file);
    for (size_t i = 0; i < site->account_count; i++)
        fprintf(stderr, "%s %s", i > 0 ? "," : "", site->accounts[i].id);
    fputs(site->account_count > 0 ? "\n" : " none\n", stderr);
    return EXIT_USAGE_ERROR;
}

int site_option_date(const char *command, const char *option, const char *text, ms_t *ret) {
    int32_t day;
    if (civil_day_parse(text, &day) == ERR_OK) {
        *ret = local_midnight(day, clock_utc_offset_s);
        return EXIT_GOOD;
    }
    fprintf(stderr, "busbar %s: %s '%s' is no date such as 2026-11-01; see busbar %s --help\n",
            command, option, text, command);
    return EXIT_USAGE_ERROR;
}
