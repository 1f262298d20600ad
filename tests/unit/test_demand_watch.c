/* The forecast alarm (A02) over whole blocks, second by second: it comes at least three minutes
 * before the end of a block that breaks the contract, and not on a flat load at 95 % of it. */
#include <setjmp.h> /* cmocka needs it */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "alert/rules.h"
#include "calc/demand_trend.h"
#include "chance.h"

#define CONTRACT_KW 3200.0
#define BLOCK_S     900
#define T0          1700000100000 /* a block begins */
#define UNKNOWN     ((double)NAN)

/* Percent of the contract: from the first for so many seconds, then to the second in so many. */
struct shape {
    const char *name;
    double from_pct, to_pct;
    int flat_s, ramp_s;
};

static double load_pct(const struct shape *s, int second) {
    if (second <= s->flat_s || s->ramp_s == 0)
        return second <= s->flat_s ? s->from_pct : s->to_pct;
    double way = (double)(second - s->flat_s) / s->ramp_s;
    return s->from_pct + (s->to_pct - s->from_pct) * fmin(way, 1.0);
}

/* 0 mean, about 1 wide. */
static double noise(void) {
    double sum = 0.0;
    for (int i = 0; i < 12; i++)
        sum += (double)random_below(1000001) / 1e6;
    return sum - 6.0;
}

/* White noise of each second, and wandering with a time constant of two minutes; percent. */
struct weather {
    double white_pct, slow_pct, slow;
};

static double gust(struct weather *w) {
    const double keep = exp(-1.0 / 120.0);
    w->slow = keep * w->slow + sqrt(1.0 - keep * keep) * w->slow_pct * noise();
    return w->slow + w->white_pct * noise();
}

struct outcome {
    int raised_s; /* second of a block that it stands from; -1: never */
    double block_pct;
    int steps; /* of any kind */
};

/* The block's energy after each second. */
struct meter {
    double kwh[BLOCK_S];
    int count;
};

/* Mean since the edge of the minute before. */
static double minute_kw(const struct meter *m, int second) {
    int from = (second / 60 - 1) * 60;
    return from <= 0 ? UNKNOWN : (m->kwh[second - 1] - m->kwh[from - 1]) * 3600.0 / (second - from);
}

/* A quarter of an hour at the shape's first value, then `blocks` blocks of the shape. */
static struct outcome play(const struct shape *shape, struct weather w, int blocks, int poll_s) {
    struct demand_trend trend;
    struct watch watch;
    const struct alert_rule *rule = alert_rule(ALERT_DEMAND_FORECAST);
    struct outcome o = {.raised_s = -1};
    double kw = 0.0;
    demand_trend_init(&trend);
    watch_init(&watch);
    for (int block = -1; block < blocks; block++) {
        double kwh = 0.0, read_kwh = 0.0;
        struct meter meter = {.count = 0};
        for (int s = 0; s < BLOCK_S; s++) {
            ms_t t = T0 + ((ms_t)block * BLOCK_S + s) * MS_PER_S;
            double pct = block < 0 ? shape->from_pct : load_pct(shape, s);
            double real = CONTRACT_KW * (pct + gust(&w)) / 100.0;
            if (s % poll_s == 0) {
                kw = real;
                read_kwh = kwh;
            }
            demand_trend_take(&trend, kw, t);
            struct demand_outlook out = demand_trend_outlook(&trend);
            if (poll_s > 5) /* as the live demand has it from the registers */
                out = (struct demand_outlook){.level_kw = minute_kw(&meter, s)};
            const struct demand_forecast f = demand_forecast_ahead(
                read_kwh, (ms_t)(s / poll_s * poll_s) * MS_PER_S, &out, CONTRACT_KW);
            double value = 100.0 * f.block_kw / CONTRACT_KW;
            if (f.early)
                value = out.level_kw <= 0.98 * CONTRACT_KW ? 0.0 : UNKNOWN;
            enum alert_step step;
            o.steps += watch_take(&watch, &rule->limits, value, t, rule->gap_ms, &step);
            if (block >= 0 && o.raised_s < 0 && watch.level > 0)
                o.raised_s = s;
            kwh += real / 3600.0;
            meter.kwh[meter.count++] = kwh;
        }
        o.block_pct = 100.0 * kwh / (CONTRACT_KW / 4.0);
    }
    return o;
}

static const struct shape breaking[] = {
    {"flat, too high", 104, 104, 0, 0},
    {"ramp over the whole block", 80, 126, 0, 900},
    {"the same in ten minutes", 80, 118, 0, 600},
    {"ramp from the fifth minute", 85, 135, 300, 600},
    {"ramp from the eighth minute", 90, 140, 480, 420},
    {"steep from the eighth minute", 90, 160, 480, 420},
    {"steep from the ninth minute", 92, 170, 540, 360},
    {"very steep from the tenth minute", 92, 200, 600, 300},
    {"step in the sixth minute", 90, 112, 360, 0},
    {"step in the ninth minute", 92, 118, 540, 0},
    {"step in the tenth minute", 94, 125, 600, 0},
    {"fast ramp to a plateau", 88, 116, 420, 120},
};

static void a_block_that_breaks_the_contract_is_told_three_minutes_before(void **state) {
    static const struct weather weathers[] = {{0, 0, 0}, {2, 0, 0}, {3, 0.5, 0}};
    (void)state;
    chance_state = number_from("BUSBAR_SEED", CHANCE_SEED);
    for (size_t i = 0; i < sizeof breaking / sizeof breaking[0]; i++)
        for (size_t k = 0; k < sizeof weathers / sizeof weathers[0]; k++)
            for (int poll_s = 1; poll_s <= 5; poll_s += 4) {
                struct outcome o = play(&breaking[i], weathers[k], 1, poll_s);
                if (o.raised_s < 0 || o.raised_s > BLOCK_S - 180)
                    print_error("%s, weather %zu, poll %d s: %.1f %%, raised at %d s\n",
                                breaking[i].name, k, poll_s, o.block_pct, o.raised_s);
                assert_true(o.block_pct > 100.5); /* it does break it */
                assert_true(o.raised_s >= 0);
                assert_true(o.raised_s <= BLOCK_S - 180);
            }
}

static void a_flat_load_at_95_percent_gives_no_alarm(void **state) {
    static const struct weather weathers[] = {{0, 0, 0}, {3, 0, 0}, {10, 0, 0}, {3, 1.0, 0}};
    const struct shape flat = {"flat", 95, 95, 0, 0};
    (void)state;
    chance_state = number_from("BUSBAR_SEED", CHANCE_SEED);
    for (size_t k = 0; k < sizeof weathers / sizeof weathers[0]; k++)
        for (int poll_s = 1; poll_s <= 10; poll_s += 9)
            for (int day = 0; day < 3; day++) {
                struct outcome o = play(&flat, weathers[k], 96, poll_s);
                if (o.raised_s >= 0)
                    print_message("weather %zu, poll %d s: raised at %d\n", k, poll_s, o.raised_s);
                assert_int_equal(o.raised_s, -1);
            }
}

static void what_goes_on_over_the_contract_is_one_alarm(void **state) {
    const struct shape flat = {"flat, too high", 104, 104, 0, 0}, much = {"", 130, 130, 0, 0};
    (void)state;
    chance_state = number_from("BUSBAR_SEED", CHANCE_SEED);
    assert_int_equal(play(&flat, (struct weather){1, 0, 0}, 20, 1).steps, 1);
    assert_int_equal(play(&much, (struct weather){1, 0, 0}, 20, 1).steps, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_that_breaks_the_contract_is_told_three_minutes_before),
        cmocka_unit_test(a_flat_load_at_95_percent_gives_no_alarm),
        cmocka_unit_test(what_goes_on_over_the_contract_is_one_alarm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
