/* The ledger at work on the small works: changes of rules through the core, as the engine gives
 * them, and the ledger as a reader sees it. */
#ifndef BUSBAR_TESTS_ALERT_RIG_H
#define BUSBAR_TESTS_ALERT_RIG_H

#include "order_rig.h"
#include "store/reader_alerts.h"

#define STEPS_KEPT 40

static inline struct alert_change change_of(enum alert_step step, enum alert_severity severity,
                                            double value, ms_t at) {
    return (struct alert_change){.source = ALERT_BY_RULE,
                                 .step = (uint8_t)step,
                                 .severity = (uint8_t)severity,
                                 .rule = "A03",
                                 .object = "t1",
                                 .unit = "%",
                                 .note_en = "allowed for 2 h",
                                 .note_zh = "允许 2 h",
                                 .at = at,
                                 .value = value,
                                 .threshold = severity >= ALERT_CRITICAL ? 100.0 : 80.0};
}

/* Through the core, and committed. */
static inline void take_change(struct rig *g, const struct alert_change *c) {
    core_alert(&g->core, c);
    rig_commit(g, c->at);
}

struct ledger {
    struct alert_entry entry; /* the newest */
    int entries;
    struct alert_entry_step steps[STEPS_KEPT]; /* of it */
    int step_count;
};

static inline int ledger_entry(void *arg, const struct alert_entry *e) {
    struct ledger *l = arg;
    if (l->entries++ == 0)
        l->entry = *e;
    return ERR_OK;
}

static inline int ledger_step(void *arg, const struct alert_entry_step *s) {
    struct ledger *l = arg;
    assert_true(l->step_count < STEPS_KEPT);
    l->steps[l->step_count++] = *s;
    return ERR_OK;
}

/* All of the ledger; every row can be read, and steps are numbered from 1. */
static inline void ledger_read(const struct works *w, struct ledger *ret) {
    struct reader *r;
    memset(ret, 0, sizeof *ret);
    assert_int_equal(reader_open(w->path, &r), ERR_OK);
    const struct alert_query q = alert_query_all(T0);
    assert_true(reader_alerts(r, &q, ledger_entry, ret) >= 0);
    if (ret->entries > 0)
        assert_true(reader_alert_steps(r, ret->entry.id, ledger_step, ret) > 0);
    for (int i = 0; i < ret->step_count; i++)
        assert_int_equal(ret->steps[i].n, i + 1);
    reader_close(r);
}

/* Every step of every alert is one event of the same number, in the same order. */
static inline void assert_told(struct rig *g) {
    json_t *all = rig_messages(&g->works, OUTBOX_EVENT);
    sqlite3_stmt *s = NULL;
    size_t at = 0;
    assert_int_equal(
        db_prepare(g->writer.db, "SELECT alert,step FROM alert_step ORDER BY t,alert,n", &s),
        ERR_OK);
    while (sqlite3_step(s) == SQLITE_ROW) {
        const json_t *e = NULL;
        do
            e = json_array_get(all, at++);
        while (e && strcmp(text_at(e, "event"), "alert") != 0);
        assert_non_null(e);
        assert_int_equal(number_at(e, "alert"), sqlite3_column_int(s, 0));
        assert_string_equal(text_at(e, "state"),
                            alert_step_str((enum alert_step)sqlite3_column_int(s, 1)));
    }
    sqlite3_finalize(s);
    for (; at < json_array_size(all); at++)
        assert_string_not_equal(text_at(json_array_get(all, at), "event"), "alert");
    json_decref(all);
}

/* SQLite gives up once, after so many of its own steps; in the end the commit itself fails. */
struct fault {
    int left;
    bool committing; /* what follows comes too late to fail */
};

static inline int fault_step(void *arg) {
    struct fault *f = arg;
    return !f->committing && f->left-- == 0;
}

static inline int fault_commit(void *arg) {
    struct fault *f = arg;
    f->committing = true;
    return f->left-- == 0;
}

static inline void fault_begin(sqlite3 *db, struct fault *f) {
    sqlite3_progress_handler(db, 1, fault_step, f);
    sqlite3_commit_hook(db, fault_commit, f);
}

static inline void fault_end(sqlite3 *db) {
    sqlite3_progress_handler(db, 0, NULL, NULL);
    sqlite3_commit_hook(db, NULL, NULL);
}

#endif
