/* The slots of a counter sum exactly to the register differences that were accepted: random
 * histories of everything that happens to a meter and its gateway. BUSBAR_SEED and
 * BUSBAR_HISTORIES vary them; a history that fails is made as short as it can be and printed as a
 * case for the table below. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>

#include "chance.h"
#include "counter_steps.h"
#include "sys/log.h"

#define STEPS_MAX     40
#define HISTORIES_MIN 100000
#define PENDING_BYTES ((size_t)1 << 20)
#define SHRINK_RUNS   20000
#define HOUR_MS       3600000

struct history {
    struct plant plant;
    struct step steps[STEPS_MAX];
    size_t n;
};

static struct rig rig;
static struct pending pending;

static const char *run(const struct history *h) {
    size_t step;
    return rig_run(&rig, &h->plant, h->steps, h->n, &pending, &step);
}

/* ---- chance ------------------------------------------------------------------------------- */

static void random_plant(struct plant *p) {
    static const int32_t polls[] = {1000, 1000, 5000, 60000};
    *p = (struct plant){.is_float = one_in(3),
                        .awkward = one_in(3),
                        .unrated = one_in(5),
                        .rate = 1 + random_below(50),
                        .poll_ms = polls[random_below(4)],
                        .start_ms = random_below(900000)};
    if (one_in(4))
        p->coarse = 1 + random_below(p->rate * 300);
    if (one_in(4))
        p->left = 1 + random_below(p->rate * 300);
    if (one_in(3)) /* shortly before the end of a quarter */
        p->start_ms = 900000 - 1 - random_below(90000);
}

static int32_t random_silence(void) {
    switch (random_below(8)) {
    case 0:
        return 60000 * (1 + random_below(20));
    case 1:
        return one_in(8) ? random_below(3 * HOUR_MS) : random_below(HOUR_MS / 4);
    case 2:
    case 3:
        return 60000 + random_below(120000);
    default:
        return random_below(60000);
    }
}

static int32_t random_power(const struct plant *p, int32_t counts, int32_t ms) {
    switch (random_below(6)) {
    case 0:
        return NO_POWER;
    case 1: /* contradicts the register */
        return random_below(p->rate * 7200) - p->rate * 3600;
    case 2: /* the register stands still, but energy flows */
        return random_below(p->rate * 3600);
    default:
        return ms > 0 ? (int32_t)((int64_t)counts * 3600000 / ms) : 0;
    }
}

static enum op random_op(void) {
    static const struct {
        enum op op;
        int32_t weight;
    } ops[] = {{OP_READ, 40}, {OP_EDGE, 10}, {OP_QUARTER, 4}, {OP_STALLED, 4},
               {OP_LATE, 2},  {OP_BLIND, 3}, {OP_WRONG, 5},   {OP_IDLE, 10},
               {OP_STALL, 3}, {OP_RESET, 2}, {OP_JUMP, 1},    {OP_RATIO, 3},
               {OP_CLOCK, 4}, {OP_KILL, 6},  {OP_RELOAD, 2},  {OP_FULL, 1}};
    int32_t at = random_below(100);
    size_t i = 0;
    while (at >= ops[i].weight)
        at -= ops[i++].weight;
    return ops[i].op;
}

static int32_t random_wrong(void) {
    static const int32_t values[] = {0, 0, 0, -1, -3, 1, 500, 999999999};
    return one_in(3) ? random_below(2000000) : values[random_below(8)];
}

static int32_t random_clock_step(void) {
    int32_t most = one_in(3) ? 4 * HOUR_MS : one_in(2) ? 20 * 60000 : 70000;
    return random_below(2 * most) - most;
}

static void random_step(const struct plant *p, struct step *s) {
    s->op = random_op();
    s->ms = p->poll_ms + (one_in(2) ? random_below(3) - 1 : 0);
    switch (s->op) {
    case OP_EDGE:
    case OP_QUARTER:
        s->ms = one_in(4) ? random_below(4000) - 2000 : random_below(3) - 1;
        break;
    case OP_READ:
        s->ms = one_in(4) ? random_below(60000) : s->ms;
        break;
    case OP_STALLED:
    case OP_STALL:
    case OP_IDLE:
        s->ms = random_silence();
        break;
    case OP_LATE:
        s->ms = random_below(90000);
        break;
    case OP_CLOCK:
        s->ms = random_clock_step();
        break;
    case OP_KILL:
        s->ms = one_in(3) ? random_silence() : random_below(5000);
        break;
    case OP_BLIND:
    case OP_WRONG:
    case OP_RESET:
    case OP_JUMP:
    case OP_RATIO:
    case OP_RELOAD:
    case OP_FULL:
    case OP_COUNT:
        break;
    }
    int64_t most = (int64_t)p->rate * (s->ms > 0 ? s->ms : 60000) / 1000 + 1;
    s->counts = one_in(5) ? 0 : random_below((int32_t)most);
    s->power = random_power(p, s->counts, s->ms > 0 ? s->ms : 60000);
    if (s->op == OP_WRONG)
        s->counts = random_wrong();
    if (s->op == OP_RESET || s->op == OP_RATIO || s->op == OP_FULL)
        s->counts = random_below(s->op == OP_RESET ? 1000 : 4);
    if (s->op == OP_RELOAD || s->op == OP_KILL)
        s->counts =
            random_below(4) | (one_in(4) ? CONFIG_SCALED : 0) | (one_in(8) ? CONFIG_MOVED : 0);
    if (s->op == OP_JUMP)
        s->counts = random_below(20000000);
}

/* Some steps come in runs: five wrong values make a reset. */
static void random_history(struct history *h) {
    random_plant(&h->plant);
    h->n = 5 + (size_t)random_below(one_in(4) ? STEPS_MAX - 4 : 12);
    for (size_t i = 0; i < h->n; i++) {
        bool again =
            i > 0 && one_in(4) && (h->steps[i - 1].op == OP_READ || h->steps[i - 1].op == OP_WRONG);
        if (again)
            h->steps[i] = h->steps[i - 1];
        else
            random_step(&h->plant, &h->steps[i]);
    }
}

/* ---- a shorter history that fails as well --------------------------------------------------- */

static int shrink_runs;

static bool still_fails(const struct history *h) {
    return shrink_runs++ < SHRINK_RUNS && run(h) != NULL;
}

/* Without steps [at, at + count). */
static bool drop_steps(struct history *h, size_t at, size_t count) {
    struct history less = *h;
    memmove(&less.steps[at], &less.steps[at + count], (less.n - at - count) * sizeof less.steps[0]);
    less.n -= count;
    if (!still_fails(&less))
        return false;
    *h = less;
    return true;
}

static bool drop_any(struct history *h) {
    bool any = false;
    for (size_t count = h->n / 2; count > 0; count /= 2)
        for (size_t at = 0; at + count <= h->n;)
            if (drop_steps(h, at, count))
                any = true;
            else
                at++;
    return any;
}

/* Halves a number, or moves it by one, while the history goes on failing. */
static bool lessen(struct history *h, int32_t *number) {
    int32_t is = *number;
    if (is == 0 || is == NO_POWER)
        return false;
    const int32_t tries[] = {0, is / 2, is > 0 ? is - 1 : is + 1};
    for (size_t i = 0; i < 3; i++) {
        *number = tries[i];
        if (still_fails(h))
            return true;
    }
    *number = is;
    return false;
}

static bool simpler_plant(struct history *h) {
    struct history less = *h;
    less.plant.is_float = less.plant.awkward = less.plant.unrated = false;
    less.plant.coarse = less.plant.left = 0;
    less.plant.poll_ms = 1000;
    if (memcmp(&less.plant, &h->plant, sizeof less.plant) == 0 || !still_fails(&less))
        return false;
    *h = less;
    return true;
}

static void shrink(struct history *h) {
    shrink_runs = 0;
    bool any = true;
    while (any && shrink_runs < SHRINK_RUNS) {
        any = drop_any(h);
        any = simpler_plant(h) || any;
        any = lessen(h, &h->plant.start_ms) || lessen(h, &h->plant.left) ||
              lessen(h, &h->plant.coarse) || any;
        for (size_t i = 0; i < h->n; i++)
            any = lessen(h, &h->steps[i].ms) || lessen(h, &h->steps[i].counts) ||
                  lessen(h, &h->steps[i].power) || any;
    }
}

/* As a case for the table of regressions. */
static void print_history(const struct history *h) {
    static const char *const ops[OP_COUNT] = {
        [OP_READ] = "OP_READ",       [OP_EDGE] = "OP_EDGE", [OP_QUARTER] = "OP_QUARTER",
        [OP_STALLED] = "OP_STALLED", [OP_LATE] = "OP_LATE", [OP_BLIND] = "OP_BLIND",
        [OP_WRONG] = "OP_WRONG",     [OP_IDLE] = "OP_IDLE", [OP_STALL] = "OP_STALL",
        [OP_RESET] = "OP_RESET",     [OP_JUMP] = "OP_JUMP", [OP_RATIO] = "OP_RATIO",
        [OP_CLOCK] = "OP_CLOCK",     [OP_KILL] = "OP_KILL", [OP_RELOAD] = "OP_RELOAD",
        [OP_FULL] = "OP_FULL"};
    const struct plant *p = &h->plant;
    print_error("    {{.is_float = %d, .awkward = %d, .unrated = %d, .rate = %d, .coarse = %d,"
                " .left = %d, .poll_ms = %d, .start_ms = %d},\n     {",
                p->is_float, p->awkward, p->unrated, p->rate, p->coarse, p->left, p->poll_ms,
                p->start_ms);
    for (size_t i = 0; i < h->n; i++) {
        const struct step *s = &h->steps[i];
        char power[16] = "NO_POWER";
        if (s->power != NO_POWER)
            snprintf(power, sizeof power, "%d", s->power);
        print_error("%s{%s, %d, %d, %s}", i ? ",\n      " : "", ops[s->op], s->ms, s->counts,
                    power);
    }
    print_error("},\n     %zu},\n", h->n);
}

/* ---- histories that once failed -------------------------------------------------------------- */

struct regression {
    const char *name;
    int64_t total; /* counts that flow in its readings, each at most rate x time; added by hand */
    struct history history;
};

static const struct regression regressions[] = {
    {"a minute with a reading is leapt over",
     20038, /* 1 + 39 x 513.778 s */
     {{.rate = 39, .poll_ms = 1000},
      {{OP_QUARTER, 0, 0, NO_POWER}, {OP_READ, 26, 1, 0}, {OP_STALLED, 513778, 41727, 136123}},
      3}},
    {"a quarter is told another value at an edge than its last minute",
     40193, /* 30 + 39 x 1029.839 s */
     {{.rate = 39, .poll_ms = 60000},
      {{OP_READ, 11, 0, 1}, {OP_READ, 59990, 30, NO_POWER}, {OP_STALLED, 1029839, 41727, 136123}},
      3}},
    {"the reading that closed a minute is not noted in the checkpoint",
     635,
     {{.awkward = true, .rate = 35, .poll_ms = 60000},
      {{OP_READ, 33208, 635, 66002},
       {OP_READ, 33208, 635, 66002},
       {OP_KILL, 0, 0, 0},
       {OP_QUARTER, 0, 0, NO_POWER}},
      4}},
    {"a held reading comes back from the store",
     0, /* four held readings are no jump */
     {{.rate = 19, .poll_ms = 1000, .start_ms = 826968},
      {{OP_WRONG, 2357, 0, 0},
       {OP_READ, 24100, 0, 0},
       {OP_IDLE, 160483, 1, 0},
       {OP_READ, 6092, 0, 0},
       {OP_KILL, 0, 0, 0},
       {OP_READ, 0, 0, 0},
       {OP_READ, 0, 0, 0}},
      7}},
    {"a kill after a quarter was cut",
     0,
     {{.rate = 27, .poll_ms = 1000},
      {{OP_READ, 0, 0, 2}, {OP_STALL, 1246422, 0, 0}, {OP_BLIND, 0, 0, 0}, {OP_KILL, 0, 0, 0}},
      4}},
    {"a device stands in another quarter than the site",
     2007, /* 135 + 1872; the last reading adds nothing */
     {{.rate = 23, .poll_ms = 1000, .start_ms = 812890},
      {{OP_READ, 0, 0, 0},
       {OP_IDLE, 34920, 135, 51355},
       {OP_STALLED, 113982, 1872, 27246},
       {OP_QUARTER, 0, 0, 0},
       {OP_KILL, 0, KILL_UNDONE, 0}},
      5}},
    {"a quarter is cut while its open minute holds an amount",
     1,
     {{.rate = 36, .poll_ms = 1000},
      {{OP_EDGE, 0, 0, NO_POWER},
       {OP_READ, 28, 1, NO_POWER},
       {OP_CLOCK, -819622, 0, 0},
       {OP_RATIO, 0, 1, 0},
       {OP_READ, 0, 0, 0},
       {OP_CLOCK, -6484059, 0, 0},
       {OP_READ, 0, 0, 0}},
      7}},
    {"stored readings come back in another order after a clock step",
     60, /* 10 x 3 + 5 x 5 + 5 */
     {{.rate = 10, .poll_ms = 1000},
      {{OP_EDGE, 500, 0, 0},
       {OP_READ, 10000, 10, 0},
       {OP_READ, 10000, 10, 0},
       {OP_READ, 10000, 10, 0},
       {OP_READ, 1000, 5, 0},
       {OP_READ, 1000, 5, 0},
       {OP_READ, 1000, 5, 0},
       {OP_READ, 1000, 5, 0},
       {OP_READ, 1000, 5, 0},
       {OP_CLOCK, -20000, 0, 0},
       {OP_READ, 1000, 5, 0},
       {OP_KILL, 100, 0, 0},
       {OP_READ, 30000, 0, 0}},
      13}},
    {"a minute stands between two readings after the clock went back",
     901,
     {{.rate = 19, .poll_ms = 1000},
      {{OP_READ, 0, 0, NO_POWER},
       {OP_CLOCK, 9846692, 0, 0},
       {OP_READ, 0, 0, 0},
       {OP_CLOCK, -8979142, 0, 0},
       {OP_READ, 58892, 901, 54060}},
      5}},
    {"slots that find no room",
     15,
     {{.rate = 10, .poll_ms = 1000},
      {{OP_READ, 1000, 0, 0},
       {OP_FULL, 0, FULL_SLOTS, 0},
       {OP_EDGE, 500, 5, 0},
       {OP_EDGE, 500, 5, 0},
       {OP_FULL, 0, 0, 0},
       {OP_EDGE, 500, 5, 0}},
      6}},
    {"another scale is loaded",
     5,
     {{.rate = 10, .poll_ms = 1000},
      {{OP_READ, 0, 0, 0}, {OP_READ, 1000, 5, 0}, {OP_RELOAD, 0, CONFIG_SCALED, 0}},
      3}},
    {"another register under the same name after a restart",
     11, /* 5 before, 6 after its first reading */
     {{.rate = 10, .poll_ms = 1000},
      {{OP_READ, 0, 0, 0},
       {OP_READ, 60000, 5, 0},
       {OP_KILL, 0, CONFIG_MOVED, 0},
       {OP_JUMP, 0, 1000, 0},
       {OP_READ, 1000, 7, 0},
       {OP_READ, 1000, 6, 0}},
      6}},
};

static void histories_that_once_failed_add_up(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof regressions / sizeof regressions[0]; i++) {
        const struct regression *r = &regressions[i];
        const char *wrong = run(&r->history);
        if (wrong)
            print_error("%s: %s\n", r->name, wrong);
        assert_null(wrong);
        if (rig.shadow.total != r->total)
            print_error("%s: %" PRId64 " counts, not %" PRId64 "\n", r->name, rig.shadow.total,
                        r->total);
        assert_int_equal(rig.shadow.total, r->total);
    }
}

/* ---- tests -------------------------------------------------------------------------------- */

static const char *const met_names[MET_COUNT] = {
    [MET_ROLLOVER] = "rollovers",
    [MET_RESET] = "resets",
    [MET_JUMP] = "jumps",
    [MET_GLITCH] = "glitches",
    [MET_GAP] = "gaps over slots",
    [MET_ADVANCE] = "edges given in advance",
    [MET_LEAP] = "leaps",
    [MET_REWIND] = "clocks back by hours",
    [MET_RATIO] = "units that changed",
    [MET_REPLAY] = "stored readings back",
    [MET_REFUSED] = "histories with slots that were refused",
    [MET_PURE] = "histories without a fault of the meter"};

static void random_histories_keep_every_count(void **state) {
    (void)state;
    uint64_t seed = number_from("BUSBAR_SEED", CHANCE_SEED);
    uint64_t histories = number_from("BUSBAR_HISTORIES", HISTORIES_MIN);
    print_message("BUSBAR_SEED=%" PRIu64 " BUSBAR_HISTORIES=%" PRIu64 "\n", seed, histories);
    memset(rig_met, 0, sizeof rig_met);
    for (uint64_t i = 0; i < histories; i++) {
        static struct history h;
        chance_state = seed * 0x2545F4914F6CDD1D + i;
        random_history(&h);
        const char *wrong = run(&h);
        if (!wrong)
            continue;
        print_error("history %" PRIu64 " of seed %" PRIu64 ": %s; made shorter:\n", i, seed, wrong);
        shrink(&h);
        print_error("    /* %s */\n", run(&h));
        print_history(&h);
        fail();
    }
    /* the histories did contain what they are meant to test */
    for (int i = 0; i < MET_COUNT && histories >= HISTORIES_MIN; i++)
        if (rig_met[i] < histories / 100)
            fail_msg("only %" PRIu64 " %s", rig_met[i], met_names[i]);
}

static int set_up(void **state) {
    (void)state;
    log_set_level(LOG_LEVEL_ERROR); /* clocks that go back are told each time */
    return pending_init(&pending, PENDING_BYTES);
}

static int tear_down(void **state) {
    (void)state;
    pending_fini(&pending);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(histories_that_once_failed_add_up),
                                       cmocka_unit_test(random_histories_keep_every_count)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
