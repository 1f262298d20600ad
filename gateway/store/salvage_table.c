#include "store/salvage_table.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "store/db.h"

#define SQL_MAX        2048
#define NAME_MAX_BYTES 64

struct columns {
    char name[SALVAGE_COLUMNS_MAX][NAME_MAX_BYTES];
    int count;
    int key[SALVAGE_KEYS_MAX]; /* column of the n-th part of the key */
    int keys;
    bool integers; /* every part of the key is */
    bool of_epoch;
};

static int list_columns(sqlite3 *db, const char *table, struct columns *ret) {
    char sql[200];
    sqlite3_stmt *s = NULL;
    memset(ret, 0, sizeof *ret);
    ret->integers = true;
    snprintf(sql, sizeof sql, "SELECT name,type,pk FROM pragma_table_info('%s')", table);
    int err = db_prepare(db, sql, &s);
    if (err < 0)
        return err;
    while (sqlite3_step(s) == SQLITE_ROW && ret->count < SALVAGE_COLUMNS_MAX) {
        const char *type = (const char *)sqlite3_column_text(s, 1);
        const char *name = (const char *)sqlite3_column_text(s, 0);
        int pk = sqlite3_column_int(s, 2);
        if (!name || strlen(name) >= NAME_MAX_BYTES)
            continue;
        if (pk > 0 && pk <= SALVAGE_KEYS_MAX) {
            ret->key[pk - 1] = ret->count;
            ret->keys = pk > ret->keys ? pk : ret->keys;
            ret->integers = ret->integers && type && strcmp(type, "INTEGER") == 0;
        }
        ret->of_epoch = ret->of_epoch || strcmp(name, "seq_from") == 0;
        memcpy(ret->name[ret->count++], name, strlen(name) + 1);
    }
    sqlite3_finalize(s);
    return ret->count > 0 && ret->keys > 0 ? ERR_OK : ERR_NOT_FOUND;
}

static bool has_column(const struct columns *c, const char *name) {
    for (int i = 0; i < c->count; i++)
        if (strcmp(c->name[i], name) == 0)
            return true;
    return false;
}

static void list_names(struct buf *b, const struct columns *c, bool keys, const char *suffix) {
    int n = keys ? c->keys : c->count;
    for (int i = 0; i < n; i++) {
        buf_puts(b, i > 0 ? ",\"" : "\"");
        buf_puts(b, c->name[keys ? c->key[i] : i]);
        buf_puts(b, "\"");
        buf_puts(b, suffix);
    }
}

static void marks(struct buf *b, int n) {
    for (int i = 0; i < n; i++)
        buf_puts(b, i > 0 ? ",?" : "?");
}

static int prepare_read(sqlite3 *from, const char *table, const struct columns *c,
                        const char *order, sqlite3_stmt **ret) {
    char text[SQL_MAX];
    struct buf b;
    buf_init(&b, text, sizeof text);
    buf_puts(&b, "SELECT ");
    list_names(&b, c, false, "");
    buf_puts(&b, " FROM ");
    buf_puts(&b, table);
    for (int side = 0; c->integers && side < 2; side++) {
        buf_puts(&b, side == 0 ? " WHERE (" : " AND (");
        list_names(&b, c, true, "");
        buf_puts(&b, side == 0 ? ")>(" : ")<(");
        marks(&b, c->keys);
        buf_puts(&b, ")");
    }
    buf_puts(&b, " ORDER BY ");
    list_names(&b, c, true, order);
    return buf_ok(&b) ? db_prepare(from, b.data, ret) : ERR_LIMIT;
}

static int prepare_put(sqlite3 *to, const char *table, const struct columns *c,
                       sqlite3_stmt **ret) {
    char text[SQL_MAX];
    struct buf b;
    buf_init(&b, text, sizeof text);
    buf_puts(&b, "INSERT OR IGNORE INTO ");
    buf_puts(&b, table);
    buf_puts(&b, "(");
    list_names(&b, c, false, "");
    buf_puts(&b, ") VALUES(");
    marks(&b, c->count);
    buf_puts(&b, ")");
    return buf_ok(&b) ? db_prepare(to, b.data, ret) : ERR_LIMIT;
}

/* The columns of the new table that the old one has too; the key must be among them. */
static int common_columns(sqlite3 *from, sqlite3 *to, const char *name, struct columns *ret) {
    struct columns own, old;
    int err = list_columns(to, name, &own);
    if (err == ERR_OK)
        err = list_columns(from, name, &old);
    if (err < 0 || own.of_epoch)
        return ERR_NOT_FOUND;
    *ret = own;
    ret->count = 0;
    for (int i = 0; i < own.count; i++) {
        if (!has_column(&old, own.name[i]))
            continue;
        for (int k = 0; k < own.keys; k++)
            if (own.key[k] == i)
                ret->key[k] = ret->count;
        memmove(ret->name[ret->count++], own.name[i], NAME_MAX_BYTES);
    }
    for (int k = 0; k < own.keys; k++)
        if (!has_column(&old, own.name[own.key[k]]))
            return ERR_NOT_FOUND;
    return ERR_OK;
}

int salvage_table_init(struct salvage_table *t, sqlite3 *from, sqlite3 *to, const char *name,
                       ms_t now_ms) {
    struct columns c;
    memset(t, 0, sizeof *t);
    t->now_ms = now_ms;
    int err = common_columns(from, to, name, &c);
    if (err == ERR_OK)
        err = prepare_put(to, name, &c, &t->put);
    if (err == ERR_OK && (prepare_read(from, name, &c, " DESC", &t->down) < 0 ||
                          prepare_read(from, name, &c, "", &t->up) < 0))
        err = ERR_NOT_FOUND;
    if (err < 0) {
        salvage_table_fini(t);
        return err;
    }
    t->columns = c.count;
    t->keys = c.keys;
    t->whole = !c.integers;
    memcpy(t->key_column, c.key, sizeof t->key_column);
    for (int k = 0; k < t->keys; k++) {
        t->queue[0].above[k] = INT64_MIN;
        t->queue[0].below[k] = INT64_MAX;
    }
    t->count = 1;
    return ERR_OK;
}

void salvage_table_fini(struct salvage_table *t) {
    sqlite3_finalize(t->down);
    sqlite3_finalize(t->up);
    sqlite3_finalize(t->put);
    memset(t, 0, sizeof *t);
}

static void push(struct salvage_table *t, const struct salvage_range *r) {
    int most = t->rows > 0 ? SALVAGE_PROBES_MAX : SALVAGE_PROBES_VAIN;
    if (t->count == SALVAGE_QUEUE_MAX || t->probes >= most)
        return;
    t->probes++;
    t->queue[(t->first + t->count++) % SALVAGE_QUEUE_MAX] = *r;
}

/* The part of the range on one side of a value of its k-th part. */
static void push_between(struct salvage_table *t, int k, int64_t above, int64_t below) {
    struct salvage_range r = t->now;
    r.above[k] = above;
    r.below[k] = below;
    for (int i = k + 1; i < t->keys; i++) {
        if (above != t->now.above[k])
            r.above[i] = INT64_MIN;
        if (below != t->now.below[k])
            r.below[i] = INT64_MIN;
    }
    push(t, &r);
}

/* No value lies between the k-th parts: what follows them goes on. */
static void split_neighbours(struct salvage_table *t, int k) {
    struct salvage_range r = t->now;
    if (k + 1 == t->keys)
        return;
    for (int i = k + 1; i < t->keys; i++)
        r.below[i] = INT64_MAX;
    r.below[k] = t->now.above[k];
    push(t, &r);
    r = t->now;
    for (int i = k + 1; i < t->keys; i++)
        r.above[i] = INT64_MIN;
    r.above[k] = t->now.below[k];
    if (r.below[k + 1] != INT64_MIN)
        push(t, &r);
}

/* Where keys of the store lie: small numbers, the seconds of a period (each with the number after
 * it, so that the period has a range of its own), and times before now, denser towards it. */
static int64_t landmark(const struct salvage_table *t, int i) {
    static const int64_t numbers[] = {0,    15,    60,    61,    255,     900,     901,    3600,
                                      3601, 65535, 86400, 86401, 1048575, 2592000, 2592001};
    enum { NUMBERS = sizeof numbers / sizeof numbers[0], TIMES = 17 };
    if (i < NUMBERS)
        return numbers[i];
    if (i < NUMBERS + TIMES)
        return t->now_ms - (((ms_t)3600000 << (NUMBERS + TIMES - 1 - i)) >> 1); /* 3.7 years .. */
    return i == NUMBERS + TIMES ? t->now_ms + 3600000 : INT64_MAX; /* a clock that was ahead */
}

/* Halves what is left between two bad places, at the first part of the key in which they differ. */
static void split(struct salvage_table *t) {
    int k = 0;
    while (k < t->keys && t->now.above[k] == t->now.below[k])
        k++;
    if (t->whole || k == t->keys)
        return;
    int64_t above = t->now.above[k], below = t->now.below[k];
    if (above != INT64_MIN && below != INT64_MAX) {
        int64_t middle = above / 2 + below / 2;
        if (below - above <= 1) {
            split_neighbours(t, k);
            return;
        }
        middle = middle <= above ? above + 1 : middle >= below ? below - 1 : middle;
        push_between(t, k, middle, below);
        push_between(t, k, above, middle);
        return;
    }
    int64_t from = above;
    for (int i = 0; from < below; i++) {
        int64_t to = landmark(t, i);
        if (to <= from)
            continue;
        to = to < below ? to : below;
        if (from == above && to == below)
            return; /* nothing is known of what lies there */
        push_between(t, k, from, to);
        from = to;
    }
}

static void bind(const struct salvage_table *t, sqlite3_stmt *s) {
    for (int k = 0; !t->whole && k < t->keys; k++) {
        sqlite3_bind_int64(s, k + 1, t->now.above[k]);
        sqlite3_bind_int64(s, t->keys + k + 1, t->now.below[k]);
    }
}

static int put_row(struct salvage_table *t, sqlite3_stmt *s) {
    int64_t *edge = t->phase == SALVAGE_DOWN ? t->now.below : t->now.above;
    for (int k = 0; !t->whole && k < t->keys; k++)
        edge[k] = sqlite3_column_int64(s, t->key_column[k]);
    for (int i = 0; i < t->columns; i++)
        sqlite3_bind_value(t->put, i + 1, sqlite3_column_value(s, i));
    int err = db_run(t->put);
    t->rows += err == ERR_OK;
    return err;
}

/* The reading ended: at the other end of the range, or at a bad place. */
static void end_phase(struct salvage_table *t, sqlite3_stmt *s, bool bad) {
    sqlite3_reset(s);
    t->damaged = t->damaged || bad;
    t->started = bad && t->phase == SALVAGE_DOWN;
    if (t->started) {
        t->phase = SALVAGE_UP;
        bind(t, t->up);
    } else if (bad) {
        split(t);
    }
}

int salvage_table_step(struct salvage_table *t, uint64_t most, bool *ret_done) {
    uint64_t begun = t->rows;
    int err = ERR_OK;
    while (err == ERR_OK && t->rows - begun < most) {
        if (!t->started) {
            if (t->count == 0) {
                *ret_done = true;
                return ERR_OK;
            }
            t->now = t->queue[t->first];
            t->first = (t->first + 1) % SALVAGE_QUEUE_MAX;
            t->count--;
            t->started = true;
            t->phase = SALVAGE_DOWN;
            bind(t, t->down);
        }
        sqlite3_stmt *s = t->phase == SALVAGE_DOWN ? t->down : t->up;
        int rc = sqlite3_step(s);
        if (rc == SQLITE_ROW)
            err = put_row(t, s);
        else
            end_phase(t, s, rc != SQLITE_DONE);
    }
    if (err < 0)
        end_phase(t, t->phase == SALVAGE_DOWN ? t->down : t->up, false);
    *ret_done = false;
    return err;
}
