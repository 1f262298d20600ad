/* Facts of stored slots, in the order of the site as it is configured now. */
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "store/books.h"
#include "store/db.h"
#include "store/facts_codec.h"
#include "store/reader_impl.h"
#include "store/slot_code.h"

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

/* Of the revisions of a slot, which come one after another, the newest counts: it is given when the
 * next slot begins. A row that cannot be read is counted and passed over. */
static int take_rows(sqlite3_stmt *s, const struct site *site, struct slot_facts *facts,
                     int (*on_facts)(void *arg, const struct slot_facts *f), void *arg,
                     uint64_t *bad_rows) {
    int rc, err = ERR_OK;
    bool held = false;
    int64_t start = 0;
    while (err >= 0 && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        if (held && sqlite3_column_int64(s, 0) != start)
            err = on_facts(arg, facts);
        start = sqlite3_column_int64(s, 0);
        held = facts_read(sqlite3_column_blob(s, 1), (size_t)sqlite3_column_bytes(s, 1), site,
                          facts) == ERR_OK;
        if (!held)
            ++*bad_rows;
    }
    if (err >= 0 && held)
        err = on_facts(arg, facts);
    return err < 0 ? err : db_err(rc);
}

int reader_facts(struct reader *r, const struct site *site, enum slot_period p, int account,
                 ms_t from, ms_t to, int (*on_facts)(void *arg, const struct slot_facts *f),
                 void *arg, uint64_t *ret_bad_rows) {
    int64_t code = 0;
    uint64_t bad_rows = 0;
    sqlite3_stmt *s = NULL;
    int err = code_of(r, site, p, account, &code);
    if (err == ERR_OK)
        err = reader_statement(r, READ_FACTS, &s);
    if (err < 0)
        return err;
    struct slot_facts *facts = malloc(sizeof *facts);
    if (!facts)
        return ERR_NOMEM;
    sqlite3_bind_int64(s, 1, code);
    sqlite3_bind_int64(s, 2, from);
    sqlite3_bind_int64(s, 3, to);
    err = take_rows(s, site, facts, on_facts, arg, &bad_rows);
    sqlite3_reset(s);
    free(facts);
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
