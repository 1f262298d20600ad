#include "offline_order.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "store/order_desk.h"
#include "sys/clock.h"

static void name_actor(char out[ORDER_ACTOR_MAX]) {
    const struct passwd *user = getpwuid(getuid());
    if (user)
        snprintf(out, ORDER_ACTOR_MAX, "local:%.32s", user->pw_name);
    else
        snprintf(out, ORDER_ACTOR_MAX, "local:uid%u", (unsigned)getuid());
}

static int run(struct writer *w, const struct site *site, const struct order *order, ms_t now_ms,
               char *reply, size_t cap) {
    struct records *records = malloc(sizeof *records);
    char actor[ORDER_ACTOR_MAX];
    ms_t last;
    int err = records ? writer_set_site(w, site) : ERR_NOMEM;
    if (err == ERR_OK)
        err = records_init(records, w, site);
    if (err == ERR_OK) {
        struct rollup rollup = {.records = records};
        bool any = writer_last_start(w, slot_code(SLOT_15M), &last);
        const struct order_desk desk = {.records = records,
                                        .rollup = &rollup,
                                        .open_quarter = any ? last + slot_ms(SLOT_15M) : INT64_MIN,
                                        .now_ms = now_ms};
        name_actor(actor);
        order_desk_run(&desk, order, actor, reply, cap);
        records_fini(records);
    }
    free(records);
    return err;
}

int offline_order(const struct site *site, const struct order *order, char *reply, size_t cap) {
    struct writer w;
    ms_t now_ms = clock_now().utc_us / US_PER_MS;
    if (access(site->store.path, F_OK) != 0)
        return ERR_NOT_FOUND;
    int err = writer_open(&w, site->store.path, now_ms);
    if (err < 0)
        return err;
    err = run(&w, site, order, now_ms, reply, cap);
    writer_close(&w);
    return err;
}
