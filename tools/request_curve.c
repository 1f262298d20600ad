/* The curve of the worst day as an SVG picture: steps of 15 minutes, the limit, 80 % of it. */
#include <math.h>

#include "advise_say.h"
#include "request.h"
#include "sys/clock.h"

#define WIDTH      720.0
#define HEIGHT     165.0
#define LEFT       52.0
#define RIGHT      20.0
#define TOP        14.0
#define BOTTOM     22.0
#define LINES      4
#define QUARTER_MS (15 * MS_PER_MIN)

struct scale {
    double top_kva; /* at the upper edge */
    ms_t from, to;
};

static double x_of(const struct scale *s, ms_t t) {
    return LEFT + (WIDTH - LEFT - RIGHT) * (double)(t - s->from) / (double)(s->to - s->from);
}

static double y_of(const struct scale *s, double kva) {
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * kva / s->top_kva;
}

/* The next of 1, 2, 2.5, 5 times a power of ten that LINES of make at least kva. */
static double step_for(double kva) {
    static const double nice[] = {1.0, 2.0, 2.5, 5.0, 10.0};
    double least = kva / LINES, power = pow(10.0, floor(log10(least)));
    size_t i = 0;
    while (i < sizeof nice / sizeof nice[0] - 1 && nice[i] * power < least)
        i++;
    return nice[i] * power;
}

static void put_grid(const struct scale *s, double step, FILE *out) {
    for (int i = 0; i <= LINES; i++) {
        double y = y_of(s, step * i);
        fprintf(out,
                "<line class=\"grid\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>"
                "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%g</text>\n",
                LEFT, y, WIDTH - RIGHT, y, LEFT - 5.0, y + 3.5, step * i);
    }
    for (ms_t t = s->from; t <= s->to; t += 3 * 60 * MS_PER_MIN) {
        struct local_time l = local_time(t, clock_utc_offset_s);
        fprintf(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%02d:00</text>\n",
                x_of(s, t), HEIGHT - 6.0, t == s->to ? 24 : l.minute / 60);
    }
}

static void put_limit(const struct scale *s, const char *class, double kva, const char *words,
                      FILE *out) {
    double y = y_of(s, kva);
    fprintf(out,
            "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>"
            "<text x=\"%.1f\" y=\"%.1f\">%s</text>\n",
            class, LEFT, y, WIDTH - RIGHT, y, LEFT + 4.0, y - 3.0, words);
}

/* Unknown quarters are gaps. */
static void put_steps(const struct request_curve *c, const struct scale *s, FILE *out) {
    bool drawn = false;
    fputs("<path class=\"load\" d=\"", out);
    for (size_t i = 0; i < REQUEST_DAY_QUARTERS; i++) {
        ms_t t = c->day + (ms_t)i * QUARTER_MS;
        if (t >= c->end || isnan(c->kva[i])) {
            drawn = false;
            continue;
        }
        fprintf(out, "%c%.1f %.1f H%.1f ", drawn ? 'L' : 'M', x_of(s, t), y_of(s, c->kva[i]),
                x_of(s, t + QUARTER_MS));
        drawn = true;
    }
    fputs("\"/>\n", out);
}

void request_curve_svg(const struct request_curve *c, enum advise_lang lang, FILE *out) {
    double limit = c->object->limit_kva, max = c->object->headroom.max_kva;
    double step = step_for(fmax(fmax(max, isnan(limit) ? 0.0 : limit) * 1.05, 1.0));
    const struct scale s = {step * LINES, c->day, c->end};
    char words[80], kva[ADVISE_NUMBER_MAX];
    fprintf(out,
            "<svg viewBox=\"0 0 %.0f %.0f\" role=\"img\" xmlns=\"http://www.w3.org/2000/svg\">\n",
            WIDTH, HEIGHT);
    put_grid(&s, step, out);
    put_steps(c, &s, out);
    if (!isnan(limit)) {
        advise_put_fixed(limit, 0, kva);
        snprintf(words, sizeof words, SAY(lang, "limit %s kVA", "限值 %s kVA"), kva);
        put_limit(&s, "limit", limit, words, out);
        advise_put_fixed(0.8 * limit, 0, kva);
        snprintf(words, sizeof words, SAY(lang, "80 %%: %s kVA", "80%%：%s kVA"), kva);
        put_limit(&s, "heavy", 0.8 * limit, words, out);
    }
    fprintf(out, "<text x=\"%.1f\" y=\"10\">kVA</text></svg>\n", LEFT);
}
