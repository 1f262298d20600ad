/* Where the figures of the page come from, and how good they are. */
#include <math.h>
#include <string.h>

#include "request_page.h"

static double known_share(const struct request *r) {
    return r->expected > 0 ? (double)r->quarters / (double)r->expected * 100.0 : (double)NAN;
}

static void put_qualities(const struct request_page *p) {
    const struct request *r = p->request;
    bool first = true;
    for (int q = 0; q < QUALITY_COUNT; q++) {
        if (r->by_quality[q] == 0)
            continue;
        fprintf(p->out, "%s%s %zu", first ? "" : ", ", quality_str((enum quality)q),
                r->by_quality[q]);
        first = false;
    }
}

/* The meters of the account's points with what is known of their accuracy. */
static void put_meters(const struct request_page *p, size_t account) {
    const struct site *s = p->request->site;
    for (size_t i = 0; i < s->metering_point_count; i++) {
        const struct metering_point *m = &s->metering_points[i];
        if ((size_t)m->account != account)
            continue;
        const struct device *d = &s->devices[s->feeds[m->feed].device];
        char poll[ADVISE_NUMBER_MAX];
        advise_put_fixed((double)d->poll_ms / 1000.0, 1, poll);
        request_put_text(p, SAY(p->lang, " Meter of ", "计量点"));
        request_put_text(p, m->id);
        fputs(": ", p->out);
        request_put_text(p, d->id);
        fprintf(p->out, SAY(p->lang, ", read every %s s, ", "，采样周期 %s s，"), poll);
        if (d->accuracy_class) {
            request_put_text(p, SAY(p->lang, "class ", "准确度 "));
            request_put_text(p, d->accuracy_class);
        } else {
            request_put_text(p, SAY(p->lang, "accuracy class unverified", "准确度等级未核实"));
        }
        fputs(d->calibrated_until ? SAY(p->lang, ", calibrated until ", "，检定有效期至 ") : "",
              p->out);
        if (d->calibrated_until)
            request_put_text(p, d->calibrated_until);
        fputs(SAY(p->lang, ".", "。"), p->out);
    }
}

void request_put_data(const struct request_page *p, size_t account) {
    const struct request *r = p->request;
    char known[ADVISE_NUMBER_MAX], covered[ADVISE_NUMBER_MAX];
    advise_put_fixed(known_share(r), 2, known);
    advise_put_fixed(r->covered_ms / (double)(r->options.to - r->options.from) * 100.0, 2, covered);
    fputs("<p class=\"small\">", p->out);
    fprintf(p->out,
            SAY(p->lang,
                "Data: %zu of %zu quarters of an hour stored (%s %%), %s %% of the time measured; "
                "by quality: ",
                "数据：15分钟数据 %zu/%zu（%s%%），实测时间 %s%%；质量："),
            r->quarters, r->expected, known, covered);
    put_qualities(p);
    fputs(SAY(p->lang, ".", "。"), p->out);
    put_meters(p, r->advice.accounts[account].index);
    fprintf(p->out,
            SAY(p->lang,
                " Times are local (%s). Source: the site's own meters, read by busbar %s, gateway "
                "%s, configuration %s. "
                "† less than 90 %% of the time is known, or the begin was not seen. ‡ no meter of "
                "its own: its share by kVA. Meters read once a second do not see sags shorter than "
                "that; this is no measurement of class A (GB/T 30137, IEC 61000-4-30).",
                " 时间为当地时间（%s）。来源：用户侧表计，busbar %s，网关 %s，配置 "
                "%s。†：已知时间不足90%%，或未观测到开"
                "始；‡：无独立表计，按容量分摊。按秒采样的表计观测不到更短的暂降；本数据非 A "
                "级测量（GB/T 30137、IEC 61000-4-30）。"),
            r->site->timezone, BUSBAR_VERSION, r->site->gateway, r->site->config_hash);
    if (r->bad_rows > 0)
        fprintf(p->out,
                SAY(p->lang, " %llu rows could not be read and are left out.",
                    " 有 %llu 行数据无法读取，未计入。"),
                (unsigned long long)r->bad_rows);
    fputs("</p>\n", p->out);
}
