/* Sessions over time and over a restart; the throttle of wrong passwords. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "calc/calendar.h"
#include "web/sessions.h"
#include "web/throttle.h"

#define NOW ((ms_t)1700000000000)

static char folder[64], path[96];
static struct sessions sessions;
static struct users users;
static const struct user *wang, *screen;

static int begin(void **state) {
    (void)state;
    static const struct user both[] = {
        {.name = "wang", .role = USER_OPERATOR, .hash = "$argon2id$a"},
        {.name = "screen", .role = USER_VIEWER, .hash = "$argon2id$b"}};
    memset(&users, 0, sizeof users);
    assert_int_equal(users_put(&users, &both[0]), ERR_OK);
    assert_int_equal(users_put(&users, &both[1]), ERR_OK);
    wang = &users.list[0];
    screen = &users.list[1];
    snprintf(folder, sizeof folder, "/tmp/busbar-sessions-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/sessions", folder);
    return sessions_open(&sessions, path);
}

static int end(void **state) {
    (void)state;
    sessions_close(&sessions);
    unlink(path);
    return rmdir(folder);
}

static void restart(void) {
    sessions_close(&sessions);
    assert_int_equal(sessions_open(&sessions, path), ERR_OK);
}

static void a_token_stands_for_its_user_until_it_ends(void **state) {
    (void)state;
    char a[SESSION_TOKEN_MAX], b[SESSION_TOKEN_MAX];
    assert_int_equal(sessions_begin(&sessions, wang, NOW, a), ERR_OK);
    assert_int_equal(sessions_begin(&sessions, screen, NOW, b), ERR_OK);
    assert_string_not_equal(a, b);
    assert_int_equal(strlen(a), SESSION_TOKEN_MAX - 1);
    assert_ptr_equal(sessions_find(&sessions, &users, a, NOW), wang);
    assert_ptr_equal(sessions_find(&sessions, &users, b, NOW), screen);
    assert_null(sessions_find(&sessions, &users, "", NOW));
    a[3] = a[3] == 'x' ? 'y' : 'x';
    assert_null(sessions_find(&sessions, &users, a, NOW));
    sessions_end(&sessions, b);
    assert_null(sessions_find(&sessions, &users, b, NOW));
}

static void an_operator_must_log_in_after_half_a_day_a_screen_after_30_days(void **state) {
    (void)state;
    char a[SESSION_TOKEN_MAX], b[SESSION_TOKEN_MAX];
    const ms_t half = MS_PER_DAY / 2;
    sessions_begin(&sessions, wang, NOW, a);
    sessions_begin(&sessions, screen, NOW, b);
    assert_non_null(sessions_find(&sessions, &users, a, NOW + half - 1)); /* and goes on */
    assert_non_null(sessions_find(&sessions, &users, a, NOW + 2 * half - 2));
    assert_null(sessions_find(&sessions, &users, a, NOW + 3 * half));
    assert_non_null(sessions_find(&sessions, &users, b, NOW + 29 * MS_PER_DAY));
    assert_null(sessions_find(&sessions, &users, b, NOW + 60 * MS_PER_DAY));
}

static void a_restart_sends_nobody_to_the_login(void **state) {
    (void)state;
    char a[SESSION_TOKEN_MAX], b[SESSION_TOKEN_MAX], file[4096];
    struct stat st;
    sessions_begin(&sessions, wang, NOW, a);
    sessions_begin(&sessions, screen, NOW, b);
    sessions_end(&sessions, b);
    restart();
    assert_ptr_equal(sessions_find(&sessions, &users, a, NOW + 1000), wang);
    assert_null(sessions_find(&sessions, &users, b, NOW + 1000)); /* logged out stays so */
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    FILE *f = fopen(path, "rb");
    size_t n = fread(file, 1, sizeof file, f);
    fclose(f);
    assert_null(memmem(file, n, a, strlen(a))); /* whoever reads the file is not in */
}

static void another_password_or_role_ends_the_sessions(void **state) {
    (void)state;
    char a[SESSION_TOKEN_MAX];
    sessions_begin(&sessions, wang, NOW, a);
    struct user changed = *wang;
    changed.role = USER_VIEWER;
    users_put(&users, &changed);
    assert_null(sessions_find(&sessions, &users, a, NOW));
    changed.role = USER_OPERATOR;
    users_put(&users, &changed);
    assert_non_null(sessions_find(&sessions, &users, a, NOW));
    snprintf(changed.hash, sizeof changed.hash, "$argon2id$c");
    users_put(&users, &changed);
    assert_null(sessions_find(&sessions, &users, a, NOW));
}

static void a_damaged_or_open_file_is_forgotten(void **state) {
    (void)state;
    char a[SESSION_TOKEN_MAX];
    sessions_begin(&sessions, wang, NOW, a);
    assert_int_equal(chmod(path, 0644), 0);
    restart();
    assert_null(sessions_find(&sessions, &users, a, NOW));
    sessions_begin(&sessions, wang, NOW, a);
    assert_int_equal(truncate(path, 60), 0);
    restart();
    assert_null(sessions_find(&sessions, &users, a, NOW));
}

static void the_128th_session_takes_the_place_of_the_one_that_ends_first(void **state) {
    (void)state;
    char first[SESSION_TOKEN_MAX], second[SESSION_TOKEN_MAX], next[SESSION_TOKEN_MAX];
    sessions_begin(&sessions, screen, NOW, first);
    sessions_begin(&sessions, screen, NOW + 1, second);
    for (ms_t i = 2; i <= SESSIONS_MAX; i++)
        sessions_begin(&sessions, screen, NOW + i, next);
    assert_null(sessions_find(&sessions, &users, first, NOW + 200));
    assert_non_null(sessions_find(&sessions, &users, second, NOW + 200));
    assert_non_null(sessions_find(&sessions, &users, next, NOW + 200));
}

/* ---- throttle ------------------------------------------------------------------------------ */

static void wrong_passwords_wait_longer_each_time(void **state) {
    (void)state;
    static const uint32_t waits[] = {0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900};
    static struct throttle t;
    us_t now = 5 * US_PER_S;
    for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        assert_int_equal(throttle_wait_s(&t, 7, now), 0);
        throttle_failed(&t, 7, now);
        assert_int_equal(throttle_wait_s(&t, 7, now), waits[i]);
        assert_int_equal(throttle_wait_s(&t, 8, now), 0); /* nobody else waits for it */
        now += (us_t)waits[i] * US_PER_S;
    }
    throttle_passed(&t, 7);
    throttle_failed(&t, 7, now);
    assert_int_equal(throttle_wait_s(&t, 7, now), 0);
}

static void an_hour_later_it_is_forgotten(void **state) {
    (void)state;
    static struct throttle t;
    us_t now = US_PER_S;
    for (int i = 0; i < 10; i++)
        throttle_failed(&t, 7, now);
    now += 61 * (us_t)60 * US_PER_S;
    throttle_failed(&t, 7, now);
    assert_int_equal(throttle_wait_s(&t, 7, now), 0);
}

static void many_addresses_forget_the_oldest(void **state) {
    (void)state;
    static struct throttle t;
    for (int i = 0; i < 6; i++)
        throttle_failed(&t, 1000, 1 + i);
    for (uint64_t k = 1; k < THROTTLE_MAX; k++)
        throttle_failed(&t, k, 100 + (us_t)k);
    assert_int_not_equal(throttle_wait_s(&t, 1000, 400), 0);
    throttle_failed(&t, THROTTLE_MAX, 400);
    assert_int_equal(throttle_wait_s(&t, 1000, 400), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_token_stands_for_its_user_until_it_ends, begin, end),
        cmocka_unit_test_setup_teardown(
            an_operator_must_log_in_after_half_a_day_a_screen_after_30_days, begin, end),
        cmocka_unit_test_setup_teardown(a_restart_sends_nobody_to_the_login, begin, end),
        cmocka_unit_test_setup_teardown(another_password_or_role_ends_the_sessions, begin, end),
        cmocka_unit_test_setup_teardown(a_damaged_or_open_file_is_forgotten, begin, end),
        cmocka_unit_test_setup_teardown(
            the_128th_session_takes_the_place_of_the_one_that_ends_first, begin, end),
        cmocka_unit_test(wrong_passwords_wait_longer_each_time),
        cmocka_unit_test(an_hour_later_it_is_forgotten),
        cmocka_unit_test(many_addresses_forget_the_oldest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
