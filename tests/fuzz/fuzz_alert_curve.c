/* Any bytes as the stored curve of an alert. Nothing may crash; what is read keeps its bounds and
 * is the same after it was written again. */
#include <string.h>

#include "alert/curve.h"
#include "base/err.h"
#include "harness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct alert_curve c, again;
    uint8_t bytes[ALERT_CURVE_BYTES];
    memset(&c, 0, sizeof c);
    if (alert_curve_unpack(data, size, &c) < 0)
        return 0;
    require(c.count <= ALERT_CURVE_MAX);
    size_t n = alert_curve_pack(&c, bytes);
    require(n <= sizeof bytes);
    require(alert_curve_unpack(bytes, n, &again) == ERR_OK);
    require(again.count == c.count);
    require(memcmp(again.t, c.t, c.count * sizeof c.t[0]) == 0);
    require(memcmp(again.value, c.value, c.count * sizeof c.value[0]) == 0);
    return 0;
}
