#include "slots/silence.h"

#include <math.h>

void silence_see(struct silence_seen *s, ms_t answered, ms_t poll_ms) {
    bool none = s->devices++ == 0;
    s->all_answered = (none || s->all_answered) && answered != 0;
    s->first = none || answered < s->first ? answered : s->first;
    s->last = none || answered > s->last ? answered : s->last;
    s->poll_ms = poll_ms > s->poll_ms ? poll_ms : s->poll_ms;
}

static bool is_silent(const struct silence_seen *seen, ms_t now) {
    ms_t least = 3 * seen->poll_ms > SILENCE_MS ? 3 * seen->poll_ms : SILENCE_MS;
    return seen->devices >= 2 && seen->all_answered && now - seen->last >= least &&
           seen->last - seen->first <= SILENCE_TOGETHER_MS + 2 * seen->poll_ms;
}

bool silence_take(struct silence *s, const struct silence_seen *seen, ms_t now,
                  struct dip_change *ret) {
    if (s->lasts && seen->last > s->now.begin) {
        s->lasts = false;
        s->now.ended = true;
        s->now.end = seen->last;
        *ret = s->now;
        return true;
    }
    if (s->lasts || !is_silent(seen, now))
        return false;
    s->lasts = true;
    s->now = (struct dip_change){.kind = DIP_INTERRUPTION,
                                 .begin = seen->last,
                                 .lowest_pct = (double)NAN,
                                 .resolution_ms = seen->poll_ms};
    *ret = s->now;
    return true;
}
