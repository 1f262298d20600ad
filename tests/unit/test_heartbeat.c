/* A thread that is silent for longer than it may be is found, by its name; a pause is no silence.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/err.h"
#include "sys/clock.h"
#include "sys/heartbeat.h"

#define ALLOWED (10 * (us_t)US_PER_S)

static us_t now(void) {
    return clock_now().mono_us;
}

static void silence_is_found_by_name(void **state) {
    (void)state;
    struct heart_silence s;
    assert_int_equal(heartbeat_join("engine", ALLOWED), ERR_OK);
    assert_false(heartbeat_stuck(now(), &s));
    assert_false(heartbeat_stuck(now() + ALLOWED - US_PER_S, &s));
    us_t later = now() + ALLOWED + US_PER_S;
    assert_true(heartbeat_stuck(later, &s));
    assert_string_equal(s.name, "engine");
    assert_int_equal(s.allowed_us, ALLOWED);
    assert_true(s.silent_us > ALLOWED && s.silent_us <= ALLOWED + 2 * US_PER_S);
    heartbeat_leave();
    assert_false(heartbeat_stuck(later, &s));
}

static void a_pause_is_no_silence(void **state) {
    (void)state;
    struct heart_silence s;
    assert_int_equal(heartbeat_join("publish", ALLOWED), ERR_OK);
    heartbeat_pause();
    assert_false(heartbeat_stuck(now() + 100 * ALLOWED, &s));
    heartbeat_beat();
    assert_true(heartbeat_stuck(now() + 100 * ALLOWED, &s));
    heartbeat_leave();
}

static void *other_thread(void *arg) {
    *(int *)arg = heartbeat_join("line-1", 2 * ALLOWED);
    return NULL; /* ends without leaving: as good as stuck */
}

static void the_worst_of_several_is_named(void **state) {
    (void)state;
    struct heart_silence s;
    int joined = ERR_NOMEM;
    pthread_t t;
    assert_int_equal(pthread_create(&t, NULL, other_thread, &joined), 0);
    pthread_join(t, NULL);
    assert_int_equal(joined, ERR_OK);
    assert_int_equal(heartbeat_join("web", ALLOWED), ERR_OK);
    assert_true(heartbeat_stuck(now() + 3 * ALLOWED, &s));
    assert_string_equal(s.name, "web"); /* allowed the least, over its time by most */
    heartbeat_leave();
    assert_false(heartbeat_stuck(now() + ALLOWED, &s));
    assert_true(heartbeat_stuck(now() + 3 * ALLOWED, &s));
    assert_string_equal(s.name, "line-1");
}

static void a_stranger_may_beat(void **state) {
    (void)state;
    heartbeat_beat();
    heartbeat_pause();
    heartbeat_leave();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(silence_is_found_by_name),
        cmocka_unit_test(a_pause_is_no_silence),
        cmocka_unit_test(the_worst_of_several_is_named),
        cmocka_unit_test(a_stranger_may_beat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
