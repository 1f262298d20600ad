/* `busbar recompute`: has costs and carbon computed again from a day on. */
#include <stdio.h>

#include "commands.h"
#include "control_client.h"

static const char usage[] =
    "usage: busbar recompute --config FILE --from DATE\n"
    "\n"
    "Computes tariff, cost and carbon of the stored slots again, from a local day on, with the\n"
    "prices and factors that are known now. Energies do not change. Days, months and bills are\n"
    "sent again with a higher revision; a filed month stays as it is.\n"
    "\n"
    "  --from DATE    such as 2026-11-01\n" CONTROL_HELP;

int cmd_recompute(int argc, char **argv) {
    struct control_call c = {.command = "recompute"};
    const char *from = NULL;
    const struct control_option own[] = {{"from", &from, true}};
    int status = EXIT_GOOD;
    if (!control_begin(&c, argc, argv, own, 1, usage, &status))
        return status;
    return control_send(&c, json_pack("{s:s, s:s}", "cmd", "recompute", "from", from), false);
}
