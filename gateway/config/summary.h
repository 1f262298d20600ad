/* The text that `busbar check` and `busbard --check` print about a site: what is there, what will
 * be asked of whom and how long that takes, which numbers will be missing and why. Prints only. */
#ifndef BUSBAR_CONFIG_SUMMARY_H
#define BUSBAR_CONFIG_SUMMARY_H

#include <stdio.h>

#include "config/config.h"

/* ERR_NOMEM when there is no memory for the plans. */
int config_summary_print(const struct site *s, FILE *out);

/* Parts of it: the accounts with their terms and the carbon factors; what of them stays null. */
void config_summary_accounts(const struct site *s, FILE *out);
void config_summary_account_gaps(const struct site *s, FILE *out);

/* Loads and prints: the summary to out, errors and warnings to err. ERR_OK, or ERR_SYNTAX. */
int config_check(const char *file, const char *data_dir, FILE *out, FILE *err);

/* The bus budget of a serial line: how long one round of all its enabled devices takes, and the
 * share of the line's time (1.0 = full) that the asked poll periods need. */
struct bus_budget {
    size_t devices;
    uint64_t cycle_us;
    uint32_t fastest_ms; /* shortest poll period asked for; 0 without devices */
    double load;
};

/* cost_us[i]: time of one poll of device i. */
struct bus_budget config_bus_budget(const struct site *s, int32_t link, const uint64_t *cost_us);

#endif
