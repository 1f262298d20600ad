/* `busbar meter`: tells the daemon that a meter was exchanged or its transformers were. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "control_client.h"

static const char usage[] =
    "usage: busbar meter change --config FILE --device D --direction import|export\n"
    "                           --old-end X --new-start Y --at TIME --by NAME [--note TEXT]\n"
    "       busbar meter ratio  --config FILE --device D [--ct-ratio N] [--pt-ratio N]\n"
    "                           --at TIME --by NAME\n"
    "\n"
    "change: a meter was exchanged or reset. Give what the old one showed last and the new one\n"
    "first, as the displays show it: energy is then counted without a gap.\n"
    "ratio: current or voltage transformers were exchanged; what is left out stays as it was.\n"
    "\n"
    "  --device D     id of the device in the site file\n"
    "  --direction    register: import or export as the meter names it; forward or reverse in\n"
    "                 the direction of the device's role\n"
    "  --at TIME      when: 2026-11-20T10:00 (the site's zone) or with an offset, +08:00\n"
    "  --by NAME      who answers for it; kept with the change\n" CONTROL_HELP;

static bool set(json_t *order, const char *name, const char *text) {
    return !text || json_object_set_new(order, name, json_string(text)) == 0;
}

struct words {
    const char *device, *direction, *old_end, *new_start, *ct_ratio, *pt_ratio, *at, *by, *note;
};

/* Those that a form of the command does not have are not given, and are left out. */
static int send_change(const struct control_call *c, const char *cmd, const struct words *w) {
    json_t *at = control_time(c, "--at", w->at);
    if (!at)
        return EXIT_USAGE_ERROR;
    json_t *order = json_object();
    bool good = set(order, "cmd", cmd) && set(order, "device", w->device) &&
                set(order, "direction", w->direction) && set(order, "old_end", w->old_end) &&
                set(order, "new_start", w->new_start) && set(order, "ct_ratio", w->ct_ratio) &&
                set(order, "pt_ratio", w->pt_ratio) && set(order, "note", w->note) &&
                json_object_set_new(order, "at", at) == 0;
    if (!good || !set(order, "by", w->by)) {
        fprintf(stderr, "busbar %s: a value is not UTF-8 text\n", c->command);
        json_decref(order);
        return EXIT_USAGE_ERROR;
    }
    return control_send(c, order, false);
}

static int meter_change(int argc, char **argv) {
    struct control_call c = {.command = "meter change"};
    struct words w = {0};
    const struct control_option own[] = {
        {"device", &w.device, true},   {"direction", &w.direction, true},
        {"old-end", &w.old_end, true}, {"new-start", &w.new_start, true},
        {"at", &w.at, true},           {"by", &w.by, true},
        {"note", &w.note, false}};
    int status = EXIT_GOOD;
    if (!control_begin(&c, argc, argv, own, sizeof own / sizeof own[0], usage, &status))
        return status;
    return send_change(&c, "meter-change", &w);
}

static int meter_ratio(int argc, char **argv) {
    struct control_call c = {.command = "meter ratio"};
    struct words w = {0};
    const struct control_option own[] = {{"device", &w.device, true},
                                         {"ct-ratio", &w.ct_ratio, false},
                                         {"pt-ratio", &w.pt_ratio, false},
                                         {"at", &w.at, true},
                                         {"by", &w.by, true}};
    int status = EXIT_GOOD;
    if (!control_begin(&c, argc, argv, own, sizeof own / sizeof own[0], usage, &status))
        return status;
    return send_change(&c, "ratio-change", &w);
}

int cmd_meter(int argc, char **argv) {
    const char *form = argc > 1 ? argv[1] : "";
    if (strcmp(form, "--help") == 0) {
        fputs(usage, stdout);
        return EXIT_GOOD;
    }
    if (strcmp(form, "change") == 0)
        return meter_change(argc - 1, argv + 1);
    if (strcmp(form, "ratio") == 0)
        return meter_ratio(argc - 1, argv + 1);
    fprintf(stderr, "busbar meter: change or ratio? see busbar meter --help\n");
    return EXIT_USAGE_ERROR;
}
