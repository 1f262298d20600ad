/* The answer of /api/v1/completeness. Pure but for the arguments' calls. */
#ifndef BUSBAR_WEB_COMPLETENESS_BODY_H
#define BUSBAR_WEB_COMPLETENESS_BODY_H

#include "base/buf.h"
#include "store/reader.h"

struct completeness_view {
    const struct site *site;
    int32_t month; /* year * 12 + month - 1 */
    ms_t now;
    bool has_platform; /* false: nobody acknowledges, those numbers are null */
    const struct device_month *devices;
};
void completeness_write(struct buf *b, const struct completeness_view *v, utc_offset_fn *zone);

#endif
