/* The users file: what is read, what is refused, passwords. */
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
#include "web/users.h"

/* "correct horse": argon2id by Debian's argon2 20171227:
 * printf %s 'correct horse' | argon2 somesaltsomesalt -id -t 2 -k 19456 -p 1 -e */
#define HORSE                                                                                      \
    "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$"                                       \
    "k9ohroejZy1PN5E1SbHNPug6vB8eQAahb5SOAp6iGF4"

static char path[64];
static char why[400];
static struct users users;

static int write_file(void **state) {
    (void)state;
    snprintf(path, sizeof path, "/tmp/busbar-users-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    memset(&users, 0, sizeof users);
    return 0;
}

static int remove_file(void **state) {
    (void)state;
    return unlink(path);
}

static int load(const char *text, mode_t mode) {
    FILE *f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
    assert_int_equal(chmod(path, mode), 0);
    why[0] = '\0';
    return users_load(path, &users, why, sizeof why);
}

static void a_password_made_elsewhere_is_known(void **state) {
    (void)state;
    assert_int_equal(load("# staff\n\nwang:operator:" HORSE "\nli.wei:viewer:" HORSE "\r\n", 0600),
                     ERR_OK);
    assert_int_equal(users.count, 2);
    assert_int_equal(users_find(&users, "wang")->role, USER_OPERATOR);
    assert_int_equal(users_find(&users, "li.wei")->role, USER_VIEWER);
    assert_ptr_equal(users_check(&users, "wang", "correct horse"), users_find(&users, "wang"));
    assert_null(users_check(&users, "wang", "correct horse "));
    assert_null(users_check(&users, "wang", ""));
    assert_null(users_check(&users, "nobody", "correct horse"));
}

static void mistakes_are_named_with_file_and_line(void **state) {
    (void)state;
    static const struct {
        const char *text, *words;
        int err;
    } cases[] = {
        {"wang\n", ":1 is not NAME:ROLE:HASH", ERR_SYNTAX},
        {"#\nwang:operator\n", ":2 is not NAME:ROLE:HASH", ERR_SYNTAX},
        {"wang:admin:" HORSE "\n", ":1 has a role that is neither viewer nor operator", ERR_SYNTAX},
        {"w ng:viewer:" HORSE "\n", ":1 has a name that is none", ERR_SYNTAX},
        {":viewer:" HORSE "\n", ":1 has a name that is none", ERR_SYNTAX},
        {"wang:viewer:secret\n", ":1 has no argon2id hash", ERR_SYNTAX},
        {"wang:viewer:" HORSE "\nwang:viewer:" HORSE "\n", ":2 names a user twice", ERR_SYNTAX},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(load(cases[i].text, 0600), cases[i].err);
        assert_non_null(strstr(why, cases[i].words));
        assert_non_null(strstr(why, path));
        assert_non_null(strstr(why, "busbar passwd"));
    }
    char lengthy[400];
    memset(lengthy, 'a', sizeof lengthy - 1);
    lengthy[sizeof lengthy - 1] = '\0';
    assert_int_equal(load(lengthy, 0600), ERR_SYNTAX);
    assert_non_null(strstr(why, ":1 is too long"));
    assert_int_equal(users.count, 0);
}

static void a_file_that_others_can_read_is_refused(void **state) {
    (void)state;
    assert_int_equal(load("wang:viewer:" HORSE "\n", 0644), ERR_REFUSED);
    assert_non_null(strstr(why, "chmod 0600"));
    assert_int_equal(load("wang:viewer:" HORSE "\n", 0640), ERR_OK); /* the service's group */
}

static void what_is_saved_is_read_back(void **state) {
    (void)state;
    struct user one = {.name = "wang", .role = USER_OPERATOR};
    static struct users again;
    uint8_t before[USER_STAMP_LEN], after[USER_STAMP_LEN];
    assert_int_equal(user_hash("ten letters", one.hash), ERR_OK);
    assert_int_equal(users_put(&users, &one), ERR_OK);
    assert_int_equal(users_save(path, &users, why, sizeof why), ERR_OK);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(users_load(path, &again, why, sizeof why), ERR_OK);
    assert_non_null(users_check(&again, "wang", "ten letters"));
    user_stamp(&again.list[0], before);
    one.role = USER_VIEWER;
    assert_int_equal(users_put(&again, &one), ERR_OK);
    assert_int_equal(again.count, 1);
    user_stamp(&again.list[0], after);
    assert_memory_not_equal(before, after, sizeof before);
}

static void a_password_has_10_to_256_bytes(void **state) {
    (void)state;
    char hash[USER_HASH_MAX], longest[PASSWORD_MAX + 2];
    memset(longest, 'x', sizeof longest);
    longest[PASSWORD_MAX + 1] = '\0';
    assert_int_equal(user_hash("nine char", hash), ERR_RANGE);
    assert_int_equal(user_hash("ten chars.", hash), ERR_OK);
    assert_int_equal(user_hash(longest, hash), ERR_RANGE);
    longest[PASSWORD_MAX] = '\0';
    assert_int_equal(user_hash(longest, hash), ERR_OK);
}

static void no_more_than_64_users(void **state) {
    (void)state;
    struct user one = {.role = USER_VIEWER, .hash = HORSE};
    for (int i = 0; i < USERS_MAX; i++) {
        snprintf(one.name, sizeof one.name, "u%d", i);
        assert_int_equal(users_put(&users, &one), ERR_OK);
    }
    assert_int_equal(users_put(&users, &one), ERR_OK); /* a change of the last */
    snprintf(one.name, sizeof one.name, "one-more");
    assert_int_equal(users_put(&users, &one), ERR_LIMIT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_password_made_elsewhere_is_known, write_file,
                                        remove_file),
        cmocka_unit_test_setup_teardown(mistakes_are_named_with_file_and_line, write_file,
                                        remove_file),
        cmocka_unit_test_setup_teardown(a_file_that_others_can_read_is_refused, write_file,
                                        remove_file),
        cmocka_unit_test_setup_teardown(what_is_saved_is_read_back, write_file, remove_file),
        cmocka_unit_test(a_password_has_10_to_256_bytes),
        cmocka_unit_test_setup_teardown(no_more_than_64_users, write_file, remove_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
