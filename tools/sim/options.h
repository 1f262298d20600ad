/* The command line of `busbar sim`. */
#ifndef BUSBAR_SIM_OPTIONS_H
#define BUSBAR_SIM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/units.h"

#define SIM_OPTIONS_RUN (-1)

struct sim_options {
    const char *site_file, *data_dir, *write_site, *truth, *faults, *mqtt_url, *store_path;
    char host[64];
    uint16_t base_port;
    char pty_dir[256];   /* "": none */
    double speed, for_s; /* for_s INFINITY: until a signal */
    uint64_t seed;
    bool has_start;
    ms_t start_ms;
};

/* SIM_OPTIONS_RUN, or the exit status of a program that has said what it had to say. */
int sim_options_parse(int argc, char **argv, struct sim_options *ret);

#endif
