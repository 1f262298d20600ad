#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"
#include "sim/truth.h"

/* Millionths with all their digits: counters are exact. */
static void put_millionths(FILE *out, const char *name, int64_t v) {
    (void)fprintf(out, "\"%s\":%s%" PRId64 ".%06" PRId64, name, v < 0 ? "-" : "",
                  (int64_t)llabs(v) / 1000000, (int64_t)llabs(v) % 1000000);
}

/* Sums of the roles, as the electrical tree counts them: details and feeders below feeders not. */
static void put_site(FILE *out, const struct plant *p) {
    int64_t grid = 0, pv = 0, storage = 0, other = 0;

    for (size_t i = 0; i < p->node_count; i++) {
        const struct node *n = &p->nodes[i];

        if (!n->counted || (n->parent != NODE_NONE && p->nodes[n->parent].role == n->role))
            continue;
        if (n->role == ROLE_GRID)
            grid += n->power_milliw;
        else if (n->role == ROLE_PV)
            pv += n->power_milliw;
        else if (n->role == ROLE_STORAGE)
            storage += n->power_milliw;
        else if (n->role == ROLE_WIND || n->role == ROLE_GENERATOR)
            other += n->power_milliw;
    }
    (void)fputs("\"site_kw\":{", out);
    put_millionths(out, "grid", grid);
    (void)fputc(',', out);
    put_millionths(out, "pv", pv);
    (void)fputc(',', out);
    put_millionths(out, "storage", storage);
    (void)fputc(',', out);
    put_millionths(out, "load", grid + pv + storage + other);
    (void)fputs("},", out);
}

int truth_write(FILE *out, const struct plant *p) {
    (void)fprintf(out, "{\"t\":%" PRId64 ",\"offset_ms\":%" PRId64 ",", p->now_ms,
                  p->now_ms - p->start_ms);
    put_site(out, p);
    (void)fputs("\"devices\":{", out);
    for (size_t i = 0; i < p->node_count; i++) {
        const struct node *n = &p->nodes[i];
        const struct node_counters *c = &n->counters;

        (void)fprintf(out, "%s\"%s%s%s\":{", i > 0 ? "," : "", p->site->devices[n->device].id,
                      n->channel != NULL ? "." : "", n->channel != NULL ? n->channel : "");
        put_millionths(out, "power_kw", n->power_milliw);
        (void)fputc(',', out);
        put_millionths(out, "import_kwh", c->forward.mwh);
        (void)fputc(',', out);
        put_millionths(out, "export_kwh", c->reverse.mwh);
        if (n->store != NODE_NONE)
            (void)fprintf(out, ",\"soc_pct\":%.6f}", plant_soc_pct(p, n));
        else
            (void)fputs(",\"soc_pct\":null}", out);
    }
    (void)fputs("}}\n", out);
    return fflush(out) == 0 ? ERR_OK : ERR_IO;
}
