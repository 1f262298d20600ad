/* Facts of stored slots, in the order of the site as it is configured now. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "store/books.h"
#include "store/db.h"
#include "store/facts_codec.h"
#include "store/reader_impl.h"
#include "store/slot_code.h"

#define NAMES_MAX 16

static_assert(METERING_POINTS_MAX <= NAMES_MAX && ACCOUNTS_MAX <= NAMES_MAX &&
                  TRANSFORMERS_MAX <= NAMES_MAX,
              "a place for each name");

/* Where the ids of a list stand in a record's text. */
struct name {
    const char *text;
    size_t n;
};
struct names {
    struct name name[NAMES_MAX];
    size_t count;
};

/* ---- the names that a record gives ---------------------------------------------------------- */

/* The end of the string that begins at text[i], which is a quote: behind its closing one. */
static size_t string_end(const char *text, size_t n, size_t i) {
    for (i++; i < n && text[i] != '"'; i++)
        if (text[i] == '\\')
            i++;
    return i < n ? i + 1 : n;
}

/* The objects of the list whose first member is "key":"...". The text is of record_site_write(), so
 * nothing stands between its tokens and no id has an escape. */
static void find_names(const char *text, size_t n, const char *list, const char *key,
                       struct names *ret) {
    char open[32], member[32];
    snprintf(open, sizeof open, "\"%s\":[{", list);
    snprintf(member, sizeof member, "{\"%s\":\"", key);
    const char *at = memmem(text, n, open, strlen(open));
    size_t i = at ? (size_t)(at - text) + strlen(open) - 1 : n, m = strlen(member);
    int depth = 0;
    ret->count = 0;
    while (i < n && !(depth == 0 && text[i] == ']')) {
        char c = text[i];
        if (depth == 0 && n - i > m && memcmp(text + i, member, m) == 0 && ret->count < NAMES_MAX) {
            size_t end = string_end(text, n, i + m - 1);
            ret->name[ret->count++] = (struct name){text + i + m, end - 1 - (i + m)};
        }
        depth += (c == '{' || c == '[') - (c == '}' || c == ']');
        i = c == '"' ? string_end(text, n, i) : i + 1;
    }
}

static bool is_name(const struct name *name, const char *id) {
    return strlen(id) == name->n && memcmp(name->text, id, name->n) == 0;
}

/* Where the id stands among the first count; names NULL: where it stands in site. -1: nowhere. */
static int place_of(const struct names *names, size_t count, const char *id, size_t own) {
    if (!names)
        return own < count ? (int)own : -1;
    for (size_t i = 0; i < names->count && i < count; i++)
        if (is_name(&names->name[i], id))
            return (int)i;
    return -1;
}

/* ---- the order of the site ------------------------------------------------------------------ */

/* The lists of a record. */
struct record_names {
    struct names points, accounts, transformers;
};

struct facts_run {
    struct reader *r;
    const struct site *site;
    bool is_bill;
    struct record_names names;
    struct slot_facts stored, ordered;
    int (*on_facts)(void *arg, const struct slot_facts *f);
    void *arg;
};

static void order_points(const struct site *site, const struct names *names,
                         const struct slot_facts *from, struct slot_facts *to) {
    for (size_t i = 0; i < to->point_count; i++) {
        int at = place_of(names, from->point_count, site->metering_points[i].id, i);
        if (at >= 0)
            to->points[i] = from->points[at];
    }
}

static void order_accounts(const struct site *site, const struct names *names,
                           const struct slot_facts *from, struct slot_facts *to) {
    for (size_t i = 0; i < to->account_count; i++) {
        int at = place_of(names, from->account_count, site->accounts[i].id, i);
        if (at >= 0)
            to->accounts[i] = from->accounts[at];
    }
}

static void order_transformers(const struct site *site, const struct names *names,
                               const struct slot_facts *from, struct slot_facts *to) {
    for (size_t i = 0; i < to->transformer_count; i++) {
        int at = place_of(names, from->transformer_count, site->transformers[i].id, i);
        if (at < 0)
            continue;
        to->transformers[i] = from->transformers[at];
        to->transformer_ms[i] = from->transformer_ms[at];
    }
}

/* Arrays in the site's order, everything else as it was stored. names NULL: they are in it. */
static void put_in_order(struct facts_run *run, const struct record_names *names) {
    struct slot_facts *s = &run->stored, *f = &run->ordered;
    facts_init(f, run->site, s->period, s->start, s->end);
    order_points(run->site, names ? &names->points : NULL, s, f);
    order_accounts(run->site, names ? &names->accounts : NULL, s, f);
    order_transformers(run->site, names ? &names->transformers : NULL, s, f);
    memcpy(s->points, f->points, sizeof s->points);
    memcpy(s->accounts, f->accounts, sizeof s->accounts);
    memcpy(s->transformers, f->transformers, sizeof s->transformers);
    memcpy(s->transformer_ms, f->transformer_ms, sizeof s->transformer_ms);
    s->point_count = f->point_count;
    s->account_count = f->account_count;
    s->transformer_count = f->transformer_count;
}

static void order_by_text(struct facts_run *run, sqlite3_stmt *s, int column) {
    const char *text = (const char *)sqlite3_column_text(s, column);
    size_t n = (size_t)sqlite3_column_bytes(s, column);
    find_names(text, n, "points", "id", &run->names.points);
    find_names(text, n, "demand", "account", &run->names.accounts);
    find_names(text, n, "transformers", "id", &run->names.transformers);
    put_in_order(run, &run->names);
}

/* ---- rows ----------------------------------------------------------------------------------- */

/* A bill's text has its own account only, its facts have all: a day of it tells their order. */
static int order_bill(struct facts_run *run) {
    sqlite3_stmt *s;
    int err = reader_statement(run->r, READ_DAY_NAMES, &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, run->stored.start);
    sqlite3_bind_int64(s, 2, run->stored.end);
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        order_by_text(run, s, 0);
    else
        put_in_order(run, NULL);
    sqlite3_reset(s);
    return db_err(rc);
}

static int take_row(struct facts_run *run, sqlite3_stmt *s, uint64_t *bad_rows) {
    int err =
        facts_read(sqlite3_column_blob(s, 2), (size_t)sqlite3_column_bytes(s, 2), &run->stored);
    if (err < 0) {
        ++*bad_rows;
        return ERR_OK;
    }
    if (run->is_bill)
        err = order_bill(run);
    else
        order_by_text(run, s, 1);
    return err < 0 ? err : run->on_facts(run->arg, &run->stored);
}

static int code_of(struct reader *r, const struct site *site, enum slot_period p, int account,
                   int64_t *ret) {
    if (p != SLOT_BILL) {
        *ret = slot_code(p);
        return ERR_OK;
    }
    char name[SITE_ID_MAX + 2];
    sqlite3_stmt *s;
    int err = reader_statement(r, READ_NUMBER, &s);
    if (err < 0)
        return err;
    snprintf(name, sizeof name, "@%s", site->accounts[account].id);
    sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC);
    int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        *ret = slot_code_bill(sqlite3_column_int64(s, 0));
    sqlite3_reset(s);
    sqlite3_clear_bindings(s);
    return rc == SQLITE_ROW ? ERR_OK : rc == SQLITE_DONE ? ERR_NOT_FOUND : db_err(rc);
}

int reader_facts(struct reader *r, const struct site *site, enum slot_period p, int account,
                 ms_t from, ms_t to, int (*on_facts)(void *arg, const struct slot_facts *f),
                 void *arg, uint64_t *ret_bad_rows) {
    int64_t code = 0;
    uint64_t bad_rows = 0;
    sqlite3_stmt *s;
    int err = code_of(r, site, p, account, &code);
    if (err == ERR_OK)
        err = reader_statement(r, READ_FACTS, &s);
    struct facts_run *run = err == ERR_OK ? malloc(sizeof *run) : NULL;
    if (err == ERR_OK && !run)
        err = ERR_NOMEM;
    if (err < 0)
        return err;
    *run = (struct facts_run){
        .r = r, .site = site, .is_bill = p == SLOT_BILL, .on_facts = on_facts, .arg = arg};
    sqlite3_bind_int64(s, 1, code);
    sqlite3_bind_int64(s, 2, from);
    sqlite3_bind_int64(s, 3, to);
    int rc = SQLITE_DONE;
    while (err >= 0 && (rc = sqlite3_step(s)) == SQLITE_ROW)
        err = take_row(run, s, &bad_rows);
    sqlite3_reset(s);
    free(run);
    if (err >= 0)
        err = db_err(rc);
    if (err == ERR_OK)
        *ret_bad_rows = bad_rows;
    return err;
}

int reader_books(struct reader *r, ms_t now_ms, struct books_store *ret) {
    struct books_store books = {0};
    int err = books_load(&books, r->db, now_ms);
    if (err < 0)
        books_free(&books);
    else
        *ret = books;
    return err;
}
