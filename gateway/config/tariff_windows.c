/* Windows and ratios of a tariff version, and whether they fill the day. */
#include <math.h>
#include <string.h>

#include "base/err.h"
#include "config/tariff_draft.h"

#define REPORTS_MAX 16 /* of one version: a bad day shows in twelve months */
#define ALL_MONTHS  0xFFFu

static const char *const period_names[] = {"sharp", "peak", "flat", "valley", "deep", NULL};
static const char *const day_names[] = {"workday", "weekend", "holiday", "hot", "any", NULL};

struct window_draft {
    uint16_t months;
    unsigned day_types;
    int from, to; /* -1: absent or wrong */
    int period;
    int32_t priority;
};

static void read_month(struct reader *r, yaml_node_t *item, size_t index, void *target) {
    uint16_t *months = target;
    int64_t month = 0;
    (void)index;
    if (!schema_int(r, item, "a month", 1, 12, &month)) {
        return;
    }
    uint16_t bit = (uint16_t)(1u << (month - 1));
    if ((*months & bit) != 0) {
        schema_error(r, item, "month %d stands twice; keep one", (int)month);
    }
    *months |= bit;
}

static uint16_t months_of(struct reader *r, yaml_node_t *node) {
    uint16_t months = 0;
    if (schema_each(r, node, "months", read_month, &months) == 0 &&
        node->type == YAML_SEQUENCE_NODE) {
        schema_error(r, node, "months is empty; list some, or leave the key out for all");
    }
    return months;
}

static void read_months(struct reader *r, yaml_node_t *node, void *target) {
    ((struct window_draft *)target)->months = months_of(r, node);
}

static void read_day(struct reader *r, yaml_node_t *item, size_t index, void *target) {
    struct window_draft *w = target;
    int i = 0;
    (void)index;
    if (!schema_choice(r, item, "days", day_names, &i)) {
        return;
    }
    unsigned type = day_names[i + 1] == NULL ? DAY_ANY : 1u << i;
    if (type == DAY_HOT) {
        schema_warning(r, item,
                       "windows for hot days are checked and do not count: nothing tells the "
                       "gateway yet that a day is hot");
    }
    w->day_types |= type;
}

static void read_days(struct reader *r, yaml_node_t *node, void *target) {
    struct window_draft *w = target;
    w->day_types = 0;
    if (node->type == YAML_SCALAR_NODE) {
        read_day(r, node, 0, target);
    } else if (schema_each(r, node, "days", read_day, target) == 0 &&
               node->type == YAML_SEQUENCE_NODE) {
        schema_error(r, node, "days is empty; use one of workday, weekend, holiday, hot, any");
    }
}

/* "17:30" as minutes of the day; -1: not a time. */
static int minutes_of(const char *text) {
    if (strlen(text) != 5 || strspn(text, "0123456789") != 2 || text[2] != ':' ||
        strspn(text + 3, "0123456789") != 2) {
        return -1;
    }
    int hour = (text[0] - '0') * 10 + text[1] - '0', minute = (text[3] - '0') * 10 + text[4] - '0';
    return minute < 60 && hour * 60 + minute <= 1440 ? hour * 60 + minute : -1;
}

static int time_of(struct reader *r, yaml_node_t *node, const char *what) {
    const char *text = NULL;
    if (!schema_text(r, node, what, 0, &text)) {
        return -1;
    }
    int minutes = minutes_of(text);
    if (minutes < 0) {
        schema_error(r, node, "%s '%.20s' is not a time of day; write it as \"07:30\"", what, text);
    }
    return minutes;
}

static void read_from(struct reader *r, yaml_node_t *node, void *target) {
    struct window_draft *w = target;
    w->from = time_of(r, node, "from");
    if (w->from == 1440) {
        schema_error(r, node, "from is 24:00, the end of the day; write \"00:00\"");
        w->from = -1;
    }
}

static void read_to(struct reader *r, yaml_node_t *node, void *target) {
    ((struct window_draft *)target)->to = time_of(r, node, "to");
}

static const struct field window_fields[] = {
    {"months", FIELD_CUSTOM, .read = read_months},
    {"days", FIELD_CUSTOM, .read = read_days},
    {"from", FIELD_CUSTOM, .required = true, .read = read_from},
    {"to", FIELD_CUSTOM, .required = true, .read = read_to},
    {"period", FIELD_CHOICE, .required = true, KEEP(struct window_draft, period),
     .choices = period_names},
    {"priority", FIELD_INT, .required = true, KEEP(struct window_draft, priority), .min = 1,
     .max = 1000},
    {0},
};

static void add_window(struct version_draft *d, const struct window_draft *w, int from, int to,
                       yaml_node_t *node) {
    if (from >= to) {
        return; /* nothing on this side of midnight */
    }
    d->window_nodes[d->v.window_count] = node;
    d->windows[d->v.window_count++] =
        (struct tariff_window){.months = w->months,
                               .day_types = (uint8_t)w->day_types,
                               .from_min = (uint16_t)from,
                               .to_min = (uint16_t)to,
                               .period = (enum tariff_period)w->period,
                               .priority = w->priority,
                               .line = (int)node->start_mark.line + 1};
}

static void read_window(struct reader *r, yaml_node_t *item, size_t index, void *target) {
    struct version_draft *d = target;
    struct window_draft w = {.months = ALL_MONTHS, .day_types = DAY_ANY, .from = -1, .to = -1};
    (void)index;
    schema_read(r, item, "a window", window_fields, &w);
    if (w.from < 0 || w.to < 0) {
        return;
    }
    if (w.from == w.to) {
        message_error(r->errors, yaml_doc_place_of(r->doc, item, "to"),
                      "from and to are the same; a whole day is \"00:00\" to \"24:00\"");
        return;
    }
    if (w.from < w.to) {
        add_window(d, &w, w.from, w.to, item);
    } else {
        add_window(d, &w, w.from, 1440, item);
        add_window(d, &w, 0, w.to, item);
    }
}

void tariff_read_windows(struct reader *r, yaml_node_t *node, void *target) {
    struct version_draft *d = target;
    /* each may become two */
    d->windows =
        tariff_room(r, r->arena, node, "windows", TARIFF_WINDOWS_MAX, 2 * sizeof *d->windows);
    if (d->windows == NULL) {
        return;
    }
    d->window_nodes =
        tariff_room(r, r->scratch, node, "windows", TARIFF_WINDOWS_MAX, 2 * sizeof(yaml_node_t *));
    if (d->window_nodes == NULL) {
        return;
    }
    d->windows_node = node;
    schema_each(r, node, "windows", read_window, d);
    d->v.windows = d->windows;
}

/* ---- ratios ------------------------------------------------------------------------------ */

struct ratios {
    double of[TARIFF_PERIODS];
};

#define RATIO(name, period)                                                                        \
    {                                                                                              \
        name, FIELD_NUMBER, KEEP(struct ratios, of[period]), .min = 0, .max = 20,                  \
                                                             .preset = (double)NAN                 \
    }
static const struct field ratio_fields[] = {
    RATIO("sharp", TARIFF_SHARP),   RATIO("peak", TARIFF_PEAK), RATIO("flat", TARIFF_FLAT),
    RATIO("valley", TARIFF_VALLEY), RATIO("deep", TARIFF_DEEP), {0},
};
#undef RATIO

void tariff_no_ratios(double ratio[TARIFF_PERIODS]) {
    for (int i = 0; i < TARIFF_PERIODS; i++) {
        ratio[i] = (double)NAN;
    }
}

void tariff_read_ratios(struct reader *r, yaml_node_t *node, void *target) {
    struct version_draft *d = target;
    struct ratios ratios;
    schema_read(r, node, "ratios", ratio_fields, &ratios);
    memcpy(d->v.ratio, ratios.of, sizeof ratios.of);
}

static void read_season_months(struct reader *r, yaml_node_t *node, void *target) {
    ((struct tariff_season *)target)->months = months_of(r, node);
}

static void read_season_ratios(struct reader *r, yaml_node_t *node, void *target) {
    struct tariff_season *s = target;
    struct ratios ratios;
    schema_read(r, node, "ratios", ratio_fields, &ratios);
    memcpy(s->ratio, ratios.of, sizeof ratios.of);
}

static const struct field season_fields[] = {
    {"months", FIELD_CUSTOM, .required = true, .read = read_season_months},
    {"ratios", FIELD_CUSTOM, .required = true, .read = read_season_ratios},
    {0},
};

static void read_season(struct reader *r, yaml_node_t *item, size_t index, void *target) {
    struct version_draft *d = target;
    struct tariff_season *s = &d->seasons[index];
    tariff_no_ratios(s->ratio);
    schema_read(r, item, "ratios_by_month", season_fields, s);
    for (size_t i = 0; i < index; i++) {
        unsigned twice = s->months & d->seasons[i].months;
        for (int month = 1; month <= 12; month++) {
            if ((twice >> (month - 1) & 1) != 0) {
                message_error(
                    r->errors, yaml_doc_place_of(r->doc, item, "months"),
                    "month %d stands in an earlier entry of ratios_by_month too; keep one", month);
            }
        }
    }
    d->v.season_count = index + 1;
}

void tariff_read_seasons(struct reader *r, yaml_node_t *node, void *target) {
    struct version_draft *d = target;
    d->seasons =
        tariff_room(r, r->arena, node, "ratios_by_month", TARIFF_SEASONS_MAX, sizeof *d->seasons);
    if (d->seasons != NULL) {
        schema_each(r, node, "ratios_by_month", read_season, d);
        d->v.seasons = d->seasons;
    }
}

/* ---- does it fill the day? ----------------------------------------------------------------- */

static const char *day_type_words(enum day_type type) {
    bool hot = ((unsigned)type & DAY_HOT) != 0;
    if (((unsigned)type & DAY_WORKDAY) != 0) {
        return hot ? "hot workday" : "workday";
    }
    if (((unsigned)type & DAY_WEEKEND) != 0) {
        return hot ? "hot weekend" : "weekend";
    }
    return hot ? "hot holiday" : "holiday";
}

static yaml_node_t *node_in_line(const struct version_draft *d, int line) {
    for (size_t i = d->v.window_count; i-- > 0;) {
        if (d->windows[i].line == line) {
            return d->window_nodes[i];
        }
    }
    return d->windows_node;
}

static void report(struct reader *r, const struct version_draft *d, const struct tariff_hole *h) {
    const char *day = day_type_words(h->type);
    if (h->line_b == 0) {
        schema_error(r, d->windows_node,
                     "month %d, %s, %02d:%02d has no period (until %02d:%02d); add a window",
                     h->month, day, h->minute / 60, h->minute % 60, h->until / 60, h->until % 60);
    } else {
        schema_error(r, node_in_line(d, h->line_b),
                     "month %d, %s, %02d:%02d: the windows in lines %d and %d have equal priority; "
                     "the lower number wins, so give them different ones",
                     h->month, day, h->minute / 60, h->minute % 60, h->line_a, h->line_b);
    }
}

/* The same mistake in another month or on another kind of day. */
static bool is_known(const struct tariff_hole *seen, size_t count, const struct tariff_hole *h) {
    for (size_t i = 0; i < count; i++) {
        bool same_span = seen[i].minute == h->minute && seen[i].until == h->until;
        if (seen[i].line_a == h->line_a && seen[i].line_b == h->line_b &&
            (h->line_b != 0 || same_span)) {
            return true;
        }
    }
    return false;
}

static void check_periods(struct reader *r, const struct version_draft *d) {
    struct tariff_hole seen[REPORTS_MAX], h;
    size_t count = 0;
    for (int month = 1; month <= 12; month++) {
        for (size_t i = 0; i < TARIFF_DAY_TYPES; i++) {
            int minute = 0;
            while (count < REPORTS_MAX &&
                   tariff_check_day(&d->v, month, tariff_day_types[i], minute, &h) < 0) {
                if (!is_known(seen, count, &h)) {
                    report(r, d, &h);
                    seen[count++] = h;
                }
                minute = h.until;
            }
        }
    }
}

/* One message a window: the first of its months without a ratio. */
static void check_ratio(struct reader *r, const struct version_draft *d, size_t i) {
    const struct tariff_window *w = &d->windows[i];
    for (int month = 1; month <= 12; month++) {
        if ((w->months >> (month - 1) & 1) != 0 && isnan(tariff_ratio(&d->v, month, w->period))) {
            schema_error(r, d->window_nodes[i],
                         "period '%s' has no ratio in month %d; add it to ratios",
                         tariff_period_str(w->period), month);
            return;
        }
    }
}

void tariff_check_windows(struct reader *r, const struct version_draft *d) {
    check_periods(r, d);
    for (size_t i = 0; i < d->v.window_count; i++) {
        if (i == 0 || d->window_nodes[i] != d->window_nodes[i - 1]) {
            check_ratio(r, d, i);
        }
    }
}
