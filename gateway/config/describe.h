/* The things of a site as lists of named facts, for comparing. A fact that is not given is left
 * out. Inside config. */
#ifndef BUSBAR_CONFIG_DESCRIBE_H
#define BUSBAR_CONFIG_DESCRIBE_H

#include "meter/site.h"

#define FACTS_MAX     32
#define FACT_TEXT_MAX 160

struct fact {
    const char *key;
    char text[FACT_TEXT_MAX];
};

struct fact_list {
    struct fact fact[FACTS_MAX];
    size_t count;
};

/* One kind of thing: how many a site has, what they are called, what is true of them. */
struct kind {
    const char *word;
    size_t (*count)(const struct site *s);
    const char *(*id)(const struct site *s, size_t i); /* NULL: not one of its own, passed over */
    void (*describe)(const struct site *s, size_t i, struct fact_list *out);
};

/* Ends with a NULL word. */
extern const struct kind site_kinds[];

void describe_profile(const struct device_profile *p, struct fact_list *out);
void describe_point(const struct point_def *p, struct fact_list *out);

/* Of tariffs and carbon factors (describe_books.c). */
void describe_tariff(const struct tariff *t, struct fact_list *out);
void describe_carbon(const struct carbon_book *b, struct fact_list *out);

/* Limits of alert rules, for the site and for single objects (describe_alerts.c). */
size_t describe_rule_count(const struct site *s);
const char *describe_rule_id(const struct site *s, size_t i);
void describe_rule(const struct site *s, size_t i, struct fact_list *out);
size_t describe_override_count(const struct site *s);
const char *describe_override_id(const struct site *s, size_t i);
void describe_override(const struct site *s, size_t i, struct fact_list *out);
void describe_alert_cases(const struct site *s, size_t i, struct fact_list *out);
/* Who is told of alerts, and when not (describe_webhooks.c). */
size_t webhook_count(const struct site *s);
const char *webhook_id(const struct site *s, size_t i);
void describe_webhook(const struct site *s, size_t i, struct fact_list *out);
size_t quiet_count(const struct site *s);
void describe_quiet(const struct site *s, size_t i, struct fact_list *out);

__attribute__((format(printf, 3, 4))) void fact_add(struct fact_list *out, const char *key,
                                                    const char *format, ...);
void fact_text(struct fact_list *out, const char *key, const char *text); /* NULL: left out */
void fact_number(struct fact_list *out, const char *key, double v);       /* NAN: left out */
void fact_flag(struct fact_list *out, const char *key, bool v);

#endif
