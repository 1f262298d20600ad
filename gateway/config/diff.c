#include "config/diff.h"

#include <stdio.h>
#include <string.h>

#include "config/describe.h"

struct diff {
    const struct site *from, *to;
    diff_line_fn *fn;
    void *arg;
    size_t count;
    char line[DIFF_LINE_MAX];
    size_t len;
};

/* ---- a line ------------------------------------------------------------------------------- */

static void line_begin(struct diff *d, char sign, const char *word, const char *id) {
    int n = snprintf(d->line, sizeof d->line, "%c %s%s%s", sign, word, *id != '\0' ? " " : "", id);
    d->len = n > 0 ? (size_t)n : 0;
}

static void line_add(struct diff *d, const char *before, const char *key, const char *text) {
    if (d->len >= sizeof d->line)
        return;
    int n = snprintf(d->line + d->len, sizeof d->line - d->len, "%s%s %s", before, key,
                     *text != '\0' ? text : "(none)");
    d->len += n > 0 ? (size_t)n : 0;
}

static void line_end(struct diff *d) {
    if (d->len >= sizeof d->line)
        memcpy(d->line + sizeof d->line - 4, "...", 4);
    if (d->fn != NULL)
        d->fn(d->arg, d->line);
    d->count++;
}

/* ---- facts -------------------------------------------------------------------------------- */

/* The n-th fact of that key: a key may stand several times (contracts, terms of a sum). */
static const char *find(const struct fact_list *l, const char *key, size_t n) {
    for (size_t i = 0; i < l->count; i++) {
        if (strcmp(l->fact[i].key, key) == 0 && n-- == 0)
            return l->fact[i].text;
    }
    return "";
}

static size_t ordinal(const struct fact_list *l, size_t i) {
    size_t n = 0;
    for (size_t k = 0; k < i; k++)
        n += strcmp(l->fact[k].key, l->fact[i].key) == 0;
    return n;
}

static void change(struct diff *d, bool *any, const char *key, const char *was, const char *is) {
    char text[2 * FACT_TEXT_MAX + 16];
    (void)snprintf(text, sizeof text, "%s -> %s", *was != '\0' ? was : "(none)",
                   *is != '\0' ? is : "(none)");
    line_add(d, *any ? ", " : ": ", key, text);
    *any = true;
}

static void compare(struct diff *d, const char *word, const char *id, const struct fact_list *a,
                    const struct fact_list *b) {
    bool any = false;
    line_begin(d, '~', word, id);
    for (size_t i = 0; i < a->count; i++) {
        const char *is = find(b, a->fact[i].key, ordinal(a, i));
        if (strcmp(a->fact[i].text, is) != 0)
            change(d, &any, a->fact[i].key, a->fact[i].text, is);
    }
    for (size_t i = 0; i < b->count; i++) {
        const char *was = find(a, b->fact[i].key, ordinal(b, i));
        if (*was == '\0' && b->fact[i].text[0] != '\0')
            change(d, &any, b->fact[i].key, "", b->fact[i].text);
    }
    if (any)
        line_end(d);
}

static void whole(struct diff *d, char sign, const char *word, const char *id,
                  const struct fact_list *l) {
    line_begin(d, sign, word, id);
    for (size_t i = 0; sign == '+' && i < l->count; i++)
        line_add(d, i == 0 ? ": " : ", ", l->fact[i].key, l->fact[i].text);
    line_end(d);
}

/* ---- points of a profile ------------------------------------------------------------------- */

static bool same_name(const struct point_def *a, const struct point_def *b) {
    const char *ca = a->channel != NULL ? a->channel : "",
               *cb = b->channel != NULL ? b->channel : "";
    return strcmp(a->name, b->name) == 0 && strcmp(ca, cb) == 0;
}

static const struct point_def *find_point(const struct device_profile *p,
                                          const struct point_def *like) {
    for (size_t i = 0; i < p->point_count; i++) {
        if (same_name(&p->points[i], like))
            return &p->points[i];
    }
    return NULL;
}

static void point_id(char *out, size_t cap, const struct device_profile *p,
                     const struct point_def *def) {
    (void)snprintf(out, cap, "%s %s%s%s", p->name, def->channel != NULL ? def->channel : "",
                   def->channel != NULL ? "." : "", def->name);
}

static void diff_points(struct diff *d, const struct device_profile *a,
                        const struct device_profile *b) {
    static const char word[] = "point of profile";
    char id[FACT_TEXT_MAX];
    for (size_t i = 0; i < a->point_count; i++) {
        struct fact_list was = {0}, is = {0};
        const struct point_def *other = find_point(b, &a->points[i]);
        point_id(id, sizeof id, a, &a->points[i]);
        describe_point(&a->points[i], &was);
        if (other != NULL) {
            describe_point(other, &is);
            compare(d, word, id, &was, &is);
        } else {
            whole(d, '-', word, id, &was);
        }
    }
    for (size_t i = 0; i < b->point_count; i++) {
        struct fact_list is = {0};
        if (find_point(a, &b->points[i]) != NULL)
            continue;
        point_id(id, sizeof id, b, &b->points[i]);
        describe_point(&b->points[i], &is);
        whole(d, '+', word, id, &is);
    }
}

bool profile_same(const struct device_profile *a, const struct device_profile *b) {
    struct diff d = {0};
    struct fact_list was = {0}, is = {0};
    describe_profile(a, &was);
    describe_profile(b, &is);
    compare(&d, "", "", &was, &is);
    diff_points(&d, a, b);
    return d.count == 0;
}

/* ---- sites -------------------------------------------------------------------------------- */

static size_t find_thing(const struct kind *k, const struct site *s, const char *id) {
    size_t n = k->count(s);
    for (size_t i = 0; i < n; i++) {
        const char *other = k->id(s, i);
        if (other != NULL && strcmp(other, id) == 0)
            return i;
    }
    return SIZE_MAX;
}

static void diff_kind(struct diff *d, const struct kind *k) {
    for (size_t i = 0; i < k->count(d->from); i++) {
        struct fact_list was = {0}, is = {0};
        const char *id = k->id(d->from, i);
        if (id == NULL)
            continue;
        size_t other = find_thing(k, d->to, id);
        k->describe(d->from, i, &was);
        if (other == SIZE_MAX) {
            whole(d, '-', k->word, id, &was);
            continue;
        }
        k->describe(d->to, other, &is);
        compare(d, k->word, id, &was, &is);
        if (strcmp(k->word, "profile") == 0)
            diff_points(d, d->from->devices[i].profile, d->to->devices[other].profile);
    }
    for (size_t i = 0; i < k->count(d->to); i++) {
        struct fact_list is = {0};
        const char *id = k->id(d->to, i);
        if (id == NULL || find_thing(k, d->from, id) != SIZE_MAX)
            continue;
        k->describe(d->to, i, &is);
        whole(d, '+', k->word, id, &is);
    }
}

size_t site_diff(const struct site *from, const struct site *to, diff_line_fn *fn, void *arg) {
    struct diff d = {.from = from, .to = to, .fn = fn, .arg = arg};
    for (const struct kind *k = site_kinds; k->word != NULL; k++)
        diff_kind(&d, k);
    return d.count;
}
