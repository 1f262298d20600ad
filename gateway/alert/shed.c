#include "alert/shed.h"

#include <math.h>
#include <string.h>

#include "base/buf.h"

static bool is_below(const struct site *s, int32_t feed, int32_t other) {
    for (int32_t f = s->feeds[feed].parent; f != SITE_NONE; f = s->feeds[f].parent)
        if (f == other)
            return true;
    return false;
}

static bool is_named_with(const struct site *s, const struct shed_list *l, int32_t feed) {
    for (size_t i = 0; i < l->count; i++)
        if (l->feed[i] == feed || is_below(s, feed, l->feed[i]) || is_below(s, l->feed[i], feed))
            return true;
    return false;
}

/* The incomer that it hangs under is another account's. */
static bool is_anothers(const struct site *s, int32_t feed, size_t account) {
    int32_t f = feed;
    while (f != SITE_NONE && s->feeds[f].role != ROLE_GRID)
        f = s->feeds[f].parent;
    for (size_t i = 0; f != SITE_NONE && i < s->metering_point_count; i++)
        if (s->metering_points[i].feed == f)
            return (size_t)s->metering_points[i].account != account;
    return false;
}

static bool is_flexible(const struct site *s, int32_t feed) {
    return s->devices[s->feeds[feed].device].flexible;
}

static bool is_better(const struct site *s, const double *feed_kw, int32_t a, int32_t b) {
    if (b == SITE_NONE || is_flexible(s, a) != is_flexible(s, b))
        return b == SITE_NONE || is_flexible(s, a);
    return feed_kw[a] > feed_kw[b];
}

void shed_find(const struct site *s, size_t account, const double *feed_kw, double shed_kw,
               struct shed_list *ret) {
    *ret = (struct shed_list){.count = 0};
    while (ret->count < SHED_MAX && ret->kw < shed_kw) {
        int32_t best = SITE_NONE;
        for (int32_t i = 0; i < (int32_t)s->feed_count; i++) {
            bool draws = s->feeds[i].role == ROLE_LOAD && feed_kw[i] >= 1.0;
            bool offered = is_flexible(s, i) || s->feeds[i].counted;
            if (draws && offered && !is_named_with(s, ret, i) && !is_anothers(s, i, account) &&
                is_better(s, feed_kw, i, best))
                best = i;
        }
        if (best == SITE_NONE)
            return;
        ret->feed[ret->count++] = best;
        ret->kw += feed_kw[best];
    }
}

void shed_write(const struct site *s, const double *feed_kw, const struct shed_list *l, bool zh,
                char *out, size_t cap) {
    struct buf b;
    buf_init(&b, out, cap);
    for (size_t i = 0; i < l->count; i++) {
        const char *id = s->feeds[l->feed[i]].id;
        size_t before = b.len;
        if (i > 0)
            buf_puts(&b, zh ? "、" : ", ");
        buf_puts(&b, id);
        buf_putc(&b, ' ');
        buf_put_decimal(&b, feed_kw[l->feed[i]], 0);
        buf_puts(&b, " kW");
        if (is_flexible(s, l->feed[i]))
            buf_puts(&b, zh ? "（可调）" : " (flexible)");
        if (!buf_ok(&b)) {
            out[before] = '\0';
            return;
        }
    }
}
