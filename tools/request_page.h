/* How the page of a request is written. For its own files. */
#ifndef BUSBAR_TOOLS_REQUEST_PAGE_H
#define BUSBAR_TOOLS_REQUEST_PAGE_H

#include "advise_say.h"
#include "request.h"

struct request_page {
    const struct request *request;
    enum advise_lang lang;
    FILE *out;
};

/* Text between tags: what means something in HTML is escaped. NULL: "-". */
void request_put_text(const struct request_page *p, const char *text);
/* A cell of a table with a number; "-" when it is not known. mark: "†" and the like, or "". */
void request_put_number(const struct request_page *p, double v, int decimals, const char *mark);
void request_put_cell(const struct request_page *p, const char *text);
void request_put_time_cell(const struct request_page *p, ms_t t); /* 0: "-" */
/* A heading, then a table's head of n columns. */
void request_open_table(const struct request_page *p, const char *title, const char *const *heads,
                        size_t n);
void request_close_table(const struct request_page *p);

/* Tables, request_tables.c. account: in advice.accounts. */
void request_put_capacity(const struct request_page *p, size_t account);
void request_put_voltage(const struct request_page *p, size_t account);
void request_put_dips(const struct request_page *p, size_t account);
void request_put_measure(const struct request_page *p);
void request_put_data(const struct request_page *p, size_t account);

/* What the figures of an account say, in numbers. */
struct request_findings {
    const struct advise_capacity *worst; /* NULL: unknown */
    double max_kw, contract_kw, ok_pct;
    size_t sags, interruptions, may_be;
    double interrupted_s;
};
struct request_findings request_find(const struct request *r, size_t account);

#endif
