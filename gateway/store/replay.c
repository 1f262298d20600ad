#include "store/replay.h"

#include <string.h>

#include "base/err.h"
#include "store/db.h"
#include "store/writer.h"

void writer_replayed(struct writer *w, int64_t id, uint64_t done) {
    pthread_mutex_lock(&w->lock);
    struct replay_marks *m = &w->replayed;
    size_t i = 0;
    while (i < m->count && m->mark[i].id != id)
        i++;
    if (i == m->count && i < REPLAYS_MAX) /* without room it is sent twice after a restart */
        m->mark[m->count++] = (struct replay_mark){.id = id};
    if (i < m->count && done > m->mark[i].done)
        m->mark[i].done = done;
    pthread_mutex_unlock(&w->lock);
}

bool replay_moved(struct writer *w) {
    pthread_mutex_lock(&w->lock);
    bool moved = w->replayed.count > 0;
    pthread_mutex_unlock(&w->lock);
    return moved;
}

static int write_mark(sqlite3_stmt *s, const struct replay_mark *m) {
    sqlite3_bind_int64(s, 1, m->id);
    sqlite3_bind_int64(s, 2, (int64_t)m->done);
    return db_run(s);
}

int replay_write(struct writer *w) {
    struct replay_marks marks;
    pthread_mutex_lock(&w->lock);
    for (size_t i = 0; i < w->replayed.count; i++)
        w->replayed.mark[i].written = w->replayed.mark[i].done;
    marks = w->replayed;
    pthread_mutex_unlock(&w->lock);
    if (marks.count == 0)
        return ERR_OK;
    sqlite3_stmt *s = NULL;
    int err = db_prepare(w->db, "UPDATE replay SET done=max(done,?2) WHERE id=?1", &s);
    for (size_t i = 0; err == ERR_OK && i < marks.count; i++)
        err = write_mark(s, &marks.mark[i]);
    sqlite3_finalize(s);
    return err < 0 ? err : db_exec(w->db, "DELETE FROM replay WHERE done>=to_seq");
}

void replay_committed(struct writer *w) {
    pthread_mutex_lock(&w->lock);
    struct replay_marks *m = &w->replayed;
    for (size_t i = m->count; i-- > 0;)
        if (m->mark[i].done == m->mark[i].written)
            m->mark[i] = m->mark[--m->count];
    pthread_mutex_unlock(&w->lock);
}

int replay_floor(struct writer *w, uint64_t *ret) {
    sqlite3_stmt *s = NULL;
    int64_t floor = INT64_MAX;
    int err = db_prepare(w->db, "SELECT min(done) FROM replay WHERE epoch=?", &s);
    if (err < 0)
        return err;
    sqlite3_bind_int64(s, 1, w->epoch);
    err = db_run_i64(s, INT64_MAX, &floor);
    sqlite3_finalize(s);
    *ret = floor == INT64_MAX ? UINT64_MAX : (uint64_t)floor;
    return err;
}
