/* The control socket, with real clients: whatever they send, the others are served. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <pwd.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "control/address.h"
#include "control/control.h"
#include "sys/clock.h"

#define WAIT_MS 20000
#define PING    "{\"cmd\":\"ping\"}\n"

static char folder[64], path[PATH_MAX];
static struct control *control;

/* What the executor saw. recompute waits for `go`. */
static struct {
    pthread_mutex_t lock;
    int count;
    char actor[ORDER_ACTOR_MAX];
    sem_t begun, go;
} seen;

static size_t execute(void *arg, const struct order *order, const char *actor, char *reply,
                      size_t cap) {
    assert_ptr_equal(arg, &seen);
    pthread_mutex_lock(&seen.lock);
    seen.count++;
    snprintf(seen.actor, sizeof seen.actor, "%s", actor);
    pthread_mutex_unlock(&seen.lock);
    if (order->kind == ORDER_RECOMPUTE) {
        sem_post(&seen.begun);
        sem_wait(&seen.go);
    }
    if (order->kind == ORDER_REPLAY)
        return order_reply_error(reply, cap, "expired; ask for a newer range");
    return (size_t)snprintf(reply, cap, "{\"ok\":true,\"id\":\"%s\"}", order->id);
}

static int executed(void) {
    pthread_mutex_lock(&seen.lock);
    int n = seen.count;
    pthread_mutex_unlock(&seen.lock);
    return n;
}

static int start_at(const char *where) {
    const struct control_options o = {.path = where, .order = execute, .arg = &seen};
    return control_start(&o, &control);
}

static int make_folder(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/busbar-control-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/busbar.db.ctl", folder);
    control = NULL;
    seen.count = 0;
    return 0;
}

static int start(void **state) {
    return make_folder(state) < 0 || start_at(path) < 0 ? -1 : 0;
}

static int stop(void **state) {
    (void)state;
    control_stop(control);
    unlink(path);
    return rmdir(folder); /* fails when anything was left behind */
}

/* ---- a client ---------------------------------------------------------------------------- */

static int dial_at(const char *where) {
    struct control_address a;
    assert_int_equal(control_address_init(&a, where), ERR_OK);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&a.name, sizeof a.name), 0);
    control_address_fini(&a);
    return fd;
}

static int dial(void) {
    return dial_at(path);
}

static void say(int fd, const char *bytes, size_t n) {
    assert_int_equal(send(fd, bytes, n, MSG_NOSIGNAL), n);
}

static void say_text(int fd, const char *text) {
    say(fd, text, strlen(text));
}

static bool comes(int fd, int timeout_ms) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, timeout_ms) == 1;
}

/* The next line without its end, or NULL when the server has closed. */
static const char *hear(int fd) {
    static char line[ORDER_REPLY_MAX + 1];
    size_t n = 0;
    while (n < sizeof line && comes(fd, WAIT_MS)) {
        ssize_t got = recv(fd, line + n, 1, 0);
        if (got <= 0)
            return NULL;
        if (line[n] == '\n') {
            line[n] = '\0';
            return line;
        }
        n++;
    }
    fail_msg("no answer within %d ms", WAIT_MS);
    return NULL;
}

static void hears(int fd, const char *words) {
    const char *line = hear(fd);
    if (line == NULL || strstr(line, words) == NULL)
        fail_msg("heard %s, not %s", line ? line : "nothing", words);
}

/* ---- lines ------------------------------------------------------------------------------- */

static void an_order_is_executed_for_the_user_who_sent_it(void **state) {
    (void)state;
    char me[ORDER_ACTOR_MAX];
    const struct passwd *pw = getpwuid(geteuid());
    if (pw)
        snprintf(me, sizeof me, "local:%s", pw->pw_name);
    else
        snprintf(me, sizeof me, "local:uid%u", (unsigned)geteuid());
    int fd = dial();
    say_text(fd, "{\"cmd\":\"ping\",\"id\":\"one\"}\n");
    assert_string_equal(hear(fd), "{\"ok\":true,\"id\":\"one\"}");
    assert_int_equal(executed(), 1);
    assert_string_equal(seen.actor, me);
    say_text(fd, "{\"cmd\":\"replay\",\"epoch\":1,\"from_seq\":1,\"to_seq\":2}\r\n");
    assert_string_equal(hear(fd), "{\"ok\":false,\"error\":\"expired; ask for a newer range\"}");
    close(fd);
}

static void lines_may_come_in_pieces_and_several_at_once(void **state) {
    (void)state;
    int fd = dial();
    static const char text[] = "{\"cmd\":\"ping\",\"id\":\"a\"}\n";
    for (size_t i = 0; i < sizeof text - 1; i++)
        say(fd, text + i, 1);
    hears(fd, "\"a\"");
    say_text(fd, "{\"cmd\":\"ping\",\"id\":\"b\"}\n{\"cmd\":\"ping\",\"id\":\"c\"}\n{\"cmd\":");
    hears(fd, "\"b\"");
    hears(fd, "\"c\"");
    say_text(fd, "\"ping\",\"id\":\"d\"}\n");
    hears(fd, "\"d\"");
    close(fd);
}

static void garbage_is_answered_and_the_next_line_works(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
        const char *words;
    } bad[] = {
        {"\n", 1, "no JSON"},
        {"nonsense\n", 9, "no JSON"},
        {"\0\0\0\n", 4, "no JSON"},
        {"{\"cmd\":\"p\0ng\"}\n", 15, "no JSON"},
        {"\xFF\xFE\x80\n", 4, "no JSON"},
        {"[[[[\n", 5, "no JSON"},
        {"{\"cmd\":\"rm -rf\"}\n", 17, "is not known"},
        {"{\"cmd\":\"recompute\",\"from\":\"now\"}\n", 33, "it must be a day"},
    };
    int fd = dial();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        say(fd, bad[i].bytes, bad[i].n);
        hears(fd, bad[i].words);
    }
    assert_int_equal(executed(), 0);
    say_text(fd, PING);
    hears(fd, "true");
    close(fd);
}

static void a_line_may_have_64_kib_and_not_a_byte_more(void **state) {
    (void)state;
    char *line = malloc(ORDER_JSON_MAX + 2);
    assert_non_null(line);
    memset(line, ' ', ORDER_JSON_MAX + 2);
    memcpy(line, PING, sizeof PING - 2);
    line[ORDER_JSON_MAX] = '\n';
    int fd = dial();
    say(fd, line, ORDER_JSON_MAX + 1);
    hears(fd, "true");
    line[ORDER_JSON_MAX] = ' ';
    say(fd, line, ORDER_JSON_MAX + 1);
    hears(fd, "at most 65536 bytes");
    assert_null(hear(fd)); /* closed: where the next line begins is not known */
    assert_int_equal(executed(), 1);
    close(fd);
    free(line);
}

static void half_a_line_at_the_end_is_no_order(void **state) {
    (void)state;
    int fd = dial();
    say_text(fd, "{\"cmd\":\"ping\"}"); /* an order but for its line end: it may have been cut */
    shutdown(fd, SHUT_WR);
    assert_null(hear(fd));
    assert_int_equal(executed(), 0);
    close(fd);
    fd = dial();
    say_text(fd, PING);
    shutdown(fd, SHUT_WR); /* "that was all" */
    hears(fd, "true");
    assert_null(hear(fd));
    close(fd);
}

/* ---- clients ----------------------------------------------------------------------------- */

static void clients_that_vanish_hurt_nobody(void **state) {
    (void)state;
    static const char *const last_words[] = {"", "{\"cmd\"", PING, PING PING PING "{"};
    for (int i = 0; i < 40; i++) {
        int fd = dial();
        say_text(fd, last_words[i % 4]);
        close(fd);
    }
    int fd = dial();
    say_text(fd, PING);
    hears(fd, "true");
    close(fd);
}

static void one_who_leaves_during_execution_still_has_the_order_executed(void **state) {
    (void)state;
    int fd = dial();
    say_text(fd, "{\"cmd\":\"recompute\",\"from\":\"2026-11-01\"}\n");
    sem_wait(&seen.begun);
    close(fd);
    sem_post(&seen.go);
    fd = dial();
    say_text(fd, PING);
    hears(fd, "true");
    assert_int_equal(executed(), 2);
    close(fd);
}

static void eight_are_served_and_the_ninth_waits_for_a_place(void **state) {
    (void)state;
    int fd[CONTROL_CLIENTS + 1];
    for (int i = 0; i <= CONTROL_CLIENTS; i++) {
        fd[i] = dial();
        say_text(fd[i], PING);
        if (i < CONTROL_CLIENTS)
            hears(fd[i], "true");
    }
    assert_false(comes(fd[CONTROL_CLIENTS], 300));
    close(fd[3]);
    hears(fd[CONTROL_CLIENTS], "true");
    for (int i = 0; i <= CONTROL_CLIENTS; i++) {
        if (i != 3)
            close(fd[i]);
    }
}

static void one_with_many_lines_does_not_keep_the_others_waiting(void **state) {
    (void)state;
    int greedy = dial(), other = dial();
    say_text(greedy, "{\"cmd\":\"recompute\",\"from\":\"2026-11-01\"}\n" PING PING PING);
    sem_wait(&seen.begun);
    say_text(other, "{\"cmd\":\"recompute\",\"from\":\"2026-11-02\"}\n");
    clock_sleep_until(clock_now().mono_us + 50 * US_PER_MS);
    sem_post(&seen.go);
    sem_wait(
        &seen.begun); /* the other's turn: at most one more line of the greedy one went first */
    assert_true(executed() <= 3);
    sem_post(&seen.go);
    hears(other, "true");
    for (int i = 0; i < 4; i++)
        hears(greedy, "true");
    close(greedy);
    close(other);
}

static void silent_and_slow_ones_are_closed_after_ten_seconds(void **state) {
    (void)state;
    us_t begun = clock_now().mono_us;
    int silent = dial(), slow = dial(), idle = dial(), deaf = dial();
    say_text(idle, PING);
    hears(idle, "true");
    static const char line[] = "{\"id\":\"x\",\"cmd\":\"ping\",\"filler\":\"aaaaaaaaaaaaaaaa\"}\n";
    /* never takes its answers: garbage until no more is taken */
    fcntl(deaf, F_SETFL, O_NONBLOCK);
    while (send(deaf, "x\n", 2, MSG_NOSIGNAL) > 0 || errno == EINTR)
        continue;
    for (size_t i = 0; i < 11; i++) { /* a byte a second */
        if (send(slow, line + i, 1, MSG_NOSIGNAL) < 0)
            break;
        clock_sleep_until(begun + (us_t)(i + 1) * US_PER_S);
    }
    assert_null(hear(silent));
    assert_null(hear(slow));
    assert_null(hear(idle));
    us_t took = clock_now().mono_us - begun;
    assert_true(took >= 10 * US_PER_S && took < 14 * US_PER_S);
    struct pollfd p = {.fd = deaf};
    assert_int_equal(poll(&p, 1, WAIT_MS), 1);
    assert_true((p.revents & POLLHUP) != 0);
    int fd[] = {silent, slow, idle, deaf, dial()};
    say_text(fd[4], PING);
    hears(fd[4], "true");
    for (size_t i = 0; i < 5; i++)
        close(fd[i]);
}

static void *let_go_later(void *arg) {
    (void)arg;
    clock_sleep_until(clock_now().mono_us + 200 * US_PER_MS);
    sem_post(&seen.go);
    return NULL;
}

static void stopping_waits_for_the_order_in_execution(void **state) {
    (void)state;
    int fd = dial();
    say_text(fd, "{\"cmd\":\"recompute\",\"from\":\"2026-11-01\"}\n");
    sem_wait(&seen.begun);
    pthread_t later;
    assert_int_equal(pthread_create(&later, NULL, let_go_later, NULL), 0);
    control_stop(control);
    control = NULL;
    pthread_join(later, NULL);
    hears(fd, "true");
    assert_null(hear(fd));
    assert_int_equal(access(path, F_OK), -1);
    close(fd);
}

/* ---- the socket file --------------------------------------------------------------------- */

static mode_t mode_of(const char *where) {
    struct stat st;
    assert_int_equal(lstat(where, &st), 0);
    assert_true(S_ISSOCK(st.st_mode));
    return st.st_mode & 07777;
}

static void the_socket_has_mode_0660_whatever_the_umask(void **state) {
    (void)state;
    static const mode_t masks[] = {0, 022, 077, 0777};
    for (size_t i = 0; i < sizeof masks / sizeof masks[0]; i++) {
        mode_t before = umask(masks[i]);
        assert_int_equal(start_at(path), ERR_OK);
        umask(before);
        assert_int_equal(mode_of(path), 0660);
        control_stop(control);
        control = NULL;
        assert_int_equal(access(path, F_OK), -1);
    }
}

static void a_dead_process_leaves_a_socket_that_is_replaced(void **state) {
    (void)state;
    struct control_address a;
    assert_int_equal(control_address_init(&a, path), ERR_OK);
    int dead = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(dead, (const struct sockaddr *)&a.name, sizeof a.name), 0);
    assert_int_equal(listen(dead, 1), 0);
    assert_int_equal(start_at(path), ERR_BUSY); /* it lives */
    assert_null(control);
    assert_int_equal(access(path, F_OK), 0);
    close(dead);
    assert_int_equal(start_at(path), ERR_OK);
    int fd = dial();
    say_text(fd, PING);
    hears(fd, "true");
    close(fd);
}

static void what_is_no_socket_is_left_alone(void **state) {
    (void)state;
    int file = open(path, O_CREAT | O_WRONLY, 0600);
    assert_true(file >= 0);
    close(file);
    assert_int_equal(start_at(path), ERR_REFUSED);
    assert_int_equal(access(path, F_OK), 0);
    unlink(path);
    char gone[256];
    snprintf(gone, sizeof gone, "%s/none/busbar.db.ctl", folder);
    assert_int_equal(start_at(gone), ERR_NOT_FOUND);
}

static void stopping_removes_only_its_own_socket(void **state) {
    (void)state;
    assert_int_equal(start_at(path), ERR_OK);
    unlink(path);
    struct control *first = control;
    assert_int_equal(start_at(path), ERR_OK);
    control_stop(first);
    assert_int_equal(mode_of(path), 0660);
    int fd = dial();
    say_text(fd, PING);
    hears(fd, "true");
    close(fd);
}

static void a_path_longer_than_a_socket_name_works(void **state) {
    (void)state;
    char deep[256], where[512];
    snprintf(deep, sizeof deep, "%s/%0100d", folder, 7);
    assert_int_equal(mkdir(deep, 0700), 0);
    snprintf(where, sizeof where, "%s/busbar.db", deep);
    snprintf(where, sizeof where, "%s/busbar.db.ctl", deep);
    assert_true(strlen(where) > 108);
    assert_int_equal(start_at(where), ERR_OK);
    assert_int_equal(mode_of(where), 0660);
    int fd = dial_at(where);
    say_text(fd, PING);
    hears(fd, "true");
    close(fd);
    control_stop(control);
    control = NULL;
    snprintf(where, sizeof where, "%s/%0100d", deep, 7); /* the name alone is too long */
    assert_int_equal(start_at(where), ERR_LIMIT);
    snprintf(where, sizeof where, "%s/none/busbar.db.ctl", deep);
    assert_int_equal(start_at(where), ERR_NOT_FOUND);
    assert_int_equal(rmdir(deep), 0);
}

static void control_path_stands_beside_the_store(void **state) {
    (void)state;
    char out[32];
    assert_int_equal(control_path("/var/lib/busbar.db", out, sizeof out), ERR_OK);
    assert_string_equal(out, "/var/lib/busbar.db.ctl");
    assert_int_equal(control_path("/var/lib/a-long-name-of-a-store.db", out, sizeof out),
                     ERR_LIMIT);
}

#define WITH_CONTROL(test) cmocka_unit_test_setup_teardown(test, start, stop)
#define WITH_FOLDER(test)  cmocka_unit_test_setup_teardown(test, make_folder, stop)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_CONTROL(an_order_is_executed_for_the_user_who_sent_it),
        WITH_CONTROL(lines_may_come_in_pieces_and_several_at_once),
        WITH_CONTROL(garbage_is_answered_and_the_next_line_works),
        WITH_CONTROL(a_line_may_have_64_kib_and_not_a_byte_more),
        WITH_CONTROL(half_a_line_at_the_end_is_no_order),
        WITH_CONTROL(clients_that_vanish_hurt_nobody),
        WITH_CONTROL(one_who_leaves_during_execution_still_has_the_order_executed),
        WITH_CONTROL(eight_are_served_and_the_ninth_waits_for_a_place),
        WITH_CONTROL(one_with_many_lines_does_not_keep_the_others_waiting),
        WITH_CONTROL(silent_and_slow_ones_are_closed_after_ten_seconds),
        WITH_CONTROL(stopping_waits_for_the_order_in_execution),
        WITH_FOLDER(the_socket_has_mode_0660_whatever_the_umask),
        WITH_FOLDER(a_dead_process_leaves_a_socket_that_is_replaced),
        WITH_FOLDER(what_is_no_socket_is_left_alone),
        WITH_FOLDER(stopping_removes_only_its_own_socket),
        WITH_FOLDER(a_path_longer_than_a_socket_name_works),
        WITH_FOLDER(control_path_stands_beside_the_store),
    };
    pthread_mutex_init(&seen.lock, NULL);
    sem_init(&seen.begun, 0, 0);
    sem_init(&seen.go, 0, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
