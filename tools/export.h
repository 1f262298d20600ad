/* The three things that `busbar export` writes, one file each format family. Each returns an exit
 * status and has said on stderr what went wrong. Memory is bounded: rows stream through. */
#ifndef BUSBAR_TOOLS_EXPORT_H
#define BUSBAR_TOOLS_EXPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/units.h"
#include "store/reader.h"

struct export_job {
    const char *db;
    ms_t from, to;
    bool csv; /* else ndjson */
    FILE *out;
    const char *point; /* of readings: DEVICE, or DEVICE and its point; NULL: all */

    struct reader *reader;
};

int export_readings(const struct export_job *job);
int export_messages(const struct export_job *job, bool events); /* else records */

/* A csv field: in quotes when it needs them. */
void export_csv_text(FILE *out, const char *text);

#endif
